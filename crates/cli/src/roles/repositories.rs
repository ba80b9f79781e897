//! The Git bundles of a process: looked at again and again for the dag-processor, fetched for tasks that need them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use serde_json::Value;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tradewind_bundles::{Checkout, GitBundle, GitError, Keep, What};
use tradewind_engine::dag_processor::Revision;
use tradewind_protocol::TaskCall;
use tradewind_protocol::task_api::ErrorCode;
use tradewind_store::{Connection, Store};
use tradewind_worker::host::Answerer;
use tradewind_worker::{Repositories, Root};

use super::git_settings::GitSpec;
use super::settings::Bundle;
use crate::config::{Config, options};
use crate::connection_uri;
use crate::error::CliError;

/// Tries to reach a repository for a task; the pauses between them are these.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(5)];

/// Why this process ends: a repository failed more often than its `max_failures`.
static GAVE_UP: OnceLock<String> = OnceLock::new();

/// The error that a role ends with, if a repository made it end.
///
/// # Errors
/// That one.
pub fn gave_up() -> Result<(), CliError> {
    GAVE_UP.get().map_or(Ok(()), |why| Err(CliError::failed(why.clone())))
}

/// One Git bundle of this process.
#[derive(Debug)]
pub struct Repository {
    bundle: GitBundle,
    spec: GitSpec,
    refresh_every: Duration,
    keep: Keep,
    clean_every: Duration,
    pins: bool,
    /// When it was looked at last.
    looked: Mutex<Option<Instant>>,
}

impl Repository {
    /// Of one bundle, if that is one.
    pub fn of(config: &Config, bundle: &Bundle) -> Option<Self> {
        let spec = bundle.git.clone()?;
        Some(Self {
            bundle: GitBundle::new(spec.settings.clone()),
            refresh_every: spec.refresh.unwrap_or_else(|| config.seconds(&options::REFRESH_INTERVAL)),
            keep: Keep {
                younger_than: config.seconds(&options::STALE_BUNDLE_CLEANUP_AGE),
                newest: usize::try_from(config.int(&options::STALE_BUNDLE_CLEANUP_MIN_VERSIONS)).unwrap_or(0),
            },
            clean_every: config.seconds(&options::STALE_BUNDLE_CLEANUP_INTERVAL),
            pins: !config.flag(&options::DISABLE_BUNDLE_VERSIONING),
            spec,
            looked: Mutex::new(None),
        })
    }

    /// The connection of the bundle: of the environment, else what `ask` answers.
    async fn connection(&self, ask: &Answerer) -> Result<Option<Connection>, GitError> {
        let Some(id) = &self.spec.conn_id else { return Ok(None) };
        let wrong = |what: String| GitError::new(What::Credentials, what);
        let variable = format!("AIRFLOW_CONN_{}", id.to_uppercase());
        if let Ok(text) = std::env::var(&variable) {
            let read = connection_uri::parse(id, &text);
            return read.map(Some).map_err(|what| wrong(format!("{variable}: {what}")));
        }
        match ask(TaskCall::ConnectionGet { conn_id: id.clone() }).await {
            Ok(value) => {
                from_answer(id, &value).map(Some).map_err(|what| wrong(format!("the connection '{id}': {what}")))
            }
            Err(error) if error.code == ErrorCode::NotFound && self.spec.repo_url.is_none() => Err(GitError::new(
                What::Address,
                format!(
                    "there is no connection '{id}'; make it (type git, its host is the repository's address), or set repo_url"
                ),
            )),
            Err(error) if error.code == ErrorCode::NotFound => {
                Err(wrong(format!("there is no connection '{id}', which git_conn_id names")))
            }
            Err(error) => Err(wrong(format!("the connection '{id}' can't be read: {}", error.message))),
        }
    }

    async fn reach(&self, ask: &Answerer) -> Result<(tradewind_bundles::RepoUrl, tradewind_bundles::Access), GitError> {
        let connection = self.connection(ask).await?;
        self.spec.reach(connection.as_ref()).map_err(|what| GitError::new(What::Address, what))
    }

    /// Brings the tracked commit here.
    ///
    /// # Errors
    /// What is wrong with the repository or the way to it.
    pub async fn refresh(&self, ask: &Answerer) -> Result<Checkout, GitError> {
        let (url, access) = self.reach(ask).await?;
        let checkout = self.bundle.refresh(&url, &access).await?;
        *self.looked.lock().expect("looked") = Some(Instant::now());
        Ok(checkout)
    }

    /// The files that a try needs.
    async fn checkout(&self, version: Option<&str>, ask: &Answerer) -> Result<Checkout, GitError> {
        if let Some(commit) = version {
            if let Some(checkout) = self.bundle.here(commit) {
                return Ok(checkout);
            }
            let (url, access) = self.reach(ask).await?;
            return self.bundle.at(commit, &url, &access).await;
        }
        let fresh = self.looked.lock().expect("looked").is_some_and(|at| at.elapsed() < self.refresh_every);
        match self.bundle.last() {
            Some(checkout) if fresh => Ok(checkout),
            last => match (self.refresh(ask).await, last) {
                (Err(error), Some(checkout)) if error.what == What::Network => {
                    tracing::warn!(bundle = self.spec.settings.name, %error, "the last commit that is here is used");
                    Ok(checkout)
                }
                (result, _) => result,
            },
        }
    }

    /// Looks at the repository again and again and tells of every new commit.
    pub async fn follow(
        self: Arc<Self>,
        ask: Answerer,
        tell: watch::Sender<Option<Revision>>,
        shutdown: CancellationToken,
    ) {
        let name = &self.spec.settings.name;
        let (mut failures, mut known, mut cleaned) = (0_u32, None, Instant::now());
        while !shutdown.is_cancelled() {
            let refreshed = tokio::select! {
                refreshed = self.refresh(&ask) => refreshed,
                () = shutdown.cancelled() => return,
            };
            match refreshed {
                Ok(checkout) => {
                    if failures > 0 {
                        tracing::info!(bundle = name, failures, "the repository is reached again");
                    }
                    failures = 0;
                    if known.as_ref() != Some(&checkout.version) {
                        known = Some(checkout.version.clone());
                        tell.send_replace(Some(Revision {
                            root: checkout.root.clone(),
                            version: checkout.version.clone(),
                            pins: self.pins,
                            held: Arc::new(checkout),
                        }));
                    }
                }
                Err(error) => {
                    failures += 1;
                    tracing::error!(
                        bundle = name,
                        wrong = error.what.word(),
                        failures,
                        "the repository can't be used: {error}"
                    );
                    if self.spec.max_failures.is_some_and(|most| failures > most) {
                        let _ = GAVE_UP.set(format!(
                            "the repository of the bundle '{name}' failed {failures} times in a row: {error}"
                        ));
                        shutdown.cancel();
                        return;
                    }
                }
            }
            if cleaned.elapsed() >= self.clean_every && !self.clean_every.is_zero() {
                cleaned = Instant::now();
                let (bundle, keep) = (self.bundle.clone(), self.keep);
                let removed = tokio::task::spawn_blocking(move || bundle.clean(keep)).await.unwrap_or(0);
                tracing::debug!(bundle = name, removed, "old checkouts are removed");
            }
            // Soon again after a failure, so that a short one is over soon.
            let pause = if failures > 0 { self.refresh_every.min(Duration::from_secs(10)) } else { self.refresh_every };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = shutdown.cancelled() => {}
            }
        }
    }
}

/// Keeps the tracked commits of these bundles here, for what uses their folders as they are now (triggers of one's own).
pub fn keep_here(config: &Config, store: &Store, bundles: &[Bundle], shutdown: &CancellationToken) {
    for repository in bundles.iter().filter_map(|bundle| Repository::of(config, bundle)) {
        // Only the dag-processor gives up.
        let repository = Repository { spec: GitSpec { max_failures: None, ..repository.spec }, ..repository };
        let ask = super::parser::answerer(store.clone());
        tokio::spawn(Arc::new(repository).follow(ask, watch::Sender::new(None), shutdown.clone()));
    }
}

/// A connection as the task API answers it.
fn from_answer(id: &str, value: &Value) -> Result<Connection, String> {
    let mut value = value.clone();
    if let Some(object) = value.as_object_mut() {
        object.retain(|key, value| !value.is_null() && !matches!(key.as_str(), "is_encrypted" | "is_extra_encrypted"));
    }
    connection_uri::from_json(id, &value)
}

/// Those of a process, for its worker.
#[derive(Debug)]
struct Fetched(BTreeMap<String, Arc<Repository>>);

/// What a worker in this process fetches files with; `None` if there is no Git bundle.
pub fn for_worker(config: &Config, bundles: &[Bundle]) -> Option<Arc<dyn Repositories>> {
    let found: BTreeMap<String, Arc<Repository>> = bundles
        .iter()
        .filter_map(|bundle| Repository::of(config, bundle).map(|one| (bundle.name.clone(), Arc::new(one))))
        .collect();
    (!found.is_empty()).then(|| Arc::new(Fetched(found)) as Arc<dyn Repositories>)
}

#[async_trait]
impl Repositories for Fetched {
    async fn root(&self, bundle: &str, version: Option<&str>, ask: &Answerer) -> Option<Result<Root, String>> {
        let repository = self.0.get(bundle)?;
        let mut pauses = PAUSES.iter();
        loop {
            match repository.checkout(version, ask).await {
                Ok(checkout) => {
                    let path = checkout.root.clone();
                    return Some(Ok(Root { path, held: Some(Arc::new(checkout)) }));
                }
                Err(error) => match pauses.next() {
                    Some(pause) if error.what == What::Network => tokio::time::sleep(*pause).await,
                    _ => return Some(Err(error.to_string())),
                },
            }
        }
    }
}

/// Brings the tracked commits of these bundles here, for commands that read DAG files themselves; each bundle's folder
/// is that commit's afterwards.
///
/// # Errors
/// What is wrong with a repository.
pub async fn bring_here(config: &Config, bundles: &mut [Bundle], ask: &Answerer) -> Result<Vec<Checkout>, CliError> {
    let mut held = Vec::new();
    for bundle in bundles {
        let Some(repository) = Repository::of(config, bundle) else { continue };
        let checkout = repository.refresh(ask).await.map_err(|error| {
            CliError::failed(format!("the repository of the bundle '{}' can't be used: {error}", bundle.name))
        })?;
        bundle.root.clone_from(&checkout.root);
        bundle.commit = Some(checkout.version.clone());
        held.push(checkout);
    }
    Ok(held)
}
