//! `state-store clean`.

use tradewind_store::{Store, StoreOptions, TaskScope};
use tradewind_testkit::build::{at, dag, file, new_run};

use crate::command::Home;

#[tokio::test]
async fn clean_deletes_what_has_expired_and_nothing_else() {
    let home = Home::migrated().with("AIRFLOW__STATE_STORE__STATE_CLEANUP_BATCH_SIZE", "1");
    let url = format!("sqlite:///{}/airflow.db", home.path().display());
    let store = Store::open(&url, StoreOptions::default()).await.unwrap();
    store.apply_parse(file("d.py", vec![dag("d", "h")])).await.unwrap();
    let mut tx = store.begin().await.unwrap();
    let run_key = tx.create_run(new_run("d", "r", None)).await.unwrap().created().unwrap();
    tx.commit().await.unwrap();
    let of = TaskScope { run_key, task_id: "t".into(), map_index: -1 };
    for (key, expires_at) in [("old", Some(at(10))), ("older", Some(at(9))), ("kept", None)] {
        store.set_task_state(&of, key, &serde_json::json!(1), expires_at, at(1)).await.unwrap();
    }
    let said = home.run("state-store clean --dry-run");
    assert!(said.contains("Would delete 2 entries:"), "{said}");
    assert!(said.contains("DAG 'd', run 'r', task 't', map index -1, key 'old'"), "{said}");
    let said = home.run("state-store clean");
    assert!(said.contains("Deleted 2 entries."), "{said}");
    let said = home.run("state-store clean --dry-run");
    assert!(said.contains("Nothing to delete."), "{said}");
    let left: Vec<String> = store.task_states_of(&of, at(2)).await.unwrap().into_iter().map(|row| row.key).collect();
    assert_eq!(left, ["kept"]);
    store.close().await;
}
