//! What others changed: hints are read, runs are loaded, the past is looked at again.

use std::collections::BTreeSet;

use tradewind_core::plan::{Past, PastTask, Run, RunPlanner, RunSnapshot};
use tradewind_core::{RunState, TaskState, TryId};

use super::owned_run::{OwnedRun, instance, stored, try_id};
use super::{Fixed, FixedDag, Message, Scheduler};
use crate::model::{Model, RunRow, TiRow};

impl Scheduler {
    pub(super) fn read(&mut self, model: &mut Model) -> Vec<Message> {
        let mut messages = Vec::new();
        let mut changed = BTreeSet::new();
        let rows = model.read_inbox(self.id);
        self.busy |= !rows.is_empty();
        for row in &rows {
            if let Some(dag_id) = &row.dag_id {
                self.asset_dags.insert(dag_id.clone());
                continue;
            }
            match (row.ti_id, self.runs.get(&row.run_key)) {
                (Some(0), Some(run)) => {
                    self.past_changed.insert(run.row.dag_id.clone());
                    self.dags_to_start.insert(run.row.dag_id.clone());
                }
                (Some(ti_id), Some(_)) => {
                    changed.insert(ti_id);
                }
                (_, _) => {
                    self.to_load.insert(row.run_key);
                }
            }
        }
        for ti in changed.iter().filter_map(|ti_id| model.tis.get(ti_id)) {
            if self.to_load.contains(&ti.run_key) {
                continue;
            }
            let Some(run) = self.runs.get_mut(&ti.run_key) else { continue };
            self.dirty.insert(ti.run_key);
            if run.planner.depends_on_past() {
                self.past_changed.insert(run.row.dag_id.clone());
            }
            let task = run.planner.dag.by_id[&ti.task_id];
            let Some(index) = run.planner.tis.iter().position(|known| known.id == ti.id) else {
                self.to_load.insert(ti.run_key);
                continue;
            };
            let before = run.stored[index];
            let still = ti.state.is_some_and(TaskState::is_in_flight) && before.try_number == ti.try_number;
            if before.state.is_some_and(TaskState::is_in_flight) && !still {
                messages.push(Message::Cancel(TryId { ti_id: ti.id, try_number: before.try_number }));
            }
            run.stored[index] = stored(ti);
            run.planner.observe(instance(ti, task));
            // A trigger has fired: the try goes on, and needs a slot again.
            if ti.state == Some(TaskState::Scheduled) && !run.planner.is_paused() {
                let (limits, candidate) = run.candidate(index);
                self.queue.insert(limits, candidate);
            }
        }
        self.inbox = rows.iter().map(|row| row.id).collect();
        // The engine hears of this by a notification.
        let mut turned = Vec::new();
        for (key, run) in &mut self.runs {
            let paused = model.dags[&run.row.dag_id].paused;
            if run.planner.is_paused() != paused {
                run.planner.set_paused(paused);
                self.dirty.insert(*key);
                self.dags_to_start.insert(run.row.dag_id.clone());
                self.busy = true;
                turned.push(*key);
            }
        }
        turned.into_iter().for_each(|key| self.line_up(key));
        messages
    }

    pub(super) fn load_pending(&mut self, model: &Model, fixed: &Fixed) -> Vec<Message> {
        let mut messages = Vec::new();
        for key in std::mem::take(&mut self.to_load) {
            let old = self.runs.remove(&key);
            if let Some(at) = old.as_ref().and_then(|run| run.wake_at) {
                self.timers.remove(&(at, key));
            }
            self.queue.remove_run(key);
            self.dirty.remove(&key);
            let Some(row) = model.runs.get(&key).map(|row| row.as_ref().clone()) else { continue };
            let tis: Vec<TiRow> = model.tis_of(key).cloned().collect();
            let in_flight = |ti: &TiRow| ti.state.is_some_and(TaskState::is_in_flight);
            let still: BTreeSet<TryId> = tis.iter().filter(|ti| in_flight(ti)).map(try_id).collect();
            for (ti, stored) in old.iter().flat_map(|run| run.planner.tis.iter().zip(&run.stored)) {
                let id = TryId { ti_id: ti.id, try_number: stored.try_number };
                if stored.state.is_some_and(TaskState::is_in_flight) && !still.contains(&id) {
                    messages.push(Message::Cancel(id));
                }
            }
            self.dags_to_start.insert(row.dag_id.clone());
            if row.state.is_finished() || !tis.is_empty() {
                self.past_changed.insert(row.dag_id.clone());
                self.concerned.insert(row.dag_id.clone());
            }
            if row.state.is_finished() || row.owner != Some(self.id) {
                continue;
            }
            let dag = fixed.dag(&row.dag_id);
            let past = past(model, dag, &row);
            let run = Run {
                key,
                state: row.state,
                task_date: row.logical_date.filter(|_| row.backfill.is_none()),
                start_date: row.start_date,
                end_date: row.end_date,
            };
            let instances = tis.iter().map(|ti| instance(ti, dag.dag.by_id[&ti.task_id])).collect();
            let snapshot =
                RunSnapshot { dag: dag.dag.clone(), run, tis: instances, past, paused: model.dags[&row.dag_id].paused };
            messages.extend(
                tis.iter().filter(|ti| ti.state == Some(TaskState::Queued)).map(|ti| Message::Submit(try_id(ti))),
            );
            let run = OwnedRun {
                planner: RunPlanner::new(snapshot),
                stored: tis.iter().map(stored).collect(),
                row,
                wake_at: None,
            };
            self.runs.insert(key, run);
            self.line_up(key);
            self.dirty.insert(key);
        }
        messages
    }

    /// Lines up the instances of a run that wait for room; none of a paused DAG.
    fn line_up(&mut self, key: i64) {
        self.queue.remove_run(key);
        let Some(run) = self.runs.get(&key).filter(|run| !run.planner.is_paused()) else { return };
        for index in 0..run.planner.tis.len() {
            if run.planner.tis[index].state == Some(TaskState::Scheduled) {
                let (limits, candidate) = run.candidate(index);
                self.queue.insert(limits, candidate);
            }
        }
    }

    pub(super) fn refresh_past(&mut self, model: &Model, fixed: &Fixed) {
        let dags = std::mem::take(&mut self.past_changed);
        for (key, run) in &mut self.runs {
            if run.planner.run.state == RunState::Running && dags.contains(&run.row.dag_id) {
                run.planner.set_past(past(model, fixed.dag(&run.row.dag_id), &run.row));
                self.dirty.insert(*key);
            }
        }
    }
}

/// The run before, as far as any task looks at it.
pub fn past(model: &Model, dag: &FixedDag, row: &RunRow) -> Past {
    if !dag.dag.tasks.iter().any(|task| task.depends_on_past) {
        return Past::default();
    }
    let catchup = dag.schedule.as_ref().is_some_and(|(_, restriction)| restriction.catchup);
    let Some(previous) = model.previous_run(row.id, catchup) else { return Past::default() };
    let before = |task_id: &str| -> Vec<Option<TaskState>> {
        model.tis_of(previous.id).filter(|ti| ti.task_id == task_id).map(|ti| ti.state).collect()
    };
    let empty = model.tis_of(previous.id).next().is_none();
    let not_begun = empty && !previous.state.is_finished();
    // One that somebody marked as success before it began counts as done well.
    let marked = empty && previous.state == RunState::Success;
    let well = |state: &Option<TaskState>| matches!(state, Some(TaskState::Success | TaskState::Skipped));
    let done_well = |task_id: &str| !not_begun && before(task_id).iter().all(well);
    let earlier = |task_id: &str| {
        model.runs.values().any(|run| {
            run.dag_id == row.dag_id
                && run.logical_date < row.logical_date
                && run.logical_date.is_some()
                && model.tis_of(run.id).any(|ti| ti.task_id == task_id)
        })
    };
    let tasks = dag.dag.tasks.iter().map(|task| PastTask {
        exists: not_begun || marked || !before(&task.task_id).is_empty(),
        done_well: done_well(&task.task_id),
        downstream_done_well: task.downstream.iter().all(|&down| done_well(&dag.dag.tasks[down].task_id)),
        any_before: earlier(&task.task_id),
    });
    Past { run_id: Some(previous.run_id.clone()), tasks: tasks.collect() }
}
