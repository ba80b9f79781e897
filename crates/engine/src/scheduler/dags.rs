//! DAG versions in memory, shared by the runs that use them.

use std::collections::HashMap;
use std::sync::Arc;

use tradewind_core::Dag;
use tradewind_core::asset::AssetExpr;
use tradewind_protocol::serialized_dag::{DagDefaults, LaneSpec, SerializedDag};
use tradewind_store::Store;

use super::Error;

/// One version of a DAG: the planners' form, and what workloads need to know of each task.
#[derive(Debug)]
pub struct LoadedDag {
    /// `dag_version.id`
    pub version_id: i64,
    /// The planners' form.
    pub dag: Arc<Dag>,
    /// By task number.
    pub tasks: Vec<TaskDetails>,
    /// Bundle that has the file.
    pub bundle: String,
    /// The file, relative to the bundle's root.
    pub file: String,
    /// Somebody wants to be told how its runs end, or by when.
    pub has_alerts: bool,
}

/// What a workload says about its task, beyond what planning needs.
#[derive(Debug)]
pub struct TaskDetails {
    /// How a try runs.
    pub lane: LaneSpec,
    /// Class name.
    pub operator: String,
    /// Whose it is.
    pub owner: String,
    /// Comma-separated addresses.
    pub email: String,
    /// The return value becomes an XCom.
    pub do_xcom_push: bool,
    /// Unix user.
    pub run_as_user: Option<String>,
    /// Assets that it updates.
    pub outlets: Vec<AssetExpr>,
    /// What it wishes of its executor.
    pub executor_config: Option<serde_json::Value>,
}

/// Versions in use. Those that no run holds any more leave with [`DagCache::sweep`].
#[derive(Debug, Default)]
pub struct DagCache {
    versions: HashMap<i64, Arc<LoadedDag>>,
}

impl DagCache {
    /// A version, loaded on first use. `None` if the database has none, or one that can't be read; that is
    /// logged here, once per look.
    pub async fn get(
        &mut self,
        store: &Store,
        version: i64,
        defaults: &DagDefaults,
    ) -> Result<Option<Arc<LoadedDag>>, Error> {
        if let Some(found) = self.versions.get(&version) {
            return Ok(Some(found.clone()));
        }
        let Some(row) = store.dag_version(version).await? else { return Ok(None) };
        let loaded = serde_json::from_str::<SerializedDag>(&row.data)
            .map_err(|error| error.to_string())
            .and_then(|serialized| Ok((serialized.to_core(defaults).map_err(|error| error.to_string())?, serialized)));
        let (dag, serialized) = match loaded {
            Ok(pair) => pair,
            Err(error) => {
                tracing::error!(
                    dag.id = row.dag_id,
                    dag.version = version,
                    error,
                    "this version of the DAG can't be read"
                );
                return Ok(None);
            }
        };
        let has_alerts = !serialized.callbacks.is_empty()
            || !serialized.deadlines.is_empty()
            || serialized.tasks.iter().any(|task| task.sla.is_some());
        let mut details: HashMap<String, TaskDetails> = serialized
            .tasks
            .into_iter()
            .map(|task| {
                let details = TaskDetails {
                    lane: task.lane,
                    operator: task.operator,
                    owner: task.owner,
                    email: task.email.join(","),
                    do_xcom_push: task.do_xcom_push,
                    run_as_user: task.run_as_user,
                    outlets: task.outlets,
                    executor_config: task.executor_config,
                };
                (task.task_id, details)
            })
            .collect();
        let tasks =
            dag.tasks.iter().map(|task| details.remove(&task.task_id).expect("made of the same list")).collect();
        let loaded = Arc::new(LoadedDag {
            version_id: version,
            dag: Arc::new(dag),
            tasks,
            bundle: row.bundle_name,
            file: row.relative_fileloc,
            has_alerts,
        });
        self.versions.insert(version, loaded.clone());
        Ok(Some(loaded))
    }

    /// Forgets versions that nobody else holds.
    pub fn sweep(&mut self) {
        self.versions.retain(|_, version| Arc::strong_count(version) > 1);
    }
}
