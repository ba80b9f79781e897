//! From what a python child answered to what the database keeps.

use std::time::Duration as StdDuration;

use serde_json::Value;
use sha2::{Digest, Sha256};
use tradewind_core::Timestamp;
use tradewind_core::asset::AssetExpr;
use tradewind_core::timetable::TimetableSpec;
use tradewind_protocol::SerializedDag;
use tradewind_protocol::frames::{ImportError, Parsed};
use tradewind_protocol::serialized_dag::DagDefaults;
use tradewind_store::{AssetUse, AssetUseKind, FileResult, ParsedDag, StoredImportError};

use super::{DagProcessor, KnownFile, ProcessorConfig, files};
use crate::clock::Clock;

impl<C: Clock> DagProcessor<C> {
    /// What earlier processors parsed, so that a restart parses only what changed.
    pub(super) async fn load_known(&mut self) -> Result<(), tradewind_store::Error> {
        for file in self.store.dag_files(&self.config.bundle).await? {
            let known = KnownFile {
                fingerprint: file.content_hash,
                modules: file.modules,
                parsed_at: file.last_parsed_at,
                had_error: file.had_error,
            };
            self.known.insert(file.relative_fileloc, known);
        }
        Ok(())
    }
}

/// What the database keeps of a parsed file.
pub(super) fn file_result(
    config: &ProcessorConfig,
    surroundings: &str,
    relative: &str,
    source: &[u8],
    result: Result<Parsed, ImportError>,
    took: StdDuration,
) -> FileResult {
    let (parsed, outside) = match result {
        Ok(parsed) => (parsed, None),
        Err(error) => (Parsed::default(), Some(error)),
    };
    for warning in &parsed.warnings {
        tracing::debug!(file = relative, warning, "python warned while the file was imported");
    }
    let mut error = outside.or(parsed.import_error);
    let mut dags = Vec::with_capacity(parsed.dags.len());
    for dag in parsed.dags {
        let stays = dag.disable_bundle_versioning.map_or(config.pins, |disabled| !disabled);
        match parsed_dag(dag, &config.defaults, config.paused_at_creation) {
            Ok(dag) => dags.push(ParsedDag { bundle_version: config.version.clone().filter(|_| stays), ..dag }),
            Err(problem) => {
                error.get_or_insert(problem);
            }
        }
    }
    if let Some(error) = &error {
        tracing::warn!(file = relative, line = error.line, error = error.message, "the DAG file has an error");
    }
    let path = config.root.join(relative);
    FileResult {
        bundle_name: config.bundle.clone(),
        relative_fileloc: relative.to_owned(),
        fileloc: path.to_string_lossy().into_owned(),
        content_hash: files::fingerprint(&path, &parsed.modules, surroundings),
        modules: parsed.modules,
        source: String::from_utf8_lossy(source).into_owned(),
        parse_ms: took.as_millis() as i64,
        dags,
        import_error: error.map(|error| StoredImportError {
            message: error.message,
            line: error.line.map(i64::from),
            traceback: error.traceback,
        }),
        parsed_at: Timestamp::from_micros(0),
    }
}

/// Checks what only Rust knows for sure (structure, timetable) and computes the hash.
///
/// # Errors
/// An import error that names the DAG and what is wrong with it.
pub fn parsed_dag(
    dag: SerializedDag,
    defaults: &DagDefaults,
    paused_at_creation: bool,
) -> Result<ParsedDag, ImportError> {
    let problem = |what: String| ImportError {
        message: format!("DAG '{}': {what}", dag.dag_id),
        line: None,
        traceback: String::new(),
    };
    dag.to_core(defaults).map_err(|error| problem(error.to_string()))?;
    for task in &dag.tasks {
        let unknown = |name: &&str| !defaults.executors.iter().any(|executor| executor.is_meant(name));
        let named = task.executor.as_deref().filter(|_| !defaults.executors.is_empty());
        if let Some(name) = named.filter(unknown) {
            let known: Vec<&str> =
                defaults.executors.iter().map(|one| one.alias.as_deref().unwrap_or(&one.path)).collect();
            return Err(problem(format!(
                "task '{}' asks for the executor '{name}', which [core] executor does not name ({})",
                task.task_id,
                known.join(", ")
            )));
        }
    }
    let spec: TimetableSpec =
        serde_json::from_value(dag.timetable.clone()).map_err(|error| problem(format!("timetable: {error}")))?;
    let timetable = spec.compile().map_err(|error| problem(format!("schedule: {error}")))?;
    let data = serde_json::to_value(&dag).map_err(|error| problem(error.to_string()))?;
    let mut owners: Vec<String> = dag.tasks.iter().map(|task| task.owner.clone()).collect();
    owners.sort();
    owners.dedup();
    let assets = asset_uses(&dag, &spec);
    let (earliest, latest) = (dag.earliest(), dag.latest());
    let is_partitioned = spec.asset_schedule().is_some_and(|schedule| schedule.partitions.is_some());
    Ok(ParsedDag {
        assets,
        is_partitioned,
        hash: structure_hash(&data),
        data: data.to_string(),
        owners,
        tags: dag.tags,
        display_name: dag.display_name,
        description: dag.description,
        timetable: dag.timetable,
        timetable_summary: timetable.summary(),
        timetable_description: timetable.description(),
        start_date: earliest,
        end_date: latest,
        catchup: dag.catchup,
        max_active_runs: dag.max_active_runs.unwrap_or(defaults.max_active_runs),
        max_active_tasks: dag.max_active_tasks.unwrap_or(defaults.max_active_tasks),
        max_consecutive_failed_dag_runs: dag.max_consecutive_failed_dag_runs,
        allowed_run_types: dag.allowed_run_types,
        paused_upon_creation: dag.is_paused_upon_creation.unwrap_or(paused_at_creation),
        bundle_version: None,
        dag_id: dag.dag_id,
    })
}

/// Everything that a DAG says about assets.
fn asset_uses(dag: &SerializedDag, spec: &TimetableSpec) -> Vec<AssetUse> {
    let used = |kind, task_id: &str, what: &AssetExpr| AssetUse { kind, task_id: task_id.into(), what: what.clone() };
    let schedule = spec.asset_schedule().map(|schedule| schedule.condition.leaves()).unwrap_or_default();
    let mut uses: Vec<AssetUse> = schedule.into_iter().map(|what| used(AssetUseKind::Schedule, "", what)).collect();
    for task in &dag.tasks {
        for (kind, list) in [(AssetUseKind::Outlet, &task.outlets), (AssetUseKind::Inlet, &task.inlets)] {
            uses.extend(list.iter().flat_map(AssetExpr::leaves).map(|what| used(kind, &task.task_id, what)));
        }
    }
    uses
}

/// Hash over the canonical document without what does not change how the DAG runs or looks: where its file is.
fn structure_hash(data: &Value) -> String {
    let mut data = data.clone();
    if let Some(fields) = data.as_object_mut() {
        fields.remove("fileloc");
    }
    // Objects keep the order of their keys, which for dicts in DAG files is nobody's promise.
    data.sort_all_objects();
    format!("{:x}", Sha256::digest(data.to_string()))
}
