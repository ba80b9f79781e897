//! `tasks why` and `tasks failed-deps`.

use insta::assert_snapshot;
use tradewind_core::TaskState;
use tradewind_store::{NewTi, Store, StoreOptions};
use tradewind_testkit::build::{at, dag, file, new_run, new_ti};

use crate::command::Home;

/// A run of DAG `d` (a -> b -> c): a waits for a free scheduler, b for a, and c has ended because b failed once.
async fn fill(home: &Home) {
    let url = format!("sqlite:///{}/airflow.db", home.path().display());
    let store = Store::open(&url, StoreOptions::default()).await.unwrap();
    let data = serde_json::json!({"format": 1, "dag_id": "d", "timetable": {"type": "null"}, "tasks": [
        {"task_id": "a", "operator": "Op", "downstream": ["b"]},
        {"task_id": "b", "operator": "Op", "downstream": ["c"]},
        {"task_id": "c", "operator": "Op"},
    ]});
    let parsed = tradewind_store::ParsedDag { data: data.to_string(), ..dag("d", "h") };
    store.apply_parse(file("d.py", vec![parsed])).await.unwrap();
    let mut tx = store.begin().await.unwrap();
    for (run_id, failed) in [("waits", false), ("failed", true)] {
        let run_key = tx.create_run(new_run("d", run_id, None)).await.unwrap().created().unwrap();
        let ended = |task_id: &str, state| NewTi {
            state: Some(state),
            start_date: Some(at(1)),
            end_date: Some(at(2)),
            ..new_ti(run_key, task_id)
        };
        let mut tis = vec![new_ti(run_key, "a"), new_ti(run_key, "b"), new_ti(run_key, "c")];
        if failed {
            tis = vec![
                ended("a", TaskState::Success),
                ended("b", TaskState::Failed),
                ended("c", TaskState::UpstreamFailed),
            ];
        }
        tx.insert_tis(&tis).await.unwrap();
    }
    tx.commit().await.unwrap();
    store.close().await;
}

#[tokio::test]
async fn why_says_everything_that_stands_in_the_way() {
    let home = Home::migrated();
    fill(&home).await;
    assert_snapshot!(home.session(&[
        "tasks why d b waits",
        "tasks why d a waits",
        "tasks why d c failed",
        "tasks why d a failed",
        "tasks why d nothing waits",
        "tasks why d b never",
        "tasks failed-deps d b waits",
        "tasks failed-deps d a failed",
        "task_failed_deps d b waits",
    ]));
}

#[tokio::test]
async fn a_run_before_the_start_date_says_why_it_has_no_tasks() {
    let home = Home::migrated();
    let url = format!("sqlite:///{}/airflow.db", home.path().display());
    let store = Store::open(&url, StoreOptions::default()).await.unwrap();
    let data = serde_json::json!({"format": 1, "dag_id": "d", "start_date": "2024-01-10T00:00:00Z",
        "timetable": {"type": "null"}, "tasks": [{"task_id": "a", "operator": "Op"}]});
    let parsed = tradewind_store::ParsedDag { data: data.to_string(), ..dag("d", "h") };
    store.apply_parse(file("d.py", vec![parsed])).await.unwrap();
    store.close().await;
    let said = home.session(&[
        "dags trigger d --run-id early --logical-date 2024-01-09",
        "tasks why d a early",
        "dags trigger d --run-id right --logical-date 2024-01-10",
    ]);
    let sentence = "The run's logical date, 2024-01-09T00:00:00Z, is before the start_date of the task or its DAG, \
                    2024-01-10T00:00:00Z";
    assert_eq!(said.matches(sentence).count(), 2, "{said}");
    assert_eq!(said.matches("The run has no tasks, and succeeds without doing anything.").count(), 1, "{said}");
    assert!(said.contains("the run 'early' has no task 'a'"), "{said}");
}
