//! A world for scheduler tests: a real database, a clock that the test moves, and an executor that only remembers.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use serde_json::{Value, json};
use tradewind_core::{Deferral, Duration, RunState, RunType, TaskState, Timestamp, TryId};
use tradewind_engine::Clock;
use tradewind_engine::dag_processor::parsed_dag;
use tradewind_engine::scheduler::{ExecutorSet, Scheduler, SchedulerConfig};
use tradewind_engine::waits::Waits;
use tradewind_executors::Executor;
use tradewind_protocol::Workload;
use tradewind_protocol::serialized_dag::DagDefaults;
use tradewind_store::{FileResult, FinishOutcome, FinishTry, NewRun, StartOutcome, StartTry, Store, TriggerOutcome};
use tradewind_testkit::TestStore;

/// Runs a test on SQLite and on Postgres.
pub async fn both(test: impl AsyncFn(World)) {
    for database in tradewind_testkit::stores().await {
        test(World::new(&database).await).await;
    }
}

/// The test's clock.
#[derive(Clone)]
pub struct TestClock(Arc<AtomicI64>);

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}

/// Remembers what it was given.
#[derive(Default)]
struct Recorder {
    waiting: Mutex<Vec<Workload>>,
}

#[async_trait]
impl Executor for Recorder {
    fn name(&self) -> &str {
        "LocalExecutor"
    }
    fn slots(&self) -> Option<u32> {
        Some(32)
    }
    async fn submit(&self, workloads: Vec<Workload>) {
        self.waiting.lock().unwrap().extend(workloads);
    }
    async fn cancel(&self, tries: Vec<TryId>) {
        self.waiting.lock().unwrap().retain(|workload| !tries.contains(&workload.try_id));
    }
}

/// Everything that a test touches.
pub struct World {
    store: Store,
    scheduler: Scheduler<TestClock>,
    executor: Arc<Recorder>,
    clock: TestClock,
    worker: i64,
    files: usize,
}

fn config() -> SchedulerConfig {
    SchedulerConfig {
        defaults: DagDefaults::default(),
        heartbeat: Duration::from_secs(5),
        dead_after: Duration::from_secs(30),
        task_heartbeat_timeout: Duration::from_secs(300),
        max_runs_per_tick: 10,
        create_runs: true,
        hostname: "here".into(),
        poll: Duration::from_secs(3_600),
    }
}

impl World {
    async fn new(database: &TestStore) -> Self {
        let store = database.store.clone();
        let clock = TestClock(Arc::new(AtomicI64::new(Timestamp::from_secs(1_700_000_000).as_micros())));
        let executor = Arc::new(Recorder::default());
        let scheduler = scheduler(&store, &executor, &clock).await;
        let worker = store.register_job("worker", "elsewhere", 7, clock.now()).await.unwrap();
        Self { store, scheduler, executor, clock, worker, files: 0 }
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub fn advance(&self, seconds: f64) {
        self.clock.0.fetch_add(Duration::from_secs_f64(seconds).as_micros(), Ordering::SeqCst);
    }

    /// A DAG as the dag processor would store it. What the test leaves out is ordinary.
    pub async fn add_dag(&mut self, mut dag: Value) {
        let fields = dag.as_object_mut().unwrap();
        fields.entry("format").or_insert(json!(1));
        fields.entry("timetable").or_insert(json!({"type": "null"}));
        let scheduled = fields.contains_key("start_date");
        fields.entry("is_paused_upon_creation").or_insert(json!(scheduled));
        self.files += 1;
        let name = format!("file{}.py", self.files);
        let parsed = parsed_dag(serde_json::from_value(dag).unwrap(), &DagDefaults::default(), false).unwrap();
        self.store
            .apply_parse(FileResult {
                bundle_name: "dags-folder".into(),
                relative_fileloc: name.clone(),
                fileloc: format!("/dags/{name}"),
                content_hash: name,
                modules: Vec::new(),
                source: String::new(),
                parse_ms: 1,
                dags: vec![parsed],
                import_error: None,
                parsed_at: self.now(),
            })
            .await
            .unwrap();
    }

    pub async fn unpause(&mut self, dag_id: &str) {
        self.store.set_paused(&[dag_id.to_owned()], false).await.unwrap();
        // Later than what the last look takes in together.
        self.advance(0.3);
        self.scheduler.schedules_changed();
    }

    pub async fn trigger(&mut self, dag_id: &str, run_id: &str) {
        let now = self.now();
        let run = NewRun {
            dag_id: dag_id.into(),
            run_id: run_id.into(),
            run_type: RunType::Manual,
            logical_date: None,
            data_interval_start: None,
            data_interval_end: None,
            run_after: now,
            queued_at: now,
            conf: json!({}),
            triggered_by: Some("test".into()),
            triggering_user: None,
            note: None,
            dag_version_id: None,
            owner: None,
        };
        let outcome = self.store.trigger_run(run).await.unwrap();
        assert!(matches!(outcome, TriggerOutcome::Created(_)), "{outcome:?}");
        self.advance(0.001);
    }

    /// Ticks until nothing is left to do at this instant.
    pub async fn settle(&mut self) {
        for _ in 0..100 {
            let report = self.scheduler.tick(self.clock.now()).await.unwrap();
            if !report.again && report.rows_written == 0 && report.runs_created == 0 {
                return;
            }
        }
        panic!("the scheduler does not come to rest");
    }

    /// What the executor was given and has not started, sorted.
    pub fn submitted(&self) -> Vec<String> {
        let mut names: Vec<String> = self.executor.waiting.lock().unwrap().iter().map(name).collect();
        names.sort();
        names
    }

    fn take(&self, task_id: &str) -> Workload {
        let mut waiting = self.executor.waiting.lock().unwrap();
        let at = waiting.iter().position(|workload| workload.task_id == task_id).expect("submitted");
        waiting.remove(at)
    }

    /// A worker starts the task.
    pub async fn start(&mut self, task_id: &str) -> Workload {
        let workload = self.take(task_id);
        self.start_workload(&workload).await;
        workload
    }

    async fn start_workload(&self, workload: &Workload) {
        let start = StartTry {
            try_id: workload.try_id,
            worker_id: self.worker,
            hostname: "elsewhere".into(),
            pid: 7,
            at: self.now(),
        };
        assert_eq!(self.store.start_try(start.clone()).await.unwrap(), StartOutcome::Started);
        let rival = StartTry { worker_id: self.worker + 1, ..start };
        assert!(matches!(self.store.start_try(rival).await.unwrap(), StartOutcome::Refused(_)), "only once");
    }

    /// The worker reports; answers whether that counted.
    pub async fn report(&self, workload: &Workload, state: TaskState) -> bool {
        self.report_length(workload, state, None).await
    }

    /// The worker reports a success that updated assets.
    pub async fn report_updates(&self, workload: &Workload, asset_updates: Vec<tradewind_core::asset::AssetUpdate>) {
        let finish = FinishTry { asset_updates, ..FinishTry::new(workload.try_id, TaskState::Success, self.now()) };
        assert_eq!(self.store.finish_try(finish).await.unwrap(), FinishOutcome::Recorded);
    }

    async fn report_length(&self, workload: &Workload, state: TaskState, length: Option<u32>) -> bool {
        let finish = FinishTry { map_length: length, ..FinishTry::new(workload.try_id, state, self.now()) };
        self.store.finish_try(finish).await.unwrap() == FinishOutcome::Recorded
    }

    /// A worker starts the task, which then waits without one.
    pub async fn defer(&mut self, task_id: &str, deferral: Deferral) {
        let workload = self.start(task_id).await;
        let finish = FinishTry {
            deferral: Some(Box::new(deferral)),
            ..FinishTry::new(workload.try_id, TaskState::Deferred, self.now())
        };
        assert_eq!(self.store.finish_try(finish).await.unwrap(), FinishOutcome::Recorded);
    }

    /// Looks at what waits without Python; answers how many triggers fired.
    pub async fn look_at_waits(&mut self) -> usize {
        let mut waits = Waits::new(self.store.clone(), self.clock.clone(), std::time::Duration::from_secs(3600));
        waits.look(self.now()).await.unwrap().fired
    }

    /// When the scheduler wants to look again, if nothing happens before.
    pub fn next_timer(&self) -> Option<Timestamp> {
        self.scheduler.next_timer()
    }

    pub async fn finish(&mut self, task_id: &str, state: TaskState) {
        let workload = self.start(task_id).await;
        assert!(self.report(&workload, state).await);
    }

    pub async fn finish_with_length(&mut self, task_id: &str, length: u32) {
        let workload = self.start(task_id).await;
        assert!(self.report_length(&workload, TaskState::Success, Some(length)).await);
    }

    /// Runs everything that there is, one try after the other in the order of submission, and lets time pass when
    /// only time can help. Answers what ran.
    pub async fn run_all(&mut self, outcome: impl Fn(&str, i32) -> TaskState) -> Vec<String> {
        let mut trace = Vec::new();
        loop {
            self.settle().await;
            let next = {
                let mut waiting = self.executor.waiting.lock().unwrap();
                (!waiting.is_empty()).then(|| waiting.remove(0))
            };
            if let Some(workload) = next {
                let state = outcome(&workload.task_id, workload.try_number);
                self.start_workload(&workload).await;
                self.advance(0.5);
                assert!(self.report(&workload, state).await);
                trace.push(format!("{} {state}", name(&workload)));
                continue;
            }
            let Some(at) = self.scheduler.next_timer() else { return trace };
            self.clock.0.store(at.as_micros(), Ordering::SeqCst);
        }
    }

    /// The database.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The scheduler.
    pub fn scheduler(&mut self) -> &mut Scheduler<TestClock> {
        &mut self.scheduler
    }

    /// A second scheduler on the same database, with the same executor.
    pub async fn another_scheduler(&self) -> Scheduler<TestClock> {
        scheduler(&self.store, &self.executor, &self.clock).await
    }

    /// The scheduler dies without a word; another one starts.
    pub async fn restart_scheduler(&mut self) {
        self.executor.waiting.lock().unwrap().clear();
        self.advance(60.0);
        self.scheduler = scheduler(&self.store, &self.executor, &self.clock).await;
    }

    pub async fn run_state(&self, dag_id: &str, run_id: &str) -> RunState {
        self.store.find_run_row(dag_id, run_id).await.unwrap().expect("the run").state
    }

    pub async fn states(&self, dag_id: &str, run_id: &str) -> BTreeMap<String, Option<TaskState>> {
        let run = self.store.find_run_row(dag_id, run_id).await.unwrap().expect("the run");
        let (_, tis) = self.store.load_runs(&[run.id]).await.unwrap().remove(0);
        tis.into_iter().map(|ti| (ti.task_id, ti.state)).collect()
    }
}

async fn scheduler(store: &Store, executor: &Arc<Recorder>, clock: &TestClock) -> Scheduler<TestClock> {
    let executors = ExecutorSet::new(vec![executor.clone()]);
    Scheduler::new(store.clone(), executors, config(), clock.clone()).await.unwrap()
}

fn name(workload: &Workload) -> String {
    let index = if workload.map_index < 0 { String::new() } else { format!("[{}]", workload.map_index) };
    format!("{}{index}#{}", workload.task_id, workload.try_number)
}
