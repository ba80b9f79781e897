//! A run that a scheduler plans: its planner, and what the database holds of it.

use tradewind_core::plan::{Candidate, Limits, RunPlanner, TaskInstance, TaskLimit};
use tradewind_core::{TaskState, Timestamp, TryId};

use crate::model::{NewTi, RunRow, RunWrite, TiRow, TiWrite};

/// The run.
#[derive(Debug)]
pub(super) struct OwnedRun {
    pub(super) row: RunRow,
    pub(super) planner: RunPlanner,
    pub(super) stored: Vec<Stored>,
    pub(super) wake_at: Option<Timestamp>,
}

/// What the database holds of a task instance.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stored {
    pub(super) state: Option<TaskState>,
    pub(super) fence: i64,
    pub(super) try_number: i32,
}

impl OwnedRun {
    pub(super) fn changed(&self) -> bool {
        self.planner.run.state != self.row.state
    }

    pub(super) fn candidate(&self, index: usize) -> (Limits, Candidate) {
        let (ti, dag) = (&self.planner.tis[index], &self.planner.dag);
        let task = &dag.tasks[ti.task];
        let own = task.max_active_tis_per_dag.is_some() || task.max_active_tis_per_dagrun.is_some();
        let limits = Limits {
            pool: task.pool.clone(),
            pool_slots: task.pool_slots,
            executor: String::new(),
            run_key: self.row.id,
            max_active_tasks: dag.max_active_tasks,
            task: own.then(|| TaskLimit {
                dag_id: dag.dag_id.clone(),
                task_id: task.task_id.clone(),
                per_dag: task.max_active_tis_per_dag,
                per_dagrun: task.max_active_tis_per_dagrun,
            }),
        };
        let candidate = Candidate {
            priority: std::cmp::Reverse(task.priority),
            run_after: self.row.run_after,
            run_key: self.row.id,
            task: ti.task,
            map_index: ti.map_index,
            index,
        };
        (limits, candidate)
    }

    pub(super) fn record(&mut self, index: usize, fence: i64) {
        let ti = &mut self.planner.tis[index];
        ti.fence = fence;
        let stored = Stored { state: ti.state, fence, try_number: ti.try_number };
        if index == self.stored.len() { self.stored.push(stored) } else { self.stored[index] = stored }
    }

    pub(super) fn new_row(&self, index: usize) -> NewTi {
        let ti = &self.planner.tis[index];
        let task = &self.planner.dag.tasks[ti.task];
        NewTi {
            run_key: self.row.id,
            task_id: task.task_id.clone(),
            map_index: ti.map_index,
            state: ti.state,
            try_number: ti.try_number,
            max_tries: ti.max_tries,
            scheduled_at: ti.scheduled_at,
            queued_at: ti.queued_at,
            start_date: ti.start_date,
            end_date: ti.end_date,
            reason: ti.reason.clone(),
            pool: task.pool.clone(),
            pool_slots: i64::from(task.pool_slots),
        }
    }

    pub(super) fn write(&self, index: usize) -> TiWrite {
        let (ti, stored) = (&self.planner.tis[index], self.stored[index]);
        TiWrite {
            ti_id: ti.id,
            expect_state: stored.state,
            expect_fence: stored.fence,
            state: ti.state,
            map_index: ti.map_index,
            try_number: ti.try_number,
            max_tries: ti.max_tries,
            scheduled_at: ti.scheduled_at,
            queued_at: ti.queued_at,
            start_date: ti.start_date,
            end_date: ti.end_date,
            retry_at: ti.retry_at,
            reason: ti.reason.clone(),
        }
    }

    pub(super) fn run_write(&self, owner: i64) -> RunWrite {
        let run = &self.planner.run;
        RunWrite {
            run_key: self.row.id,
            expect_state: self.row.state,
            expect_fence: self.row.fence,
            owner,
            state: run.state,
            start_date: run.start_date,
            end_date: run.end_date,
        }
    }
}

pub(super) fn try_id(ti: &TiRow) -> TryId {
    TryId { ti_id: ti.id, try_number: ti.try_number }
}

pub(super) fn stored(ti: &TiRow) -> Stored {
    Stored { state: ti.state, fence: ti.fence, try_number: ti.try_number }
}

/// A row as the planner sees it.
pub(super) fn instance(ti: &TiRow, task: usize) -> TaskInstance {
    TaskInstance {
        id: ti.id,
        state: ti.state,
        fence: ti.fence,
        try_number: ti.try_number,
        scheduled_at: ti.scheduled_at,
        queued_at: ti.queued_at,
        start_date: ti.start_date,
        end_date: ti.end_date,
        retry_at: ti.retry_at,
        reason: ti.reason.clone(),
        map_length: ti.map_length,
        skip: ti.skip.clone(),
        first_started_at: ti.first_started_at,
        reschedule_count: ti.reschedule_count as u32,
        ..TaskInstance::new(task, ti.map_index, ti.max_tries)
    }
}
