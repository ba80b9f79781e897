//! The end of a run: when nothing is left to do, when it takes too long, when one failure is enough.

use super::RunPlanner;
use crate::state::{RunState, TaskState};
use crate::time::Timestamp;

impl RunPlanner {
    pub(super) fn timeout_at(&self) -> Option<Timestamp> {
        Some(self.run.start_date? + self.dag.dagrun_timeout?)
    }

    /// Fails a run that takes too long; what has not ended is skipped.
    pub(super) fn check_timeout(&mut self, now: Timestamp) -> bool {
        if self.run.state != RunState::Running || self.timeout_at().is_none_or(|at| at > now) {
            return false;
        }
        let limit = self.dag.dagrun_timeout.unwrap_or_default().as_secs_f64();
        let reason = format!("the run took longer than its dagrun_timeout of {limit:.0} s");
        for index in 0..self.tis.len() {
            if !self.tis[index].is_finished() {
                self.end_undone(index, TaskState::Skipped, Some(&reason), now);
            }
        }
        self.dirty.clear();
        self.end_run(RunState::Failed, now);
        true
    }

    /// `fail_fast`: the first failure ends what runs and skips what has not started, teardowns aside. A failure from
    /// before the run was started again, by clearing other tasks, does not count.
    pub(super) fn check_fail_fast(&mut self, now: Timestamp) {
        if self.failures.is_empty() || self.counts.unfinished() == 0 {
            return;
        }
        let since = self.run.start_date;
        let Some(culprit) = self.failures.iter().map(|&index| &self.tis[index]).find(|ti| ti.end_date >= since) else {
            return;
        };
        let reason = format!("fail_fast: task {} failed", self.dag.tasks[culprit.task].task_id);
        for index in 0..self.tis.len() {
            let ti = &self.tis[index];
            if ti.is_finished() || self.dag.tasks[ti.task].is_teardown {
                continue;
            }
            let in_flight = ti.state.is_some_and(TaskState::is_in_flight);
            let state = if in_flight { TaskState::Failed } else { TaskState::Skipped };
            self.end_undone(index, state, Some(&reason), now);
        }
        self.look_around(now);
    }

    /// When everything has ended, the last tasks decide how the run has.
    pub(super) fn check_end(&mut self, now: Timestamp) {
        if self.counts.unfinished() > 0 || self.run.state.is_finished() {
            return;
        }
        self.end_run(if self.deciding_failures > 0 { RunState::Failed } else { RunState::Success }, now);
    }

    fn end_run(&mut self, state: RunState, now: Timestamp) {
        self.run.state = state;
        self.run.end_date = Some(now);
    }

    /// How many instances are in which state; those without one count as `none`.
    pub fn state_counts(&self) -> std::collections::BTreeMap<&'static str, u32> {
        self.counts.by_name()
    }
}
