//! The worker: takes tries, runs so many at once, tells the server that they live, ends those that are not wanted.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore, mpsc, watch};
use tradewind_core::{TaskState, TryId};
use tradewind_protocol::task_api::{WorkerForm, WorkerHello};
use tradewind_protocol::{TaskApi, Workload};

use crate::attempt::attempt;
use crate::heartbeat;
use crate::host::Hosts;
use crate::lane::{OomWatch, Stop};
use crate::orphans::end_orphans;
use crate::repositories::Repositories;
use crate::setup::Setup;
use crate::token::Token;

/// How a worker is set up.
#[derive(Clone, Debug)]
pub struct WorkerConfig {
    /// Version of the binary.
    pub version: String,
    /// Name of this host, as users see it.
    pub hostname: String,
    /// How it gets tries.
    pub form: WorkerForm,
    /// Its name at its broker, if it has one.
    pub node: Option<String>,
    /// Queues that it serves.
    pub queues: Vec<String>,
    /// Tries that it runs at once.
    pub concurrency: u32,
    /// `[logging] base_log_folder`
    pub base_log_folder: PathBuf,
    /// The api-server does not see that folder: send it every line.
    pub ship_logs: bool,
    /// Others write to the logs of its tries as well: what it sends goes to their ends, wherever these are.
    pub shares_logs: bool,
    /// Name of a bundle to its root folder.
    pub bundles: BTreeMap<String, PathBuf>,
    /// Bundles whose files are fetched as they are needed.
    pub repositories: Option<Arc<dyn Repositories>>,
    /// `[core] killed_task_cleanup_time`: from SIGTERM to SIGKILL.
    pub killed_task_cleanup_time: Duration,
    /// `[callbacks] callback_execution_timeout`: what a try's callbacks and mails may take once its end is decided.
    pub callback_timeout: Duration,
    /// How long python may overrun an execution timeout, which it enforces itself, before it is ended from outside.
    pub timeout_grace: Duration,
    /// The server is not heard of for so long: it takes the tries of this worker as lost, so they are ended here before
    /// they run anywhere else. `None`: never.
    pub fence_after: Option<Duration>,
    /// Run shell commands without Python where the result is the same.
    pub native_bash: bool,
    /// Texts that must not appear in the log of any try: secrets of the configuration.
    pub secrets: Vec<String>,
}

impl WorkerConfig {
    /// The defaults: 32 tries at once, queue `default`, logs in that folder.
    pub fn new(hostname: impl Into<String>, base_log_folder: impl Into<PathBuf>) -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION").into(),
            hostname: hostname.into(),
            form: WorkerForm::Local,
            node: None,
            queues: vec!["default".into()],
            concurrency: 32,
            base_log_folder: base_log_folder.into(),
            ship_logs: false,
            shares_logs: false,
            bundles: BTreeMap::new(),
            repositories: None,
            killed_task_cleanup_time: Duration::from_secs(60),
            callback_timeout: Duration::from_secs(300),
            timeout_grace: Duration::from_secs(5),
            fence_after: None,
            native_bash: true,
            secrets: Vec::new(),
        }
    }
}

impl WorkerConfig {
    /// The server takes tries as lost that it has not heard of for so long: they are ended here before that, SIGTERM,
    /// the time to clean up and SIGKILL included.
    pub fn lost_after(&mut self, timeout: Duration) {
        let half = timeout / 2;
        self.killed_task_cleanup_time = self.killed_task_cleanup_time.min(timeout / 4);
        self.fence_after = Some(half.max(timeout.saturating_sub(self.killed_task_cleanup_time + timeout / 10)));
    }
}

/// A worker. Cheap to clone. It lives as long as its runtime; [`Worker::drain`] and [`Worker::stop`] end it well.
#[derive(Clone)]
pub struct Worker(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) config: WorkerConfig,
    pub(crate) api: Arc<dyn TaskApi>,
    pub(crate) hosts: Hosts,
    pub(crate) oom: Arc<Mutex<OomWatch>>,
    /// 0 until the server knows us.
    pub(crate) worker_id: AtomicI64,
    pub(crate) known: watch::Sender<bool>,
    /// The server takes the end of a log with the end of its try.
    pub(crate) log_ends: AtomicBool,
    pub(crate) slots: Semaphore,
    /// Who is told of what becomes of tries.
    pub(crate) news: OnceLock<mpsc::UnboundedSender<(TryId, News)>>,
    pub(crate) concurrency: AtomicU32,
    /// What may change while it lives; whoever acts on it waits for that.
    pub(crate) setup: watch::Sender<Setup>,
    /// The server has heard that it ends, or never will.
    pub(crate) parted: watch::Sender<bool>,
    tries: Mutex<HashMap<TryId, Arc<Place>>>,
    changed: Notify,
    pub(crate) closed: AtomicBool,
}

impl Worker {
    /// A worker that begins to register and heartbeat at once. Needs a running Tokio runtime.
    pub fn new(config: WorkerConfig, api: Arc<dyn TaskApi>, hosts: impl Into<Hosts>) -> Self {
        let slots = Semaphore::new(config.concurrency.max(1) as usize);
        let concurrency = AtomicU32::new(config.concurrency.max(1));
        let setup = watch::Sender::new(Setup::new(&config));
        let worker = Self(Arc::new(Inner {
            config,
            api,
            hosts: hosts.into(),
            oom: Arc::new(Mutex::new(OomWatch::now())),
            worker_id: AtomicI64::new(0),
            known: watch::Sender::new(false),
            log_ends: AtomicBool::new(false),
            slots,
            news: OnceLock::new(),
            concurrency,
            setup,
            parted: watch::Sender::new(false),
            tries: Mutex::default(),
            changed: Notify::new(),
            closed: AtomicBool::new(false),
        }));
        tokio::spawn(heartbeat::beat(Arc::downgrade(&worker.0)));
        tokio::task::spawn_blocking(end_orphans);
        worker
    }

    /// Takes a try and returns at once. A try that it has already is ignored, so sending it again is harmless. False
    /// if the try is not new, or the worker is going away.
    pub fn submit(&self, workload: Workload) -> bool {
        self.admit(workload, None)
    }

    /// Like [`Worker::submit`], for a try that is not to run: it is claimed and fails with that reason in its log. It
    /// needs no free slot.
    pub(crate) fn refuse(&self, workload: Workload, reason: &str) -> bool {
        self.admit(workload, Some(reason.to_owned()))
    }

    fn admit(&self, workload: Workload, refusal: Option<String>) -> bool {
        if self.0.closed.load(Ordering::Relaxed) {
            tracing::info!(try_id = %workload.try_id, "the worker is going away and takes no more tries");
            return false;
        }
        let try_id = workload.try_id;
        let place = Arc::new(Place::new(&workload, refusal));
        let mut tries = self.0.tries.lock().expect("tries");
        // A try whose end is being recorded can be wanted again (a sensor's next look) before we hear that it was.
        if tries.get(&try_id).is_some_and(|known| known.phase() != Phase::Ending) {
            return false;
        }
        tries.insert(try_id, Arc::clone(&place));
        drop(tries);
        let guard = Guard { inner: Arc::clone(&self.0), try_id, place };
        tokio::spawn(async move {
            attempt(&guard.inner, Arc::new(workload), &guard.place).await;
        });
        true
    }

    /// Ends a try: at once if it has not started, else with SIGTERM and, if need be, SIGKILL.
    pub fn cancel(&self, try_id: TryId) {
        self.end(try_id, heartbeat::UNWANTED);
    }

    /// Like [`Worker::cancel`], with the reason that the log shows.
    pub fn end(&self, try_id: TryId, reason: &str) {
        self.0.end(try_id, reason);
    }

    /// Tries that it has, waiting or running.
    pub fn tries(&self) -> Vec<TryId> {
        self.0.tries()
    }

    /// How many tries it could take now.
    pub fn free_slots(&self) -> u32 {
        let taken = self.0.tries.lock().expect("tries").len();
        self.concurrency().saturating_sub(u32::try_from(taken).unwrap_or(u32::MAX))
    }

    /// How many tries it runs at once.
    pub fn concurrency(&self) -> u32 {
        self.0.concurrency.load(Ordering::Relaxed)
    }

    /// Runs another number of tries at once. Tries that run go on: fewer places show as they end.
    pub fn set_concurrency(&self, wanted: u32) {
        let wanted = wanted.max(1);
        let before = self.0.concurrency.swap(wanted, Ordering::Relaxed);
        self.0.slots.add_permits(wanted.saturating_sub(before) as usize);
        for _ in wanted..before {
            let inner = Arc::clone(&self.0);
            tokio::spawn(async move {
                if let Ok(permit) = inner.slots.acquire().await {
                    permit.forget();
                }
            });
        }
        self.0.changed.notify_waiters();
        self.0.setup.send_modify(|_| {});
    }

    /// What becomes of tries from now on; for one listener.
    pub(crate) fn news(&self) -> mpsc::UnboundedReceiver<(TryId, News)> {
        let (sender, receiver) = mpsc::unbounded_channel();
        let _ = self.0.news.set(sender);
        receiver
    }

    /// Takes no more tries.
    pub fn close(&self) {
        self.0.closed.store(true, Ordering::Relaxed);
        self.0.setup.send_modify(|_| {});
    }

    /// Takes no more tries and waits until those that it has are over.
    pub async fn drain(&self) {
        self.close();
        while !self.0.tries().is_empty() {
            self.changed().await;
        }
    }

    /// Takes no more tries, ends those that it has and waits until their ends are recorded.
    pub async fn stop(&self, reason: &str) {
        self.close();
        for try_id in self.tries() {
            self.end(try_id, reason);
        }
        self.drain().await;
    }

    /// Completes when a try is over; at the latest after a second.
    pub async fn changed(&self) {
        let _ = tokio::time::timeout(Duration::from_secs(1), self.0.changed.notified()).await;
    }

    /// The id that the server gave us; waits until it has.
    pub async fn id(&self) -> i64 {
        self.0.id().await
    }
}

impl Inner {
    pub(crate) fn tell(&self, try_id: TryId, news: News) {
        if let Some(listener) = self.news.get() {
            let _ = listener.send((try_id, news));
        }
    }

    pub(crate) async fn id(&self) -> i64 {
        let _ = self.known.subscribe().wait_for(|known| *known).await;
        self.worker_id.load(Ordering::Acquire)
    }

    pub(crate) fn tries(&self) -> Vec<TryId> {
        self.tries.lock().expect("tries").keys().copied().collect()
    }

    /// Tries that this worker has started and whose end is not recorded yet.
    pub(crate) fn started(&self) -> HashMap<TryId, Arc<Place>> {
        let tries = self.tries.lock().expect("tries");
        let started = tries.iter().filter(|(_, place)| place.phase() != Phase::Waiting);
        started.map(|(try_id, place)| (*try_id, Arc::clone(place))).collect()
    }

    pub(crate) fn end(&self, try_id: TryId, reason: &str) {
        if let Some(place) = self.tries.lock().expect("tries").get(&try_id) {
            place.stop.ask(reason);
        }
    }

    pub(crate) fn hello(&self) -> WorkerHello {
        WorkerHello {
            version: self.config.version.clone(),
            hostname: self.config.hostname.clone(),
            pid: std::process::id(),
            queues: self.setup.borrow().queues.clone(),
            concurrency: self.concurrency.load(Ordering::Relaxed),
            form: Some(self.config.form),
            node: self.config.node.clone(),
        }
    }
}

/// What becomes of a try that a worker was given.
#[derive(Clone, Debug)]
pub(crate) enum News {
    /// It was claimed, and runs.
    Started,
    /// It is over.
    Ended {
        /// How.
        state: TaskState,
        /// Why, if there is something to say.
        reason: Option<String>,
        /// Seconds that it took.
        took: f64,
    },
    /// The worker has nothing to do with it any more: its end is recorded, or it was never to be had.
    Gone,
}

/// How far a try has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// It waits for a slot or for its claim.
    Waiting,
    /// It is claimed.
    Running,
    /// It is over, and its end is being recorded.
    Ending,
}

/// A try that the worker has.
pub(crate) struct Place {
    pub(crate) stop: Stop,
    pub(crate) token: Token,
    /// Why it fails instead of being run.
    pub(crate) refusal: Option<String>,
    phase: Mutex<Phase>,
}

impl Place {
    fn new(workload: &Workload, refusal: Option<String>) -> Self {
        let token = Token::new(&workload.token);
        Self { stop: Stop::default(), token, refusal, phase: Mutex::new(Phase::Waiting) }
    }

    pub(crate) fn phase(&self) -> Phase {
        *self.phase.lock().expect("phase")
    }

    pub(crate) fn enter(&self, phase: Phase) {
        *self.phase.lock().expect("phase") = phase;
    }
}

/// Frees the place when the try's task ends, even by a panic.
struct Guard {
    inner: Arc<Inner>,
    try_id: TryId,
    place: Arc<Place>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        let mut tries = self.inner.tries.lock().expect("tries");
        if tries.get(&self.try_id).is_some_and(|known| Arc::ptr_eq(known, &self.place)) {
            tries.remove(&self.try_id);
        }
        drop(tries);
        self.inner.tell(self.try_id, News::Gone);
        self.inner.changed.notify_waiters();
    }
}
