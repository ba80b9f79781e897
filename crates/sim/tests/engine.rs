//! Scenarios played with the engine's own schedulers on real databases: the same faults, the laws read off the rows.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use serde_json::json;
use tradewind_core::{Duration, RunState, RunType, TaskState, Timestamp, TryId};
use tradewind_engine::Clock;
use tradewind_engine::dag_processor::parsed_dag;
use tradewind_engine::scheduler::{ExecutorSet, Scheduler, SchedulerConfig};
use tradewind_executors::Executor;
use tradewind_protocol::Workload;
use tradewind_protocol::serialized_dag::DagDefaults;
use tradewind_sim::{Outcome, Rng, Scenario, Step, generate};
use tradewind_store::{ClearTis, FinishTry, NewRun, Pool, RunRow, StartOutcome, StartTry, Store, TiRow};
use tradewind_testkit::{TestStore, build, postgres_store, sqlite_store};

/// Steps of each scenario that are played: every one costs real transactions.
const STEPS: usize = 90;
/// Rounds of the calm at most.
const ROUNDS: usize = 1_500;

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
    executions: BTreeMap<(TryId, i32), u32>,
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

    fn message(&self, nth: usize) -> Option<Message> {
        let mut messages = self.messages.lock().unwrap();
        let at = (!messages.is_empty()).then(|| nth % messages.len())?;
        Some(messages.remove(at))
    }

    async fn deliver(&mut self, message: Message, worker: usize) {
        match message {
            Message::Submit(try_id) => self.start(try_id, worker, true).await,
            Message::Cancel(try_id) => {
                for nth in 0..self.workers.len() {
                    self.stop(nth, try_id).await;
                }
            }
        }
    }

    async fn start(&mut self, try_id: TryId, worker: usize, heard: bool) {
        if self.workers[worker].running.iter().any(|(running, _)| *running == try_id) {
            return;
        }
        let request = StartTry {
            try_id,
            worker_id: self.workers[worker].job,
            hostname: "elsewhere".into(),
            pid: 7,
            at: self.now(),
        };
        if self.store.start_try(request).await.unwrap() == StartOutcome::Started && heard {
            let looks = self.store.load_tis(&[try_id.ti_id]).await.unwrap()[0].reschedule_count;
            let count = self.executions.entry((try_id, looks)).or_default();
            *count += 1;
            assert_eq!(*count, 1, "{try_id:?} ran twice");
            self.workers[worker].running.push((try_id, None));
        }
    }

    async fn stop(&mut self, worker: usize, try_id: TryId) {
        let now = self.now();
        let worker = &mut self.workers[worker];
        let at = worker.running.iter().position(|(running, _)| *running == try_id);
        if let Some(at) = at.filter(|_| !worker.silent) {
            let (_, report) = worker.running.remove(at);
            let report = report.unwrap_or_else(|| FinishTry::new(try_id, TaskState::Failed, now));
            self.store.finish_try(report).await.unwrap();
        }
    }

    async fn finish(&mut self, worker: usize, nth: usize, outcome: Outcome, unheard: bool) {
        let now = self.now();
        let worker = &mut self.workers[worker];
        if worker.running.is_empty() {
            return;
        }
        let nth = nth % worker.running.len();
        let (try_id, report) = &mut worker.running[nth];
        let report = report.get_or_insert_with(|| end(*try_id, outcome, now)).clone();
        if !worker.silent {
            if !unheard {
                worker.running.remove(nth);
            }
            self.store.finish_try(report).await.unwrap();
        }
    }

    async fn beat(&mut self, nth: usize) {
        if self.workers[nth].silent {
            return;
        }
        self.store.heartbeat_job(self.workers[nth].job, self.now()).await.unwrap();
        let (ended, running): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.workers[nth].running).into_iter().partition(|(_, report)| report.is_some());
        self.workers[nth].running = running;
        for report in ended.into_iter().filter_map(|(_, report)| report) {
            self.store.finish_try(report).await.unwrap();
        }
        let tries: Vec<TryId> = self.workers[nth].running.iter().map(|(try_id, _)| *try_id).collect();
        for gone in self.store.heartbeat_tries(self.workers[nth].job, &tries, self.now()).await.unwrap() {
            self.stop(nth, gone).await;
        }
    }

    async fn poll(&mut self, nth: usize) {
        if self.workers[nth].silent {
            return;
        }
        for ti in self.store.queued_tries(&["default".into()], None, 2).await.unwrap() {
            self.start(TryId { ti_id: ti.id, try_number: ti.try_number }, nth, true).await;
        }
    }

    async fn step(&mut self, step: Step) {
        let (schedulers, workers) = (self.schedulers.len(), self.workers.len());
        let mut person = false;
        match step {
            Step::Trigger(dag) => self.trigger(dag).await,
            Step::Phase(nth) | Step::Tick(nth) => {
                self.tick(nth % schedulers).await;
            }
            Step::Unknown { scheduler: nth, .. } | Step::Crash(nth) => {
                // Somewhere in its tick: what is done then is anybody's guess.
                let nth = nth % schedulers;
                let fresh = self.scheduler().await;
                let (mut dying, clock) = std::mem::replace(&mut self.schedulers[nth], fresh);
                let mut tick = Box::pin(async move { dying.tick(clock.now()).await.map(|_| ()) });
                for _ in 0..self.started % 23 {
                    if futures_poll_once(&mut tick).await {
                        break;
                    }
                    tokio::task::yield_now().await;
                }
            }
            Step::Skew { scheduler, seconds } => {
                let skew = Duration::from_secs(i64::from(seconds)).as_micros();
                self.schedulers[scheduler % schedulers].1.skew.store(skew, Ordering::SeqCst);
            }
            Step::Deliver { message, worker } => {
                if !self.workers[worker % workers].silent
                    && let Some(message) = self.message(message)
                {
                    self.deliver(message, worker % workers).await;
                }
            }
            Step::Lose(nth) => {
                self.message(nth);
            }
            Step::Double(nth) => {
                if let Some(message) = self.message(nth) {
                    self.messages.lock().unwrap().extend([message, message]);
                }
            }
            Step::StartUnheard { message, worker } => {
                if let Some(Message::Submit(try_id)) = self.message(message) {
                    self.start(try_id, worker % workers, false).await;
                }
            }
            Step::Poll(nth) => self.poll(nth % workers).await,
            Step::Finish { worker, nth, outcome, unheard } => {
                self.finish(worker % workers, nth, outcome, unheard).await;
            }
            Step::Beat(nth) => self.beat(nth % workers).await,
            Step::Silence(nth) => self.workers[nth % workers].silent = true,
            Step::Return(nth) => self.workers[nth % workers].silent = false,
            Step::WorkerDies(nth, seen) => {
                let fresh = self.worker().await;
                let old = std::mem::replace(&mut self.workers[nth % workers], fresh);
                if seen {
                    self.store.end_job(old.job, self.now()).await.unwrap();
                }
            }
            Step::Wait(seconds) => self.advance(Duration::from_secs(i64::from(seconds))),
            Step::Clear { first, count } => {
                person = true;
                let ids = self.ti_ids();
                let clear = ClearTis {
                    tis: (0..count.min(ids.len())).map(|n| ids[(first + n) % ids.len()]).collect(),
                    reopen_runs: true,
                    also_runs: Vec::new(),
                    latest_version: false,
                    default_retries: 1,
                    at: self.now(),
                };
                self.store.clear_tis(&clear).await.unwrap();
            }
            Step::Mark { nth, success } => {
                person = true;
                let ids = self.ti_ids();
                if !ids.is_empty() {
                    let state = if success { TaskState::Success } else { TaskState::Failed };
                    self.store.set_ti_state(&[ids[nth % ids.len()]], state, self.now()).await.unwrap();
                }
            }
            Step::Pause { dag, paused } => {
                let dag_id = format!("d{}", dag % self.scenario.dags.len().max(1));
                self.store.set_paused(&[dag_id], paused).await.unwrap();
            }
            Step::Resize { pool, slots } => {
                let names: Vec<String> = self.scenario.pools.keys().cloned().collect();
                if !names.is_empty() {
                    self.put_pool(&names[pool % names.len()], slots).await;
                }
            }
        }
        self.laws(person).await;
    }

    fn ti_ids(&self) -> Vec<i64> {
        self.rows.iter().flat_map(|(_, tis)| tis.iter().map(|ti| ti.id)).collect()
    }

    async fn trigger(&mut self, dag: usize) {
        self.triggered += 1;
        let now = self.now();
        let run = NewRun {
            dag_id: format!("d{}", dag % self.scenario.dags.len().max(1)),
            run_id: format!("manual{}", self.triggered),
            run_type: RunType::Manual,
            logical_date: None,
            data_interval_start: None,
            data_interval_end: None,
            run_after: now,
            queued_at: now,
            conf: json!({}),
            triggered_by: None,
            triggering_user: None,
            note: None,
            dag_version_id: None,
            owner: None,
        };
        self.store.trigger_run(run).await.unwrap();
    }

    /// What the rows say after a change.
    async fn laws(&mut self, person: bool) {
        let keys: Vec<i64> = (1..400).collect();
        let rows = self.store.load_runs(&keys).await.unwrap();
        let before: BTreeMap<i64, &TiRow> =
            self.rows.iter().flat_map(|(_, tis)| tis.iter().map(|ti| (ti.id, ti))).collect();
        let runs_before: BTreeMap<i64, &RunRow> = self.rows.iter().map(|(run, _)| (run.id, run)).collect();
        let mut running: BTreeMap<&str, u32> = BTreeMap::new();
        let mut pools: BTreeMap<&str, i64> = BTreeMap::new();
        let mut newly: Vec<&TiRow> = Vec::new();
        for (run, tis) in &rows {
            if let Some(old) = runs_before.get(&run.id) {
                let final_ = !old.state.is_finished() || old.state == run.state || person;
                assert!(final_, "a run that had ended changed: {old:?} {run:?}");
            }
            let open: Vec<&TiRow> = tis.iter().filter(|ti| !ti.state.is_some_and(TaskState::is_finished)).collect();
            assert!(person || !run.state.is_finished() || open.is_empty(), "{run:?} is over with {open:?}");
            *running.entry(&run.dag_id).or_default() += u32::from(run.state == RunState::Running);
            let shape = &self.scenario.dags[run.dag_id[1..].parse::<usize>().unwrap()];
            let in_flight: Vec<&TiRow> =
                tis.iter().filter(|ti| ti.state.is_some_and(TaskState::is_in_flight)).collect();
            let fresh: Vec<&TiRow> = in_flight
                .iter()
                .copied()
                .filter(|ti| {
                    ti.state == Some(TaskState::Queued) && before.get(&ti.id).is_none_or(|old| old.fence != ti.fence)
                })
                .collect();
            assert!(
                fresh.is_empty() || in_flight.len() as u32 <= shape.max_active_tasks,
                "max_active_tasks {} with {in_flight:?}",
                shape.max_active_tasks
            );
            in_flight.iter().for_each(|ti| *pools.entry(&ti.pool).or_default() += i64::from(ti.pool_slots));
            newly.extend(fresh);
            for ti in tis {
                if let Some(old) = before.get(&ti.id) {
                    let ended = old.state.is_some_and(TaskState::is_finished);
                    assert!(!ended || old.state == ti.state || person, "ended is final: {old:?} {ti:?}");
                }
            }
        }
        for (dag_id, count) in &running {
            let was =
                self.rows.iter().filter(|(run, _)| run.dag_id == *dag_id && run.state == RunState::Running).count();
            let limit = self.scenario.dags[dag_id[1..].parse::<usize>().unwrap()].max_active_runs;
            assert!(*count as usize <= was || *count <= limit, "{count} runs of {dag_id} are running, not {limit}");
        }
        let sizes = self.store.current_usage().await.unwrap().pools;
        for ti in newly {
            let size = sizes.iter().find(|pool| pool.name == ti.pool).unwrap();
            assert!(pools[ti.pool.as_str()] <= size.slots, "pool {size:?}: {pools:?}");
        }
        self.rows = rows;
    }

    /// What depends on a past that failed waits until a person says that it was good enough.
    async fn forgive(&mut self) {
        let looks_back = |run: &RunRow| {
            let shape = &self.scenario.dags[run.dag_id[1..].parse::<usize>().unwrap()];
            shape.tasks.iter().any(|task| task.depends_on_past || task.wait_for_downstream)
        };
        let well = |ti: &&TiRow| matches!(ti.state, Some(TaskState::Success | TaskState::Skipped));
        let runs = self.rows.iter().filter(|(run, _)| run.state != RunState::Running && looks_back(run));
        let bad: Vec<i64> = runs.flat_map(|(_, tis)| tis.iter().filter(|ti| !well(ti)).map(|ti| ti.id)).collect();
        self.store.set_ti_state(&bad, TaskState::Success, self.now()).await.unwrap();
        self.laws(true).await;
    }

    async fn calm(&mut self) {
        self.create_runs = false;
        for nth in 0..self.schedulers.len() {
            self.schedulers[nth] = self.scheduler().await;
        }
        let dags: Vec<String> = (0..self.scenario.dags.len()).map(|n| format!("d{n}")).collect();
        self.store.set_paused(&dags, false).await.unwrap();
        self.workers.iter_mut().for_each(|worker| worker.silent = false);
        let mut rng = Rng::new(self.scenario.seed);
        let mut idle = 0;
        for _ in 0..ROUNDS {
            let mut busy = false;
            for nth in 0..self.schedulers.len() {
                busy |= self.tick(nth).await;
            }
            let messages = std::mem::take(&mut *self.messages.lock().unwrap());
            busy |= !messages.is_empty();
            for (nth, message) in messages.into_iter().enumerate() {
                self.deliver(message, nth % self.workers.len()).await;
            }
            for nth in 0..self.workers.len() {
                self.poll(nth).await;
                self.beat(nth).await;
                busy |= !self.workers[nth].running.is_empty();
                let outcome =
                    [Outcome::Success(2), Outcome::Success(0), Outcome::Retry, Outcome::Skipped][rng.below(4)];
                self.finish(nth, 0, outcome, false).await;
            }
            self.laws(false).await;
            if self.rows.iter().all(|(run, _)| run.state.is_finished()) {
                return;
            }
            idle = if busy { 0 } else { idle + 1 };
            if idle > 150 {
                idle = 0;
                self.forgive().await;
            }
            if !busy {
                let wake_at = self.schedulers.iter().map(|(one, _)| one.wake_at()).min().unwrap();
                let at = wake_at.max(self.now() + Duration::from_micros(1));
                self.now.store(at.as_micros(), Ordering::SeqCst);
            }
        }
        let open: Vec<_> = self.rows.iter().filter(|(run, _)| !run.state.is_finished()).collect();
        panic!("these runs do not end: {open:#?}");
    }
}

fn end(try_id: TryId, outcome: Outcome, now: Timestamp) -> FinishTry {
    let finish = |state| FinishTry::new(try_id, state, now);
    match outcome {
        Outcome::Success(length) => FinishTry { map_length: Some(length), ..finish(TaskState::Success) },
        Outcome::Branch(bits) => FinishTry {
            skip: (1..7).filter(|n| bits >> n & 1 == 1).map(|n| format!("t{n:02}")).collect(),
            map_length: Some(1),
            ..finish(TaskState::Success)
        },
        Outcome::Retry => finish(TaskState::UpForRetry),
        Outcome::Failed => finish(TaskState::Failed),
        Outcome::Skipped => finish(TaskState::Skipped),
        Outcome::Reschedule(seconds) => FinishTry {
            retry_at: Some(now + Duration::from_secs(i64::from(seconds))),
            ..finish(TaskState::UpForReschedule)
        },
    }
}

/// Polls once; answers whether it is done.
async fn futures_poll_once(future: &mut (impl Future + Unpin)) -> bool {
    std::future::poll_fn(|context| std::task::Poll::Ready(std::pin::Pin::new(&mut *future).poll(context).is_ready()))
        .await
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
