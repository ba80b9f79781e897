//! Runs of DAGs that wait for assets, and what tasks that are nothing but a mark do to assets.

use tradewind_core::asset::AssetUpdate;
use tradewind_core::plan::{AssetConsumer, AssetRun, plan_asset_runs};
use tradewind_core::timetable::TimetableSpec;
use tradewind_core::{Lane, RunType, TaskState, Timestamp};
use tradewind_store::{AssetConsumerRow, NewAssetEvent, NewEvent, NewRun, Tx};

use super::apply::Place;
use super::{Error, Scheduler};
use crate::clock::Clock;

impl<C: Clock> Scheduler<C> {
    /// Creates the runs that events of assets make due; answers how many. Only DAGs that the inbox named are looked at.
    ///
    /// In a transaction of its own, with the DAGs' queues locked: what one scheduler consumes, no other does. The inbox
    /// rows go with the tick's transaction, so that nobody forgets a DAG that was not looked at.
    pub(super) async fn create_asset_runs(&mut self, now: Timestamp) -> Result<usize, Error> {
        if self.asset_dags.is_empty() {
            return Ok(0);
        }
        let dags: Vec<String> = std::mem::take(&mut self.asset_dags).into_iter().collect();
        let rows = self.store.asset_consumers(&dags).await?;
        let ready: Vec<(AssetConsumerRow, TimetableSpec)> = rows
            .into_iter()
            .filter(|row| !row.is_paused && !row.pending.assets.is_empty() && allows(row))
            .filter_map(|row| {
                let spec = timetable(&row)?;
                let schedule = spec.asset_schedule()?;
                // Which partition is complete is seen only once the events are read.
                let may_be_due = schedule.partitions.is_some() || schedule.condition.is_met(&row.pending);
                may_be_due.then_some((row, spec))
            })
            .collect();
        if ready.is_empty() {
            return Ok(0);
        }
        let mut created = Vec::new();
        let mut tx = self.store.begin().await?;
        for (row, spec) in &ready {
            let Some(schedule) = spec.asset_schedule() else { continue };
            let queue = tx.lock_asset_queue(&row.dag_id).await?;
            let plan = plan_asset_runs(&AssetConsumer {
                schedule,
                aliases: row.pending.aliases.clone(),
                queue,
                most_keys: self.config.defaults.max_downstream_keys,
            });
            for (event_id, error) in &plan.refused {
                tracing::warn!(dag.id = row.dag_id, event = event_id, %error, "an asset event is for no run");
                let extra = format!("asset event {event_id}: {error}");
                tx.log_event(NewEvent {
                    at: now,
                    event: "failed to map partition_key",
                    dag_id: Some(&row.dag_id),
                    run_id: None,
                    task_id: None,
                    map_index: None,
                    try_number: None,
                    username: None,
                    extra: Some(&extra),
                })
                .await?;
            }
            let outcome = tx.consume_assets(&row.dag_id, &plan, |run| self.new_asset_run(row, run, now)).await?;
            created.extend(outcome.created);
        }
        tx.notify(tradewind_store::Topic::Ui);
        tx.commit().await?;
        let count = created.len();
        self.to_load.extend(created);
        Ok(count)
    }

    fn new_asset_run(&self, row: &AssetConsumerRow, run: &AssetRun, now: Timestamp) -> NewRun {
        NewRun {
            dag_id: row.dag_id.clone(),
            run_id: run.run_id(),
            run_type: RunType::AssetTriggered,
            logical_date: None,
            data_interval_start: None,
            data_interval_end: None,
            // The clock of the worker that reported the event may be ahead of ours.
            run_after: run.run_after.min(now),
            queued_at: now,
            conf: serde_json::Value::Object(serde_json::Map::new()),
            triggered_by: Some("asset".into()),
            triggering_user: None,
            note: None,
            dag_version_id: row.latest_version_id,
            owner: Some(self.id),
        }
    }

    /// Tasks that end inside the scheduler update their outlets like any other.
    pub(super) async fn emit_of_empty_tasks<'p>(
        &self,
        tx: &mut Tx,
        written: impl Iterator<Item = &'p Place>,
    ) -> Result<(), Error> {
        let mut events: Vec<NewAssetEvent> = Vec::new();
        for (run_key, index) in written {
            let run = &self.runs[run_key];
            let ti = &run.planner.tis[*index];
            let outlets = &run.dag.tasks[ti.task].outlets;
            let was = run.stored.get(*index).filter(|_| ti.id != 0).and_then(|stored| stored.state);
            let ended = ti.state == Some(TaskState::Success) && was != Some(TaskState::Success);
            if outlets.is_empty() || !ended || run.dag.dag.tasks[ti.task].lane != Lane::Empty {
                continue;
            }
            let source = tradewind_store::EventRun {
                run_key: *run_key,
                dag_id: run.row.dag_id.clone(),
                run_id: run.row.run_id.clone(),
                partition_key: run.row.partition_key.clone(),
                partition_date: run.row.partition_date,
            };
            let task_id = &run.dag.dag.tasks[ti.task].task_id;
            let at = ti.end_date.unwrap_or(run.row.run_after);
            let updates = outlets.iter().filter_map(AssetUpdate::of_outlet);
            events.extend(updates.map(|update| source.event(&update, task_id, ti.map_index, at)));
        }
        tx.emit_asset_events(&events).await?;
        Ok(())
    }
}

/// Whether the DAG may have such runs at all. If not, its events wait for a version of it that allows them.
fn allows(row: &AssetConsumerRow) -> bool {
    let allowed = &row.allowed_run_types;
    allowed.is_empty() || allowed.iter().any(|allowed| allowed == RunType::AssetTriggered.as_str())
}

/// A DAG's timetable. One that can't be read was refused when the file was parsed.
fn timetable(row: &AssetConsumerRow) -> Option<TimetableSpec> {
    serde_json::from_value(row.timetable.clone())
        .inspect_err(|error| tracing::error!(dag.id = row.dag_id, %error, "the DAG's timetable can't be read"))
        .ok()
}
