//! A worker with an in-memory server, a folder for DAG files and one for logs.

mod memory_api;
#[path = "../../../src/testing.rs"]
mod testing;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tradewind_core::TryId;
use tradewind_protocol::task_api::FinishTry;
use tradewind_protocol::{LaneSpec, TaskApi, Workload, log_path};
use tradewind_worker::host::{HostConfig, HostPool};
use tradewind_worker::{Worker, WorkerConfig};

pub use memory_api::MemoryApi;

/// A worker and its world.
pub struct World {
    pub api: Arc<MemoryApi>,
    pub worker: Worker,
    pub hosts: HostPool,
    pub folder: TempDir,
}

impl World {
    /// The usual one.
    pub fn new() -> Self {
        Self::with(|_| {}, |_| {})
    }

    /// One with changes to its configuration.
    pub fn with(change: impl FnOnce(&mut WorkerConfig), change_hosts: impl FnOnce(&mut HostConfig)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let dags = folder.path().join("dags");
        std::fs::create_dir(&dags).unwrap();
        let mut hosts = host_config();
        hosts.env.push(("AIRFLOW_HOME".into(), folder.path().into()));
        change_hosts(&mut hosts);
        let mut config = WorkerConfig::new("test-host", folder.path().join("logs"));
        config.bundles.insert("dags-folder".into(), dags);
        config.killed_task_cleanup_time = Duration::from_secs(1);
        config.timeout_grace = Duration::from_secs(1);
        change(&mut config);
        let api = Arc::new(MemoryApi::default());
        let hosts = HostPool::new(hosts);
        let worker = Worker::new(config, Arc::clone(&api) as Arc<dyn TaskApi>, hosts.clone());
        Self { api, worker, hosts, folder }
    }

    /// Writes a file into the DAG folder.
    pub fn dag(&self, name: &str, text: &str) -> PathBuf {
        let path = self.dags().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    pub fn dags(&self) -> PathBuf {
        self.folder.path().join("dags")
    }

    /// A try that nobody has seen yet.
    pub fn workload(&self, file: &str, dag_id: &str, task_id: &str) -> Workload {
        let workload = workload(file, dag_id, task_id);
        self.api.with(|state| state.tasks.insert(workload.try_id, task_id.to_owned()));
        workload
    }

    /// Runs a try to its end.
    pub async fn run(&self, workload: Workload) -> FinishTry {
        let try_id = workload.try_id;
        self.worker.submit(workload);
        self.api.end_of(try_id).await
    }

    /// The lines of a try's log.
    pub fn log(&self, workload: &Workload) -> Vec<Value> {
        let text = std::fs::read_to_string(self.log_file(workload)).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"))).collect()
    }

    /// The log's events that came from there.
    pub fn events(&self, workload: &Workload, logger: &str) -> Vec<String> {
        let lines = self.log(workload).into_iter().filter(|line| line["logger"] == logger);
        lines.map(|line| line["event"].as_str().unwrap().to_owned()).collect()
    }

    pub fn log_file(&self, w: &Workload) -> PathBuf {
        let path = log_path(&w.dag_id, &w.run.run_id, &w.task_id, w.map_index, w.try_number);
        self.folder.path().join("logs").join(path)
    }

    /// Waits until the log holds an event.
    pub async fn until_logged(&self, workload: &Workload, event: &str) {
        let file = self.log_file(workload);
        until(|| std::fs::read_to_string(&file).is_ok_and(|text| text.contains(event))).await;
    }
}

/// Waits for what nobody notifies about, looking again every few milliseconds.
pub async fn until(mut there: impl FnMut() -> bool) {
    let wait = async {
        while !there() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), wait).await.expect("it did not happen within 30 s");
}

/// A try with an id of its own.
pub fn workload(file: &str, dag_id: &str, task_id: &str) -> Workload {
    static NEXT: AtomicI64 = AtomicI64::new(1);
    let mut workload = testing::workload(dag_id, task_id);
    workload.try_id = TryId { ti_id: NEXT.fetch_add(1, Ordering::Relaxed), try_number: 1 };
    workload.file = file.into();
    workload
}

/// A shell command as a lane.
pub fn bash(command: &str) -> LaneSpec {
    LaneSpec::Bash { command: command.into(), env: None, append_env: false, cwd: None, skip_on_exit_code: vec![99] }
}

/// The interpreter and package of this repository.
pub fn host_config() -> HostConfig {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let given = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let package = given("TRADEWIND_TEST_PYTHONPATH").unwrap_or_else(|| root.join("python"));
    let python = given("TRADEWIND_TEST_PYTHON").unwrap_or_else(|| {
        let places = [root.join(".venv/bin/python"), root.join("python/.venv/bin/python")];
        places.into_iter().find(|path| path.exists()).unwrap_or_else(|| "python3".into())
    });
    HostConfig::new(python, vec![package])
}
