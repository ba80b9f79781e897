//! What others changed: the inbox names runs and task instances, never what to do about them.

use std::collections::HashSet;

use tradewind_core::plan::{Past, PastTask};
use tradewind_core::{RunState, TaskState, TryId};

use super::owned_run::OwnedRun;
use super::{Error, Scheduler};
use crate::clock::Clock;

impl<C: Clock> Scheduler<C> {
    /// Reads the inbox and takes in what it names. Answers the rows to delete together with the next write.
    pub(super) async fn read_inbox(&mut self) -> Result<Vec<i64>, Error> {
        let mut rows = self.store.read_inbox(self.id).await?;
        // A scheduler that creates no runs leaves what others are to see.
        rows.retain(|row| row.dag_id.is_none() || self.config.create_runs);
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let mut changed = Vec::new();
        for row in &rows {
            if let Some(dag_id) = &row.dag_id {
                self.asset_dags.insert(dag_id.clone());
                continue;
            }
            match (row.ti_id, self.runs.get(&row.run_key)) {
                // Something around the run: a place became free, or the run before went on.
                (Some(0), Some(run)) => {
                    self.past_changed.insert(run.row.dag_id.clone());
                    self.dags_to_start.insert(run.row.dag_id.clone());
                }
                (Some(ti_id), Some(_)) => changed.push(ti_id),
                (_, _) => {
                    self.to_load.insert(row.run_key);
                }
            }
        }
        changed.sort_unstable();
        changed.dedup();
        let mut cancelled = Vec::new();
        for ti in self.store.load_tis(&changed).await? {
            if self.to_load.contains(&ti.run_key) {
                continue;
            }
            let row_key = ti.run_key;
            let Some(run) = self.runs.get_mut(&row_key) else { continue };
            self.dirty.insert(ti.run_key);
            if run.planner.depends_on_past() {
                self.past_changed.insert(run.row.dag_id.clone());
            }
            let woken = (ti.state == Some(TaskState::Scheduled)).then_some(ti.id);
            cancelled.extend(run.observe(ti));
            if let Some(ti_id) = woken {
                self.queue_woken(row_key, ti_id);
            }
        }
        self.cancel(cancelled).await;
        Ok(rows.iter().map(|row| row.id).collect())
    }

    /// Loads the runs that are new, or that changed in ways that are easier loaded than told.
    pub(super) async fn load_pending(&mut self) -> Result<(), Error> {
        let keys: Vec<i64> = std::mem::take(&mut self.to_load).into_iter().collect();
        if keys.is_empty() {
            return Ok(());
        }
        let found = self.store.load_runs(&keys).await?;
        let mut gone: HashSet<i64> = keys.iter().copied().collect();
        for (row, tis) in found {
            let run_key = row.id;
            if row.state.is_finished() || !tis.is_empty() {
                // Cleared, marked or adopted: runs that look back at this one look again, here and elsewhere.
                self.past_changed.insert(row.dag_id.clone());
                self.concerned.insert(row.dag_id.clone());
            }
            if row.state.is_finished() {
                // Nothing to plan; whatever was in memory is dropped below.
                self.dags_to_start.insert(row.dag_id.clone());
                self.cancel_in_flight_unless(run_key, &[]).await;
                continue;
            }
            if row.owner != Some(self.id) {
                // Another scheduler plans it by now, and has its queued tries handed over again.
                continue;
            }
            let Some(status) = self.store.dag_status(&row.dag_id).await? else { continue };
            // A plain folder holds one version of each file: an unfinished run goes on with the newest. A run of a
            // bundle that has versions stays with its own.
            let version = match row.bundle_version {
                None => status.latest_version_id.or(row.dag_version_id),
                Some(_) => row.dag_version_id.or(status.latest_version_id),
            };
            let Some(version) = version else { continue };
            let Some(dag) = self.dags.get(&self.store, version, &self.config.defaults).await? else { continue };
            let past = self.load_past(&row, &dag).await?;
            if dag.has_alerts {
                self.deadlines_changed();
            }
            self.cancel_in_flight_unless(run_key, &tis).await;
            gone.remove(&run_key);
            self.drop_run(run_key);
            let run = OwnedRun::new(row, tis, dag, past, status.is_paused);
            self.dags_to_start.insert(run.row.dag_id.clone());
            self.resubmit_queued(&run).await;
            self.runs.insert(run_key, run);
            self.queue_scheduled(run_key);
            self.dirty.insert(run_key);
        }
        for run_key in gone {
            self.drop_run(run_key);
        }
        self.dags.sweep();
        Ok(())
    }

    /// Forgets a run.
    pub(super) fn drop_run(&mut self, run_key: i64) {
        if let Some(run) = self.runs.remove(&run_key)
            && let Some(at) = run.wake_at
        {
            self.timers.remove(&(at, run_key));
        }
        self.queue.remove_run(run_key);
        self.dirty.remove(&run_key);
    }

    /// Tells executors to stop tries. For tries that are over already, this does nothing.
    pub(super) async fn cancel(&self, tries: Vec<TryId>) {
        if tries.is_empty() {
            return;
        }
        for executor in self.executors.iter() {
            executor.cancel(tries.clone()).await;
        }
    }

    /// Stops what we believed to be in flight and the rows say is not.
    async fn cancel_in_flight_unless(&self, run_key: i64, rows: &[tradewind_store::TiRow]) {
        let Some(run) = self.runs.get(&run_key) else { return };
        let still: HashSet<TryId> = rows
            .iter()
            .filter(|ti| ti.state.is_some_and(TaskState::is_in_flight))
            .map(|ti| TryId { ti_id: ti.id, try_number: ti.try_number })
            .collect();
        let before = run.planner.tis.iter().zip(&run.stored);
        let cancelled = before
            .filter(|(_, stored)| stored.state.is_some_and(TaskState::is_in_flight))
            .map(|(ti, stored)| TryId { ti_id: ti.id, try_number: stored.try_number })
            .filter(|try_id| !still.contains(try_id))
            .collect();
        self.cancel(cancelled).await;
    }

    /// The run before, as far as any task looks at it.
    pub(super) async fn load_past(
        &self,
        row: &tradewind_store::RunRow,
        dag: &super::dags::LoadedDag,
    ) -> Result<Past, Error> {
        if !dag.dag.tasks.iter().any(|task| task.depends_on_past) {
            return Ok(Past::default());
        }
        let Some(previous) = self.store.previous_run(row.id).await? else { return Ok(Past::default()) };
        let counts = self.store.task_outcomes(previous.run_key).await?;
        let missing: Vec<String> = dag
            .dag
            .tasks
            .iter()
            .filter(|task| task.depends_on_past && !counts.contains_key(&task.task_id))
            .map(|task| task.task_id.clone())
            .collect();
        let earlier = if missing.is_empty() {
            missing
        } else {
            self.store.tasks_with_earlier_instances(row.id, &missing).await?
        };
        // A run that has not begun has no instances yet, and none of its tasks is done.
        let not_begun = counts.is_empty() && !previous.state.is_finished();
        // One that somebody marked as success before it began counts as done well.
        let marked = counts.is_empty() && previous.state == RunState::Success;
        let done_well =
            |task_id: &str| !not_begun && counts.get(task_id).is_none_or(|outcome| outcome.unsuccessful == 0);
        let tasks = dag
            .dag
            .tasks
            .iter()
            .map(|task| PastTask {
                exists: not_begun || marked || counts.contains_key(&task.task_id),
                done_well: done_well(&task.task_id),
                downstream_done_well: task.downstream.iter().all(|&down| done_well(&dag.dag.tasks[down].task_id)),
                any_before: earlier.contains(&task.task_id),
            })
            .collect();
        Ok(Past { run_id: Some(previous.run_id), tasks })
    }

    /// Where task instances changed, runs after theirs look at the past again; those that stand in line do when they
    /// begin.
    pub(super) async fn refresh_past(&mut self) -> Result<(), Error> {
        if self.past_changed.is_empty() {
            return Ok(());
        }
        let dags = std::mem::take(&mut self.past_changed);
        let followers: Vec<i64> = self
            .runs
            .iter()
            .filter(|(_, run)| run.planner.run.state == RunState::Running && dags.contains(&run.row.dag_id))
            .map(|(key, _)| *key)
            .collect();
        for run_key in followers {
            let run = &self.runs[&run_key];
            let past = self.load_past(&run.row, &run.dag).await?;
            if let Some(run) = self.runs.get_mut(&run_key) {
                run.planner.set_past(past);
                self.dirty.insert(run_key);
            }
        }
        Ok(())
    }
}
