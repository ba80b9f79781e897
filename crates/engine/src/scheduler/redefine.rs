//! Rows of task instances that were made by another version of the DAG, or for another try: when they line up again,
//! they take over pool, queue, priority and executor of what their task says now.

use tradewind_store::TiDefinition;

use super::Scheduler;
use super::owned_run::{OwnedRun, redefines};

impl<C> Scheduler<C> {
    /// What to write on the rows among these (run and index in its planner) that say something else than their task.
    pub(super) fn redefinitions(&self, written: impl Iterator<Item = (i64, usize)>) -> Vec<TiDefinition> {
        written.filter_map(|(key, index)| self.runs.get(&key)?.redefinition(index)).collect()
    }
}

impl OwnedRun {
    fn redefinition(&self, index: usize) -> Option<TiDefinition> {
        let (ti, stored) = (&self.planner.tis[index], self.stored[index]);
        let task = &self.dag.dag.tasks[ti.task];
        let priority = task.priority_of(ti.try_number);
        let same = stored.dag_version_id == Some(self.dag.version_id) && stored.priority == priority;
        (!same && redefines(stored.state, ti.state)).then(|| TiDefinition {
            ti_id: ti.id,
            operator: self.dag.tasks[ti.task].operator.clone(),
            pool: task.pool.clone(),
            pool_slots: i64::from(task.pool_slots),
            queue: task.queue.clone(),
            priority: i64::from(priority),
            executor: task.executor.clone(),
            dag_version_id: Some(self.dag.version_id),
        })
    }
}
