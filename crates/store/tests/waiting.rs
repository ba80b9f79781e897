//! Waiting without a worker, on both databases: tries that defer, what wakes them, leases of triggerers, questions.

use serde_json::{Map, Value, json};
use tradewind_core::asset::{AssetExpr, AssetUpdate};
use tradewind_core::timetable::TimetableSpec;
use tradewind_core::{Deferral, Duration, Resume, TaskState, TryId, WaitOutcome};
use tradewind_store::read::{AssetEventFilter, Page, QueueFilter};
use tradewind_store::{
    Answer, AssetUse, AssetUseKind, ClearTis, Error, FinishOutcome, FinishTry, Firing, NewRun, ParsedDag, Question,
    StartOutcome, Store, Topic, TriggerOwner,
};
use tradewind_testkit::build::{at, dag, file, new_run, new_ti, queued, start, write};
use tradewind_testkit::stores;

fn map(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

fn deferral(classpath: &str, kwargs: Value) -> Deferral {
    Deferral {
        classpath: classpath.into(),
        kwargs: map(kwargs),
        next_method: "done".into(),
        next_kwargs: map(json!({"a": 1})),
        ..Deferral::default()
    }
}

async fn defer(store: &Store, ti_id: i64, state: TaskState, deferral: Deferral) {
    let finish = FinishTry {
        deferral: Some(Box::new(deferral)),
        ..FinishTry::new(TryId { ti_id, try_number: 1 }, state, at(4))
    };
    assert_eq!(store.finish_try(finish).await.unwrap(), FinishOutcome::Recorded);
}

/// A run with one task instance that waits for a trigger of that class.
async fn waiting(store: &Store, classpath: &str, kwargs: Value) -> (i64, i64) {
    let (run_key, ti_id) = queued(store).await;
    assert_eq!(store.start_try(start(ti_id, 1)).await.unwrap(), StartOutcome::Started);
    defer(store, ti_id, TaskState::Deferred, deferral(classpath, kwargs)).await;
    (run_key, ti_id)
}

async fn state(store: &Store, ti_id: i64) -> Option<TaskState> {
    store.load_tis(&[ti_id]).await.unwrap()[0].state
}

/// The scheduler queues what was woken; the worker starts it.
async fn goes_on(store: &Store, ti_id: i64) -> Resume {
    let ti = store.load_tis(&[ti_id]).await.unwrap().remove(0);
    assert_eq!((ti.state, ti.try_number), (Some(TaskState::Scheduled), 1), "woken, and still in its first try");
    let mut tx = store.begin().await.unwrap();
    let mut queue = write(ti_id, (ti.state, ti.fence), Some(TaskState::Queued), 1);
    queue.start_date = ti.start_date;
    assert_eq!(tx.write_tis(&[queue]).await.unwrap(), [true]);
    tx.commit().await.unwrap();
    match store.start_try(start(ti_id, 1)).await.unwrap() {
        StartOutcome::Resumed(resume) => *resume,
        other => panic!("{other:?}"),
    }
}

fn event(payload: Value) -> WaitOutcome {
    WaitOutcome::Event { payload }
}

/// A worker repeats its report until it hears an answer. Meanwhile what the try waited for may have come, and its next
/// part runs: that is not over because the first part is reported once more.
#[tokio::test]
async fn a_report_that_comes_again_does_not_end_the_next_part_of_its_try() {
    for store in stores().await {
        let (_, ti_id) = waiting(&store, "company.Trigger", json!({})).await;
        let job = store.register_job("TriggererJob", "h", 1, at(5)).await.unwrap();
        let trigger = store.lease_triggers(job, &[], at(0), 10).await.unwrap()[0];
        let fires = Firing { trigger_id: trigger, triggerer: None, outcome: WaitOutcome::Event { payload: json!(1) } };
        assert_eq!(store.fire_triggers(&[fires], at(5)).await.unwrap(), [true]);
        goes_on(&store, ti_id).await;
        defer(&store, ti_id, TaskState::Deferred, deferral("company.Trigger", json!({}))).await;
        assert_eq!(state(&store, ti_id).await, Some(TaskState::Running), "{}", store.name);
        assert!(store.lease_triggers(job, &[], at(0), 10).await.unwrap().is_empty(), "nothing waits");
        let end = FinishTry::new(TryId { ti_id, try_number: 1 }, TaskState::Success, at(9));
        assert_eq!(store.finish_try(end).await.unwrap(), FinishOutcome::Recorded);
        assert_eq!(state(&store, ti_id).await, Some(TaskState::Success));
    }
}

#[tokio::test]
async fn a_try_waits_is_woken_once_and_goes_on_with_the_event() {
    for store in stores().await {
        let (_, ti_id) = waiting(&store, "my.Trigger", json!({"password": "hush"})).await;
        assert_eq!(state(&store, ti_id).await, Some(TaskState::Deferred), "{}", store.name);
        let job = store.register_job("TriggererJob", "h", 1, at(5)).await.unwrap();
        let leased = store.lease_triggers(job, &[], at(0), 10).await.unwrap();
        let trigger = store.load_triggers(&leased).await.unwrap().remove(0);
        assert_eq!(trigger.kwargs, map(json!({"password": "hush"})));
        assert!(matches!(&trigger.owner, TriggerOwner::Try { task_id, try_number: 1, .. } if task_id == "t"));
        let firing = |payload| Firing { trigger_id: trigger.id, triggerer: Some(job), outcome: event(payload) };
        let said = store.fire_triggers(&[firing(json!(1)), firing(json!(2))], at(6)).await.unwrap();
        assert_eq!(said, [true, false], "the first word counts");
        assert_eq!(store.fire_triggers(&[firing(json!(3))], at(6)).await.unwrap(), [false], "and no later one");
        let resume = goes_on(&store, ti_id).await;
        assert_eq!((resume.next_method.as_str(), resume.next_kwargs), ("done", map(json!({"a": 1, "event": 1}))));
        assert_eq!(resume.started_at, Some(at(3)), "the try started with its first part");
    }
}

#[tokio::test]
async fn a_try_that_nothing_woke_in_time_learns_so() {
    for store in stores().await {
        let (_, ti_id) = queued(&store).await;
        store.start_try(start(ti_id, 1)).await.unwrap();
        let deferral = Deferral { timeout: Some(Duration::from_secs(10)), ..deferral("my.Trigger", json!({})) };
        defer(&store, ti_id, TaskState::Deferred, deferral).await;
        let ti = store.load_tis(&[ti_id]).await.unwrap().remove(0);
        assert_eq!(ti.retry_at, Some(at(14)), "{}", store.name);
        // The planner's decision, when that instant has come.
        let mut tx = store.begin().await.unwrap();
        let mut late = write(ti_id, (ti.state, ti.fence), Some(TaskState::Scheduled), 1);
        late.start_date = ti.start_date;
        assert_eq!(tx.write_tis(&[late]).await.unwrap(), [true]);
        tx.commit().await.unwrap();
        assert!(store.lease_triggers(1, &[], at(0), 10).await.unwrap().is_empty(), "nobody needs the trigger any more");
        let resume = goes_on(&store, ti_id).await;
        assert_eq!(
            (resume.next_method.as_str(), &resume.next_kwargs["error"]),
            ("__fail__", &json!("Trigger timeout"))
        );
    }
}

#[tokio::test]
async fn a_new_try_begins_at_its_beginning() {
    for store in stores().await {
        let (_, ti_id) = waiting(&store, "my.Trigger", json!({})).await;
        let mut hint = store.notifier().subscribe(Topic::Triggers);
        let clear = ClearTis {
            tis: vec![ti_id],
            default_retries: 0,
            reopen_runs: true,
            also_runs: vec![],
            latest_version: false,
            at: at(5),
        };
        store.clear_tis(&clear).await.unwrap();
        hint.wait().await;
        let job = store.register_job("TriggererJob", "h", 1, at(5)).await.unwrap();
        assert!(
            store.lease_triggers(job, &[], at(0), 10).await.unwrap().is_empty(),
            "{}: its trigger is gone",
            store.name
        );
        let ti = store.load_tis(&[ti_id]).await.unwrap().remove(0);
        let mut tx = store.begin().await.unwrap();
        let queue = write(ti_id, (ti.state, ti.fence), Some(TaskState::Queued), 2);
        assert_eq!(tx.write_tis(&[queue]).await.unwrap(), [true]);
        tx.commit().await.unwrap();
        assert_eq!(store.start_try(start(ti_id, 2)).await.unwrap(), StartOutcome::Started);
    }
}

#[tokio::test]
async fn triggers_end_tasks_without_a_process() {
    for store in stores().await {
        for (state_of_end, max_tries, expected) in [
            (TaskState::Success, 1, TaskState::Success),
            (TaskState::Skipped, 1, TaskState::Skipped),
            (TaskState::UpForRetry, 1, TaskState::UpForRetry),
            (TaskState::UpForRetry, 0, TaskState::Failed),
        ] {
            store.reset().await.unwrap();
            let (run_key, ti_id) = waiting(&store, "my.Trigger", json!({})).await;
            let ti = store.load_tis(&[ti_id]).await.unwrap().remove(0);
            let mut tx = store.begin().await.unwrap();
            let mut same = write(ti_id, (ti.state, ti.fence), ti.state, 1);
            (same.max_tries, same.start_date) = (max_tries, ti.start_date);
            assert_eq!(tx.write_tis(&[same]).await.unwrap(), [true]);
            tx.commit().await.unwrap();
            let job = store.register_job("TriggererJob", "h", 1, at(5)).await.unwrap();
            let trigger_id = store.lease_triggers(job, &[], at(0), 10).await.unwrap()[0];
            let outcome = WaitOutcome::End {
                state: state_of_end,
                xcoms: map(json!({"k": [1]})),
                reason: Some("so it is".into()),
            };
            let firing = Firing { trigger_id, triggerer: Some(job), outcome };
            assert_eq!(store.fire_triggers(&[firing], at(9)).await.unwrap(), [true]);
            let ti = store.load_tis(&[ti_id]).await.unwrap().remove(0);
            assert_eq!((ti.state, ti.end_date), (Some(expected), Some(at(9))), "{}", store.name);
            assert_eq!(store.xcom_get_all(run_key, "t", "k").await.unwrap(), [(-1, "[1]".to_owned())]);
            assert_eq!(store.read_inbox(1).await.unwrap().last().unwrap().ti_id, Some(ti_id));
        }
    }
}

/// A DAG that waits for an asset with so many watchers.
fn watching(dag_id: &str, watchers: usize) -> ParsedDag {
    let trigger = |n| json!({"name": format!("w{n}"), "classpath": "my.Trigger", "kwargs": {"n": n}});
    let watchers: Vec<Value> = (0..watchers).map(trigger).collect();
    let hash = watchers.len().to_string();
    let asset: AssetExpr =
        serde_json::from_value(json!({"asset": {"name": "a", "uri": "s3://a", "watchers": watchers}})).unwrap();
    let used = AssetUse { kind: AssetUseKind::Schedule, task_id: String::new(), what: asset.clone() };
    let spec = TimetableSpec::AssetTriggered { assets: asset };
    ParsedDag { timetable: serde_json::to_value(spec).unwrap(), assets: vec![used], ..dag(dag_id, &hash) }
}

/// What watchers said of the assets, oldest first.
async fn payloads(store: &Store) -> Vec<Value> {
    let events =
        store.asset_events_for_task(&AssetEventFilter::default(), Page { limit: 100, offset: 0 }).await.unwrap();
    events.iter().map(|event| event.extra["payload"].clone()).collect()
}

async fn watched(store: &Store, job: i64) -> usize {
    store.lease_triggers(job, &[], at(0), 100).await.unwrap().len()
}

#[tokio::test]
async fn watchers_run_while_somebody_waits_for_their_asset() {
    for store in stores().await {
        let job = store.register_job("TriggererJob", "a", 1, at(1)).await.unwrap();
        store.apply_parse(file("one.py", vec![watching("one", 2)])).await.unwrap();
        store.apply_parse(file("two.py", vec![watching("two", 2)])).await.unwrap();
        assert_eq!(watched(&store, job).await, 2, "{}: the same trigger runs once for all", store.name);
        let held = store.lease_triggers(job, &[], at(0), 100).await.unwrap();
        let leased = store.load_triggers(&held).await.unwrap();
        let TriggerOwner::Watcher { assets } = &leased[0].owner else { panic!("a watcher's") };
        assert_eq!((assets.len(), assets[0].name.as_str()), (1, "a"));
        assert_eq!(leased[0].bundle.as_deref(), Some("dags-folder"), "its class is importable there");
        let said = Firing { trigger_id: held[0], triggerer: Some(job), outcome: event(json!({"k": 1})) };
        assert_eq!(store.fire_triggers(&[said], at(2)).await.unwrap(), [true]);
        let queued = store.queued_asset_events(&QueueFilter::default()).await.unwrap();
        let mut waiting: Vec<&str> = queued.iter().map(|row| row.dag_id.as_str()).collect();
        waiting.sort_unstable();
        assert_eq!(waiting, ["one", "two"], "one event, for everybody");
        assert_eq!(payloads(&store).await, [json!({"k": 1})]);
        let broken = WaitOutcome::Failure { error: "no".into(), traceback: vec![] };
        let broken = Firing { trigger_id: held[0], triggerer: Some(job), outcome: broken };
        assert_eq!(store.fire_triggers(&[broken], at(2)).await.unwrap(), [false], "a failure is no event");

        store.set_paused(&["one".into()], true).await.unwrap();
        assert_eq!(watched(&store, job).await, 2, "the other one waits");
        store.set_paused(&["two".into()], true).await.unwrap();
        assert_eq!(watched(&store, job).await, 0, "nobody waits");
        store.set_paused(&["two".into()], false).await.unwrap();
        assert_eq!(watched(&store, job).await, 2);
        store.apply_parse(file("two.py", vec![watching("two", 1)])).await.unwrap();
        assert_eq!(watched(&store, job).await, 2, "the paused one still names both");
        store.deactivate_missing("dags-folder", ["two.py"], at(3)).await.unwrap();
        assert_eq!(watched(&store, job).await, 1);
        assert!(store.delete_dag("two").await.unwrap());
        assert_eq!(watched(&store, job).await, 0);
    }
}

#[tokio::test]
async fn a_task_that_its_trigger_ends_updates_its_assets() {
    for store in stores().await {
        for (state, events) in [(TaskState::Success, 1), (TaskState::Skipped, 0)] {
            store.reset().await.unwrap();
            let (_, ti_id) = queued(&store).await;
            assert_eq!(store.start_try(start(ti_id, 1)).await.unwrap(), StartOutcome::Started);
            let asset: AssetExpr = serde_json::from_value(json!({"asset": {"name": "a", "uri": "s3://a"}})).unwrap();
            let updates = AssetUpdate::of_outlet(&asset).into_iter().collect();
            let updating = Deferral { asset_updates: updates, ..deferral("my.Trigger", json!({})) };
            defer(&store, ti_id, TaskState::Deferred, updating).await;
            let job = store.register_job("TriggererJob", "h", 1, at(5)).await.unwrap();
            let trigger_id = store.lease_triggers(job, &[], at(0), 10).await.unwrap()[0];
            let outcome = WaitOutcome::End { state, xcoms: Map::new(), reason: None };
            let firing = Firing { trigger_id, triggerer: Some(job), outcome };
            assert_eq!(store.fire_triggers(&[firing], at(9)).await.unwrap(), [true]);
            let page = Page { limit: 100, offset: 0 };
            let found = store.asset_events_for_task(&AssetEventFilter::default(), page).await.unwrap();
            assert_eq!(found.len(), events, "{}: {state}", store.name);
            assert!(found.iter().all(|event| event.source_task_id.as_deref() == Some("t") && event.at == at(9)));
        }
    }
}

#[tokio::test]
async fn triggers_of_a_queue_are_for_triggerers_of_that_queue() {
    for store in stores().await {
        let (_, ti_id) = queued(&store).await;
        assert_eq!(store.start_try(start(ti_id, 1)).await.unwrap(), StartOutcome::Started);
        let of_queue = Deferral { queue: Some("far".into()), ..deferral("my.Trigger", json!({})) };
        defer(&store, ti_id, TaskState::Deferred, of_queue).await;
        let job = store.register_job("TriggererJob", "a", 1, at(1)).await.unwrap();
        let lease = async |queues: &[&str]| {
            let queues: Vec<String> = queues.iter().map(|queue| (*queue).to_owned()).collect();
            store.lease_triggers(job, &queues, at(0), 10).await.unwrap().len()
        };
        assert_eq!(lease(&[]).await, 0, "{}: one without queues takes those without a queue", store.name);
        assert_eq!(lease(&["near"]).await, 0);
        assert_eq!(lease(&["near", "far"]).await, 1);
    }
}

#[tokio::test]
async fn triggerers_share_and_take_over_from_the_dead() {
    for store in stores().await {
        store.apply_parse(file("w.py", vec![watching("d", 10)])).await.unwrap();
        let one = store.register_job("TriggererJob", "a", 1, at(0)).await.unwrap();
        let two = store.register_job("TriggererJob", "b", 2, at(0)).await.unwrap();
        assert_eq!(store.lease_triggers(one, &[], at(-30), 6).await.unwrap().len(), 6, "{}", store.name);
        let theirs = store.lease_triggers(two, &[], at(-30), 100).await.unwrap();
        assert_eq!(theirs.len(), 4);
        store.heartbeat_job(two, at(40)).await.unwrap();
        assert_eq!(store.lease_triggers(two, &[], at(10), 100).await.unwrap().len(), 10, "one was silent for too long");
        let ghost = Firing { trigger_id: theirs[0], triggerer: Some(one), outcome: event(json!(0)) };
        assert_eq!(store.fire_triggers(&[ghost], at(41)).await.unwrap(), [false], "its word does not count any more");
        let alive = |n| Firing { trigger_id: theirs[0], triggerer: Some(two), outcome: event(json!(n)) };
        assert_eq!(store.fire_triggers(&[alive(1), alive(2)], at(42)).await.unwrap(), [true, true], "every event");
        let payloads: Vec<Value> = payloads(&store).await;
        assert_eq!(payloads, [json!(1), json!(2)]);
        store.release_triggers(two).await.unwrap();
        store.apply_parse(file("w.py", vec![watching("d", 9)])).await.unwrap();
        store.heartbeat_job(one, at(50)).await.unwrap();
        assert_eq!(store.lease_triggers(one, &[], at(20), 100).await.unwrap().len(), 9);
    }
}

#[tokio::test]
async fn what_waits_without_saying_for_what_is_refused() {
    for store in stores().await {
        let (_, ti_id) = queued(&store).await;
        store.start_try(start(ti_id, 1)).await.unwrap();
        let finish = FinishTry::new(TryId { ti_id, try_number: 1 }, TaskState::Deferred, at(4));
        assert!(matches!(store.finish_try(finish).await, Err(Error::Invalid(_))), "{}", store.name);
    }
}

#[tokio::test]
async fn ends_of_runs_and_tasks_are_noted_only_where_somebody_waits() {
    for store in stores().await {
        let mut tx = store.begin().await.unwrap();
        let other = tx.create_run(NewRun { owner: Some(5), ..new_run("d", "other", None) }).await.unwrap();
        let other = other.created().unwrap();
        let ids = tx.insert_tis(&[new_ti(other, "t"), new_ti(other, "u")]).await.unwrap();
        let started: Vec<_> = ids.iter().map(|id| write(*id, (None, 0), Some(TaskState::Queued), 1)).collect();
        tx.write_tis(&started).await.unwrap();
        tx.commit().await.unwrap();
        let end = async |ti_id| {
            store.start_try(start(ti_id, 1)).await.unwrap();
            store.finish_try(FinishTry::new(TryId { ti_id, try_number: 1 }, TaskState::Success, at(5))).await.unwrap();
        };
        end(ids[0]).await;
        assert!(!store.external_triggers_changed().await.unwrap(), "{}: nobody waits", store.name);
        let path = "airflow.providers.standard.triggers.external_task.WorkflowTrigger";
        let kwargs = json!({"external_dag_id": "d", "external_task_ids": ["u"], "run_ids": ["other"],
            "allowed_states": ["success"]});
        waiting(&store, path, kwargs).await;
        let take = async || {
            let mut tx = store.begin().await.unwrap();
            let taken = tx.take_external_triggers(false).await.unwrap();
            tx.commit().await.unwrap();
            taken.len()
        };
        assert!(store.external_triggers_changed().await.unwrap(), "a new one needs a look");
        assert_eq!((take().await, take().await), (1, 0));
        end(ids[1]).await;
        assert_eq!((take().await, take().await), (1, 0));
        store.set_run_state(other, tradewind_core::RunState::Success, at(9), &[]).await.unwrap();
        assert_eq!(take().await, 1, "a run that is marked");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_answer_to_a_question_is_the_one_that_counts() {
    for store in stores().await {
        let (_, ti_id) = queued(&store).await;
        store.start_try(start(ti_id, 1)).await.unwrap();
        let question = Question {
            try_id: TryId { ti_id, try_number: 1 },
            subject: "Go?".into(),
            body: None,
            options: vec!["yes".into(), "no".into()],
            defaults: Some(vec!["no".into()]),
            multiple: false,
            params: map(json!({"why": {"value": "because", "schema": {}, "description": null}})),
            assigned_users: vec![],
        };
        store.ask(&question, at(3)).await.unwrap();
        let deferral = Deferral { classpath: String::new(), ..deferral("", json!({})) };
        defer(&store, ti_id, TaskState::AwaitingInput, deferral).await;
        assert_eq!(state(&store, ti_id).await, Some(TaskState::AwaitingInput), "{}", store.name);
        let answers = (0..8).map(|n| {
            let store = store.store.clone();
            let answer = Answer {
                responder: Some((format!("u{n}"), format!("User {n}"))),
                chosen_options: vec!["yes".into()],
                params_input: Map::new(),
                at: at(7),
            };
            tokio::spawn(async move { store.answer(ti_id, 1, &answer).await.unwrap() })
        });
        let mut counted = 0;
        for one in answers.collect::<Vec<_>>() {
            counted += usize::from(one.await.unwrap());
        }
        assert_eq!(counted, 1);
        let resume = goes_on(&store, ti_id).await;
        assert_eq!(resume.next_kwargs["event"]["chosen_options"], json!(["yes"]));
        assert_eq!(resume.next_kwargs["event"]["timedout"], json!(false));
    }
}

#[tokio::test]
async fn nobody_answers_and_the_defaults_count() {
    for store in stores().await {
        let (_, ti_id) = queued(&store).await;
        store.start_try(start(ti_id, 1)).await.unwrap();
        let mut question = Question {
            try_id: TryId { ti_id, try_number: 1 },
            subject: "Go?".into(),
            body: None,
            options: vec!["yes".into(), "no".into()],
            defaults: None,
            multiple: false,
            params: map(json!({"why": {"value": "because", "schema": {}, "description": null}})),
            assigned_users: vec![],
        };
        store.ask(&question, at(3)).await.unwrap();
        let waits = Deferral { timeout: Some(Duration::from_secs(6)), ..deferral("", json!({})) };
        defer(&store, ti_id, TaskState::AwaitingInput, waits).await;
        assert!(store.due_triggers(at(9), 5).await.unwrap().is_empty(), "{}", store.name);
        assert_eq!(store.next_due_trigger().await.unwrap(), Some(at(10)));
        let due = store.due_triggers(at(10), 5).await.unwrap().remove(0);
        let WaitOutcome::Event { payload } = store.hitl_timed_out(due.ti, at(10)).await.unwrap() else { panic!() };
        assert_eq!(payload["error_type"], "timeout", "without defaults the task fails");
        question.defaults = Some(vec!["no".into()]);
        store.ask(&question, at(3)).await.unwrap();
        let WaitOutcome::Event { payload } = store.hitl_timed_out(due.ti, at(10)).await.unwrap() else { panic!() };
        assert_eq!((&payload["chosen_options"], &payload["timedout"]), (&json!(["no"]), &json!(true)));
        assert_eq!(payload["params_input"], json!({"why": "because"}));
        let late = Answer { responder: None, chosen_options: vec![], params_input: Map::new(), at: at(11) };
        assert!(!store.answer(ti_id, 1, &late).await.unwrap(), "too late");
    }
}

#[tokio::test]
async fn the_first_look_of_a_rescheduling_sensor_counts_over_its_retries() {
    for store in stores().await {
        let (_, ti_id) = queued(&store).await;
        store.start_try(start(ti_id, 1)).await.unwrap();
        let again = FinishTry {
            retry_at: Some(at(9)),
            ..FinishTry::new(TryId { ti_id, try_number: 1 }, TaskState::UpForReschedule, at(4))
        };
        store.finish_try(again).await.unwrap();
        for (next_try, kept) in [(1, true), (2, true)] {
            let ti = store.load_tis(&[ti_id]).await.unwrap().remove(0);
            let mut tx = store.begin().await.unwrap();
            let queue = write(ti_id, (ti.state, ti.fence), Some(TaskState::Queued), next_try);
            assert_eq!(tx.write_tis(&[queue]).await.unwrap(), [true]);
            tx.commit().await.unwrap();
            let ti = store.load_tis(&[ti_id]).await.unwrap().remove(0);
            assert_eq!(ti.first_started_at.is_some(), kept, "{}: try {next_try}", store.name);
            let later = tradewind_store::StartTry { at: at(20), ..start(ti_id, next_try) };
            store.start_try(later).await.unwrap();
            let fails = FinishTry::new(TryId { ti_id, try_number: next_try }, TaskState::UpForRetry, at(21));
            store.finish_try(fails).await.unwrap();
        }
    }
}
