//! Workloads: what an executor gets to run a try.

use tradewind_core::{Duration, TaskState, Timestamp, TryId};
use tradewind_protocol::Workload;
use tradewind_protocol::workload::RunInfo;

use super::owned_run::OwnedRun;
use super::{Error, Scheduler};
use crate::clock::Clock;

impl OwnedRun {
    /// The workload of an instance's current try.
    pub fn workload(&self, index: usize) -> Workload {
        let ti = &self.planner.tis[index];
        let task = &self.dag.dag.tasks[ti.task];
        let details = &self.dag.tasks[ti.task];
        Workload {
            try_id: TryId { ti_id: ti.id, try_number: ti.try_number },
            token: String::new(),
            dag_id: self.row.dag_id.clone(),
            task_id: task.task_id.clone(),
            map_index: ti.map_index,
            try_number: ti.try_number,
            max_tries: ti.max_tries,
            run: RunInfo {
                run_id: self.row.run_id.clone(),
                run_type: self.row.run_type,
                logical_date: self.row.logical_date,
                data_interval_start: self.row.data_interval_start,
                data_interval_end: self.row.data_interval_end,
                run_after: self.row.run_after,
                queued_at: self.row.queued_at,
                start_date: self.planner.run.start_date,
                conf: self.row.conf.clone(),
                clear_number: self.row.clear_number,
                triggering_user: self.row.triggering_user.clone(),
                partition_key: self.row.partition_key.clone(),
                partition_date: self.row.partition_date,
            },
            lane: details.lane.clone(),
            bundle: self.dag.bundle.clone(),
            bundle_version: self.row.bundle_version.clone(),
            file: self.dag.file.clone(),
            dag_version: self.dag.version_id,
            operator: details.operator.clone(),
            pool: task.pool.clone(),
            pool_slots: task.pool_slots,
            queue: task.queue.clone(),
            priority: task.priority_of(ti.try_number),
            queued_at: ti.queued_at.unwrap_or(self.row.run_after),
            execution_timeout: task.execution_timeout,
            do_xcom_push: details.do_xcom_push,
            run_as_user: details.run_as_user.clone(),
            owner: details.owner.clone(),
            email: details.email.clone(),
            first_started_at: ti.first_started_at,
            reschedule_count: ti.reschedule_count,
            outlets: details.outlets.clone(),
            executor_config: details.executor_config.clone(),
            resume: None,
        }
    }
}

impl<C: Clock> Scheduler<C> {
    /// Hands over again what is queued in a run that was just loaded: whoever queued it may have died before the
    /// executor heard of it. For a try that was handed over before, this does nothing.
    pub(super) async fn resubmit_queued(&self, run: &OwnedRun) {
        let queued =
            (0..run.planner.tis.len()).filter(|&index| run.planner.tis[index].state == Some(TaskState::Queued));
        let queued: Vec<_> = queued.map(|index| (self.executor_of(run, index), run.workload(index))).collect();
        if !queued.is_empty() {
            tracing::info!(
                dag.id = %run.row.dag_id,
                run.id = %run.row.run_id,
                tries = queued.len(),
                "queued tries of a run are handed over again"
            );
            self.submit(queued).await;
        }
    }

    /// Tells executors whose messages can be lost of tries that nobody has taken for a while.
    pub(super) async fn remind_executors(&self, now: Timestamp) -> Result<(), Error> {
        let Some(after) = self.executors.iter().filter_map(|executor| executor.reminded_after()).min() else {
            return Ok(());
        };
        let mut by_executor: std::collections::BTreeMap<String, Vec<Workload>> = std::collections::BTreeMap::new();
        let before = now - Duration::from_secs_f64(after.as_secs_f64());
        for (run_key, try_id) in self.store.queued_since(before).await? {
            let Some(run) = self.runs.get(&run_key) else { continue };
            let found =
                run.planner.tis.iter().position(|ti| ti.id == try_id.ti_id && ti.try_number == try_id.try_number);
            if let Some(index) = found {
                by_executor.entry(self.executor_of(run, index)).or_default().push(run.workload(index));
            }
        }
        for (name, queued) in by_executor {
            if let Some(executor) = self.executors.get(&name).filter(|executor| executor.reminded_after().is_some()) {
                executor.remind(queued).await;
            }
        }
        Ok(())
    }

    /// Name of the executor that a task asks for; empty means the default one.
    pub(super) fn executor_of(&self, run: &OwnedRun, index: usize) -> String {
        run.dag.dag.tasks[run.planner.tis[index].task].executor.clone().unwrap_or_default()
    }

    /// Hands tries to their executors.
    pub(super) async fn submit(&self, workloads: Vec<(String, Workload)>) {
        let mut by_executor: std::collections::BTreeMap<String, Vec<Workload>> = std::collections::BTreeMap::new();
        for (executor, workload) in workloads {
            by_executor.entry(executor).or_default().push(workload);
        }
        for (name, batch) in by_executor {
            match self.executors.get(&name) {
                Some(executor) => executor.submit(batch).await,
                None => tracing::error!(executor = name, "a task was admitted to an executor that does not exist"),
            }
        }
    }
}
