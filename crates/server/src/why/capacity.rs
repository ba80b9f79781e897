//! What is in use now, for the run whose task instance is asked about.

use std::collections::{HashMap, HashSet};

use tradewind_core::plan::Capacity;
use tradewind_store::{Error, RunRow};

use super::Asker;

impl Asker<'_> {
    /// Pools and limits over all schedulers; the executor is that of the run's own one.
    pub(super) async fn capacity(&self, run: &RunRow) -> Result<Capacity, Error> {
        let usage = self.store.current_usage().await?;
        let same_scheduler: HashSet<i64> = match run.owner {
            Some(owner) => self.store.runs_owned_by(owner).await?.into_iter().collect(),
            None => HashSet::new(),
        };
        let mut capacity = Capacity {
            pools: usage.pools.iter().map(|pool| (pool.name.clone(), (pool.slots, 0))).collect(),
            ..Capacity::default()
        };
        let deferred: HashMap<&str, bool> =
            usage.pools.iter().map(|pool| (pool.name.as_str(), pool.include_deferred)).collect();
        let mut executors: HashMap<String, u32> = HashMap::from([(String::new(), 0)]);
        for row in &usage.rows {
            let holds = row.in_flight || deferred.get(row.pool.as_str()).copied().unwrap_or(false);
            if let Some((_, used)) = capacity.pools.get_mut(&row.pool).filter(|_| holds) {
                *used += row.slots;
            }
            if !row.in_flight {
                continue;
            }
            let tis = u32::try_from(row.tis).unwrap_or(u32::MAX);
            if same_scheduler.contains(&row.run_key) {
                *executors.entry(row.executor.clone().unwrap_or_default()).or_default() += tis;
            }
            *capacity.runs.entry(row.run_key).or_default() += tis;
            if row.dag_id == run.dag_id {
                *capacity.tasks.entry((row.dag_id.clone(), row.task_id.clone())).or_default() += tis;
                *capacity.run_tasks.entry((row.run_key, row.task_id.clone())).or_default() += tis;
            }
        }
        for (name, slots) in self.executors {
            let used = executors.get(name).copied().unwrap_or(0);
            capacity.executors.insert(name.clone(), (*slots, used));
        }
        Ok(capacity)
    }
}
