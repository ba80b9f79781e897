//! What schedulers owe each other: what one does may concern another's runs.

use super::Scheduler;
use super::owned_run::OwnedRun;
use crate::clock::Clock;

impl<C: Clock> Scheduler<C> {
    /// DAGs of which other schedulers' runs may go on because of this write: a run ended and left its place, a run
    /// of a backfill began, a task that later runs look back at ended, or a person changed something.
    pub(super) fn concerns_others(&mut self, touched: &[(i64, usize)], changed_runs: &[i64]) -> Vec<String> {
        let mut dags = std::mem::take(&mut self.concerned);
        let turns = |run: &OwnedRun| run.row.backfill_id.is_some() && run.begins();
        let ended = changed_runs.iter().filter(|key| {
            let run = &self.runs[key];
            run.planner.run.state.is_finished() || turns(run)
        });
        let looked_at = touched.iter().filter(|(key, index)| {
            let planner = &self.runs[key].planner;
            planner.tis[*index].is_finished() && planner.depends_on_past()
        });
        let runs = ended.chain(looked_at.map(|(key, _)| key));
        dags.extend(runs.map(|key| self.runs[key].row.dag_id.clone()));
        dags.into_iter().collect()
    }
}
