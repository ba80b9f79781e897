//! Scenarios played with the engine's own schedulers on real databases: the same faults, the laws read off the rows.

mod calm;
mod laws;
mod people;
mod step;
mod workers;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use tradewind_core::{Duration, Timestamp, TryId};
use tradewind_engine::Clock;
use tradewind_engine::dag_processor::parsed_dag;
use tradewind_engine::scheduler::{ExecutorSet, Scheduler, SchedulerConfig};
use tradewind_executors::Executor;
use tradewind_protocol::Workload;
use tradewind_protocol::serialized_dag::DagDefaults;
use tradewind_sim::{Scenario, generate};
use tradewind_store::{FinishTry, Pool, RunRow, Store, TiRow};
use tradewind_testkit::{TestStore, build, postgres_store, sqlite_store};

/// Steps of each scenario that are played: every one costs real transactions.
const STEPS: usize = 90;

#[derive(Clone)]
struct SimClock {
    now: Arc<AtomicI64>,
    skew: Arc<AtomicI64>,
}

impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.now.load(Ordering::SeqCst) + self.skew.load(Ordering::SeqCst))
    }
}

#[derive(Clone, Copy, Debug)]
enum Message {
    Submit(TryId),
    Cancel(TryId),
}

/// Puts what it is given on the wire.
struct Wire {
    messages: Arc<Mutex<Vec<Message>>>,
    slots: u32,
}

#[async_trait]
impl Executor for Wire {
    fn name(&self) -> &str {
        "LocalExecutor"
    }
    fn slots(&self) -> Option<u32> {
        Some(self.slots)
    }
    async fn submit(&self, workloads: Vec<Workload>) {
        let submitted = workloads.into_iter().map(|workload| Message::Submit(workload.try_id));
        self.messages.lock().unwrap().extend(submitted);
    }
    async fn cancel(&self, tries: Vec<TryId>) {
        self.messages.lock().unwrap().extend(tries.into_iter().map(Message::Cancel));
    }
}

struct Worker {
    job: i64,
    silent: bool,
    running: Vec<(TryId, Option<FinishTry>)>,
}

struct World {
    store: Store,
    scenario: Scenario,
    now: Arc<AtomicI64>,
    schedulers: Vec<(Scheduler<SimClock>, SimClock)>,
    workers: Vec<Worker>,
    messages: Arc<Mutex<Vec<Message>>>,
    /// By the try, the looks of its sensor and its waits.
    executions: BTreeMap<(TryId, i32, u32), u32>,
    /// How often each try went to wait.
    waits: BTreeMap<TryId, u32>,
    /// A job that takes all triggers.
    triggerer: i64,
    start: Timestamp,
    backfills: Vec<i64>,
    triggered: usize,
    started: usize,
    create_runs: bool,
    rows: Vec<(RunRow, Vec<TiRow>)>,
}

impl World {
    async fn new(store: &Store, scenario: Scenario) -> Self {
        let now = Arc::new(AtomicI64::new(Timestamp::from_secs(1_700_000_000).as_micros()));
        let mut world = Self {
            store: store.clone(),
            scenario,
            now,
            schedulers: Vec::new(),
            workers: Vec::new(),
            messages: Arc::default(),
            executions: BTreeMap::new(),
            waits: BTreeMap::new(),
            triggerer: 0,
            start: Timestamp::from_secs(1_700_000_000),
            backfills: Vec::new(),
            triggered: 0,
            started: 0,
            create_runs: true,
            rows: Vec::new(),
        };
        for (name, slots) in world.scenario.pools.clone() {
            world.put_pool(&name, slots).await;
        }
        let dags = world.scenario.dags.iter().enumerate().map(|(number, shape)| {
            let serialized = shape.serialized(&format!("d{number}"), world.now());
            parsed_dag(serde_json::from_value(serialized).unwrap(), &DagDefaults::default(), false).unwrap()
        });
        let file = build::file("d.py", dags.collect());
        world.store.apply_parse(file).await.unwrap();
        world.triggerer = world.store.register_job("TriggererJob", "elsewhere", 8, world.now()).await.unwrap();
        for _ in 0..world.scenario.schedulers.max(1) {
            let one = world.scheduler().await;
            world.schedulers.push(one);
        }
        for _ in 0..world.scenario.workers.max(1) {
            let one = world.worker().await;
            world.workers.push(one);
        }
        world
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.now.load(Ordering::SeqCst))
    }

    fn advance(&self, by: Duration) {
        self.now.fetch_add(by.as_micros(), Ordering::SeqCst);
    }

    async fn put_pool(&self, name: &str, slots: i64) {
        let slots = i32::try_from(slots.max(1)).unwrap();
        let pool = Pool { name: name.into(), slots, description: None, include_deferred: false };
        self.store.put_pool(&pool).await.unwrap();
    }

    async fn scheduler(&mut self) -> (Scheduler<SimClock>, SimClock) {
        self.started += 1;
        let clock = SimClock { now: self.now.clone(), skew: Arc::default() };
        let wire = Wire { messages: self.messages.clone(), slots: self.scenario.slots };
        let config = SchedulerConfig {
            defaults: DagDefaults::default(),
            heartbeat: Duration::from_secs(5),
            dead_after: Duration::from_secs(30),
            task_heartbeat_timeout: Duration::from_secs(300),
            max_runs_per_tick: 10,
            create_runs: self.create_runs,
            hostname: format!("host-{}", self.started),
            poll: Duration::from_secs(3_600),
        };
        let executors = ExecutorSet::new(vec![Arc::new(wire)]);
        (Scheduler::new(self.store.clone(), executors, config, clock.clone()).await.unwrap(), clock)
    }

    async fn worker(&self) -> Worker {
        let job = self.store.register_job("WorkerJob", "elsewhere", 7, self.now()).await.unwrap();
        Worker { job, silent: false, running: Vec::new() }
    }

    async fn tick(&mut self, nth: usize) -> bool {
        let (scheduler, clock) = &mut self.schedulers[nth];
        // What a notification tells it outside of this test.
        scheduler.schedules_changed();
        let report = scheduler.tick(clock.now()).await.unwrap();
        report.again || report.rows_written > 0 || report.runs_created > 0
    }
}

async fn hold(database: TestStore, seed: u64) {
    let mut scenario = generate(seed);
    scenario.steps.truncate(STEPS);
    println!("seed {seed} on {}", database.name);
    let mut world = World::new(&database.store, scenario.clone()).await;
    for step in &scenario.steps {
        world.step(*step).await;
    }
    world.calm().await;
}

#[tokio::test]
async fn laws_hold_for_the_engine_on_sqlite() {
    for seed in 1_000..1_012 {
        hold(sqlite_store().await, seed).await;
    }
}

#[tokio::test]
async fn laws_hold_for_the_engine_on_postgres() {
    for seed in 2_000..2_008 {
        hold(postgres_store().await, seed).await;
    }
}
