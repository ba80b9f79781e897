//! The engine's and the store's own figures, as JSON lines for `benches/figures` (`benches/run.sh` calls this):
//! `cargo run --release -p tradewind-engine --example figures -- LABEL [URL]`.
//!
//! * `starts`: how many task starts a second reach an executor that does nothing, from one scheduler;
//! * `tasks`: the same with an executor that reports each as started and finished at once;
//! * `in-run-N`: the latter by the number of instances in one run;
//! * `finished-N`: the latter by the number of finished instances in the database;
//! * `layers`: a run of 10,000 empty tasks in 10 layers.
//!
//! The database, SQLite in a temporary folder or the one whose address is given, must be empty.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use async_trait::async_trait;
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tradewind_core::{Duration, RunState, RunType, TaskState, TryId};
use tradewind_engine::dag_processor::parsed_dag;
use tradewind_engine::scheduler::{ExecutorSet, Scheduler, SchedulerConfig};
use tradewind_engine::{Clock, SystemClock};
use tradewind_executors::Executor;
use tradewind_protocol::Workload;
use tradewind_protocol::serialized_dag::DagDefaults;
use tradewind_store::{FileResult, FinishTry, NewRun, NewTi, Pool, RunWrite, StartTry, Store, StoreOptions, Topic};

/// Counts what reaches it; reports it as started and finished when `reports`.
struct NoOp {
    store: Store,
    worker: i64,
    reports: std::sync::atomic::AtomicBool,
    reached: AtomicUsize,
    more: Notify,
}

#[async_trait]
impl Executor for NoOp {
    fn name(&self) -> &str {
        "LocalExecutor"
    }
    fn slots(&self) -> Option<u32> {
        None
    }
    async fn submit(&self, workloads: Vec<Workload>) {
        self.reached.fetch_add(workloads.len(), Ordering::SeqCst);
        self.more.notify_waiters();
        if !self.reports.load(Ordering::SeqCst) {
            return;
        }
        for workload in workloads {
            let (store, worker) = (self.store.clone(), self.worker);
            tokio::spawn(async move {
                let at = SystemClock.now();
                let start = StartTry { try_id: workload.try_id, worker_id: worker, hostname: "h".into(), pid: 1, at };
                store.start_try(start).await.expect("start");
                let finish = FinishTry::new(workload.try_id, TaskState::Success, SystemClock.now());
                store.finish_try(finish).await.expect("finish");
            });
        }
    }
    async fn cancel(&self, _tries: Vec<TryId>) {}
}

struct Bench {
    label: String,
    store: Store,
    executor: Arc<NoOp>,
    runs: usize,
}

impl Bench {
    fn say(&self, scenario: &str, figures: Value) {
        println!("{}", json!({"label": self.label, "scenario": scenario, "figures": figures}));
    }

    async fn add_dag(&self, dag_id: &str, tasks: Vec<Value>) {
        let dag = json!({"format": 1, "dag_id": dag_id, "timetable": {"type": "null"}, "max_active_tasks": 1_000_000,
            "max_active_runs": 1_000, "tasks": tasks});
        let parsed = parsed_dag(serde_json::from_value(dag).expect("a DAG"), &DagDefaults::default(), false);
        let file = FileResult {
            bundle_name: "b".into(),
            relative_fileloc: format!("{dag_id}.py"),
            fileloc: format!("/{dag_id}.py"),
            content_hash: dag_id.into(),
            modules: Vec::new(),
            source: String::new(),
            parse_ms: 1,
            dags: vec![parsed.expect("a good DAG")],
            import_error: None,
            parsed_at: SystemClock.now(),
        };
        self.store.apply_parse(file).await.expect("stored");
    }

    fn new_run(&mut self, dag_id: &str) -> NewRun {
        let now = SystemClock.now();
        self.runs += 1;
        NewRun {
            dag_id: dag_id.into(),
            run_id: format!("r{}", self.runs),
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
        }
    }

    /// Seconds from the first trigger to the end of the last run.
    async fn run(&mut self, dag_id: &str, runs: usize) -> f64 {
        let mut changes = self.store.notifier().subscribe(Topic::Ui);
        let began = Instant::now();
        let mut ids = Vec::new();
        for _ in 0..runs {
            let run = self.new_run(dag_id);
            ids.push(run.run_id.clone());
            self.store.trigger_run(run).await.expect("triggered");
        }
        for run_id in ids {
            while !self.store.find_run_row(dag_id, &run_id).await.expect("rows").expect("it").state.is_finished() {
                changes.wait().await;
            }
        }
        began.elapsed().as_secs_f64()
    }

    /// Starts that reach an executor which does nothing with them; the run is ended by hand afterwards.
    async fn starts(&mut self, count: usize) {
        self.executor.reports.store(false, Ordering::SeqCst);
        let before = self.executor.reached.load(Ordering::SeqCst);
        let run = self.new_run("wide");
        let (dag_id, run_id) = (run.dag_id.clone(), run.run_id.clone());
        let began = Instant::now();
        self.store.trigger_run(run).await.expect("triggered");
        loop {
            let more = self.executor.more.notified();
            if self.executor.reached.load(Ordering::SeqCst) >= before + count {
                break;
            }
            more.await;
        }
        let seconds = began.elapsed().as_secs_f64();
        self.say("starts", json!({"starts_per_s": count as f64 / seconds, "tasks": count}));
        let row = self.store.find_run_row(&dag_id, &run_id).await.expect("rows").expect("it");
        self.store.set_run_state(row.id, RunState::Success, SystemClock.now(), &[]).await.expect("marked");
        self.executor.reports.store(true, Ordering::SeqCst);
    }

    /// Makes finished runs until the database holds so many finished instances.
    async fn fill(&mut self, have: &mut usize, wanted: usize) {
        while *have < wanted {
            let count = 10_000.min(wanted - *have);
            let now = SystemClock.now();
            let mut tx = self.store.begin().await.expect("a transaction");
            let run = NewRun { owner: Some(self.executor.worker), ..self.new_run("wide") };
            let run_key = tx.create_run(run).await.expect("a run").created().expect("a new one");
            let tis: Vec<NewTi> = (0..count)
                .map(|n| NewTi {
                    run_key,
                    dag_id: "wide".into(),
                    task_id: format!("t{n:05}"),
                    map_index: -1,
                    state: Some(TaskState::Success),
                    try_number: 1,
                    max_tries: 0,
                    scheduled_at: Some(now),
                    queued_at: Some(now),
                    start_date: Some(now),
                    end_date: Some(now),
                    operator: "Op".into(),
                    pool: "default_pool".into(),
                    pool_slots: 1,
                    queue: "default".into(),
                    priority: 1,
                    executor: None,
                    dag_version_id: None,
                    reason: None,
                })
                .collect();
            tx.insert_tis(&tis).await.expect("rows");
            let ended = RunWrite {
                run_key,
                expect_state: RunState::Queued,
                expect_fence: 0,
                owner: self.executor.worker,
                state: RunState::Success,
                start_date: Some(now),
                end_date: Some(now),
                dag_version_id: None,
                state_counts: [("success".to_owned(), count as u32)].into(),
                updated_at: now,
            };
            assert_eq!(tx.write_runs(&[ended]).await.expect("written"), [true]);
            tx.commit().await.expect("committed");
            *have += count;
        }
    }
}

#[tokio::main]
async fn main() {
    let mut args = std::env::args().skip(1);
    let label = args.next().unwrap_or_else(|| "standalone".into());
    let folder = tempfile::tempdir().expect("a folder");
    let url = args.next().unwrap_or_else(|| format!("sqlite:///{}/figures.db", folder.path().display()));
    let most: usize = std::env::var("FIGURES_MOST").ok().and_then(|n| n.parse().ok()).unwrap_or(1_000_000);
    let store = Store::open(&url, StoreOptions::default()).await.expect("open");
    store.migrate().await.expect("migrate");
    let everything = Pool { name: "default_pool".into(), slots: -1, description: None, include_deferred: false };
    store.put_pool(&everything).await.expect("a pool without limit");
    let worker = store.register_job("WorkerJob", "h", 1, SystemClock.now()).await.expect("job");
    let executor = Arc::new(NoOp {
        store: store.clone(),
        worker,
        reports: true.into(),
        reached: AtomicUsize::new(0),
        more: Notify::new(),
    });
    let config = SchedulerConfig {
        defaults: DagDefaults::default(),
        heartbeat: Duration::from_secs(5),
        dead_after: Duration::from_secs(30),
        task_heartbeat_timeout: Duration::from_secs(300),
        max_runs_per_tick: 10,
        create_runs: true,
        hostname: "elsewhere".into(),
        poll: Duration::from_secs(60),
    };
    let executors = ExecutorSet::new(vec![executor.clone()]);
    let scheduler = Scheduler::new(store.clone(), executors, config, SystemClock).await.expect("scheduler");
    tokio::spawn(scheduler.run(CancellationToken::new()));
    let mut bench = Bench { label, store, executor, runs: 0 };

    let op = |id: String| json!({"task_id": id, "operator": "Op"});
    bench.add_dag("wide", (0..10_000).map(|n| op(format!("t{n:05}"))).collect()).await;
    bench.add_dag("five", (0..5).map(|n| op(format!("t{n}"))).collect()).await;
    let layered = (0..10_000).map(|n| {
        let down = if n < 9_000 { vec![format!("t{:05}", n + 1_000)] } else { Vec::new() };
        json!({"task_id": format!("t{n:05}"), "operator": "EmptyOperator", "lane": {"kind": "empty"},
               "downstream": down})
    });
    bench.add_dag("layers", layered.collect()).await;

    bench.starts(10_000).await;
    let seconds = bench.run("wide", 1).await;
    bench.say("tasks", json!({"tasks_per_s": 10_000.0 / seconds}));
    let seconds = bench.run("layers", 1).await;
    bench.say("layers", json!({"makespan_s": seconds}));
    for size in [100, 1_000, 10_000, 100_000].into_iter().filter(|size| *size <= most) {
        let mapped = json!({"kind": "expand", "over": {"x": {"literal": vec![0; size]}}});
        let dag_id = format!("mapped{size}");
        bench.add_dag(&dag_id, vec![json!({"task_id": "work", "operator": "Op", "mapped": mapped})]).await;
        let seconds = bench.run(&dag_id, 1).await;
        bench.say(&format!("in-run-{size}"), json!({"per_task_s": seconds / size as f64}));
    }
    let mut have = 0;
    for size in [1_000, 10_000, 100_000, 1_000_000].into_iter().filter(|size| *size <= most) {
        bench.fill(&mut have, size).await;
        bench.run("five", 20).await;
        let seconds = bench.run("five", 200).await;
        bench.say(&format!("finished-{size}"), json!({"per_task_s": seconds / 1_000.0}));
    }
}
