//! What others want to be told of: ends of runs, and deadlines that are due.

use tradewind_core::{RunState, Timestamp};
use tradewind_store::RunEnd;

use super::owned_run::OwnedRun;
use super::{Error, Scheduler};
use crate::clock::Clock;

impl<C: Clock> Scheduler<C> {
    /// Beginnings and ends that somebody wants to hear of, among runs that were written.
    pub(super) fn ends(&self, run_keys: &[i64]) -> Vec<RunEnd> {
        let changed = run_keys.iter().filter_map(|key| self.runs.get(key));
        let changed = changed.filter(|run| run.planner.run.state != run.stored_state && run.dag.has_alerts);
        changed.flat_map(|run| run.beginning().into_iter().chain(run.end())).collect()
    }

    /// Looks at deadlines whose instant has come; any scheduler looks at those of all runs.
    pub(super) async fn check_deadlines(&mut self, now: Timestamp) -> Result<(), Error> {
        if self.next_deadline.is_none_or(|at| at > now) {
            return Ok(());
        }
        let report = self.store.check_deadlines(now).await?;
        if report.missed > 0 {
            tracing::info!(missed = report.missed, "deadlines were missed");
        }
        self.next_deadline = report.wake_at;
        Ok(())
    }

    /// A run came that may have deadlines, or some time has passed: they are looked at in this tick.
    pub(super) fn deadlines_changed(&mut self) {
        self.next_deadline = Some(Timestamp::from_micros(0));
    }
}

impl OwnedRun {
    /// That the run began, if the database does not know yet.
    fn beginning(&self) -> Option<RunEnd> {
        let at = self.planner.run.start_date.filter(|_| self.begins())?;
        Some(RunEnd {
            run_key: self.row.id,
            dag_id: self.row.dag_id.clone(),
            dag_version_id: self.dag.version_id,
            state: RunState::Running,
            at,
            reason: "running",
        })
    }

    /// How the run ended, if it has.
    fn end(&self) -> Option<RunEnd> {
        let (state, at) = (self.planner.run.state, self.planner.run.end_date?);
        let timeout = self.planner.run.start_date.zip(self.dag.dag.dagrun_timeout);
        let reason = match state {
            RunState::Success => "success",
            // A run that reaches its timeout is ended by it, whatever else is true of it.
            RunState::Failed if timeout.is_some_and(|(start, timeout)| start + timeout <= at) => "timed_out",
            RunState::Failed => "task_failure",
            RunState::Queued | RunState::Running => return None,
        };
        Some(RunEnd {
            run_key: self.row.id,
            dag_id: self.row.dag_id.clone(),
            dag_version_id: self.dag.version_id,
            state,
            at,
            reason,
        })
    }
}
