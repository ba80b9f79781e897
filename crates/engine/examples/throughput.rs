//! Cost of scheduling alone, without workers: `cargo run --release -p tradewind-engine --example throughput [url]`.
//!
//! An executor that starts and finishes every try at once, in-process, so that what is left is the planner, the
//! store and the loop. Prints tasks per second for wide, deep and many runs.

use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tradewind_core::{Duration, RunType, TaskState, TryId};
use tradewind_engine::dag_processor::parsed_dag;
use tradewind_engine::scheduler::{ExecutorSet, Scheduler, SchedulerConfig};
use tradewind_engine::{Clock, SystemClock};
use tradewind_executors::Executor;
use tradewind_protocol::Workload;
use tradewind_protocol::serialized_dag::DagDefaults;
use tradewind_store::{FileResult, FinishTry, NewRun, StartTry, Store, StoreOptions, Topic};

struct Instantly {
    store: Store,
    worker: i64,
}

#[async_trait]
impl Executor for Instantly {
    fn name(&self) -> &str {
        "LocalExecutor"
    }
    fn slots(&self) -> Option<u32> {
        Some(32)
    }
    async fn submit(&self, workloads: Vec<Workload>) {
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

async fn add_dag(store: &Store, dag_id: &str, tasks: Vec<Value>) {
    let dag = json!({"format": 1, "dag_id": dag_id, "timetable": {"type": "null"}, "max_active_tasks": 32, "max_active_runs": 100, "tasks": tasks});
    let parsed =
        parsed_dag(serde_json::from_value(dag).expect("a DAG"), &DagDefaults::default(), false).expect("a good DAG");
    let file = FileResult {
        bundle_name: "b".into(),
        relative_fileloc: format!("{dag_id}.py"),
        fileloc: format!("/{dag_id}.py"),
        content_hash: dag_id.into(),
        modules: Vec::new(),
        source: String::new(),
        parse_ms: 1,
        dags: vec![parsed],
        import_error: None,
        parsed_at: SystemClock.now(),
    };
    store.apply_parse(file).await.expect("stored");
}

async fn measure(store: &Store, dag_id: &str, runs: usize, tasks: usize) {
    let mut listener = store.notifier().subscribe(Topic::Ui);
    let began = Instant::now();
    for run in 0..runs {
        let now = SystemClock.now();
        store
            .trigger_run(NewRun {
                dag_id: dag_id.into(),
                run_id: format!("r{run}"),
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
            })
            .await
            .expect("triggered");
    }
    for run in 0..runs {
        while !store.find_run_row(dag_id, &format!("r{run}")).await.expect("a run").expect("it").state.is_finished() {
            listener.wait().await;
        }
    }
    let took = began.elapsed().as_secs_f64();
    println!("{dag_id:12} {runs:4} runs x {tasks:5} tasks: {took:7.3} s, {:8.0} tasks/s", (runs * tasks) as f64 / took);
}

#[tokio::main]
async fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    let url = std::env::args().nth(1).unwrap_or_else(|| format!("sqlite:///{}/bench.db", folder.path().display()));
    let store = Store::open(&url, StoreOptions::default()).await.expect("open");
    store.migrate().await.expect("migrate");
    let worker = store.register_job("WorkerJob", "h", 1, SystemClock.now()).await.expect("job");
    let executors = ExecutorSet::new(vec![Arc::new(Instantly { store: store.clone(), worker })]);
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
    let scheduler = Scheduler::new(store.clone(), executors, config, SystemClock).await.expect("scheduler");
    tokio::spawn(scheduler.run(CancellationToken::new()));
    let op = |id: String, down: Vec<String>| json!({"task_id": id, "operator": "Op", "downstream": down});
    let empty = |id: String, down: Vec<String>| json!({"task_id": id, "operator": "EmptyOperator", "lane": {"kind": "empty"}, "downstream": down});
    add_dag(&store, "empty200", (0..200).map(|n| empty(format!("t{n}"), vec![])).collect()).await;
    let next = |n: usize, count: usize| if n + 1 < count { vec![format!("t{:03}", n + 1)] } else { vec![] };
    add_dag(
        &store,
        "layers",
        (0..10_000)
            .map(|n| empty(format!("t{n:05}"), if n < 9_000 { vec![format!("t{:05}", n + 1_000)] } else { vec![] }))
            .collect(),
    )
    .await;
    add_dag(&store, "chain30", (0..30).map(|n| op(format!("t{n:03}"), next(n, 30))).collect()).await;
    add_dag(&store, "wide200", (0..200).map(|n| op(format!("t{n}"), vec![])).collect()).await;
    add_dag(&store, "linear5", (0..5).map(|n| op(format!("t{n:03}"), next(n, 5))).collect()).await;
    measure(&store, "empty200", 1, 200).await;
    measure(&store, "layers", 1, 10_000).await;
    measure(&store, "chain30", 1, 30).await;
    measure(&store, "wide200", 1, 200).await;
    measure(&store, "linear5", 100, 5).await;
    // One run with more and more instances: the cost of each must stay the same.
    for size in [100, 1_000, 10_000, 100_000] {
        let mapped = json!({"kind": "expand", "over": {"x": {"literal": vec![0; size]}}});
        let dag_id = format!("mapped{size}");
        add_dag(&store, &dag_id, vec![json!({"task_id": "work", "operator": "Op", "mapped": mapped})]).await;
        measure(&store, &dag_id, 1, size).await;
    }
}
