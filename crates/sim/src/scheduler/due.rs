//! Runs that are due, by schedules and by assets.

use std::collections::BTreeMap;
use std::rc::Rc;

use tradewind_core::RunState;
use tradewind_core::plan::{AssetConsumer, DagSchedule, RunDecision, plan_asset_runs, plan_runs};

use super::{Fixed, Scheduler};
use crate::model::{Model, RunRow};

impl Scheduler {
    pub(super) fn find_due_runs(&mut self, model: &Model, fixed: &Fixed, create_runs: bool) {
        self.create.clear();
        self.next.clear();
        self.due_at = None;
        if !create_runs {
            return;
        }
        let mut schedules = Vec::new();
        for dag in &fixed.dags {
            let Some((timetable, restriction)) = &dag.schedule else { continue };
            let dag_id = &dag.dag.dag_id;
            let (paused, next) = (model.dags[dag_id].paused, model.dags[dag_id].next);
            let active =
                |run: &&Rc<RunRow>| run.dag_id == *dag_id && !run.state.is_finished() && run.backfill.is_none();
            let last = model.scheduled_dates(dag_id).last().copied();
            schedules.push(DagSchedule {
                dag_id: dag_id.clone(),
                timetable: timetable.clone(),
                restriction: *restriction,
                is_paused: paused,
                last: last.map(|start| tradewind_core::timetable::DataInterval { start, end: start + dag.every }),
                next,
                active_runs: model.runs.values().filter(active).count() as u32,
                max_active_runs: dag.dag.max_active_runs,
                taken: Vec::new(),
            });
        }
        let plan = plan_runs(&schedules, 10, self.now);
        self.due_at = plan.wake_at;
        for decision in plan.decisions {
            match decision {
                RunDecision::Create { dag_id, run, run_id } => self.create.push(RunRow {
                    id: 0,
                    dag_id,
                    run_id,
                    logical_date: run.logical_date,
                    scheduled: true,
                    backfill: None,
                    run_after: run.run_after,
                    state: RunState::Queued,
                    start_date: None,
                    end_date: None,
                    owner: Some(self.id),
                    fence: 0,
                    clear_number: 0,
                }),
                RunDecision::SetNext { dag_id, next } => self.next.push((dag_id, next)),
            }
        }
    }

    /// Runs of DAGs whose assets have come: a transaction of its own, as in the engine.
    pub(super) fn create_asset_runs(&mut self, model: &mut Model, fixed: &Fixed) {
        for dag_id in std::mem::take(&mut self.asset_dags) {
            let Some(schedule) = fixed.dag(&dag_id).spec.asset_schedule().filter(|_| !model.dags[&dag_id].paused)
            else {
                continue;
            };
            let queue = model.queue_of(&dag_id);
            let plan = plan_asset_runs(&AssetConsumer { schedule, aliases: BTreeMap::new(), queue, most_keys: 1 });
            let created = model.consume(&dag_id, &plan, self.id, self.now);
            self.busy |= !created.is_empty();
            self.to_load.extend(created);
        }
    }
}
