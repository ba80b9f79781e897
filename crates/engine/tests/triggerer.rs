//! The triggerer on real databases, with a clock that the test moves and a runner that only remembers.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::sync::mpsc;
use tradewind_core::asset::AssetExpr;
use tradewind_core::timetable::TimetableSpec;
use tradewind_core::{Duration, Timestamp, WaitOutcome};
use tradewind_engine::Clock;
use tradewind_engine::triggerer::{Said, TriggerRunner, Triggerer, TriggererConfig};
use tradewind_protocol::triggers::RunTrigger;
use tradewind_store::read::{AssetEventFilter, Page};
use tradewind_store::{AssetUse, AssetUseKind, ParsedDag, Store};
use tradewind_testkit::build::{dag, file};
use tradewind_testkit::stores;

#[derive(Clone)]
struct TestClock(Arc<AtomicI64>);

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_secs(self.0.load(Ordering::SeqCst))
    }
}

/// What a runner was told: `run 1`, `cancel 1`, `kept 1 2`.
#[derive(Default)]
struct Recorder(Mutex<Vec<String>>);

impl TriggerRunner for Recorder {
    fn run(&self, trigger: RunTrigger) {
        assert!(!trigger.once && trigger.assets == [json!({"name": "a", "uri": "s3://a"})]);
        self.0.lock().unwrap().push(format!("run {}", trigger.id));
    }
    fn cancel(&self, id: i64, kill: bool) {
        self.0.lock().unwrap().push(format!("cancel {id} {kill}"));
    }
    fn kept(&self, id: i64, count: usize) {
        self.0.lock().unwrap().push(format!("kept {id} {count}"));
    }
}

impl Recorder {
    fn told(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

/// A DAG that waits for an asset with a watcher.
fn watching() -> ParsedDag {
    let watcher = json!({"name": "w", "classpath": "my.Trigger", "kwargs": {}});
    let asset: AssetExpr =
        serde_json::from_value(json!({"asset": {"name": "a", "uri": "s3://a", "watchers": [watcher]}})).unwrap();
    let used = AssetUse { kind: AssetUseKind::Schedule, task_id: String::new(), what: asset.clone() };
    let spec = TimetableSpec::AssetTriggered { assets: asset };
    ParsedDag { timetable: serde_json::to_value(spec).unwrap(), assets: vec![used], ..dag("d", "1") }
}

struct World {
    clock: TestClock,
    runner: Arc<Recorder>,
    triggerer: Triggerer<TestClock>,
    says: mpsc::UnboundedSender<Said>,
}

impl World {
    async fn new(store: &Store) -> Self {
        let clock = TestClock(Arc::new(AtomicI64::new(1000)));
        let runner = Arc::new(Recorder::default());
        let (says, said) = mpsc::unbounded_channel();
        let config = TriggererConfig {
            hostname: "h".into(),
            queues: vec![],
            capacity: 10,
            heartbeat: Duration::from_secs(5),
            dead_after: Duration::from_secs(30),
        };
        let triggerer = Triggerer::new(store.clone(), clock.clone(), config, runner.clone(), said).await.unwrap();
        Self { clock, runner, triggerer, says }
    }

    /// One pass after so many seconds; what the runner was told.
    async fn after(&mut self, seconds: i64) -> Vec<String> {
        self.clock.0.fetch_add(seconds, Ordering::SeqCst);
        self.triggerer.work(true).await.unwrap();
        self.runner.told()
    }
}

async fn payloads(store: &Store) -> Vec<Value> {
    let page = Page { limit: 100, offset: 0 };
    let events = store.asset_events_for_task(&AssetEventFilter::default(), page).await.unwrap();
    events.iter().map(|event| event.extra["payload"].clone()).collect()
}

#[tokio::test]
async fn a_watcher_that_ends_runs_again_and_one_that_fails_rests_longer_each_time() {
    for store in stores().await {
        store.apply_parse(file("d.py", vec![watching()])).await.unwrap();
        let mut world = World::new(&store).await;
        let started = world.after(0).await;
        let [run] = started.as_slice() else { panic!("{}: one trigger runs: {started:?}", store.name) };
        let id: i64 = run.strip_prefix("run ").unwrap().parse().unwrap();

        for payload in [1, 2] {
            world.says.send(Said::Outcome(id, WaitOutcome::Event { payload: json!(payload) })).unwrap();
        }
        world.says.send(Said::Ended { id, failed: false }).unwrap();
        assert_eq!(world.after(0).await, [format!("kept {id} 2")], "it rests for a moment");
        assert_eq!(payloads(&store).await, [json!(1), json!(2)]);
        assert_eq!(world.after(1).await, [format!("run {id}")]);

        for pause in [1, 2, 4, 8, 16, 32, 60, 60] {
            world.says.send(Said::Ended { id, failed: true }).unwrap();
            assert_eq!(world.after(0).await, [""; 0]);
            assert_eq!(world.after(pause - 1).await, [""; 0], "it rests for {pause} s");
            assert_eq!(world.after(1).await, [format!("run {id}")]);
        }
        world.says.send(Said::Ended { id, failed: false }).unwrap();
        world.after(0).await;
        assert_eq!(world.after(1).await, [format!("run {id}")], "once it went well the failures are forgotten");

        store.set_paused(&["d".into()], true).await.unwrap();
        assert_eq!(world.after(1).await, [format!("cancel {id} false")], "nobody waits for its asset");
    }
}
