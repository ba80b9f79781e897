//! Why an instance waits, in words.

use super::verdict::{Step, Waits};
use super::{RunPlanner, TaskInstance};
use crate::plan::Reason;
use crate::state::TaskState;
use crate::time::Timestamp;

/// So many upstream tasks are named.
const NAMED: usize = 5;

impl RunPlanner {
    /// Why each unfinished instance waits, as of `now`. Call after [`RunPlanner::plan`].
    pub fn waiting(&self, now: Timestamp) -> Vec<(usize, Reason)> {
        (0..self.tis.len()).filter_map(|index| Some((index, self.why(index, now)?))).collect()
    }

    /// Why one instance waits; `None` if it is finished.
    pub fn why(&self, index: usize, now: Timestamp) -> Option<Reason> {
        let ti = &self.tis[index];
        let state = match ti.state {
            Some(state) if state.is_finished() => return None,
            other => other,
        };
        if let Some(state) =
            state.filter(|s| s.is_in_flight() || matches!(s, TaskState::Deferred | TaskState::AwaitingInput))
        {
            return Some(Reason::InFlight(state));
        }
        if self.run.state.is_finished() {
            return Some(Reason::RunEnded(self.run.state));
        }
        if self.paused {
            return Some(Reason::DagPaused);
        }
        Some(match (state, ti.retry_at) {
            (Some(TaskState::UpForRetry), Some(at)) if at > now => Reason::RetryAt(at),
            (Some(TaskState::UpForReschedule), Some(at)) if at > now => Reason::RescheduleAt(at),
            (Some(TaskState::Scheduled), _) => Reason::Ready,
            _ => match self.step(index) {
                Step::Wait(waits) => self.explain(ti, waits),
                Step::EndBecause(_, reason) => reason,
                Step::Go | Step::End(_) => Reason::Ready,
            },
        })
    }

    fn explain(&self, ti: &TaskInstance, waits: Waits) -> Reason {
        let task = &self.dag.tasks[ti.task];
        let run_id = || self.past.run_id.clone().unwrap_or_default();
        match waits {
            Waits::Rule => Reason::TriggerRule {
                rule: task.trigger_rule,
                upstream: self.upstream_of(ti),
                unfinished: self.unfinished_of(&task.upstream),
            },
            Waits::Setups => Reason::SetupsNotDone { unfinished: self.unfinished_of(&task.setups) },
            Waits::Past { missing } => Reason::PastNotDone { run_id: run_id(), missing },
            Waits::PastDownstream => Reason::PastDownstreamNotDone { run_id: run_id() },
            Waits::Map(upstream) => Reason::MapUnknown { upstream: self.dag.tasks[upstream].task_id.clone() },
        }
    }

    /// The first few of these tasks that have instances which are not done.
    fn unfinished_of(&self, tasks: &[usize]) -> Vec<String> {
        let open = tasks.iter().filter(|&&number| self.of_task[number].unfinished() > 0);
        open.take(NAMED).map(|&number| self.dag.tasks[number].task_id.clone()).collect()
    }
}
