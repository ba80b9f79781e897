//! A run that this scheduler owns, and what the database is believed to hold of it.

use std::collections::HashMap;
use std::sync::Arc;

use tradewind_core::plan::{Candidate, Limits, Past, Run, RunPlanner, RunSnapshot, TaskInstance, TaskLimit};
use tradewind_core::{RunState, TaskState, Timestamp, TryId};
use tradewind_store::{RunRow, TiRow};

use super::dags::LoadedDag;

/// A run in memory.
#[derive(Debug)]
pub struct OwnedRun {
    /// The row.
    pub row: RunRow,
    /// The version of the DAG that it uses.
    pub dag: Arc<LoadedDag>,
    /// Decides.
    pub planner: RunPlanner,
    /// What the database holds, by index in the planner: state, fence, try number.
    pub stored: Vec<Stored>,
    /// Index in the planner by the row's number.
    by_id: HashMap<i64, usize>,
    /// State of the run in the database.
    pub stored_state: RunState,
    /// When the planner wants to look again.
    pub wake_at: Option<Timestamp>,
}

/// What the database is believed to hold of one task instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Its state.
    pub state: Option<TaskState>,
    /// Its fence.
    pub fence: i64,
    /// Its try number.
    pub try_number: i32,
    /// Its map index.
    pub map_index: i32,
    /// Version of the DAG that its row was defined by.
    pub dag_version_id: Option<i64>,
    /// Priority on its row.
    pub priority: i32,
}

impl OwnedRun {
    /// Takes in rows as loaded. Task instances of tasks that the DAG no longer has are left out; the caller
    /// marks them removed.
    pub fn new(row: RunRow, tis: Vec<TiRow>, dag: Arc<LoadedDag>, past: Past, paused: bool) -> Self {
        let mut stored = Vec::with_capacity(tis.len());
        let mut by_id = HashMap::with_capacity(tis.len());
        let tis = tis
            .into_iter()
            .filter_map(|ti| {
                let task = *dag.dag.by_id.get(&ti.task_id)?;
                by_id.insert(ti.id, stored.len());
                stored.push(Stored::of(&ti));
                Some(task_instance(ti, task))
            })
            .collect();
        let run = Run {
            key: row.id,
            state: row.state,
            task_date: row.task_date(),
            start_date: row.start_date,
            end_date: row.end_date,
        };
        let stored_state = row.state;
        let planner = RunPlanner::new(RunSnapshot { dag: dag.dag.clone(), run, tis, past, paused });
        Self { row, dag, planner, stored, by_id, stored_state, wake_at: None }
    }

    /// Takes in a row that somebody else wrote. Answers the try that was in flight and is not any more: unless its
    /// worker has reported the end itself (and then ignores being told), it is to be stopped.
    pub fn observe(&mut self, ti: TiRow) -> Option<TryId> {
        let task = *self.dag.dag.by_id.get(&ti.task_id)?;
        let seen = Stored::of(&ti);
        let index = self.by_id.get(&ti.id).copied();
        let cancelled = index.and_then(|index| {
            let before = self.stored[index];
            let was_in_flight = before.state.is_some_and(TaskState::is_in_flight);
            let same_try = before.try_number == ti.try_number;
            let still = ti.state.is_some_and(TaskState::is_in_flight) && same_try;
            (was_in_flight && !still).then_some(TryId { ti_id: ti.id, try_number: before.try_number })
        });
        let id = ti.id;
        self.planner.observe(task_instance(ti, task));
        match index {
            Some(index) => self.stored[index] = seen,
            None => {
                self.by_id.insert(id, self.stored.len());
                self.stored.push(seen);
            }
        }
        cancelled
    }

    /// Remembers the number that the database gave to a new row, and that it holds what the planner has.
    pub fn record_inserted(&mut self, index: usize, id: i64) {
        self.planner.tis[index].id = id;
        self.by_id.insert(id, index);
        self.record_stored(index, 0);
    }

    /// Remembers that the database now holds what the planner has.
    pub fn record_stored(&mut self, index: usize, fence: i64) {
        let ti = &mut self.planner.tis[index];
        ti.fence = fence;
        let before = self.stored.get(index).filter(|stored| !redefines(stored.state, ti.state));
        let task = &self.dag.dag.tasks[ti.task];
        let stored = Stored {
            state: ti.state,
            fence,
            try_number: ti.try_number,
            map_index: ti.map_index,
            dag_version_id: before.map_or(Some(self.dag.version_id), |stored| stored.dag_version_id),
            priority: before.map_or_else(|| task.priority_of(ti.try_number.max(1)), |stored| stored.priority),
        };
        if index == self.stored.len() {
            self.stored.push(stored);
        } else {
            self.stored[index] = stored;
        }
    }

    /// How the planner's instance stands in line for admission.
    pub fn candidate(&self, index: usize) -> (Limits, Candidate) {
        let ti = &self.planner.tis[index];
        let task = &self.dag.dag.tasks[ti.task];
        let own = task.max_active_tis_per_dag.is_some() || task.max_active_tis_per_dagrun.is_some();
        let limits = Limits {
            pool: task.pool.clone(),
            pool_slots: task.pool_slots,
            executor: task.executor.clone().unwrap_or_default(),
            run_key: self.row.id,
            max_active_tasks: self.dag.dag.max_active_tasks,
            task: own.then(|| TaskLimit {
                dag_id: self.row.dag_id.clone(),
                task_id: task.task_id.clone(),
                per_dag: task.max_active_tis_per_dag,
                per_dagrun: task.max_active_tis_per_dagrun,
            }),
        };
        let candidate = Candidate {
            priority: std::cmp::Reverse(task.priority_of(ti.try_number)),
            run_after: self.row.run_after,
            run_key: self.row.id,
            task: ti.task,
            map_index: ti.map_index,
            index,
        };
        (limits, candidate)
    }
}

impl Stored {
    fn of(ti: &TiRow) -> Self {
        Self {
            state: ti.state,
            fence: ti.fence,
            try_number: ti.try_number,
            map_index: ti.map_index,
            dag_version_id: ti.dag_version_id,
            priority: ti.priority,
        }
    }
}

/// Whether a write takes an instance to its next try, whose row says what the task says now.
pub fn redefines(from: Option<TaskState>, to: Option<TaskState>) -> bool {
    let begins = matches!(to, Some(TaskState::Scheduled | TaskState::Queued | TaskState::Success));
    begins && !from.is_some_and(|from| from.is_in_flight() || from.is_finished() || from == TaskState::Deferred)
}

/// A row as the planner sees it.
fn task_instance(ti: TiRow, task: usize) -> TaskInstance {
    TaskInstance {
        id: ti.id,
        task,
        map_index: ti.map_index,
        state: ti.state,
        fence: ti.fence,
        try_number: ti.try_number,
        max_tries: ti.max_tries,
        scheduled_at: ti.scheduled_at,
        queued_at: ti.queued_at,
        start_date: ti.start_date,
        end_date: ti.end_date,
        retry_at: ti.retry_at,
        reason: ti.reason,
        map_length: ti.map_length,
        skip: ti.skip,
        first_started_at: ti.first_started_at,
        reschedule_count: ti.reschedule_count as u32,
    }
}
