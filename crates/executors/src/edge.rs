//! `EdgeExecutor`: workers on other machines ask the server for tries over HTTP.
//!
//! The queued rows in the database are the queue, so there is nothing to hand over here: submitting rings the bell for
//! claims that wait at the server, and cancelling for heartbeats that could tell a worker sooner.

use async_trait::async_trait;
use tradewind_core::TryId;
use tradewind_protocol::Workload;

use crate::Executor;

/// What the server should look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Tries were queued for these queues (sorted, each once): waiting claims may find some.
    Queued(Vec<String>),
    /// These tries are no longer wanted: their workers' next heartbeats say so.
    Unwanted(Vec<TryId>),
}

/// Wakes claims that wait at the server.
pub struct EdgeExecutor {
    notify: Box<dyn Fn(Notice) + Send + Sync>,
}

impl EdgeExecutor {
    /// `notify` must return at once.
    pub fn new(notify: impl Fn(Notice) + Send + Sync + 'static) -> Self {
        Self { notify: Box::new(notify) }
    }
}

#[async_trait]
impl Executor for EdgeExecutor {
    fn name(&self) -> &str {
        "EdgeExecutor"
    }

    fn slots(&self) -> Option<u32> {
        None
    }

    async fn submit(&self, workloads: Vec<Workload>) {
        let mut queues: Vec<String> = workloads.into_iter().map(|workload| workload.queue).collect();
        queues.sort();
        queues.dedup();
        if !queues.is_empty() {
            (self.notify)(Notice::Queued(queues));
        }
    }

    async fn cancel(&self, tries: Vec<TryId>) {
        if !tries.is_empty() {
            (self.notify)(Notice::Unwanted(tries));
        }
    }
}
