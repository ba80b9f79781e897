//! Callbacks of runs and deadlines, through whole ticks of the scheduler, and the runner that has them called.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use serde_json::json;
use tradewind_core::{Duration, RunState, TaskState, Timestamp};
use tradewind_engine::callbacks::{CallbackConfig, CallbackHost, CallbackRunner, Ran};
use tradewind_engine::{Clock as _, SystemClock};
use tradewind_store::{CallbackEnd, ClaimedCallback, Store};

use super::fine;
use super::world::{World, both};

async fn claim(world: &World) -> Vec<ClaimedCallback> {
    let lease = Duration::from_secs(1);
    world.store().claim_callbacks(1, &["dags-folder".into()], 10, world.now(), lease).await.unwrap()
}

#[tokio::test]
async fn the_end_of_a_run_and_its_callback_are_one_transaction() {
    both(async |mut world: World| {
        world
            .add_dag(json!({"dag_id": "d", "callbacks": ["on_failure", "on_success"], "dagrun_timeout": 60.0,
                "tasks": [{"task_id": "a", "operator": "Op"}]}))
            .await;
        for run in ["well", "badly", "late"] {
            world.trigger("d", run).await;
            world.settle().await;
            assert!(claim(&world).await.is_empty(), "nothing ended");
            match run {
                "late" => world.advance(61.0),
                "badly" => world.finish("a", TaskState::Failed).await,
                _ => world.finish("a", TaskState::Success).await,
            }
            world.settle().await;
            let (event, reason) = match run {
                "well" => ("on_success", "success"),
                "badly" => ("on_failure", "task_failure"),
                _ => ("on_failure", "timed_out"),
            };
            let claimed = claim(&world).await;
            assert_eq!(claimed.len(), 1, "{run}");
            assert_eq!((claimed[0].kind.as_str(), &claimed[0].request["event"]), ("dag", &json!(event)), "{run}");
            assert_eq!(claimed[0].request["reason"], reason, "{run}");
            world.store().finish_callback(&claimed[0], 1, &CallbackEnd::default(), world.now()).await.unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn who_listens_to_runs_is_told_of_their_beginning() {
    both(async |mut world: World| {
        world
            .add_dag(json!({"dag_id": "d", "callbacks": ["on_running", "on_success"],
                "tasks": [{"task_id": "a", "operator": "Op"}]}))
            .await;
        world.trigger("d", "r").await;
        world.settle().await;
        let told = claim(&world).await;
        assert_eq!(told.len(), 1);
        assert_eq!(
            (&told[0].request["event"], &told[0].request["state"], &told[0].request["reason"]),
            (&json!("on_running"), &json!("running"), &json!("running"))
        );
        world.store().finish_callback(&told[0], 1, &CallbackEnd::default(), world.now()).await.unwrap();
        world.finish("a", TaskState::Success).await;
        world.settle().await;
        let told = claim(&world).await;
        assert_eq!(told.iter().map(|one| &one.request["event"]).collect::<Vec<_>>(), [&json!("on_success")]);
    })
    .await;
}

#[tokio::test]
async fn a_run_that_a_person_marks_calls_nobody() {
    both(async |mut world: World| {
        world
            .add_dag(json!({"dag_id": "d", "callbacks": ["on_failure"], "tasks": [{"task_id": "a", "operator": "Op",
                "callbacks": ["on_failure"]}]}))
            .await;
        world.trigger("d", "r").await;
        world.settle().await;
        let lost = world.start("a").await;
        let run = world.store().find_run_row("d", "r").await.unwrap().unwrap();
        world.store().set_run_state(run.id, RunState::Failed, world.now(), &[]).await.unwrap();
        world.advance(1.0);
        assert!(!world.report(&lost, TaskState::UpForRetry).await, "its worker stopped it");
        world.settle().await;
        assert!(claim(&world).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_lost_worker_calls_back_with_a_reason_that_a_person_understands() {
    both(async |mut world: World| {
        world
            .add_dag(json!({"dag_id": "d", "tasks": [{"task_id": "a", "operator": "Op", "retries": 1,
                "callbacks": ["on_retry", "on_failure"]}]}))
            .await;
        world.trigger("d", "r").await;
        world.settle().await;
        world.start("a").await;
        // The scheduler gives nobody up that it has not watched for a while.
        world.advance(301.0);
        for _ in 0..11 {
            world.settle().await;
            world.advance(10.0);
        }
        let claimed = claim(&world).await;
        assert_eq!(claimed[0].request["event"], "on_retry");
        assert!(claimed[0].request["reason"].as_str().unwrap().contains("no heartbeat from the worker"), "{claimed:?}");
    })
    .await;
}

#[tokio::test]
async fn the_scheduler_wakes_at_the_very_instant_of_a_deadline() {
    both(async |mut world: World| {
        world
            .add_dag(json!({"dag_id": "d", "tasks": [{"task_id": "a", "operator": "Op"}], "deadlines": [
                {"reference": {"type": "queued_at"}, "interval": 3.25, "callback": {"path": "m.f"}}]}))
            .await;
        world.trigger("d", "r").await;
        world.settle().await;
        let queued = world.store().find_run_row("d", "r").await.unwrap().unwrap().queued_at.unwrap();
        let due = queued + Duration::from_secs_f64(3.25);
        assert_eq!(world.scheduler().wake_at(), due, "exact");
        world.advance((due - world.now()).as_secs_f64() - 0.000_001);
        world.settle().await;
        assert!(claim(&world).await.is_empty(), "a microsecond early");
        world.advance(0.000_001);
        world.settle().await;
        let claimed = claim(&world).await;
        assert_eq!((claimed.len(), claimed[0].kind.as_str()), (1, "deadline"));
        assert!(world.scheduler().wake_at() > due);
    })
    .await;
}

#[tokio::test]
async fn a_run_that_ends_in_time_is_not_missed_by_any_scheduler() {
    both(async |mut world: World| {
        world
            .add_dag(json!({"dag_id": "d", "tasks": [{"task_id": "a", "operator": "Op"}], "deadlines": [
                {"reference": {"type": "queued_at"}, "interval": 10.0, "callback": {"path": "m.f"}}]}))
            .await;
        world.trigger("d", "r").await;
        world.run_all(fine).await;
        assert_eq!(world.run_state("d", "r").await, RunState::Success);
        world.advance(20.0);
        let mut other = world.another_scheduler().await;
        other.tick(world.now()).await.unwrap();
        world.settle().await;
        assert!(claim(&world).await.is_empty());
    })
    .await;
}

/// Remembers what it was given; fails or can't begin what it is told to.
#[derive(Default)]
struct Recorder(Mutex<Vec<String>>);

#[async_trait]
impl CallbackHost for Recorder {
    async fn run(&self, callback: &ClaimedCallback, _timeout: Duration) -> Ran {
        let event = callback.request["event"].as_str().unwrap_or_default().to_owned();
        self.0.lock().unwrap().push(format!("{event}#{}", callback.attempts));
        match event.as_str() {
            "on_failure" if callback.attempts == 1 => Ran::NotBegun("no interpreter".into()),
            "on_failure" => Ran::Done(CallbackEnd { error: Some("broken".into()), log: None }),
            _ => Ran::Done(CallbackEnd::default()),
        }
    }
}

/// A clock that tests set.
#[derive(Clone)]
struct At(Arc<Mutex<Timestamp>>);

impl tradewind_engine::Clock for At {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

async fn runner(store: &Store, host: &Arc<Recorder>, clock: &At) -> (CallbackRunner<At>, i64) {
    let config = CallbackConfig {
        bundles: vec!["dags-folder".into()],
        parallelism: 2,
        per_claim: 20,
        timeout: Duration::from_secs(60),
        hostname: "here".into(),
        heartbeat: Duration::from_secs(5),
    };
    let job = store.register_job("CallbackJob", "here", 1, clock.now()).await.unwrap();
    (CallbackRunner::new(store.clone(), Arc::clone(host) as Arc<dyn CallbackHost>, config, clock.clone()), job)
}

#[tokio::test]
async fn the_runner_calls_each_once_and_what_could_not_begin_again() {
    both(async |mut world: World| {
        world
            .add_dag(json!({"dag_id": "d", "callbacks": ["on_failure", "on_success"],
                "tasks": [{"task_id": "a", "operator": "Op"}]}))
            .await;
        for (run, state) in [("r1", TaskState::Success), ("r2", TaskState::Failed)] {
            world.trigger("d", run).await;
            world.settle().await;
            world.finish("a", state).await;
            world.settle().await;
        }
        let host = Arc::new(Recorder::default());
        let clock = At(Arc::new(Mutex::new(world.now())));
        let (runner, job) = runner(world.store(), &host, &clock).await;
        assert_eq!(runner.run_once(job).await.unwrap(), 2);
        assert_eq!(runner.run_once(job).await.unwrap(), 0, "not before some time has passed");
        *clock.0.lock().unwrap() = world.now() + Duration::from_secs(6);
        assert_eq!(runner.run_once(job).await.unwrap(), 1);
        let mut told = host.0.lock().unwrap().clone();
        told.sort();
        assert_eq!(told, ["on_failure#1", "on_failure#2", "on_success#1"]);
        assert_eq!(world.store().next_callback_at(&["dags-folder".into()]).await.unwrap(), None, "none is left");
    })
    .await;
}

#[tokio::test]
async fn the_runner_hears_of_a_callback_at_once() {
    both(async |mut world: World| {
        world
            .add_dag(json!({"dag_id": "d", "callbacks": ["on_success"], "tasks": [{"task_id": "a", "operator": "Op"}]}))
            .await;
        let host = Arc::new(Recorder::default());
        let config = CallbackConfig {
            bundles: vec!["dags-folder".into()],
            parallelism: 1,
            per_claim: 1,
            timeout: Duration::from_secs(60),
            hostname: "here".into(),
            // Nothing but the hint can wake it.
            heartbeat: Duration::from_secs(3600),
        };
        let runner = CallbackRunner::new(world.store().clone(), host.clone(), config, SystemClock);
        let shutdown = tokio_util::sync::CancellationToken::new();
        let running = tokio::spawn(runner.run(shutdown.clone()));
        world.trigger("d", "r").await;
        world.run_all(fine).await;
        let heard = async {
            let mut hints = world.store().notifier().subscribe(tradewind_store::Topic::Ui);
            while host.0.lock().unwrap().is_empty() {
                hints.wait().await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(30), heard).await.expect("called");
        shutdown.cancel();
        running.await.unwrap();
        assert_eq!(*host.0.lock().unwrap(), ["on_success#1"]);
    })
    .await;
}
