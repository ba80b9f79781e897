//! Updates of assets, the queues of those who wait for them, and runs that consume.

use std::rc::Rc;

use tradewind_core::asset::{AssetExpr, AssetKey};
use tradewind_core::plan::{AssetPlan, QueuedEvent};
use tradewind_core::{RunState, Timestamp};

use super::{Consumed, EventRow, Model, RunRow};

/// Whether a condition mentions an asset.
pub fn mentions(condition: &AssetExpr, asset: &AssetKey) -> bool {
    condition.leaves().iter().any(|leaf| matches!(leaf, AssetExpr::Asset(spec) if spec.key == *asset))
}

impl Model {
    /// A try updated assets: whoever waits for them gets the events into its queue.
    pub fn emit(&mut self, assets: &[AssetKey], at: Timestamp, source: (i64, i32)) {
        for asset in assets {
            self.last_event += 1;
            let event_id = self.last_event;
            self.events.insert(event_id, Rc::new(EventRow { asset: asset.clone(), at, source }));
            let waits = |condition: &Option<AssetExpr>| condition.as_ref().is_some_and(|all| mentions(all, asset));
            let dags: Vec<String> =
                self.dags.iter().filter(|(_, dag)| waits(&dag.assets)).map(|(dag_id, _)| dag_id.clone()).collect();
            for dag_id in dags {
                self.queue.insert((dag_id.clone(), event_id));
                self.wake_dag(&dag_id);
            }
        }
    }

    /// What a DAG has not consumed.
    pub fn queue_of(&self, dag_id: &str) -> Vec<QueuedEvent> {
        let of_dag = self.queue.iter().filter(|(dag, _)| dag == dag_id);
        let event = |event_id: &i64| {
            let row = &self.events[event_id];
            QueuedEvent {
                event_id: *event_id,
                asset: row.asset.clone(),
                at: row.at,
                partition_key: None,
                partition_date: None,
                run_key: None,
            }
        };
        of_dag.map(|(_, event_id)| event(event_id)).collect()
    }

    /// Creates the runs of a plan, which take what they consume off the queue; answers their keys.
    pub fn consume(&mut self, dag_id: &str, plan: &AssetPlan, owner: i64, now: Timestamp) -> Vec<i64> {
        let mut created = Vec::new();
        for run in &plan.runs {
            let row = RunRow {
                id: 0,
                dag_id: dag_id.to_owned(),
                run_id: run.run_id(),
                logical_date: None,
                scheduled: false,
                backfill: None,
                run_after: run.run_after.min(now),
                state: RunState::Queued,
                start_date: None,
                end_date: None,
                owner: Some(owner),
                fence: 0,
                clear_number: 0,
            };
            let Some(run_key) = self.create_run(row) else { continue };
            for event_id in &run.events {
                self.queue.remove(&(dag_id.to_owned(), *event_id));
                self.consumed.push(Consumed { dag_id: dag_id.to_owned(), event_id: *event_id, run_key });
            }
            created.push(run_key);
        }
        created
    }
}
