//! What operators do now and then: bring the configuration up to date, clean the database, change the Fernet key.

use insta::assert_snapshot;

use crate::command::Home;

const OLD_FILE: &str = "\
[core]
# ours
sql_alchemy_conn_cmd = echo sqlite:////nowhere.db
dag_concurrency = 7
parallelism = 9
task_runner = StandardTaskRunner
mistake = 1

[webserver]
workers = 4
web_server_port = 8081

[acme]
bucket = b
";

#[test]
fn the_configuration_says_what_is_wrong_with_it_and_is_updated() {
    let home = Home::new();
    let file = home.path().join("airflow.cfg");
    std::fs::write(&file, OLD_FILE).unwrap();
    assert_snapshot!(home.session(&[
        "config lint",
        "config lint --section webserver --ignore-option workers",
        "config update",
        "config update --fix --section core",
        "config update --fix --all-recommendations",
        "config update --fix --all-recommendations",
        "config get-value core dag_concurrency",
        "config get-value api port",
    ]));
    assert_snapshot!("the_updated_file", std::fs::read_to_string(&file).unwrap());
    let first = std::fs::read_to_string(home.path().join("airflow.cfg.bak")).unwrap();
    assert_eq!(first, OLD_FILE, "the copy is the file as it was");
}

#[test]
fn another_fernet_key_reads_what_the_old_one_wrote() {
    const OLD: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlBQkNERUY=";
    const NEW: &str = "ZmVkY2JhOTg3NjU0MzIxMDAxMjM0NTY3ODlBQkNERUY=";
    let old = Home::migrated();
    let run = |key: &str, line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_tradewind"));
        command.args(words).env_clear().env("AIRFLOW_HOME", old.path()).env("AIRFLOW__CORE__FERNET_KEY", key);
        let output = command.output().unwrap();
        // Shown when the test fails.
        print!("{line}: {}", String::from_utf8_lossy(&output.stderr));
        (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    assert!(run(OLD, "variables set secret open-sesame").0);
    assert!(run(OLD, "connections add c --conn-uri http://me:open-sesame@h").0);
    assert!(!run(NEW, "variables get secret").0, "another key must not do");
    let (done, said) = run(&format!("{NEW},{OLD}"), "rotate-fernet-key");
    assert!(done && said.contains("1 connections, 1 variables and 0 triggers"), "{said}");
    assert_eq!(run(NEW, "variables get secret").1.trim(), "open-sesame");
    assert!(run(NEW, "connections get c").1.contains("open-sesame"));
    assert!(!run(OLD, "variables get secret").0);
}

#[test]
fn old_rows_are_deleted_and_kept_aside() {
    let home = Home::migrated();
    // A job that ended is old at once; the log of events knows what was done.
    let database = home.path().join("airflow.db");
    let made = std::process::Command::new("python3")
        .arg("-c")
        .arg(
            "import sqlite3, sys; db = sqlite3.connect(sys.argv[1]); \
             db.execute(\"INSERT INTO job (kind, hostname, pid, state, started_at, heartbeat_at, ended_at) \
             VALUES ('SchedulerJob', 'h,1', 1, 'ended', 1000000, 1000000, 1000000)\"); db.commit()",
        )
        .arg(&database)
        .status();
    assert!(made.unwrap().success());
    let said = home.run("db clean --clean-before-timestamp 2001-01-01 -t job,log --dry-run");
    assert!(said.contains("job: 1 rows") && said.contains("event_log: 0 rows"), "{said}");
    let said = home.run("db clean --clean-before-timestamp 2001-01-01 -t jbo");
    assert!(said.contains("exit code: 2") && said.contains("import_error"), "{said}");
    let said = home.run("db clean --clean-before-timestamp 2001-01-01 -t job");
    assert!(said.contains("Nobody is there to answer"), "{said}");
    let said = home.run("db clean --clean-before-timestamp 2001-01-01 -t job -y --batch-size 10");
    assert!(said.contains("job: 1 rows deleted"), "{said}");
    let said = home.run("dags list-jobs -o json");
    assert!(said.contains("[]"), "{said}");
    let said = home.run("db export-archived --output-path out -t job");
    assert!(said.contains("1 rows written") && said.contains("Total exported tables: 1"), "{said}");
    let file = std::fs::read_dir(home.path().join("out")).unwrap().next().unwrap().unwrap();
    let csv = std::fs::read_to_string(file.path()).unwrap();
    assert!(csv.starts_with("id,kind,hostname") && csv.contains("SchedulerJob,\"h,1\",1,ended"), "{csv}");
    let said = home.run("db drop-archived -y");
    assert!(said.contains("Total dropped tables: 1"), "{said}");
    assert!(home.run("db drop-archived").contains("There are no archive tables"));
}

#[test]
fn the_sql_of_migrations_can_be_read_before_it_runs() {
    let home = Home::new();
    let whole = home.run("db migrate --show-sql-only");
    assert!(whole.contains("CREATE TABLE dag_run") && whole.contains("exit code: 0"), "{whole}");
    assert!(!home.path().join("airflow.db").exists(), "only shown");
    home.run("db migrate");
    assert!(!home.run("db migrate --show-sql-only").contains("CREATE TABLE"));
    assert!(home.run("db reset -y --skip-init").contains("The database is empty."));
    assert!(home.run("variables list").contains("db migrate"));
}

#[test]
fn small_commands_answer_without_a_database() {
    let home = Home::new().with("AIRFLOW__KERBEROS__KINIT_PATH", "/bin/false");
    for shell in ["bash", "zsh", "fish"] {
        let script = home.run(&format!("completion {shell}"));
        assert!(script.contains("show-dependencies") && script.contains("exit code: 0"), "{shell}");
    }
    let sheet = home.run("cheat-sheet");
    assert!(sheet.contains("tradewind dags trigger") && sheet.contains("| Start a run of a DAG"), "{sheet}");
    let ticket = home.run("kerberos -o me@REALM");
    assert!(ticket.contains("/bin/false ended with") && ticket.contains("exit code: 1"), "{ticket}");
    assert!(home.run("providers lazy-loaded").contains("All ok"));
    assert!(home.run("connections test nothing").contains("testing connections is disabled"));
    assert!(home.run_as("airflow", "teams list").contains("there are no teams"));
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0, "nothing is made for an answer");
}

#[test]
fn the_connections_of_a_new_airflow_are_made_once() {
    let home = Home::migrated();
    home.run("connections add aws_default --conn-type http");
    let said = home.run("connections create-default-connections");
    assert!(said.contains("1 were there already"), "{said}");
    assert!(home.run("connections get postgres_default -o json").contains("\"login\": \"postgres\""));
    assert!(home.run("connections get aws_default -o json").contains("\"conn_type\": \"http\""));
    assert!(home.run("connections create-default-connections").contains("0 connections were made"));
}

#[test]
fn roles_and_who_has_them() {
    let home = Home::migrated();
    let roles = r#"[{"name": "Analyst", "resource": "DAG:sales", "action": "can_read,can_edit"}, {"name": "Idle"}]"#;
    std::fs::write(home.path().join("roles.json"), roles).unwrap();
    let users = r#"[{"username": "eve", "email": "e@x", "firstname": "E", "lastname": "V", "roles": ["Analyst"]}]"#;
    std::fs::write(home.path().join("users.json"), users).unwrap();
    assert_snapshot!(home.session(&[
        "roles create Ops Analyst",
        "roles create viewer",
        "roles import roles.json",
        "roles add-perms Ops -r Variables Pools -a can_read can_edit",
        "roles add-perms Ops -r Varables -a can_read",
        "roles del-perms Ops -r Pools",
        "roles list",
        "roles export -",
        "users create -u ann -p pw -r Viewer -e a@x -f A -l N",
        "users add-role -u ann -r Ops",
        "users add-role -u ann -r Ops",
        "users remove-role -u ann -r viewer",
        "users import users.json",
        "roles delete Viewer",
        "roles delete Ops Idle",
        "users export -",
    ]));
}
