//! Backfills: what becomes of dates that have a run. On both databases.

use serde_json::json;
use tradewind_core::timetable::{DataInterval, NextRun};
use tradewind_core::{Reprocess, RunState, RunType, TaskState, Timestamp, TryId};
use tradewind_store::{BackfillOutcome, Error, FinishTry, NewBackfill, NewBackfillRun, ParsedDag, RunRow, Store};
use tradewind_testkit::build::{at, dag, file, new_run, new_ti, start, write};
use tradewind_testkit::stores;

fn date(n: i64) -> NewBackfillRun {
    let data_interval = DataInterval { start: at(n), end: at(n + 60) };
    NewBackfillRun { run: NextRun::interval(data_interval), run_id: format!("backfill__{n}") }
}

fn new(dates: &[i64], reprocess: Reprocess) -> NewBackfill {
    NewBackfill {
        dag_id: "d".into(),
        from: at(0),
        to: at(1_000),
        conf: None,
        run_backwards: false,
        reprocess,
        max_active_runs: 3,
        triggering_user: Some("ann".into()),
        latest_version: true,
        default_retries: 1,
        runs: dates.iter().map(|n| date(*n)).collect(),
        at: at(2_000),
    }
}

async fn add_dag(store: &Store) {
    let data = json!({"dag_id": "d", "tasks": [{"task_id": "t", "retries": 4}]}).to_string();
    store.apply_parse(file("d.py", vec![ParsedDag { data, ..dag("d", "h1") }])).await.unwrap();
}

/// A run at a date whose only task ended so; `None`: it is queued.
async fn add_run(store: &Store, run_id: &str, logical: i64, state: Option<RunState>) -> i64 {
    let mut tx = store.begin().await.unwrap();
    let run_key = tx.create_run(new_run("d", run_id, Some(logical))).await.unwrap().created().unwrap();
    let ids = tx.insert_tis(&[new_ti(run_key, "t")]).await.unwrap();
    tx.write_tis(&[write(ids[0], (None, 0), Some(TaskState::Queued), 1)]).await.unwrap();
    tx.commit().await.unwrap();
    if let Some(state) = state {
        store.start_try(start(ids[0], 1)).await.unwrap();
        let end = if state == RunState::Success { TaskState::Success } else { TaskState::Failed };
        store.finish_try(FinishTry::new(TryId { ti_id: ids[0], try_number: 1 }, end, at(5))).await.unwrap();
        store.set_run_state(run_key, state, at(6), &["t".into()]).await.unwrap();
    }
    run_key
}

async fn created(store: &Store, new: &NewBackfill) -> i64 {
    match store.create_backfill(new).await.unwrap() {
        BackfillOutcome::Created(id) => id,
        BackfillOutcome::Running(id) => panic!("{id} runs"),
    }
}

async fn run_of(store: &Store, run_id: &str) -> RunRow {
    store.find_run_row("d", run_id).await.unwrap().unwrap()
}

/// Run id (or reason) of each date.
async fn dates(store: &Store, id: i64) -> Vec<String> {
    let rows = store.backfill_dates(id).await.unwrap();
    rows.into_iter().map(|date| date.run_id.or(date.exception_reason).unwrap_or_default()).collect()
}

#[tokio::test]
async fn dates_without_a_run_get_one_and_the_others_are_left_alone() {
    for store in stores().await {
        add_dag(&store).await;
        add_run(&store, "good", 10, Some(RunState::Success)).await;
        add_run(&store, "bad", 20, Some(RunState::Failed)).await;
        add_run(&store, "busy", 30, None).await;
        let mut asked = new(&[10, 20, 30, 40, 50], Reprocess::None);
        asked.conf = Some(json!({"k": 1}));
        let steps = store.backfill_steps("d", &[10, 20, 30, 40].map(at), Reprocess::None).await.unwrap();
        let id = created(&store, &asked).await;
        let expected = ["already exists", "already exists", "in flight", "backfill__40", "backfill__50"];
        assert_eq!(dates(&store, id).await, expected, "{}", store.name);
        assert_eq!(steps.len(), 4);
        assert_eq!(steps.iter().filter(|s| **s == tradewind_core::plan::BackfillStep::Create).count(), 1);
        let run = run_of(&store, "backfill__40").await;
        assert_eq!(
            (run.run_type, run.state, run.triggered_by.as_str()),
            (RunType::Backfill, RunState::Queued, "backfill")
        );
        assert_eq!((run.backfill_id, run.backfill_ordinal, run.conf), (Some(id), Some(4), json!({"k": 1})));
        assert_eq!((run.logical_date, run.run_after), (Some(at(40)), at(100)));
        assert_eq!((run.triggering_user.as_deref(), run.dag_version_id), (Some("ann"), Some(1)));
        assert_eq!(run_of(&store, "good").await.backfill_id, None);
        let inbox: Vec<i64> = store.read_inbox(5).await.unwrap().into_iter().map(|row| row.run_key).collect();
        assert!(inbox.contains(&run.id), "a scheduler is told");
        assert_eq!(store.create_backfill(&asked).await.unwrap(), BackfillOutcome::Running(id));
        let gone = store.create_backfill(&NewBackfill { dag_id: "x".into(), ..asked }).await.unwrap_err();
        assert!(matches!(gone, Error::NotFound(_)), "{gone}");
    }
}

#[tokio::test]
async fn runs_that_are_over_run_again_as_asked() {
    for store in stores().await {
        for reprocess in [Reprocess::Failed, Reprocess::Completed] {
            store.reset().await.unwrap();
            add_dag(&store).await;
            add_run(&store, "good", 10, Some(RunState::Success)).await;
            add_run(&store, "bad", 20, Some(RunState::Failed)).await;
            let mut asked = new(&[10, 20], reprocess);
            asked.conf = (reprocess == Reprocess::Completed).then(|| json!({"again": true}));
            let id = created(&store, &asked).await;
            let good_again = reprocess == Reprocess::Completed;
            let first = if good_again { "good" } else { "already exists" };
            assert_eq!(dates(&store, id).await, [first, "bad"], "{}", store.name);
            let bad = run_of(&store, "bad").await;
            assert_eq!((bad.state, bad.run_type, bad.clear_number), (RunState::Queued, RunType::Backfill, 1));
            assert_eq!(bad.conf, if good_again { json!({"again": true}) } else { json!({"x": 1}) });
            let (_, tis) = store.load_runs(&[bad.id]).await.unwrap().remove(0);
            assert_eq!((tis[0].state, tis[0].try_number, tis[0].max_tries), (None, 1, 5), "with its task's retries");
            assert_eq!(store.earlier_tries(tis[0].id).await.unwrap().len(), 1);
            assert_eq!(run_of(&store, "good").await.state == RunState::Queued, good_again);
        }
    }
}

#[tokio::test]
async fn a_backfill_with_nothing_to_do_is_over_at_once() {
    for store in stores().await {
        add_dag(&store).await;
        add_run(&store, "good", 10, Some(RunState::Success)).await;
        // A person gave the id that the date's run would have to another run.
        add_run(&store, "backfill__20", 99, Some(RunState::Success)).await;
        let id = created(&store, &new(&[10, 20], Reprocess::None)).await;
        assert_eq!(dates(&store, id).await, ["already exists", "already exists"], "{}", store.name);
        let row = store.find_backfill(id).await.unwrap().unwrap();
        assert_eq!((row.completed_at, row.is_paused), (Some(at(2_000)), false));
        created(&store, &new(&[30], Reprocess::None)).await;
        assert_eq!(store.complete_backfills(Timestamp::from_secs(9)).await.unwrap(), [] as [i64; 0]);
        let run = run_of(&store, "backfill__30").await;
        store.delete_run(run.id).await.unwrap();
        assert_eq!(store.complete_backfills(Timestamp::from_secs(9)).await.unwrap().len(), 1, "its run was deleted");
    }
}
