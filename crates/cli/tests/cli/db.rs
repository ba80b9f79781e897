//! `db`: making, checking and resetting the database.

use insta::assert_snapshot;

use crate::command::Home;

#[test]
fn migrate_makes_the_home_and_the_database_once() {
    let home = Home::new();
    assert_snapshot!(home.session(&[
        "db check-migrations -t 0",
        "initdb",
        "db init",
        "db upgrade",
        "db check",
        "db check-migrations"
    ]));
}

#[test]
fn reset_asks_first() {
    let home = Home::migrated();
    assert_snapshot!(home.session(&["db reset", "db reset -y"]));
}

#[test]
fn an_unreachable_database_is_explained_without_its_password() {
    let home = Home::new().with("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "postgresql+psycopg2://u:hush@127.0.0.1:1/x");
    let said = home.run("db check");
    assert!(!said.contains("hush"), "{said}");
    assert_snapshot!(said);
}
