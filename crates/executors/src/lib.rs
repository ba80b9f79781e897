//! How a try gets a process: in this one (`local`), in a worker that asks for it (`edge`) or that a broker tells of it
//! (`celery`), or in a pod of its own (`kubernetes`); two of them may share the work by queue (`by_queue`).
//!
//! The scheduler commits first and submits then. A submission is only a hint: whether and by whom a try is run is
//! decided by the claim (`TaskApi::start`), so submitting again after a crash is always right.

mod build;
mod by_queue;
mod celery;
mod desk;
mod edge;
pub mod kubernetes;
mod local;

use std::time::Duration;

use async_trait::async_trait;
use tradewind_core::TryId;
use tradewind_protocol::Workload;

pub use build::{AVAILABLE, BuildError, OF_TWO, Parts, build, runs_here};
pub use by_queue::ByQueue;
pub use celery::CeleryExecutor;
pub use desk::{DeskError, PodNote, Standing, TryDesk};
pub use edge::{EdgeExecutor, Notice};
pub use local::{LocalExecutor, TryRunner};

/// Gets tries to where they run.
#[async_trait]
pub trait Executor: Send + Sync {
    /// Its name in configuration and DAG files.
    fn name(&self) -> &str;

    /// How many tries it may have in flight at once; `None` for as many as there are.
    fn slots(&self) -> Option<u32>;

    /// Told once, before anything else: the job of the scheduler that it works for.
    fn begin(&self, _scheduler: i64) {}

    /// Hands tries over, in order. Called after they were committed as queued; repeating is harmless.
    async fn submit(&self, workloads: Vec<Workload>);

    /// These tries are no longer wanted. Repeating, and naming tries that it never had, is harmless.
    async fn cancel(&self, tries: Vec<TryId>);

    /// It wants to be reminded of tries that are still queued so long after they were; `None`: it loses nothing.
    fn reminded_after(&self) -> Option<Duration> {
        None
    }

    /// These tries, all that were handed to it, are still queued: what it sent of them may be lost.
    async fn remind(&self, _queued: Vec<Workload>) {}
}
