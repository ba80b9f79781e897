//! `variables`, `connections`, `pools`, `users`: what people look after.

use insta::assert_snapshot;

use crate::command::Home;

#[test]
fn variables_are_set_read_and_forgotten() {
    let home = Home::migrated().with("AIRFLOW_VAR_FROM_ENV", "outside");
    assert_snapshot!(home.session(&[
        "variables list",
        "variables set greeting hello --description 'for everyone'",
        "variables -s config '{\"a\": 1}'",
        "variables get greeting",
        "variables get greting",
        "variables get -j config",
        "variables get -j greeting",
        "variables get nothing -d default",
        "variables get from_env",
        "variables list -o json",
        "variables list --show-values -o yaml",
        "variables export -",
        "variables delete greeting",
        "variables delete greeting",
    ]));
}

#[test]
fn variables_are_imported_all_or_none() {
    let home = Home::migrated();
    let file = |name: &str, text: &str| std::fs::write(home.path().join(name), text).unwrap();
    file("a.json", r#"{"k": "v", "n": {"x": 1}, "d": {"value": "w", "description": "why"}}"#);
    file("b.env", "k=other\nnew=1\n");
    file("c.yaml", "- no mapping\n");
    assert_snapshot!(home.session(&[
        "variables import a.json",
        "variables import b.env -a fail",
        "variables import b.env -a skip",
        "variables import c.yaml",
        "variables import missing.json",
        "variables import notes.txt",
        "variables list --show-values",
    ]));
}

#[test]
fn secrets_in_the_database_are_encrypted() {
    let home = Home::migrated();
    home.run("variables set secret open-sesame");
    home.run("connections add c --conn-type http --conn-password open-sesame");
    for name in ["airflow.db", "airflow.db-wal"] {
        let bytes = std::fs::read(home.path().join(name)).unwrap_or_default();
        assert!(!bytes.windows(11).any(|w| w == b"open-sesame"), "{name} shows a secret");
    }
    assert!(home.run("variables get secret").contains("open-sesame"));
}

#[test]
fn connections_are_added_in_every_spelling() {
    let home = Home::migrated().with("AIRFLOW_CONN_FROM_ENV", "mysql://me:pw@db/x");
    assert_snapshot!(home.session(&[
        "connections add pg --conn-uri postgresql://user:pass@host:5432/db?sslmode=require",
        "connections add web --conn-type http --conn-host example.com --conn-port 80 --conn-extra '{\"a\": 1}'",
        "connections add js --conn-json '{\"conn_type\": \"ftp\", \"host\": \"h\"}' --conn-description 'a note'",
        "connections add pg --conn-uri x://",
        "connections add bad --conn-uri nothing",
        "connections add none",
        "connections list",
        "connections get pg -o json",
        "connections get pq",
        "connections get from_env -o yaml",
        "connections --delete --conn_id js",
        "connections delete js",
    ]));
}

#[test]
fn connections_travel_through_files() {
    let home = Home::migrated();
    home.run("connections add pg --conn-uri postgres://user:p%40ss@host:5432/db?a=b");
    assert_snapshot!(home.session(&[
        "connections export out.json",
        "connections export out.env",
        "connections export -",
        "connections export out.txt",
        "connections delete pg",
        "connections import out.json",
        "connections import out.env",
        "connections import out.env --overwrite",
        "connections get pg -o json",
    ]));
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(home.path().join("out.json")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "an export has secrets");
}

#[test]
fn pools_are_made_changed_and_deleted() {
    let home = Home::migrated();
    std::fs::write(home.path().join("bad.json"), r#"{"p": {"slots": "many"}}"#).unwrap();
    assert_snapshot!(home.session(&[
        "pools list",
        "pools set gpu 4 'the big machines' --include-deferred",
        "pools set endless -1 'no limit' -o json",
        "pools set wrong many x",
        "pools get gpu -o plain",
        "pools get cpu",
        "pools export pools.json",
        "pools delete gpu",
        "pools delete default_pool",
        "pools import pools.json",
        "pools import bad.json",
        "pools list -o json",
    ]));
}

#[test]
fn users_come_and_go() {
    let home = Home::migrated();
    assert_snapshot!(home.session(&[
        "users list",
        "users create -u ada -r Admin -e ada@example.com -f Ada -l Lovelace -p engine",
        "users create -u ada -r Admin -e ada@example.com -f Ada -l Lovelace -p engine",
        "users create -u bob -r Boss -e b@example.com -f Bob -l B -p x",
        "users create -u bob -r Viewer -e b@example.com -f Bob -l B",
        "create_user -u bob -r Viewer -e b@example.com -f Bob -l B -p secret",
        "users reset-password -u bbo -p other",
        "users reset-password -e b@example.com -p other",
        "users list -o json",
        "users delete -u ada",
        "users delete",
    ]));
}

#[test]
fn nothing_is_made_where_there_is_no_database() {
    let home = Home::new();
    assert_snapshot!(home.session(&["variables list", "dags list", "tasks list d", "jobs check"]));
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0);
}
