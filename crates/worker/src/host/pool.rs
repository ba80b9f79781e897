//! The pool: one root host, restarted when it dies, and the warm hosts that it forked.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use tokio::sync::Mutex;

use super::child::Child;
use super::conversation::Host;
use super::process::{HostConfig, HostError, start};
use super::warm::WarmHosts;

/// Waits between attempts to start a host grow from here …
const FIRST_BACKOFF: Duration = Duration::from_millis(100);
/// … to here.
const LAST_BACKOFF: Duration = Duration::from_secs(30);
/// A host that lived longer than this was all right.
const STABLE: Duration = Duration::from_secs(60);

/// Python hosts of one process. Cheap to clone; the last clone ends the hosts.
#[derive(Clone)]
pub struct HostPool(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) config: HostConfig,
    pub(super) warm: WarmHosts,
    root: Mutex<Root>,
}

/// What is known about the root host.
#[derive(Default)]
struct Root {
    host: Option<Arc<Host>>,
    /// The interpreter that it is.
    python: PathBuf,
    started: Option<Instant>,
    /// Failures in a row.
    failures: u32,
    /// Why the last start failed, and when.
    failed: Option<(Instant, HostError)>,
}

/// What a pool holds at present.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PoolStatus {
    /// Process id of the root host, if it runs.
    pub root: Option<i32>,
    /// Files with a warm host and its process id.
    pub warm: Vec<(std::path::PathBuf, i32)>,
}

impl HostPool {
    /// A pool that starts its root host when it is first needed.
    pub fn new(config: HostConfig) -> Self {
        Self(Arc::new_cyclic(|me: &Weak<Inner>| Inner {
            warm: WarmHosts::new(me.clone()),
            config,
            root: Mutex::default(),
        }))
    }

    /// Starts the root host now: the first job need not wait, and a wrong configuration is told at once.
    ///
    /// # Errors
    /// When the interpreter is missing or cannot import our package.
    pub async fn start(&self) -> Result<(), HostError> {
        self.0.root().await.map(drop)
    }

    /// The configuration.
    pub fn config(&self) -> &HostConfig {
        &self.0.config
    }

    /// What runs at present.
    pub async fn status(&self) -> PoolStatus {
        let root = self.0.root.lock().await.host.as_ref().filter(|h| h.gone().is_none()).map(|h| h.pid());
        PoolStatus { root, warm: self.0.warm.status() }
    }

    /// A child for a job on a DAG file: from the file's warm host if there is one, else from the root host.
    ///
    /// # Errors
    /// When no host can be started.
    pub async fn child_for(&self, file: &Path, root_folder: &Path) -> Result<Child, HostError> {
        // A host can go between being chosen and being asked; the next one is a fresh one.
        let mut last = String::new();
        for _ in 0..3 {
            let host = match self.0.warm.host_for(file, root_folder).await {
                Some(host) => host,
                None => self.0.root().await?,
            };
            match host.fork() {
                Ok(child) => return Ok(child),
                Err(error) => last = error.to_string(),
            }
            host.settle().await;
        }
        Err(HostError::Fork(last))
    }

    /// A child of the root host.
    ///
    /// # Errors
    /// When it cannot be started.
    pub async fn child(&self) -> Result<Child, HostError> {
        self.0.child().await
    }
}

impl Inner {
    pub(super) async fn child(&self) -> Result<Child, HostError> {
        let mut last = String::new();
        for _ in 0..3 {
            let host = self.root().await?;
            match host.fork() {
                Ok(child) => return Ok(child),
                Err(error) => last = error.to_string(),
            }
            host.settle().await;
        }
        Err(HostError::Fork(last))
    }

    /// The root host; started, or started again, if need be.
    pub(super) async fn root(&self) -> Result<Arc<Host>, HostError> {
        let mut root = self.root.lock().await;
        let python = self.config.interpreter();
        if root.host.is_some() && root.python != python {
            // Children keep their host; it goes with the last of them.
            tracing::info!(python = %python.display(), "the environment is another one: new tasks run in it");
            root.host = None;
        }
        if root.python != python {
            (root.failures, root.failed) = (0, None);
            root.python.clone_from(&python);
        }
        if let Some(host) = &root.host {
            match host.gone() {
                None => return Ok(Arc::clone(host)),
                Some(why) => tracing::warn!(pid = host.pid(), why, "the python host is gone; starting another one"),
            }
            root.host = None;
            let lived = root.started.map_or(Duration::ZERO, |at| at.elapsed());
            root.failures = if lived > STABLE { 1 } else { root.failures + 1 };
            // The first replacement comes at once.
            if root.failures > 1 {
                tokio::time::sleep(backoff(root.failures - 1)).await;
            }
        }
        if let Some((at, error)) = &root.failed
            && at.elapsed() < backoff(root.failures)
        {
            return Err(error.clone());
        }
        match start(&self.config, &python).await {
            Ok(host) => {
                root.started = Some(Instant::now());
                root.failed = None;
                root.host = Some(Arc::clone(&host));
                Ok(host)
            }
            Err(error) => {
                root.failures += 1;
                root.failed = Some((Instant::now(), error.clone()));
                Err(error)
            }
        }
    }
}

fn backoff(failures: u32) -> Duration {
    FIRST_BACKOFF.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(LAST_BACKOFF)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backoff_grows_and_ends() {
        assert_eq!(backoff(1), Duration::from_millis(100));
        assert_eq!(backoff(4), Duration::from_millis(800));
        assert_eq!(backoff(40), LAST_BACKOFF);
    }
}
