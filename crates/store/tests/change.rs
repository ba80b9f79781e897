//! What people change: clearing, marking, triggering, deleting. On both databases.

use serde_json::json;
use tradewind_core::{RunState, TaskState, TryId};
use tradewind_store::{
    ClearOutcome, ClearTis, Error, FinishOutcome, FinishTry, NewRun, NewTi, RunStateOutcome, RunWrite, StartOutcome,
    Store, Topic, TriggerOutcome, XComKey,
};
use tradewind_testkit::build::{at, dag, file, new_run, new_ti, queued, start, write};
use tradewind_testkit::stores;

fn clear(ti_id: i64) -> ClearTis {
    ClearTis {
        tis: vec![ti_id],
        default_retries: 2,
        reopen_runs: true,
        also_runs: Vec::new(),
        latest_version: false,
        at: at(100),
    }
}

/// DAG `d` with a task `t` that leaves its retries open.
async fn add_dag(store: &Store) {
    let data = json!({"dag_id": "d", "tasks": [{"task_id": "t"}]}).to_string();
    let parsed = tradewind_store::ParsedDag { data, ..dag("d", "h1") };
    store.apply_parse(file("d.py", vec![parsed])).await.unwrap();
}

/// Ends the run that a scheduler (job 5) owns.
async fn end_run(store: &Store, run_key: i64, state: RunState) {
    store.adopt_runs(5, at(0)).await.unwrap();
    let mut tx = store.begin().await.unwrap();
    let (row, _) = store.load_runs(&[run_key]).await.unwrap().remove(0);
    let write = RunWrite {
        run_key,
        expect_state: row.state,
        expect_fence: row.fence,
        owner: 5,
        state,
        start_date: Some(at(1)),
        end_date: Some(at(50)),
        dag_version_id: row.dag_version_id,
        state_counts: [("success".into(), 1)].into(),
        updated_at: at(50),
    };
    assert_eq!(tx.write_runs(&[write]).await.unwrap(), [true]);
    tx.commit().await.unwrap();
}

async fn run_of(store: &Store, run_key: i64) -> tradewind_store::RunRow {
    store.load_runs(&[run_key]).await.unwrap().remove(0).0
}

async fn ti_of(store: &Store, ti_id: i64) -> tradewind_store::TiRow {
    store.load_tis(&[ti_id]).await.unwrap().remove(0)
}

#[tokio::test]
async fn clearing_a_finished_task_reopens_its_run_and_keeps_its_try() {
    for store in stores().await {
        add_dag(&store).await;
        let (run_key, ti_id) = queued(&store).await;
        store.start_try(start(ti_id, 1)).await.unwrap();
        let mut finish = FinishTry::new(TryId { ti_id, try_number: 1 }, TaskState::Success, at(4));
        finish.xcoms.insert("return_value".into(), json!(1));
        store.finish_try(finish).await.unwrap();
        end_run(&store, run_key, RunState::Success).await;
        for row in store.read_inbox(5).await.unwrap() {
            let mut tx = store.begin().await.unwrap();
            tx.delete_inbox(&[row.id]).await.unwrap();
            tx.commit().await.unwrap();
        }

        let mut hint = store.notifier().subscribe(Topic::Scheduler);
        let mut request = clear(ti_id);
        request.tis.push(ti_id + 99);
        let outcomes = store.clear_tis(&request).await.unwrap();
        assert_eq!(outcomes, [ClearOutcome::Cleared, ClearOutcome::Missing], "{}", store.name);
        hint.wait().await;
        let ti = ti_of(&store, ti_id).await;
        assert_eq!((ti.state, ti.try_number, ti.max_tries, ti.start_date, ti.end_date), (None, 1, 3, None, None));
        let run = run_of(&store, run_key).await;
        assert_eq!((run.state, run.clear_number, run.start_date, run.end_date), (RunState::Queued, 1, None, None));
        assert_eq!(run.queued_at, Some(at(100)));
        assert_eq!(run.state_counts, [("no_status".to_owned(), 1)].into());
        assert!(!run.state_counts_are_final());
        let inbox = store.read_inbox(5).await.unwrap();
        assert_eq!(inbox.iter().map(|row| (row.run_key, row.ti_id)).collect::<Vec<_>>(), [(run_key, None)]);
        assert_eq!(run_of(&store, run_key).await.owner, Some(5), "reading the inbox makes it mine");

        // The next try: the first stays in the history, its XCom is forgotten.
        let xcom = XComKey { run_key, task_id: "t".into(), map_index: -1, key: "return_value".into() };
        assert_eq!(store.xcom_get(&xcom).await.unwrap().as_deref(), Some("1"));
        let mut tx = store.begin().await.unwrap();
        let next = write(ti_id, (None, ti.fence), Some(TaskState::Queued), 2);
        assert_eq!(tx.write_tis(&[next]).await.unwrap(), [true]);
        tx.commit().await.unwrap();
        assert_eq!(store.xcom_get(&xcom).await.unwrap(), None);
        assert_eq!(store.start_try(start(ti_id, 2)).await.unwrap(), StartOutcome::Started);
        let earlier = store.earlier_tries(ti_id).await.unwrap();
        assert_eq!(
            earlier.iter().map(|one| (one.try_number, one.state, one.end_date)).collect::<Vec<_>>(),
            [(1, Some(TaskState::Success), Some(at(4)))]
        );
    }
}

#[tokio::test]
async fn a_running_task_that_is_cleared_restarts_when_its_worker_lets_go() {
    for store in stores().await {
        add_dag(&store).await;
        let (_, ti_id) = queued(&store).await;
        let try_id = TryId { ti_id, try_number: 1 };
        store.start_try(start(ti_id, 1)).await.unwrap();
        assert_eq!(store.clear_tis(&clear(ti_id)).await.unwrap(), [ClearOutcome::Restarting], "{}", store.name);
        assert_eq!(store.heartbeat_tries(7, &[try_id], at(9)).await.unwrap(), [try_id], "told to end it");
        assert_eq!(ti_of(&store, ti_id).await.state, Some(TaskState::Restarting));
        // Its worker says success, a moment too late.
        let end = FinishTry::new(try_id, TaskState::Success, at(10));
        assert_eq!(store.finish_try(end.clone()).await.unwrap(), FinishOutcome::Stale);
        let ti = ti_of(&store, ti_id).await;
        assert_eq!((ti.state, ti.try_number, ti.max_tries), (None, 1, 3));
        let earlier = store.earlier_tries(ti_id).await.unwrap();
        assert_eq!(earlier.len(), 1);
        assert_eq!(earlier[0].reason.as_deref(), Some("cleared while it was running"));
        assert_eq!(
            store.start_try(start(ti_id, 1)).await.unwrap(),
            StartOutcome::Refused("the task instance is without a state, not queued".into())
        );
    }
}

#[tokio::test]
async fn a_queued_task_that_is_cleared_never_starts_that_try() {
    for store in stores().await {
        let (_, ti_id) = queued(&store).await;
        assert_eq!(store.clear_tis(&clear(ti_id)).await.unwrap(), [ClearOutcome::Cleared], "{}", store.name);
        assert!(matches!(store.start_try(start(ti_id, 1)).await.unwrap(), StartOutcome::Refused(_)));
        assert!(store.earlier_tries(ti_id).await.unwrap().is_empty(), "a try that got nowhere leaves no trace");
        let mut latest = clear(ti_id);
        latest.latest_version = true;
        store.apply_parse(file("d.py", vec![dag("d", "h1")])).await.unwrap();
        store.clear_tis(&latest).await.unwrap();
        let (row, tis) = store.load_runs(&[ti_of(&store, ti_id).await.run_key]).await.unwrap().remove(0);
        assert!(row.dag_version_id.is_some());
        assert_eq!(tis[0].dag_version_id, row.dag_version_id);
    }
}

#[tokio::test]
async fn marking_beats_the_worker() {
    for store in stores().await {
        let (_, ti_id) = queued(&store).await;
        let try_id = TryId { ti_id, try_number: 1 };
        store.start_try(start(ti_id, 1)).await.unwrap();
        assert_eq!(store.set_ti_state(&[ti_id], TaskState::Failed, at(9)).await.unwrap(), [ti_id], "{}", store.name);
        assert!(store.set_ti_state(&[ti_id], TaskState::Failed, at(9)).await.unwrap().is_empty(), "it is so already");
        assert_eq!(store.heartbeat_tries(7, &[try_id], at(9)).await.unwrap(), [try_id]);
        let end = FinishTry::new(try_id, TaskState::Success, at(10));
        assert_eq!(store.finish_try(end).await.unwrap(), FinishOutcome::Stale);
        let ti = ti_of(&store, ti_id).await;
        assert_eq!(
            (ti.state, ti.end_date, ti.reason.as_deref()),
            (Some(TaskState::Failed), Some(at(9)), Some("marked as failed"))
        );
        let refused = store.set_ti_state(&[ti_id], TaskState::Running, at(9)).await.unwrap_err();
        assert!(matches!(refused, Error::Invalid(_)), "{refused}");
    }
}

#[tokio::test]
async fn marking_a_run() {
    for store in stores().await {
        let (run_key, running) = queued(&store).await;
        store.start_try(start(running, 1)).await.unwrap();
        let mut tx = store.begin().await.unwrap();
        let done = NewTi {
            state: Some(TaskState::Success),
            start_date: Some(at(0)),
            end_date: Some(at(1)),
            ..new_ti(run_key, "done")
        };
        let ids = tx.insert_tis(&[new_ti(run_key, "waits"), done, new_ti(run_key, "teardown")]).await.unwrap();
        tx.commit().await.unwrap();
        let states = async || {
            let (row, tis) = store.load_runs(&[run_key]).await.unwrap().remove(0);
            let of = |id: i64| tis.iter().find(|ti| ti.id == id).unwrap().state;
            (row.state, of(running), of(ids[0]), of(ids[1]), of(ids[2]))
        };
        use TaskState as S;
        let outcome = store.set_run_state(run_key, RunState::Failed, at(20), &["teardown".into()]).await.unwrap();
        assert_eq!(outcome, RunStateOutcome::Waits, "{}", store.name);
        assert_eq!(states().await, (RunState::Queued, Some(S::Failed), Some(S::Skipped), Some(S::Success), None));
        let outcome = store.set_run_state(run_key, RunState::Failed, at(21), &[]).await.unwrap();
        assert_eq!(outcome, RunStateOutcome::Set);
        assert_eq!(states().await.0, RunState::Failed);
        assert!(run_of(&store, run_key).await.state_counts_are_final());
        store.set_run_state(run_key, RunState::Success, at(22), &[]).await.unwrap();
        let all = Some(S::Success);
        assert_eq!(states().await, (RunState::Success, all, all, all, all));
        store.set_run_state(run_key, RunState::Queued, at(23), &[]).await.unwrap();
        assert_eq!(states().await.0, RunState::Queued);
        assert!(store.set_run_state(run_key, RunState::Running, at(23), &[]).await.is_err());
        assert_eq!(store.set_run_state(-1, RunState::Failed, at(23), &[]).await.unwrap(), RunStateOutcome::Missing);
    }
}

#[tokio::test]
async fn triggering_and_deleting_runs() {
    for store in stores().await {
        let missing = store.trigger_run(new_run("d", "r", None)).await.unwrap_err();
        assert!(matches!(missing, Error::NotFound(_)), "{missing}");
        store.apply_parse(file("d.py", vec![dag("d", "h1")])).await.unwrap();
        let TriggerOutcome::Created(run_key) = store.trigger_run(new_run("d", "r", Some(0))).await.unwrap() else {
            panic!("{}", store.name)
        };
        let again = store.trigger_run(new_run("d", "r", Some(1))).await.unwrap();
        assert_eq!(again, TriggerOutcome::RunIdExists);
        let same_date = store.trigger_run(new_run("d", "other", Some(0))).await.unwrap();
        assert_eq!(same_date, TriggerOutcome::LogicalDateExists("r".into()));
        let inbox = store.read_inbox(5).await.unwrap();
        assert_eq!(inbox.iter().map(|row| (row.run_key, row.ti_id)).collect::<Vec<_>>(), [(run_key, None)]);
        assert_eq!(run_of(&store, run_key).await.owner, Some(5));
        let mut tx = store.begin().await.unwrap();
        tx.create_run(NewRun { owner: Some(5), ..new_run("d", "mine", None) }).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(store.read_inbox(5).await.unwrap().len(), 1, "what I made is no news to me");
        assert_eq!(store.read_inbox(6).await.unwrap().len(), 0, "another scheduler's");

        assert!(store.set_run_note(run_key, Some("look")).await.unwrap());
        assert_eq!(run_of(&store, run_key).await.note.as_deref(), Some("look"));
        assert_eq!(store.find_run_row("d", "r").await.unwrap().map(|row| row.id), Some(run_key));
        assert!(store.delete_run(run_key).await.unwrap());
        assert!(!store.delete_run(run_key).await.unwrap());
        assert!(store.load_runs(&[run_key]).await.unwrap().is_empty());
        assert_eq!(store.read_inbox(5).await.unwrap().len(), 1, "whoever planned it hears of it");
    }
}

#[tokio::test]
async fn failing_runs_pause_their_dag() {
    for store in stores().await {
        let mut fragile = dag("d", "h1");
        fragile.max_consecutive_failed_dag_runs = 2;
        store.apply_parse(file("d.py", vec![fragile])).await.unwrap();
        for (run_id, paused) in [("one", &[][..]), ("two", &["d".to_owned()][..])] {
            let TriggerOutcome::Created(run_key) = store.trigger_run(new_run("d", run_id, None)).await.unwrap() else {
                panic!("{}", store.name)
            };
            end_run(&store, run_key, RunState::Failed).await;
            let mut tx = store.begin().await.unwrap();
            assert_eq!(tx.pause_failing_dags(&[run_key]).await.unwrap(), paused, "{}", store.name);
            tx.commit().await.unwrap();
        }
        assert!(store.dag_status("d").await.unwrap().unwrap().is_paused);
        assert_eq!(store.set_paused(&["d".into()], false).await.unwrap(), ["d"]);
        assert!(store.delete_dag("d").await.unwrap());
    }
}

#[tokio::test]
async fn the_past_of_a_run() {
    for store in stores().await {
        store.apply_parse(file("d.py", vec![dag("d", "h1")])).await.unwrap();
        let mut tx = store.begin().await.unwrap();
        let mut keys = Vec::new();
        for day in 0..3 {
            let run_key = tx.create_run(new_run("d", &format!("r{day}"), Some(day))).await.unwrap().created().unwrap();
            let failed = NewTi { state: Some(TaskState::Failed), end_date: Some(at(1)), ..new_ti(run_key, "a") };
            let well = NewTi { state: Some(TaskState::Skipped), end_date: Some(at(1)), ..new_ti(run_key, "b") };
            tx.insert_tis(&[failed, well]).await.unwrap();
            keys.push(run_key);
        }
        tx.commit().await.unwrap();
        assert_eq!(store.previous_run(keys[0]).await.unwrap().map(|run| run.run_id), None, "{}", store.name);
        assert_eq!(store.previous_run(keys[2]).await.unwrap().map(|run| run.run_id).as_deref(), Some("r1"));
        let outcomes = store.task_outcomes(keys[1]).await.unwrap();
        assert_eq!((outcomes["a"].instances, outcomes["a"].unsuccessful), (1, 1));
        assert_eq!((outcomes["b"].instances, outcomes["b"].unsuccessful), (1, 0));
        let tasks = ["a".to_owned(), "new".to_owned()];
        assert_eq!(store.tasks_with_earlier_instances(keys[1], &tasks).await.unwrap(), ["a"]);
        assert!(store.tasks_with_earlier_instances(keys[0], &tasks).await.unwrap().is_empty());
        let others = store.running_runs_of_others(5, &["d".into()], at(0)).await.unwrap();
        assert!(others.iter().all(|row| row.runs == 0 && row.next_ordinal.is_none()), "{others:?}");
    }
}

#[tokio::test]
async fn xcoms_notes_and_rendered_fields() {
    for store in stores().await {
        let (run_key, ti_id) = queued(&store).await;
        let xcom = |map_index| XComKey { run_key, task_id: "t".into(), map_index, key: "k".into() };
        assert!(store.xcom_set(&xcom(1), "[1]", at(0)).await.unwrap());
        assert!(store.xcom_set(&xcom(0), "\"zero\"", at(0)).await.unwrap());
        assert!(store.xcom_set(&xcom(0), "0", at(1)).await.unwrap(), "again");
        assert!(!store.xcom_set(&XComKey { run_key: -1, ..xcom(0) }, "0", at(1)).await.unwrap(), "no such run");
        assert_eq!(store.xcom_get_all(run_key, "t", "k").await.unwrap(), [(0, "0".to_owned()), (1, "[1]".to_owned())]);
        assert_eq!(store.xcom_get_prior(&xcom(1)).await.unwrap().as_deref(), Some("[1]"), "{}", store.name);
        assert!(store.xcom_delete(&xcom(1)).await.unwrap());
        assert!(!store.xcom_delete(&xcom(1)).await.unwrap());

        let try_id = TryId { ti_id, try_number: 1 };
        assert!(!store.set_rendered_fields(try_id, "{}").await.unwrap(), "not running");
        store.start_try(start(ti_id, 1)).await.unwrap();
        assert!(store.set_rendered_fields(try_id, "{\"a\":1}").await.unwrap());
        assert!(store.set_rendered_map_index(try_id, "first").await.unwrap());
        assert_eq!(store.set_ti_notes(&[ti_id, -1], Some("hm")).await.unwrap(), 1);
    }
}
