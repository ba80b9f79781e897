//! One transaction for everything that a tick decided.

use std::collections::HashMap;

use tradewind_core::plan::Capacity;
use tradewind_core::{Lane, RunState, TaskState, TryId};

use super::owned_run::OwnedRun;
use super::{Fixed, Message, Scheduler};
use crate::model::{Model, NewTi, RunWrite, TiWrite};

impl Scheduler {
    /// One transaction for everything. When any of it turns out to be stale, nothing of it lasts.
    pub(super) fn apply(&mut self, model: &mut Model, fixed: &Fixed) -> Vec<Message> {
        let mut tx = model.clone();
        let mut touched = std::mem::take(&mut self.touched);
        let mut dirty: Vec<i64> = std::mem::take(&mut self.dirty).into_iter().collect();
        for (dag_id, next) in self.next.drain(..) {
            tx.dags.entry(dag_id).and_modify(|dag| dag.next = next);
        }
        let mut created = Vec::new();
        for run in std::mem::take(&mut self.create) {
            // A schedule goes forwards: others went on while this scheduler was held up after it had planned.
            if run.logical_date > tx.scheduled_dates(&run.dag_id).last().copied() {
                created.extend(tx.create_run(run));
            }
        }
        self.confirm_starts(&tx, fixed, &mut touched, &mut dirty);
        let mut admitted = Vec::new();
        let mut capacity = self.capacity(&tx, fixed);
        for admission in self.queue.admit(&mut capacity) {
            let place = (admission.candidate.run_key, admission.candidate.index);
            if let Some(run) = self.runs.get_mut(&place.0) {
                run.planner.queued(place.1, self.now);
                run.planner.take_touched();
                admitted.push(place);
            }
        }
        touched.extend(admitted.iter().copied());
        touched.sort_unstable();
        touched.dedup();
        let (new, known): (Vec<_>, Vec<_>) =
            touched.iter().copied().partition(|(key, index)| self.runs[key].planner.tis[*index].id == 0);
        let rows: Vec<NewTi> = new.iter().map(|(key, index)| self.runs[key].new_row(*index)).collect();
        let writes: Vec<TiWrite> = known.iter().map(|(key, index)| self.runs[key].write(*index)).collect();
        let mut changed: Vec<i64> = touched.iter().map(|(key, _)| *key).collect();
        changed.extend(dirty.iter().filter(|key| self.runs.get(key).is_some_and(OwnedRun::changed)));
        changed.sort_unstable();
        changed.dedup();
        let run_writes: Vec<RunWrite> = changed.iter().map(|key| self.runs[key].run_write(self.id)).collect();

        let ids = tx.insert_tis(&rows);
        let applied = tx.write_tis(&writes);
        let runs_applied = tx.write_runs(&run_writes);
        let whole = applied.iter().chain(&runs_applied).all(|applied| *applied);
        let Some(ids) = ids.filter(|_| whole) else {
            // Nothing of this lasts: what was planned is planned anew from what is there.
            self.to_load.extend(changed);
            self.busy = true;
            return Vec::new();
        };
        self.busy |= !changed.is_empty() || !created.is_empty();
        self.to_load.extend(created);
        let mut ended = std::mem::take(&mut self.concerned);
        for key in &changed {
            let run = &self.runs[key];
            let past = run.planner.depends_on_past()
                && touched.iter().any(|(k, i)| k == key && run.planner.tis[*i].is_finished());
            let turn = run.row.backfill.is_some() && run.row.state != run.planner.run.state;
            if run.planner.run.state.is_finished() || past || turn {
                ended.insert(run.row.dag_id.clone());
            }
        }
        self.emit_of_empty_tasks(&mut tx, fixed, new.iter().chain(&known));
        let backfills =
            |key: &i64| self.runs[key].row.backfill.is_some() && self.runs[key].planner.run.state.is_finished();
        self.backfill_run_ended = changed.iter().any(backfills);
        let ended: Vec<String> = ended.into_iter().collect();
        tx.tell_others(self.id, &ended);
        tx.delete_inbox(&std::mem::take(&mut self.inbox));
        *model = tx;

        let mut messages = Vec::new();
        for ((key, index), id) in new.iter().zip(ids) {
            let run = self.runs.get_mut(key).expect("written");
            run.planner.tis[*index].id = id;
            run.record(*index, 0);
        }
        for ((key, index), write) in known.iter().zip(&writes) {
            let run = self.runs.get_mut(key).expect("written");
            let flies = |state: Option<TaskState>| state.is_some_and(TaskState::is_in_flight);
            if flies(write.expect_state) && !flies(write.state) {
                let try_number = run.stored[*index].try_number;
                messages.push(Message::Cancel(TryId { ti_id: write.ti_id, try_number }));
            }
            run.record(*index, write.expect_fence + 1);
        }
        for key in &changed {
            let run = self.runs.get_mut(key).expect("written");
            run.row.state = run.planner.run.state;
            if run.row.state.is_finished() && !self.to_load.contains(key) {
                self.dags_to_start.insert(run.row.dag_id.clone());
                self.hold(*key);
                self.to_load.remove(key);
            }
        }
        self.past_changed.extend(ended);
        let waiting = self
            .runs
            .iter()
            .filter(|(_, run)| run.row.state == RunState::Queued && self.dags_to_start.contains(&run.row.dag_id));
        let waiting: Vec<i64> = waiting.map(|(key, _)| *key).collect();
        self.dirty.extend(waiting);
        self.admitted = admitted;
        messages
    }

    /// Forgets a run; it is loaded afresh.
    pub(super) fn hold(&mut self, key: i64) {
        if let Some(at) = self.runs.remove(&key).and_then(|run| run.wake_at) {
            self.timers.remove(&(at, key));
        }
        self.queue.remove_run(key);
        self.to_load.insert(key);
    }

    fn capacity(&self, tx: &Model, fixed: &Fixed) -> Capacity {
        let mut capacity = Capacity {
            pools: tx.pools.iter().map(|(name, slots)| (name.clone(), (*slots, 0))).collect(),
            ..Capacity::default()
        };
        let mut mine = 0;
        for row in tx.usage() {
            let count = row.tis as u32;
            if self.runs.contains_key(&row.run_key) {
                mine += count;
            }
            if let Some((_, used)) = capacity.pools.get_mut(&row.pool) {
                *used += row.slots;
            }
            let dag_id = tx.runs[&row.run_key].dag_id.clone();
            *capacity.runs.entry(row.run_key).or_default() += count;
            *capacity.tasks.entry((dag_id, row.task_id.clone())).or_default() += count;
            *capacity.run_tasks.entry((row.run_key, row.task_id)).or_default() += count;
        }
        capacity.executors = HashMap::from([(String::new(), (Some(fixed.slots), mine))]);
        capacity
    }

    /// Tasks that end inside the scheduler update their assets like any other.
    fn emit_of_empty_tasks<'p>(&self, tx: &mut Model, fixed: &Fixed, places: impl Iterator<Item = &'p (i64, usize)>) {
        for (key, index) in places {
            let run = &self.runs[key];
            let ti = &run.planner.tis[*index];
            let was = run.stored.get(*index).filter(|_| ti.id != 0).and_then(|stored| stored.state);
            let ended = ti.state == Some(TaskState::Success) && was != Some(TaskState::Success);
            if !ended || run.planner.dag.tasks[ti.task].lane != Lane::Empty {
                continue;
            }
            let task = &run.planner.dag.tasks[ti.task];
            let written = tx.tis_of(*key).find(|row| row.task_id == task.task_id && row.map_index == ti.map_index);
            let Some(ti_id) = written.map(|row| row.id) else { continue };
            let at = ti.end_date.unwrap_or(run.row.run_after);
            tx.emit(&fixed.dag(&run.row.dag_id).outlets[ti.task], at, (ti_id, ti.try_number));
        }
    }
}
