//! Task instances that are scheduled already when this scheduler hears of them: those that were woken from waiting,
//! and those of runs that were just loaded or unpaused. They stand in line for admission like all others.

use tradewind_core::TaskState;

use super::Scheduler;
use crate::clock::Clock;

impl<C: Clock> Scheduler<C> {
    /// A task instance that waited was woken by its trigger.
    pub(super) fn queue_woken(&mut self, run_key: i64, ti_id: i64) {
        let Some(run) = self.runs.get(&run_key).filter(|run| !run.planner.is_paused()) else { return };
        if let Some(index) = run.planner.tis.iter().position(|ti| ti.id == ti_id) {
            let (limits, candidate) = run.candidate(index);
            self.queue.insert(limits, candidate);
        }
    }

    /// Everything of a run that is scheduled; nothing while its DAG is paused.
    pub(super) fn queue_scheduled(&mut self, run_key: i64) {
        let Some(run) = self.runs.get(&run_key).filter(|run| !run.planner.is_paused()) else { return };
        for index in 0..run.planner.tis.len() {
            if run.planner.tis[index].state == Some(TaskState::Scheduled) {
                let (limits, candidate) = run.candidate(index);
                self.queue.insert(limits, candidate);
            }
        }
    }
}
