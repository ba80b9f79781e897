//! Taking in changes: rows that others wrote, own decisions, the run before.

use super::{Past, RunPlanner, RunSnapshot, TaskInstance};
use crate::state::TaskState;
use crate::time::Timestamp;

impl RunPlanner {
    /// Takes in an instance that was not there.
    pub(super) fn add(&mut self, ti: TaskInstance) -> usize {
        let index = self.tis.len();
        self.of_task[ti.task].place(ti.map_index, Some(index));
        self.set_timer(index, None, ti.timer());
        if ti.state == Some(TaskState::UpForRetry) && ti.retry_at.is_none() {
            // When it may be tried again is worked out whatever its upstream tasks do.
            self.dirty.instance(ti.task, index);
        }
        self.tis.push(ti);
        self.count(index, 1);
        self.count_after(index, 1);
        index
    }

    /// Takes in a row as the database has it now.
    pub fn observe(&mut self, ti: TaskInstance) {
        match self.of_task[ti.task].find(ti.map_index) {
            Some(index) => self.replace(index, ti),
            None => {
                let task = ti.task;
                let index = self.add(ti);
                self.mark_after(index);
                self.dirty.instance(task, index);
            }
        }
    }

    fn replace(&mut self, index: usize, new: TaskInstance) {
        let old = &self.tis[index];
        let moved = old.map_index != new.map_index;
        let same = !moved && old.state == new.state && old.skip == new.skip && old.map_length == new.map_length;
        // Whether something waits, runs or is queued is all the same to what comes after it.
        let seen = moved || old.is_finished() || new.is_finished();
        let (old_timer, new_timer) = (old.timer(), new.timer());
        self.set_timer(index, old_timer, new_timer);
        if same {
            if new.is_open() {
                self.dirty.instance(new.task, index);
            }
            self.tis[index] = new;
            return;
        }
        self.count(index, -1);
        if seen {
            self.count_after(index, -1);
        }
        if moved {
            let (task, from) = (self.tis[index].task, self.tis[index].map_index);
            self.of_task[task].place(from, None);
            self.of_task[task].place(new.map_index, Some(index));
        }
        self.tis[index] = new;
        self.count(index, 1);
        if seen {
            self.count_after(index, 1);
            self.mark_after(index);
        }
        if self.tis[index].is_open() {
            self.dirty.instance(self.tis[index].task, index);
        }
    }

    /// Counts an instance (`+1`) among its like, or stops counting it (`-1`).
    fn count(&mut self, index: usize, by: i32) {
        let ti = &self.tis[index];
        let (number, state) = (ti.task, ti.state);
        self.counts.count(state, by);
        self.of_task[number].count(index, ti, by);
        let failed = matches!(state, Some(TaskState::Failed | TaskState::UpstreamFailed));
        if failed && self.dag.tasks[number].decides_run {
            self.deciding_failures = self.deciding_failures.wrapping_add_signed(by as isize);
        }
        if self.dag.fail_fast && state == Some(TaskState::Failed) {
            if by > 0 {
                self.failures.insert(index);
            } else {
                self.failures.remove(&index);
            }
        }
    }

    /// Counts an instance (`+1`), or stops counting it (`-1`), where others look at it.
    fn count_after(&mut self, index: usize, by: i32) {
        let ti = &self.tis[index];
        let task = &self.dag.tasks[ti.task];
        for &down in &task.downstream {
            if task.shared_map_groups(&self.dag.tasks[down]) == 0 {
                self.upstream[down].count(ti.state, task.is_setup, by);
            }
        }
        if !ti.skip.is_empty() {
            let ti = ti.clone();
            self.count_skips(&ti, by);
        }
    }

    /// An instance changed: what looks at it needs a look.
    fn mark_after(&mut self, index: usize) {
        let ti = &self.tis[index];
        let task = &self.dag.tasks[ti.task];
        for &down in &task.downstream {
            let other = &self.dag.tasks[down];
            let shared = task.shared_map_groups(other);
            let one_to_one = shared > 0 && shared == task.map_groups.len() && shared == other.map_groups.len();
            if !one_to_one || ti.map_index < 0 {
                self.dirty.task(down);
                continue;
            }
            // Of a task in the same mapped group, only the instance with the same index looks at this one.
            let instances = &self.of_task[down];
            for index in [instances.single, instances.find(ti.map_index)].into_iter().flatten() {
                self.dirty.instance(down, index);
            }
        }
        for &down in &task.setup_for {
            self.dirty.task(down);
        }
        // How many there are of a mapped task is known when all that it maps over has ended.
        if self.of_task[ti.task].unfinished() == 0 {
            for &down in &task.mapped_by {
                self.dirty.task(down);
            }
        }
    }

    /// Changes an instance as a decision.
    pub(super) fn decide(&mut self, index: usize, change: impl FnOnce(&mut TaskInstance)) {
        let mut ti = self.tis[index].clone();
        change(&mut ti);
        self.replace(index, ti);
        self.touched.insert(index);
    }

    /// Ends an instance without running it.
    pub(super) fn end_undone(&mut self, index: usize, state: TaskState, reason: Option<&str>, now: Timestamp) {
        self.decide(index, |ti| {
            ti.state = Some(state);
            // A task that never ran has begun and ended at the same instant.
            if ti.start_date.is_none() || ti.end_date.is_some() {
                ti.start_date = Some(now);
            }
            ti.end_date = Some(now);
            ti.retry_at = None;
            if let Some(reason) = reason {
                ti.reason = Some(reason.to_owned());
            }
        });
    }

    /// Records that an instance was given to an executor (admission is decided elsewhere).
    pub fn queued(&mut self, index: usize, now: Timestamp) {
        self.decide(index, |ti| {
            ti.state = Some(TaskState::Queued);
            ti.queued_at = Some(now);
        });
    }

    fn set_timer(&mut self, index: usize, old: Option<Timestamp>, new: Option<Timestamp>) {
        if let Some(at) = old {
            self.timers.remove(&(at, index));
        }
        if let Some(at) = new {
            self.timers.insert((at, index));
        }
    }

    /// Takes in what the run before looks like now.
    pub fn set_past(&mut self, past: Past) {
        if self.past != past {
            self.past = past;
            for number in (0..self.dag.tasks.len()).filter(|&n| self.dag.tasks[n].depends_on_past) {
                self.dirty.task(number);
            }
        }
    }

    /// Takes in whether the DAG is paused.
    pub fn set_paused(&mut self, paused: bool) {
        if std::mem::replace(&mut self.paused, paused) && !paused {
            (0..self.dag.tasks.len()).for_each(|number| self.dirty.task(number));
        }
    }

    /// What it knows, for planning afresh.
    pub fn snapshot(&self) -> RunSnapshot {
        RunSnapshot {
            dag: self.dag.clone(),
            run: self.run.clone(),
            tis: self.tis.clone(),
            past: self.past.clone(),
            paused: self.paused,
        }
    }

    /// The DAG is paused.
    pub fn is_paused(&self) -> bool {
        self.paused
    }

    /// Some task of the DAG looks at the run before.
    pub fn depends_on_past(&self) -> bool {
        self.looks_back
    }
}
