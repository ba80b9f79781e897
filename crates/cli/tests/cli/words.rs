//! Help, version and what unknown words get.

use insta::assert_snapshot;

use crate::command::Home;

#[test]
fn version_is_one_line() {
    assert_snapshot!(Home::new().session(&["version", "version --airflow"]));
}

#[test]
fn called_airflow_it_answers_as_airflow() {
    let home = Home::new();
    let said = home.run_as("airflow", "db check-migrations -t 0");
    assert!(said.contains("airflow db migrate"), "{said}");
    let said = home.run_as("/usr/local/bin/airflow", "--help");
    assert!(said.contains("Usage: airflow"), "{said}");
}

#[test]
fn unknown_words_get_a_suggestion() {
    assert_snapshot!(Home::new().session(&[
        "confg list",
        "config lst",
        "get-value",
        "serve_logs",
        "db downgrade",
        "db check --retries 3"
    ]));
}
