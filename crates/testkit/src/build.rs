//! Builders: rows with everything that a test does not care about filled in.

use serde_json::json;
use tradewind_core::{RunType, TaskState, Timestamp, TryId};
use tradewind_store::{FileResult, NewRun, NewTi, ParsedDag, StartTry, Store, TiWrite};

/// An instant, seconds after a fixed one.
pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_secs(1_700_000_000 + seconds)
}

/// A DAG as the dag-processor found it.
pub fn dag(dag_id: &str, hash: &str) -> ParsedDag {
    ParsedDag {
        dag_id: dag_id.into(),
        hash: hash.into(),
        data: json!({"dag_id": dag_id}).to_string(),
        owners: vec!["me".into()],
        tags: vec!["a".into(), "b".into()],
        display_name: None,
        description: None,
        timetable: json!({"type": "once"}),
        timetable_summary: "@once".into(),
        timetable_description: "Once, as soon as possible".into(),
        start_date: Some(at(-100)),
        end_date: None,
        catchup: false,
        max_active_runs: 16,
        max_active_tasks: 16,
        max_consecutive_failed_dag_runs: 0,
        allowed_run_types: None,
        assets: Vec::new(),
        is_partitioned: false,
        paused_upon_creation: false,
        bundle_version: None,
    }
}

/// A parsed file of the bundle `dags-folder`.
pub fn file(name: &str, dags: Vec<ParsedDag>) -> FileResult {
    FileResult {
        bundle_name: "dags-folder".into(),
        relative_fileloc: name.into(),
        fileloc: format!("/dags/{name}"),
        content_hash: "1".into(),
        modules: vec!["/dags/helper.py".into()],
        source: "print()".into(),
        parse_ms: 3,
        dags,
        import_error: None,
        parsed_at: at(0),
    }
}

/// A scheduled run of a DAG, with or without a logical date (see [`at`]).
pub fn new_run(dag_id: &str, run_id: &str, logical: Option<i64>) -> NewRun {
    NewRun {
        dag_id: dag_id.into(),
        run_id: run_id.into(),
        run_type: RunType::Scheduled,
        logical_date: logical.map(at),
        data_interval_start: logical.map(at),
        data_interval_end: logical.map(|n| at(n + 60)),
        run_after: at(0),
        queued_at: at(0),
        conf: json!({"x": 1}),
        triggered_by: Some("timetable".into()),
        triggering_user: None,
        note: None,
        dag_version_id: None,
        owner: None,
    }
}

/// A task instance of DAG `d` without a state.
pub fn new_ti(run_key: i64, task_id: &str) -> NewTi {
    NewTi {
        run_key,
        dag_id: "d".into(),
        task_id: task_id.into(),
        map_index: -1,
        state: None,
        try_number: 0,
        max_tries: 1,
        scheduled_at: None,
        queued_at: None,
        start_date: None,
        end_date: None,
        operator: "BashOperator".into(),
        pool: "default_pool".into(),
        pool_slots: 1,
        queue: "default".into(),
        priority: 1,
        executor: None,
        dag_version_id: None,
        reason: None,
    }
}

/// A guarded write from `(state, fence)`.
pub fn write(ti_id: i64, from: (Option<TaskState>, i64), state: Option<TaskState>, try_number: i32) -> TiWrite {
    TiWrite {
        ti_id,
        expect_state: from.0,
        expect_fence: from.1,
        state,
        map_index: -1,
        try_number,
        max_tries: 1,
        scheduled_at: Some(at(1)),
        queued_at: (state == Some(TaskState::Queued)).then(|| at(2)),
        start_date: None,
        end_date: None,
        retry_at: None,
        reason: None,
    }
}

/// A run with one queued task instance: `(run_key, ti_id)`.
///
/// # Panics
/// If the database fails.
pub async fn queued(store: &Store) -> (i64, i64) {
    let mut tx = store.begin().await.unwrap();
    let run_key = tx.create_run(new_run("d", "r", Some(0))).await.unwrap().created().unwrap();
    let ids = tx.insert_tis(&[new_ti(run_key, "t")]).await.unwrap();
    let applied = tx.write_tis(&[write(ids[0], (None, 0), Some(TaskState::Queued), 1)]).await.unwrap();
    assert_eq!(applied, [true]);
    tx.commit().await.unwrap();
    (run_key, ids[0])
}

/// A worker (job 7, process 42 on `h`) wants to run a try.
pub fn start(ti_id: i64, try_number: i32) -> StartTry {
    StartTry { try_id: TryId { ti_id, try_number }, worker_id: 7, hostname: "h".into(), pid: 42, at: at(3) }
}
