//! `CeleryKubernetesExecutor` and `LocalKubernetesExecutor`: the tries of one queue go to a second executor.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tradewind_core::TryId;
use tradewind_protocol::Workload;

use crate::Executor;

/// Two executors that share the work by queue.
pub struct ByQueue {
    name: &'static str,
    first: Arc<dyn Executor>,
    second: Arc<dyn Executor>,
    queue: String,
}

impl ByQueue {
    /// `second` gets the tries of `queue`, `first` all others.
    pub fn new(name: &'static str, first: Arc<dyn Executor>, second: Arc<dyn Executor>, queue: String) -> Self {
        Self { name, first, second, queue }
    }

    fn split(&self, workloads: Vec<Workload>) -> (Vec<Workload>, Vec<Workload>) {
        workloads.into_iter().partition(|workload| workload.queue != self.queue)
    }
}

#[async_trait]
impl Executor for ByQueue {
    fn name(&self) -> &str {
        self.name
    }

    fn slots(&self) -> Option<u32> {
        // Which of both a try will need is not known when slots are counted: the limit of the one is that of both.
        self.first.slots().or_else(|| self.second.slots())
    }

    fn begin(&self, scheduler: i64) {
        self.first.begin(scheduler);
        self.second.begin(scheduler);
    }

    async fn submit(&self, workloads: Vec<Workload>) {
        let (first, second) = self.split(workloads);
        self.first.submit(first).await;
        self.second.submit(second).await;
    }

    async fn cancel(&self, tries: Vec<TryId>) {
        // A try's id does not say its queue; cancelling a stranger is harmless.
        self.first.cancel(tries.clone()).await;
        self.second.cancel(tries).await;
    }

    fn reminded_after(&self) -> Option<Duration> {
        [self.first.reminded_after(), self.second.reminded_after()].into_iter().flatten().min()
    }

    async fn remind(&self, queued: Vec<Workload>) {
        let (first, second) = self.split(queued);
        if self.first.reminded_after().is_some() {
            self.first.remind(first).await;
        }
        if self.second.reminded_after().is_some() {
            self.second.remind(second).await;
        }
    }
}
