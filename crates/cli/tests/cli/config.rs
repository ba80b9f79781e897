//! `config` and what a wrong configuration says.

use insta::assert_snapshot;

use crate::command::Home;

#[test]
fn get_value_finds_options_under_new_and_old_names() {
    let home =
        Home::new().with("AIRFLOW__CORE__SQL_ALCHEMY_CONN", "sqlite:////tmp/x.db").with("AIRFLOW__ACME__KEY", "v");
    assert_snapshot!(home.session(&[
        "config get-value core dags_folder",
        "config get-value database sql_alchemy_conn",
        "config get-value core sql_alchemy_conn",
        "config get-value acme key",
        "config get-value core dag_folder",
    ]));
}

#[test]
fn list_shows_one_section_with_everything_about_it() {
    let home = Home::new().with("AIRFLOW__OPERATORS__DEFAULT_QUEUE", "fast");
    assert_snapshot!(home.session(&[
        "config list --section operators -d -s -V",
        "config list --section operators --defaults",
        "config list --section operatrs",
    ]));
}

#[test]
fn secrets_are_hidden_unless_asked_for() {
    let home = Home::new().with("AIRFLOW__API_AUTH__JWT_SECRET", "hush");
    let said = home.run("config list --section api_auth");
    assert!(said.contains("jwt_secret = < hidden >") && !said.contains("hush"), "{said}");
    let said = home.run("config list --section api_auth --show-values");
    assert!(said.contains("jwt_secret = hush"), "{said}");
}

#[test]
fn misspelt_options_are_named_once() {
    let home = Home::new();
    std::fs::write(home.path().join("airflow.cfg"), "[core]\nparalelism = 3\n[celery]\nresult_backend = redis://\n")
        .unwrap();
    assert_snapshot!(home.session(&["config get-value core parallelism", "-v config get-value core parallelism"]));
}

#[test]
fn wrong_values_end_everything_with_their_place() {
    let home = Home::new();
    std::fs::write(home.path().join("airflow.cfg"), "[core]\nparallelism = 0\n").unwrap();
    assert_snapshot!(home.session(&["config list", "db migrate"]));
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 1, "nothing was made");
}

#[test]
fn another_place_for_state_is_refused_at_the_start() {
    let home = Home::new().with("AIRFLOW__STATE_STORE__BACKEND", "company.state.S3Backend");
    let said = home.run("db migrate");
    assert!(said.contains("[state_store] backend") && said.contains("one of airflow.state.metastore"), "{said}");
    assert!(!home.path().join("airflow.db").exists(), "nothing was made");
}
