//! What an executor that looks after processes elsewhere asks and tells about tries. The claim decides who runs a
//! try; this is for what happens before it and without it.

use std::collections::HashSet;
use std::time::Duration;

use async_trait::async_trait;
use tradewind_core::{Timestamp, TryId};

/// How a try stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nobody has claimed it. A try may be queued several times, one after the other; the instant says which time.
    Queued {
        /// Since when.
        at: Timestamp,
    },
    /// It was claimed.
    Running {
        /// By a worker of this name.
        hostname: String,
    },
    /// It is over, waits for something, or is not wanted any more.
    Over,
}

/// A pod as its executor sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodNote {
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// The try that it is for.
    pub try_id: TryId,
    /// The scheduler that looks after it.
    pub scheduler: i64,
    /// Kubernetes' word for how far it is, or `Deleted`.
    pub phase: &'static str,
    /// Where it runs.
    pub node: Option<String>,
    /// What Kubernetes says is wrong: one word, and the whole of it.
    pub problem: Option<(String, String)>,
    /// When Kubernetes made it.
    pub created_at: Timestamp,
}

/// The database does not answer: worth another attempt.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the database does not answer as it should: {0}")]
pub struct DeskError(pub String);

/// The scheduler's side of executors.
#[async_trait]
pub trait TryDesk: Send + Sync {
    /// How a try stands now.
    async fn standing(&self, id: TryId) -> Result<Standing, DeskError>;

    /// A queued try cannot be run: it fails, or is to be repeated if tries are left. False: it is not queued any more.
    async fn give_up(&self, id: TryId, reason: &str) -> Result<bool, DeskError>;

    /// The process that ran a claimed try is gone: it fails, or is to be repeated if tries are left. `silent_since`:
    /// only if it gave no sign of life from then on, for those who are not sure. False: it does not run any more, or
    /// is not lost after all.
    async fn lost(&self, id: TryId, silent_since: Option<Timestamp>, reason: &str) -> Result<bool, DeskError>;

    /// Ids of the schedulers that live.
    async fn live_schedulers(&self) -> Result<HashSet<i64>, DeskError>;

    /// A token with which one process runs this try, and nothing else.
    fn token(&self, id: TryId, lasts: Duration) -> String;

    /// A line at the end of a try's log. A line that cannot be delivered is lost.
    async fn say(&self, id: TryId, level: &str, line: &str);

    /// The present.
    fn now(&self) -> Timestamp;

    /// These pods are like this now. For people: nothing is decided by it.
    async fn note_pods(&self, pods: &[PodNote]) -> Result<(), DeskError>;

    /// A namespace, or all of them, has these pods (`namespace/name`): others that were noted before that
    /// instant are gone.
    async fn pods_there(&self, namespace: Option<&str>, there: &[String], since: Timestamp) -> Result<(), DeskError>;
}
