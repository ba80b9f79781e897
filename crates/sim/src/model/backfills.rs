//! Backfills: made, paused, cancelled, finished.

use tradewind_core::plan::{BackfillStep, backfill_step};
use tradewind_core::timetable::{NextRun, run_id};
use tradewind_core::{Reprocess, RunState, RunType, TaskState, Timestamp};

use super::{BackfillRow, Model, RunRow};

/// A backfill to make.
#[derive(Clone, Debug)]
pub struct NewBackfill {
    /// Its DAG.
    pub dag_id: String,
    /// Its dates, in the order of starting.
    pub dates: Vec<NextRun>,
    /// What happens to dates that have a run.
    pub reprocess: Reprocess,
    /// Runs at once.
    pub max_active_runs: u32,
    /// Retries of the tasks that are cleared, by task id.
    pub retries: Vec<(String, i32)>,
}

impl Model {
    /// Makes a backfill with all its runs; `None`: the DAG has one that is not over.
    pub fn create_backfill(&mut self, new: &NewBackfill) -> Option<i64> {
        if self.backfills.values().any(|row| row.dag_id == new.dag_id && !row.completed) {
            return None;
        }
        self.last_backfill += 1;
        let id = self.last_backfill;
        let (mut again, mut created) = (Vec::new(), Vec::new());
        for (index, date) in new.dates.iter().enumerate() {
            let there =
                self.runs.values().find(|run| run.dag_id == new.dag_id && run.logical_date == date.logical_date);
            let there = there.map(|run| (run.id, run.state));
            let place = (id, index as i32 + 1);
            match (backfill_step(there.map(|(_, state)| state), new.reprocess), there) {
                (BackfillStep::Create, _) => created.push(RunRow {
                    id: 0,
                    dag_id: new.dag_id.clone(),
                    run_id: run_id(RunType::Backfill, date.run_after),
                    logical_date: date.logical_date,
                    scheduled: true,
                    backfill: Some(place),
                    run_after: date.run_after,
                    state: RunState::Queued,
                    start_date: None,
                    end_date: None,
                    owner: None,
                    fence: 0,
                    clear_number: 0,
                }),
                (BackfillStep::Reprocess, Some((run_key, _))) => again.push((run_key, place)),
                _ => {}
            }
        }
        let mut does = !again.is_empty();
        for run in created {
            does |= self.create_run(run).is_some();
        }
        let keys: Vec<i64> = again.iter().map(|(run_key, _)| *run_key).collect();
        let retries = |task_id: &str| new.retries.iter().find(|(task, _)| task == task_id).map(|(_, retries)| *retries);
        let tis: Vec<(i64, Option<i32>)> = keys
            .iter()
            .flat_map(|run_key| self.tis_of(*run_key).filter(|ti| ti.state.is_some()))
            .map(|ti| (ti.id, retries(&ti.task_id)))
            .collect();
        self.clear_tis_and(&tis, &keys);
        for (run_key, place) in again {
            if let Some(run) = self.run_mut(run_key) {
                run.backfill = Some(place);
                run.scheduled = true;
            }
        }
        let row = BackfillRow {
            dag_id: new.dag_id.clone(),
            max_active_runs: new.max_active_runs,
            paused: false,
            completed: !does,
        };
        self.backfills.insert(id, row);
        Some(id)
    }

    /// Pauses or unpauses a backfill that is not over; answers whether there is one.
    pub fn set_backfill_paused(&mut self, id: i64, paused: bool) -> bool {
        let Some(row) = self.backfills.get_mut(&id).filter(|row| !row.completed) else { return false };
        row.paused = paused;
        let mut owners: Vec<(Option<i64>, i64)> = self
            .runs
            .values()
            .filter(|run| run.backfill.is_some_and(|(of, _)| of == id) && run.state == RunState::Queued)
            .map(|run| (run.owner, run.id))
            .collect();
        owners.sort_unstable();
        owners.dedup_by_key(|(owner, _)| *owner);
        owners.into_iter().for_each(|(_, run_key)| self.add_to_inbox(run_key, None));
        true
    }

    /// Ends a backfill: its queued runs fail. Answers whether it was not over.
    pub fn cancel_backfill(&mut self, id: i64, at: Timestamp) -> bool {
        let Some(row) = self.backfills.get_mut(&id).filter(|row| !row.completed) else { return false };
        row.paused = true;
        row.completed = true;
        let queued = self.runs.values().filter(|run| run.backfill.is_some_and(|(of, _)| of == id));
        let queued: Vec<i64> = queued.filter(|run| run.state == RunState::Queued).map(|run| run.id).collect();
        let open: Vec<i64> = queued
            .iter()
            .flat_map(|run_key| self.tis_of(*run_key).filter(|ti| !ti.state.is_some_and(TaskState::is_finished)))
            .map(|ti| ti.id)
            .collect();
        self.mark(&open, TaskState::Skipped, at, "the backfill was cancelled");
        for run_key in &queued {
            if let Some(run) = self.run_mut(*run_key) {
                run.state = RunState::Failed;
                run.end_date = Some(at);
            }
        }
        self.runs_were_changed(&queued);
        true
    }

    /// Ends every backfill whose runs are all over; answers which.
    pub fn complete_backfills(&mut self) -> Vec<i64> {
        let open = |id: i64| {
            self.runs.values().any(|run| run.backfill.is_some_and(|(of, _)| of == id) && !run.state.is_finished())
        };
        let done: Vec<i64> =
            self.backfills.iter().filter(|(id, row)| !row.completed && !open(**id)).map(|(id, _)| *id).collect();
        for id in &done {
            self.backfills.entry(*id).and_modify(|row| row.completed = true);
        }
        done
    }
}
