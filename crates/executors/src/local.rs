//! `LocalExecutor` and `SequentialExecutor`: tries run under the worker inside this process.

use std::sync::Arc;

use async_trait::async_trait;
use tradewind_core::TryId;
use tradewind_protocol::Workload;

use crate::Executor;

/// Who runs tries in this process: the worker. Both calls return at once.
pub trait TryRunner: Send + Sync {
    /// Runs a try in the background. A try that it has already is ignored.
    fn submit(&self, workload: Workload);

    /// Ends a try, if it has it.
    fn cancel(&self, try_id: TryId);
}

/// Hands tries to the worker of this process.
pub struct LocalExecutor {
    name: &'static str,
    slots: Option<u32>,
    runner: Arc<dyn TryRunner>,
}

impl LocalExecutor {
    /// `[core] parallelism` tries at once; 0 means as many as there are.
    pub fn new(parallelism: u32, runner: Arc<dyn TryRunner>) -> Self {
        Self { name: "LocalExecutor", slots: Some(parallelism).filter(|n| *n > 0), runner }
    }

    /// One try at a time, by the name of Airflow's executor of that kind.
    pub fn sequential(runner: Arc<dyn TryRunner>) -> Self {
        Self { name: "SequentialExecutor", slots: Some(1), runner }
    }
}

#[async_trait]
impl Executor for LocalExecutor {
    fn name(&self) -> &str {
        self.name
    }

    fn slots(&self) -> Option<u32> {
        self.slots
    }

    async fn submit(&self, workloads: Vec<Workload>) {
        for workload in workloads {
            self.runner.submit(workload);
        }
    }

    async fn cancel(&self, tries: Vec<TryId>) {
        for try_id in tries {
            self.runner.cancel(try_id);
        }
    }
}
