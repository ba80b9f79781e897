//! The dag processor: keeps the database's DAGs equal to the files of the DAG folder.
//!
//! A saved file is parsed at once (inotify), in a forked python child that the [`DagParser`] runs. Nothing is
//! parsed again while neither the file nor a module that it imported has changed, except every
//! [`ProcessorConfig::reparse_after`] for files that look at the world while they are imported. On file systems
//! that don't tell about changes, a scan every [`ProcessorConfig::scan_every`] finds them.

mod apply;
mod files;
mod pipeline;
mod questions;
mod timetables;
mod watch;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration as StdDuration;

use async_trait::async_trait;
use tokio::sync::watch::Receiver;
use tokio_util::sync::CancellationToken;
use tradewind_core::{Duration, Timestamp};
use tradewind_protocol::frames::{ImportError, Parsed};
use tradewind_protocol::serialized_dag::DagDefaults;
use tradewind_store::{Store, Topic};

use crate::clock::Clock;
pub use apply::parsed_dag;
pub use files::{IgnoreSyntax, ListError, list_dag_files};
use pipeline::Pipeline;
pub use questions::{PythonHost, Questions};
pub use timetables::{TimetableHost, Timetables, TimetablesConfig};
use watch::Watch;

/// Imports a DAG file where a crash can't hurt.
#[async_trait]
pub trait DagParser: Send + Sync + 'static {
    /// Imports the file and serializes its DAGs. `had_error`: it had an import error before.
    ///
    /// # Errors
    /// What ended the import from outside (a crash, a timeout, no interpreter), as an import error.
    async fn parse(
        &self,
        path: &Path,
        root: &Path,
        bundle: &str,
        had_error: bool,
        timeout: Duration,
    ) -> Result<Parsed, ImportError>;
}

/// What the dag processor needs to know.
#[derive(Clone, Debug)]
pub struct ProcessorConfig {
    /// Name of the bundle, `dags-folder` for `[core] dags_folder`.
    pub bundle: String,
    /// The folder.
    pub root: PathBuf,
    /// The version of the bundle, if it has any.
    pub version: Option<String>,
    /// Runs stay with the version that they begin with, unless their DAG says otherwise.
    pub pins: bool,
    /// `[dag_processor] dag_file_processor_timeout`
    pub parse_timeout: Duration,
    /// `[dag_processor] parsing_processes`
    pub parallelism: usize,
    /// `[dag_processor] refresh_interval`: how often the folder is scanned, whatever inotify says.
    pub scan_every: Duration,
    /// Parse an unchanged file again after so long.
    pub reparse_after: Duration,
    /// `[core] dag_discovery_safe_mode`: only files that contain the words `dag` and `airflow`.
    pub safe_mode: bool,
    /// `[core] dag_ignore_file_syntax`
    pub ignore_syntax: IgnoreSyntax,
    /// What DAG files leave open.
    pub defaults: DagDefaults,
    /// Everything of the configuration that changes what a file means: with another text it is parsed again.
    pub settings: String,
    /// A link that leads elsewhere when the Python environment of the files is another one: they are parsed again then.
    pub environment: Option<PathBuf>,
    /// `[core] dags_are_paused_at_creation`
    pub paused_at_creation: bool,
    /// Host name, for the job row.
    pub hostname: String,
    /// How often this processor says that it is alive.
    pub heartbeat: Duration,
}

impl ProcessorConfig {
    /// Everything besides its own text that a file's meaning depends on, as it is now.
    pub(crate) fn surroundings(&self) -> String {
        let mut text = self.settings.clone();
        if let Some(target) = self.environment.as_ref().and_then(|link| std::fs::read_link(link).ok()) {
            text.push_str(&format!("environment={}\n", target.display()));
        }
        if let Some(version) = &self.version {
            text.push_str(&format!("version={version}\n"));
        }
        text
    }
}

/// The files of a bundle as they are now, where a bundle has versions.
#[derive(Clone, Debug)]
pub struct Revision {
    /// The folder; nothing in it changes.
    pub root: PathBuf,
    /// Its version.
    pub version: String,
    /// Runs that begin now stay with this version, unless their DAG says otherwise.
    pub pins: bool,
    /// Keeps the folder there.
    pub held: Arc<dyn std::any::Any + Send + Sync>,
}

/// What is known of a file.
#[derive(Clone, Debug, Default)]
pub(crate) struct KnownFile {
    /// Hash over the file and the modules that it imported.
    pub fingerprint: String,
    /// Those modules, absolute.
    pub modules: Vec<String>,
    /// When it was parsed.
    pub parsed_at: Timestamp,
    /// It had an import error.
    pub had_error: bool,
}

/// The loop.
pub struct DagProcessor<C> {
    store: Store,
    parser: Arc<dyn DagParser>,
    config: ProcessorConfig,
    clock: C,
    known: HashMap<String, KnownFile>,
    /// Files to parse, by relative path.
    queue: BTreeSet<String>,
    /// Files being parsed or written.
    pipeline: Pipeline,
    /// Where versions of the bundle are told.
    revisions: Option<Receiver<Option<Revision>>>,
    /// The folder that is parsed stays.
    held: Vec<Arc<dyn std::any::Any + Send + Sync>>,
}

impl<C: Clock> DagProcessor<C> {
    /// A processor for one folder.
    pub fn new(store: Store, parser: Arc<dyn DagParser>, config: ProcessorConfig, clock: C) -> Self {
        let pipeline = Pipeline::default();
        Self {
            store,
            parser,
            config,
            clock,
            known: HashMap::new(),
            queue: BTreeSet::new(),
            pipeline,
            revisions: None,
            held: Vec::new(),
        }
    }

    /// The folder is another one with each version of the bundle: `revisions` tells which.
    #[must_use]
    pub fn following(mut self, revisions: Receiver<Option<Revision>>) -> Self {
        self.revisions = Some(revisions);
        self
    }

    /// Works until `shutdown`. Errors of single files become import errors; errors of the database are logged
    /// and tried again.
    pub async fn run(mut self, shutdown: CancellationToken) {
        let job = loop {
            let registered =
                self.store.register_job("DagProcessorJob", &self.config.hostname, std::process::id(), self.clock.now());
            match registered.await {
                Ok(job) => break job,
                Err(error) => tracing::error!(%error, "the dag processor could not reach the database; it tries again"),
            }
            tokio::select! {
                () = tokio::time::sleep(StdDuration::from_secs(1)) => {}
                () = shutdown.cancelled() => return,
            }
        };
        // The folder of a version never changes; the first one may take a while to come.
        let folder = self.revisions.is_none().then_some(&*self.config.root);
        let mut watch = Watch::start(folder, self.config.environment.as_deref().and_then(Path::parent));
        let mut known_revision = self.revisions.is_none();
        if let Err(error) = self.load_known().await {
            tracing::warn!(%error, "what was parsed before is not known; everything is parsed again");
        }
        let mut hints = self.store.notifier().subscribe(Topic::Timetables);
        let mut next_scan = self.clock.now();
        let mut next_heartbeat = self.clock.now();
        while !shutdown.is_cancelled() {
            let now = self.clock.now();
            if next_heartbeat <= now {
                if let Err(error) = self.store.heartbeat_job(job, now).await {
                    tracing::error!(%error, "the dag processor could not write its heartbeat");
                }
                next_heartbeat = now + self.config.heartbeat;
            }
            if next_scan <= now && known_revision {
                self.scan(now).await;
                self.take_requests().await;
                next_scan = now + self.config.scan_every;
            }
            self.feed();
            let next = if known_revision { next_scan.min(next_heartbeat) } else { next_heartbeat };
            let pause = (next - self.clock.now()).to_std();
            tokio::select! {
                changed = watch.changed() => {
                    for path in changed {
                        self.file_changed(&path, &mut next_scan);
                    }
                }
                step = self.pipeline.step() => self.settle(step),
                () = hints.wait(), if known_revision => self.take_requests().await,
                revision = next_revision(&mut self.revisions) => {
                    self.take_revision(revision);
                    known_revision = true;
                    next_scan = Timestamp::from_micros(0);
                }
                () = tokio::time::sleep(pause) => {}
                () = shutdown.cancelled() => {}
            }
        }
        self.pipeline.abort();
        if let Err(error) = self.store.end_job(job, self.clock.now()).await {
            tracing::warn!(%error, "the dag processor could not say goodbye");
        }
    }

    /// Another version of the bundle: what is under way ends with the old one, all else is parsed from the new one.
    fn take_revision(&mut self, revision: Revision) {
        tracing::info!(bundle = self.config.bundle, version = revision.version, "the bundle has another version");
        self.config.root = revision.root;
        self.config.version = Some(revision.version);
        self.config.pins = revision.pins;
        self.held.push(revision.held);
        let spare = self.held.len().saturating_sub(2);
        self.held.drain(..spare);
    }

    /// Parses every file of the folder once, changed or not, and returns when the database has it all.
    pub async fn run_once(mut self) {
        let now = self.clock.now();
        self.scan(now).await;
        loop {
            self.feed();
            if self.pipeline.is_empty() {
                return;
            }
            let step = self.pipeline.step().await;
            self.settle(step);
        }
    }

    /// Files that somebody wants to have parsed again, changed or not.
    async fn take_requests(&mut self) {
        match self.store.take_parse_requests(&self.config.bundle).await {
            Ok(files) => self.queue.extend(files.into_iter().filter(|file| self.config.root.join(file).is_file())),
            Err(error) => tracing::error!(%error, "requests to parse files could not be read"),
        }
    }

    /// A path below the folder was written, made or removed.
    fn file_changed(&mut self, path: &Path, next_scan: &mut Timestamp) {
        let Ok(relative) = path.strip_prefix(&self.config.root) else {
            if self.config.environment.as_deref() == Some(path) {
                *next_scan = Timestamp::from_micros(0);
            }
            return;
        };
        let relative = relative.to_string_lossy().into_owned();
        if self.known.contains_key(&relative) && path.is_file() {
            self.queue.insert(relative);
        } else {
            // New or removed files and folders, and ignore files: the scan knows what they mean.
            *next_scan = Timestamp::from_micros(0);
        }
        let text = path.to_string_lossy();
        let dependants = self.known.iter().filter(|(_, file)| file.modules.iter().any(|module| *module == text));
        self.queue.extend(dependants.map(|(relative, _)| relative.clone()).collect::<Vec<_>>());
    }

    /// Compares the folder with what is known.
    async fn scan(&mut self, now: Timestamp) {
        let began = tokio::time::Instant::now();
        let (root, syntax, safe_mode) = (self.config.root.clone(), self.config.ignore_syntax, self.config.safe_mode);
        let listed = tokio::task::spawn_blocking(move || list_dag_files(&root, syntax, safe_mode)).await;
        let present = match listed {
            Ok(Ok(present)) => present,
            Ok(Err(error)) => {
                tracing::error!(%error, folder = %self.config.root.display(), "the DAG folder can't be listed");
                return;
            }
            Err(error) => {
                tracing::error!(%error, "listing the DAG folder ended unexpectedly");
                return;
            }
        };
        let mut candidates = BTreeMap::new();
        for relative in &present {
            match self.known.get(relative) {
                Some(known) if known.parsed_at + self.config.reparse_after > now => {
                    candidates.insert(relative.clone(), known.clone());
                }
                _ => {
                    self.queue.insert(relative.clone());
                }
            }
        }
        let (root, settings) = (self.config.root.clone(), self.config.surroundings());
        let changed = tokio::task::spawn_blocking(move || {
            let differs = |(relative, known): &(String, KnownFile)| {
                files::fingerprint(&root.join(relative), &known.modules, &settings) != known.fingerprint
            };
            candidates.into_iter().filter(differs).map(|(relative, _)| relative).collect::<Vec<_>>()
        });
        self.queue.extend(changed.await.unwrap_or_default());
        let took_ms = began.elapsed().as_millis();
        tracing::debug!(files = present.len(), changed = self.queue.len(), took_ms, "looked at the DAG folder");
        self.known.retain(|relative, _| present.contains(relative));
        self.queue.retain(|relative| present.contains(relative));
        if let Err(error) = self.store.deactivate_missing(&self.config.bundle, &present, now).await {
            tracing::error!(%error, "DAGs of removed files could not be marked as gone");
        }
    }
}

/// Waits for another version; for ever when there are none.
async fn next_revision(revisions: &mut Option<Receiver<Option<Revision>>>) -> Revision {
    let Some(revisions) = revisions else { return std::future::pending().await };
    loop {
        if revisions.changed().await.is_err() {
            return std::future::pending().await;
        }
        if let Some(revision) = revisions.borrow_and_update().clone() {
            return revision;
        }
    }
}
