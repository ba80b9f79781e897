//! Assets and their events as clients see them.

use serde::Serialize;
use serde_json::Value;
use tradewind_core::{RunState, Timestamp};
use tradewind_store::read::{
    AssetAliasView, AssetEventView, AssetReferenceView, AssetView, AssetWatcherView, ConsumingRunView,
};

/// An alias.
#[derive(Serialize)]
pub struct Alias {
    id: i64,
    name: String,
    group: String,
}

impl From<AssetAliasView> for Alias {
    fn from(alias: AssetAliasView) -> Self {
        Self { id: alias.id, name: alias.name, group: alias.group }
    }
}

/// A DAG whose schedule waits for an asset.
#[derive(Serialize)]
struct ScheduledDag {
    dag_id: String,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// A task that updates or reads an asset.
#[derive(Serialize)]
struct TaskReference {
    dag_id: String,
    task_id: String,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// Something outside that updates an asset.
#[derive(Serialize)]
struct Watcher {
    name: String,
    trigger_id: i64,
    created_date: Timestamp,
}

impl From<AssetWatcherView> for Watcher {
    fn from(AssetWatcherView { name, trigger_id, created_at, .. }: AssetWatcherView) -> Self {
        Self { name, trigger_id, created_date: created_at }
    }
}

/// The newest event of an asset.
#[derive(Serialize)]
struct LastEvent {
    id: Option<i64>,
    timestamp: Option<Timestamp>,
}

/// An asset.
#[derive(Serialize)]
pub struct Asset {
    id: i64,
    name: String,
    uri: String,
    group: String,
    extra: Value,
    created_at: Timestamp,
    updated_at: Timestamp,
    scheduled_dags: Vec<ScheduledDag>,
    producing_tasks: Vec<TaskReference>,
    consuming_tasks: Vec<TaskReference>,
    aliases: Vec<Alias>,
    watchers: Vec<Watcher>,
    last_asset_event: Option<LastEvent>,
}

impl Asset {
    /// From its row, who mentions it, its aliases and its watchers.
    pub fn new(
        asset: AssetView,
        references: Vec<AssetReferenceView>,
        aliases: Vec<AssetAliasView>,
        watchers: Vec<AssetWatcherView>,
    ) -> Self {
        let of_kind = |kind: &'static str| {
            references.iter().filter(move |reference| reference.kind == kind).map(|reference| TaskReference {
                dag_id: reference.dag_id.clone(),
                task_id: reference.task_id.clone(),
                created_at: reference.created_at,
                updated_at: reference.updated_at,
            })
        };
        Self {
            scheduled_dags: of_kind("schedule")
                .map(|TaskReference { dag_id, created_at, updated_at, .. }| ScheduledDag {
                    dag_id,
                    created_at,
                    updated_at,
                })
                .collect(),
            producing_tasks: of_kind("outlet").collect(),
            consuming_tasks: of_kind("inlet").collect(),
            aliases: aliases.into_iter().map(Alias::from).collect(),
            watchers: watchers.into_iter().map(Watcher::from).collect(),
            last_asset_event: asset.last_event_id.map(|id| LastEvent { id: Some(id), timestamp: asset.last_event_at }),
            id: asset.id,
            name: asset.name,
            uri: asset.uri,
            group: asset.group,
            extra: asset.extra,
            created_at: asset.created_at,
            updated_at: asset.updated_at,
        }
    }
}

/// A run that consumed an event.
#[derive(Serialize)]
struct ConsumingRun {
    run_id: String,
    dag_id: String,
    logical_date: Option<Timestamp>,
    start_date: Timestamp,
    end_date: Option<Timestamp>,
    state: RunState,
    data_interval_start: Option<Timestamp>,
    data_interval_end: Option<Timestamp>,
    partition_key: Option<String>,
    triggering: bool,
}

/// An event.
#[derive(Serialize)]
pub struct AssetEvent {
    id: i64,
    asset_id: i64,
    uri: String,
    name: String,
    group: String,
    extra: Value,
    source_task_id: Option<String>,
    source_dag_id: Option<String>,
    source_run_id: Option<String>,
    source_map_index: i32,
    created_dagruns: Vec<ConsumingRun>,
    timestamp: Timestamp,
    partition_key: Option<String>,
}

impl AssetEvent {
    /// From its row and the runs that consumed it.
    pub fn new(event: AssetEventView, runs: Vec<ConsumingRunView>) -> Self {
        let run = |run: ConsumingRunView| ConsumingRun {
            run_id: run.run_id,
            dag_id: run.dag_id,
            logical_date: run.logical_date,
            // Clients expect a date: a run that has not begun is due since then.
            start_date: run.start_date.unwrap_or(run.run_after),
            end_date: run.end_date,
            state: run.state,
            data_interval_start: run.data_interval_start,
            data_interval_end: run.data_interval_end,
            partition_key: run.partition_key,
            triggering: run.triggering,
        };
        Self {
            id: event.id,
            asset_id: event.asset_id,
            uri: event.uri,
            name: event.name,
            group: event.group,
            extra: event.extra,
            source_task_id: event.source_task_id,
            source_dag_id: event.source_dag_id,
            source_run_id: event.source_run_id,
            source_map_index: event.source_map_index.unwrap_or(-1),
            created_dagruns: runs.into_iter().map(run).collect(),
            timestamp: event.at,
            partition_key: event.partition_key,
        }
    }
}
