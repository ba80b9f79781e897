//! Callbacks and deadlines, on both databases: none is lost, each runs for one process at a time, instants are exact.

use serde_json::{Value, json};
use tradewind_core::{Duration, RunState, RunType, TaskState, Timestamp, TryId};
use tradewind_store::read::{DEADLINE_COLUMNS, DeadlineFilter, EventFilter, OrderBy, Page};
use tradewind_store::{
    CallbackEnd, ClaimedCallback, ClearTis, DeadlineAnswer, FinishTry, NewRun, NewTi, ParsedDag, RunEnd, Store, Topic,
};
use tradewind_testkit::build::{at, dag, file, new_run, new_ti, start, write};
use tradewind_testkit::stores;

const LEASE: Duration = Duration::from_secs(60);

fn bundles() -> Vec<String> {
    vec!["dags-folder".into()]
}

async fn add_dag(store: &Store, document: Value) -> i64 {
    let parsed = ParsedDag { data: document.to_string(), ..dag("d", "h") };
    store.apply_parse(file("d.py", vec![parsed])).await.unwrap();
    store.dag_schedule("d").await.unwrap().unwrap().latest_version_id.unwrap()
}

/// A run with one running try of each task.
async fn running(store: &Store, version: i64, tasks: &[&str], max_tries: i32) -> (i64, Vec<i64>) {
    let mut tx = store.begin().await.unwrap();
    let run_key = tx.create_run(new_run("d", "r", Some(0))).await.unwrap().created().unwrap();
    let rows: Vec<NewTi> =
        tasks.iter().map(|task| NewTi { dag_version_id: Some(version), max_tries, ..new_ti(run_key, task) }).collect();
    let ids = tx.insert_tis(&rows).await.unwrap();
    let queue: Vec<_> = ids
        .iter()
        .map(|id| tradewind_store::TiWrite { max_tries, ..write(*id, (None, 0), Some(TaskState::Queued), 1) })
        .collect();
    tx.write_tis(&queue).await.unwrap();
    tx.commit().await.unwrap();
    for id in &ids {
        store.start_try(start(*id, 1)).await.unwrap();
    }
    (run_key, ids)
}

async fn claim(store: &Store, job: i64, now: i64) -> Vec<ClaimedCallback> {
    store.claim_callbacks(job, &bundles(), 10, at(now), LEASE).await.unwrap()
}

/// Claims and finishes them.
async fn take(store: &Store, now: i64) -> Vec<ClaimedCallback> {
    let claimed = claim(store, 1, now).await;
    for one in &claimed {
        assert!(store.finish_callback(one, 1, &CallbackEnd::default(), at(now)).await.unwrap());
    }
    claimed
}

async fn events(store: &Store) -> Vec<(String, Option<String>)> {
    let order = tradewind_store::read::OrderBy::parse(tradewind_store::read::EVENT_COLUMNS, &["event_log_id"]).unwrap();
    let page = tradewind_store::read::Page { limit: 100, offset: 0 };
    let found = store.list_events(&EventFilter::default(), &order, page).await.unwrap();
    found.rows.into_iter().map(|event| (event.event, event.extra)).collect()
}

#[tokio::test]
async fn tries_that_could_not_call_back_leave_a_callback_with_their_end() {
    for store in stores().await {
        let version = add_dag(
            &store,
            json!({"dag_id": "d", "tasks": [
                {"task_id": "told", "callbacks": ["on_failure"]},
                {"task_id": "mailed", "email": ["a@b"], "email_on_retry": false},
                {"task_id": "silent"}]}),
        )
        .await;
        let mut hints = store.notifier().subscribe(Topic::Callbacks);
        let (run_key, ids) = running(&store, version, &["told", "mailed", "silent"], 0).await;
        for id in &ids {
            let finish = FinishTry {
                reason: Some("killed".into()),
                ..FinishTry::new(TryId { ti_id: *id, try_number: 1 }, TaskState::UpForRetry, at(9))
            };
            store.finish_try(finish.clone()).await.unwrap();
            // Saying it again changes nothing.
            store.finish_try(finish).await.unwrap();
        }
        hints.wait().await;
        let claimed = claim(&store, 1, 10).await;
        let told: Vec<_> = claimed.iter().map(|one| (one.kind.as_str(), one.run_key, one.ti_id)).collect();
        assert_eq!(
            told,
            [("task", Some(run_key), Some(ids[0])), ("task", Some(run_key), Some(ids[1]))],
            "{}",
            store.name
        );
        let request = &claimed[0].request;
        assert_eq!(
            (&request["event"], &request["state"], &request["reason"], &request["try_number"]),
            (&json!("on_failure"), &json!("failed"), &json!("killed"), &json!(1))
        );
        assert_eq!((claimed[0].relative_fileloc.as_str(), claimed[0].attempts), ("d.py", 1));
    }
}

#[tokio::test]
async fn tries_that_called_back_or_are_to_be_repeated_silently_leave_none() {
    for store in stores().await {
        let version = add_dag(
            &store,
            json!({"dag_id": "d", "tasks": [
                {"task_id": "told", "callbacks": ["on_failure"]},
                {"task_id": "again", "callbacks": ["on_failure"], "email": ["a@b"], "email_on_retry": false},
                {"task_id": "marked", "callbacks": ["on_failure"]}]}),
        )
        .await;
        let (_, ids) = running(&store, version, &["told", "again", "marked"], 1).await;
        let end = |n: usize| FinishTry::new(TryId { ti_id: ids[n], try_number: 1 }, TaskState::UpForRetry, at(9));
        let told = FinishTry { called_back: true, state: TaskState::Failed, ..end(0) };
        store.finish_try(told).await.unwrap();
        store.finish_try(end(1)).await.unwrap();
        // Marked by a person: the end of its worker is no news.
        store.set_ti_state(&[ids[2]], TaskState::Failed, at(8)).await.unwrap();
        store.finish_try(end(2)).await.unwrap();
        assert!(claim(&store, 1, 10).await.is_empty(), "{}", store.name);
    }
}

#[tokio::test]
async fn a_claim_lasts_until_its_lease_or_its_process_ends_and_not_for_ever() {
    for store in stores().await {
        let version =
            add_dag(&store, json!({"dag_id": "d", "tasks": [{"task_id": "t", "callbacks": ["on_failure"]}]})).await;
        let (_, ids) = running(&store, version, &["t"], 0).await;
        store
            .finish_try(FinishTry::new(TryId { ti_id: ids[0], try_number: 1 }, TaskState::Failed, at(1)))
            .await
            .unwrap();
        let job = store.register_job("CallbackJob", "h", 1, at(0)).await.unwrap();
        assert!(
            store.claim_callbacks(job, &["other".into()], 9, at(1), LEASE).await.unwrap().is_empty(),
            "not its file"
        );
        assert_eq!(claim(&store, job, 1).await.len(), 1);
        assert_eq!(store.next_callback_at(&bundles()).await.unwrap(), Some(at(61)), "when the lease ends");
        assert!(claim(&store, 99, 60).await.is_empty(), "leased");
        // Its process is known to be gone: free at once.
        store.end_job(job, at(30)).await.unwrap();
        let again = claim(&store, 99, 31).await;
        assert_eq!(again[0].attempts, 2);
        assert!(!store.finish_callback(&again[0], job, &CallbackEnd::default(), at(32)).await.unwrap(), "not its own");
        // A silent process loses it when the lease is over.
        let third = claim(&store, 98, 91).await;
        assert_eq!(third[0].attempts, 3);
        assert!(claim(&store, 97, 152).await.is_empty(), "three processes are enough");
        assert_eq!(store.next_callback_at(&bundles()).await.unwrap(), None);
        let told = events(&store).await;
        assert_eq!(told.len(), 1);
        assert!(told[0].0 == "callback_failed" && told[0].1.as_deref().unwrap().contains("given up"), "{told:?}");
    }
}

#[tokio::test]
async fn several_processes_share_the_callbacks_and_each_is_told_once() {
    for store in stores().await {
        let names: Vec<String> = (0..40).map(|n| format!("t{n}")).collect();
        let tasks: Vec<Value> = names.iter().map(|n| json!({"task_id": n, "callbacks": ["on_success"]})).collect();
        let version = add_dag(&store, json!({"dag_id": "d", "tasks": tasks})).await;
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let (_, ids) = running(&store, version, &names, 0).await;
        for id in ids {
            store
                .finish_try(FinishTry::new(TryId { ti_id: id, try_number: 1 }, TaskState::Success, at(1)))
                .await
                .unwrap();
        }
        let processors = (0..4).map(|_| {
            let store = store.store.clone();
            tokio::spawn(async move {
                let job = store.register_job("CallbackJob", "h", 1, at(0)).await.unwrap();
                let mut done = Vec::new();
                loop {
                    let claimed = store.claim_callbacks(job, &bundles(), 3, at(2), LEASE).await.unwrap();
                    if claimed.is_empty() {
                        return done;
                    }
                    for one in claimed {
                        assert!(store.finish_callback(&one, job, &CallbackEnd::default(), at(3)).await.unwrap());
                        done.push(one.id);
                    }
                }
            })
        });
        let mut all = Vec::new();
        for one in processors.collect::<Vec<_>>() {
            all.extend(one.await.unwrap());
        }
        all.sort_unstable();
        let once = all.len();
        all.dedup();
        assert_eq!((once, all.len()), (40, 40), "{}", store.name);
    }
}

#[tokio::test]
async fn the_end_of_a_run_calls_its_dag_about_the_task_that_failed_last() {
    for store in stores().await {
        let version = add_dag(&store, json!({"dag_id": "d", "callbacks": ["on_failure"], "tasks": []})).await;
        let (run_key, ids) = running(&store, version, &["a", "b", "c"], 0).await;
        for (id, state, end) in
            [(ids[0], TaskState::Failed, 5), (ids[1], TaskState::Failed, 7), (ids[2], TaskState::Success, 9)]
        {
            store.finish_try(FinishTry::new(TryId { ti_id: id, try_number: 1 }, state, at(end))).await.unwrap();
        }
        let end = |state| RunEnd {
            run_key,
            dag_id: "d".into(),
            dag_version_id: version,
            state,
            at: at(10),
            reason: "task_failure",
        };
        let mut tx = store.begin().await.unwrap();
        tx.runs_ended(&[end(RunState::Success)]).await.unwrap();
        tx.runs_ended(&[end(RunState::Failed)]).await.unwrap();
        drop(tx);
        assert!(claim(&store, 1, 11).await.is_empty(), "what is not committed did not happen");
        let mut tx = store.begin().await.unwrap();
        tx.runs_ended(&[end(RunState::Running), end(RunState::Success), end(RunState::Failed)]).await.unwrap();
        tx.commit().await.unwrap();
        let claimed = claim(&store, 1, 11).await;
        assert_eq!(claimed.len(), 1, "it has no on_success_callback, and nobody listens to its beginning");
        assert_eq!((claimed[0].kind.as_str(), claimed[0].ti_id), ("dag", Some(ids[1])), "{}", store.name);
        assert_eq!(claimed[0].request["reason"], "task_failure");
    }
}

fn deadlines() -> Value {
    json!({"dag_id": "d", "deadlines": [
        {"reference": {"type": "logical_date"}, "interval": 100.0, "name": "first", "callback": {"path": "m.f"}},
        {"reference": {"type": "queued_at"}, "interval": 50.0, "callback": {"path": "m.g"}},
        {"reference": {"type": "average_runtime", "max_runs": 3, "min_runs": 2}, "interval": 5.0, "callback": {"path": "m.h"}},
        {"reference": {"type": "custom"}, "interval": 1.0, "callback": {"path": "m.i"}}],
      "tasks": []})
}

async fn create(store: &Store, run: NewRun) -> i64 {
    let mut tx = store.begin().await.unwrap();
    let run_key = tx.create_run(run).await.unwrap().created().unwrap();
    tx.commit().await.unwrap();
    run_key
}

#[tokio::test]
async fn deadlines_are_made_with_the_run_and_missed_at_their_instant() {
    for store in stores().await {
        add_dag(&store, deadlines()).await;
        let run_key = create(&store, NewRun { queued_at: at(20), ..new_run("d", "r", Some(0)) }).await;
        let report = store.check_deadlines(at(0)).await.unwrap();
        assert_eq!((report.missed, report.wake_at), (0, Some(at(70))), "{}", store.name);
        let asked = take(&store, 20).await;
        assert_eq!((asked.len(), asked[0].kind.as_str()), (1, "reference"), "Python says when the custom one is due");
        store.set_deadline(run_key, 3, DeadlineAnswer::At(at(60))).await.unwrap();
        assert_eq!(store.check_deadlines(Timestamp::from_micros(at(60).as_micros() - 1)).await.unwrap().missed, 0);
        let report = store.check_deadlines(at(60)).await.unwrap();
        assert_eq!((report.missed, report.wake_at), (1, Some(at(70))));
        assert_eq!(store.check_deadlines(at(60)).await.unwrap().missed, 0, "each once");
        let missed: Vec<_> = take(&store, 61).await;
        assert_eq!((missed[0].kind.as_str(), &missed[0].request["callback"]["path"]), ("deadline", &json!("m.i")));
        // Both others at once, when somebody looks late.
        let report = store.check_deadlines(at(1000)).await.unwrap();
        assert_eq!((report.missed, report.wake_at), (2, None));
        let told: Vec<_> = take(&store, 1001).await.into_iter().map(|one| one.request).collect();
        assert_eq!((&told[0]["callback"]["path"], &told[0]["alert"]), (&json!("m.g"), &json!(1)));
        assert_eq!(told[1]["deadline"]["alert_name"], "first");
        assert_eq!(told[1]["deadline"]["deadline_time"], json!(at(100)));
        let order = OrderBy::parse(DEADLINE_COLUMNS, &["-deadline_time"]).unwrap();
        let by = DeadlineFilter { dag_id: Some("d".into()), missed: Some(true), ..DeadlineFilter::default() };
        let listed = store.list_deadlines(&by, &order, Page { limit: 2, offset: 0 }).await.unwrap();
        let shown: Vec<_> = listed.rows.iter().map(|(one, name)| (one.due_at, name.as_deref())).collect();
        assert_eq!((listed.total, shown), (3, vec![(at(100), Some("first")), (at(70), None)]));
        let told = events(&store).await;
        assert_eq!(told.iter().filter(|(event, _)| event == "deadline_missed").count(), 3);
        assert_eq!(told.iter().filter(|(event, _)| event == "callback").count(), 4);
    }
}

#[tokio::test]
async fn a_run_that_succeeds_in_time_has_no_deadlines_left_and_one_that_is_queued_again_new_ones() {
    for store in stores().await {
        let version = add_dag(&store, deadlines()).await;
        let run_key = create(&store, new_run("d", "r", Some(0))).await;
        let mut tx = store.begin().await.unwrap();
        let end = RunEnd {
            run_key,
            dag_id: "d".into(),
            dag_version_id: version,
            state: RunState::Success,
            at: at(60),
            reason: "success",
        };
        tx.runs_ended(std::slice::from_ref(&end)).await.unwrap();
        tx.commit().await.unwrap();
        let report = store.check_deadlines(at(49)).await.unwrap();
        assert_eq!(report.wake_at, Some(at(50)), "the one that was due before the end stays: {}", store.name);
        store.check_deadlines(at(50)).await.unwrap();
        assert_eq!(store.check_deadlines(at(51)).await.unwrap().wake_at, None);
        // Marked as done, then queued again by a clear.
        store.set_run_state(run_key, RunState::Success, at(60), &[]).await.unwrap();
        let clear = ClearTis {
            tis: Vec::new(),
            reopen_runs: true,
            also_runs: vec![run_key],
            latest_version: false,
            default_retries: 0,
            at: at(300),
        };
        store.clear_tis(&clear).await.unwrap();
        assert_eq!(
            store.check_deadlines(at(301)).await.unwrap().wake_at,
            Some(at(350)),
            "counted from the new queueing"
        );
    }
}

#[tokio::test]
async fn an_average_needs_enough_runs_before() {
    for store in stores().await {
        let version = add_dag(
            &store,
            json!({"dag_id": "d", "tasks": [], "deadlines": [{"interval": 5.0, "callback": {"path": "m.f"},
                "reference": {"type": "average_runtime", "max_runs": 2, "min_runs": 2}}]}),
        )
        .await;
        let scheduler = store.register_job("SchedulerJob", "h", 1, at(0)).await.unwrap();
        for (n, took) in [(1, 1000), (2, 10), (3, 30)] {
            let run = NewRun { owner: Some(scheduler), run_after: at(n), ..new_run("d", &format!("r{n}"), None) };
            let run_key = create(&store, run).await;
            assert_eq!(store.check_deadlines(at(0)).await.unwrap().wake_at.is_some(), n == 3, "{}", store.name);
            let mut tx = store.begin().await.unwrap();
            let write = tradewind_store::RunWrite {
                run_key,
                expect_state: RunState::Queued,
                expect_fence: 0,
                owner: scheduler,
                state: RunState::Failed,
                start_date: Some(at(100)),
                end_date: Some(at(100 + took)),
                dag_version_id: Some(version),
                state_counts: Default::default(),
                updated_at: at(100),
            };
            assert_eq!(tx.write_runs(&[write]).await.unwrap(), [true]);
            tx.commit().await.unwrap();
        }
        store.check_deadlines(at(1_000_000)).await.unwrap();
        create(&store, NewRun { queued_at: at(2000), ..new_run("d", "r4", None) }).await;
        let next = store.check_deadlines(at(0)).await.unwrap().wake_at;
        assert_eq!(next, Some(at(2000 + 20 + 5)), "the average of the newest two");
    }
}

#[tokio::test]
async fn service_levels_are_for_scheduled_runs_and_told_together() {
    for store in stores().await {
        let version = add_dag(
            &store,
            json!({"dag_id": "d", "callbacks": ["sla_miss"], "tasks": [
                {"task_id": "slow", "sla": 40.0}, {"task_id": "quick", "sla": 40.0}, {"task_id": "late", "sla": 40.0}]}),
        )
        .await;
        create(&store, NewRun { run_type: RunType::Manual, ..new_run("d", "by hand", Some(500)) }).await;
        assert_eq!(store.check_deadlines(at(0)).await.unwrap().wake_at, None, "by hand: {}", store.name);
        let (_, ids) = running(&store, version, &["slow", "quick", "late"], 0).await;
        for (id, end) in [(ids[1], 90), (ids[2], 101)] {
            store
                .finish_try(FinishTry::new(TryId { ti_id: id, try_number: 1 }, TaskState::Success, at(end)))
                .await
                .unwrap();
        }
        // The data interval of the run ends at 60.
        assert_eq!(store.check_deadlines(at(99)).await.unwrap().wake_at, Some(at(100)));
        assert_eq!(store.check_deadlines(at(102)).await.unwrap().missed, 2);
        let claimed = claim(&store, 1, 103).await;
        assert_eq!((claimed.len(), claimed[0].kind.as_str()), (1, "sla"));
        let missed: Vec<_> = claimed[0].request["misses"].as_array().unwrap().iter().map(|m| &m["task_id"]).collect();
        assert_eq!(missed, ["slow", "late"]);
    }
}
