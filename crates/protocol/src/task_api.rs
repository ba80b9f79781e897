//! The task API: what workers and running tasks may ask of the server. The same trait is spoken over HTTP by
//! worker processes and in-process by the local executor.

use std::collections::HashMap;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tradewind_core::asset::AssetUpdate;
use tradewind_core::{Deferral, Resume, TaskState, Timestamp, TryId};

use crate::task_call::TaskCall;
use crate::workload::Workload;

/// What workers may ask.
#[async_trait]
pub trait TaskApi: Send + Sync + 'static {
    /// Makes a worker known; answers its id.
    async fn register(&self, hello: WorkerHello) -> Result<WorkerWelcome, TaskApiError>;

    /// Takes queued tries for the worker, waiting up to `wait_ms` for the first one. For executors whose
    /// workers pull. What is answered is still `queued`: only [`TaskApi::start`] decides who runs it.
    async fn claim(&self, request: ClaimRequest) -> Result<Vec<Workload>, TaskApiError>;

    /// The worker is alive and runs these tries. Answers those that it should end.
    async fn heartbeat(&self, beat: Heartbeat) -> Result<HeartbeatReply, TaskApiError>;

    /// Compare-and-set from `queued` to `running`. At most one caller ever gets [`StartOutcome::Started`] for a try.
    async fn start(&self, token: &str, start: StartTry) -> Result<StartOutcome, TaskApiError>;

    /// Records the end of a try that this caller started. Repeating it is harmless.
    async fn finish(&self, token: &str, finish: FinishTry) -> Result<FinishOutcome, TaskApiError>;

    /// A running task asks for or changes something.
    async fn call(&self, token: &str, try_id: TryId, call: TaskCall) -> Result<Value, TaskApiError>;

    /// Template fields of a running try after rendering, secrets masked.
    async fn rendered(&self, token: &str, try_id: TryId, fields: Map<String, Value>) -> Result<(), TaskApiError>;

    /// Appends lines (JSON, newline-terminated) to a try's log at `offset` bytes; used by workers that do not share
    /// a log folder with the api-server. Bytes before the log's present end are ignored. A later part of a try, which
    /// may run on another worker than the parts before it, does not know how long the log is: see [`LOG_END`].
    async fn append_log(&self, token: &str, try_id: TryId, offset: u64, lines: Vec<u8>) -> Result<(), TaskApiError>;
}

/// An offset of [`TaskApi::append_log`]: wherever the log ends. What is sent again, because the answer was lost, is
/// there twice then.
pub const LOG_END: u64 = u64::MAX;

/// A worker introduces itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WorkerHello {
    /// Version of the worker's binary.
    pub version: String,
    /// Host name.
    pub hostname: String,
    /// Process id.
    pub pid: u32,
    /// Queues that it serves.
    pub queues: Vec<String>,
    /// Tries that it runs at once.
    pub concurrency: u32,
    /// How it gets tries. Workers that do not say are older than orders, and obey none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub form: Option<WorkerForm>,
    /// Its name at its broker, if it has one: `celery@host`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
}

/// How a worker gets tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WorkerForm {
    /// From the scheduler that it is a part of.
    Local,
    /// It asks the api-server.
    Edge,
    /// A broker tells it.
    Celery,
    /// It has one and ends with it, as pods do.
    Single,
}

/// What a worker does with new tries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WorkerMode {
    /// Takes them.
    #[default]
    Working,
    /// Takes none until it is told to go on; those that it has go on.
    Maintenance,
    /// Takes none, and ends when those that it has are over.
    Draining,
    /// It has ended.
    Gone,
}

/// What of a worker may change while it lives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerStatus {
    /// Queues that it serves.
    pub queues: Vec<String>,
    /// Tries that it runs at once.
    pub concurrency: u32,
    /// What it does with new tries.
    pub mode: WorkerMode,
    /// Number of the last order that it obeyed; 0 for none.
    pub obeyed: u64,
}

/// What a worker is told to change. What is absent stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerOrder {
    /// Rises with each order of a worker, so that none is obeyed twice.
    pub number: u64,
    /// To serve these queues as well.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub add_queues: Vec<String>,
    /// To serve these no more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remove_queues: Vec<String>,
    /// To take no new tries for a while, or to take them again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maintenance: Option<bool>,
    /// To end when its tries are over.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub shutdown: bool,
}

/// The server's answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WorkerWelcome {
    /// Id for claims and heartbeats.
    pub worker_id: i64,
    /// Version of the server's binary.
    pub version: String,
    /// How often to heartbeat.
    pub heartbeat_ms: u64,
    /// The end of a try's log may come with its end: [`FinishTry::log`].
    #[serde(default)]
    pub takes_log_ends: bool,
}

/// A worker asks for work.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ClaimRequest {
    /// Its id.
    pub worker_id: i64,
    /// Queues that it serves.
    pub queues: Vec<String>,
    /// At most so many tries.
    pub free_slots: u32,
    /// Longest time to wait for the first one.
    pub wait_ms: u64,
    /// Only these, which a broker told of: those that are still queued are answered at once, whatever their queue.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tries: Vec<TryId>,
}

/// A worker is alive. Only tries that it has started are named: those that still wait for a place there are not its own.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Heartbeat {
    /// Its id.
    pub worker_id: i64,
    /// What it runs.
    pub tries: Vec<TryId>,
    /// How it is set up, if that has changed since the server heard of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<WorkerStatus>,
}

/// What the worker should do.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct HeartbeatReply {
    /// Tries that are no longer wanted (cleared, marked, taken as lost): end them.
    pub terminate: Vec<TryId>,
    /// Fresh tokens of the others, so that a try may run longer than a token lasts. Empty in-process.
    #[serde(default, skip_serializing_if = "HashMap::is_empty")]
    pub tokens: HashMap<TryId, String>,
    /// What somebody wants it to change, until it says that it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<WorkerOrder>,
}

/// A worker wants to run a try.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StartTry {
    /// The try.
    pub try_id: TryId,
    /// The worker.
    pub worker_id: i64,
    /// Host that it runs on.
    pub hostname: String,
    /// Process id of the worker.
    pub pid: u32,
    /// When, by the worker's clock.
    pub at: Timestamp,
}

/// Whether it may.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StartOutcome {
    /// It is this worker's now.
    Started,
    /// So it is, and it has waited before: it goes on there.
    Resumed(Box<Resume>),
    /// Somebody else has it, or it is not wanted any more; the text says which.
    Refused(String),
}

/// A try is over.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FinishTry {
    /// The try.
    pub try_id: TryId,
    /// `success`, `failed`, `up_for_retry`, `skipped`, `up_for_reschedule`, `deferred`, `awaiting_input`. `up_for_retry` means "failed;
    /// retry if attempts are left", which the server decides.
    pub state: TaskState,
    /// When, by the worker's clock.
    pub at: Timestamp,
    /// One line for people.
    pub reason: Option<String>,
    /// XComs to store in the same transaction: key to value,, see [`tradewind_core::xcom`].
    #[serde(default)]
    pub xcoms: Map<String, Value>,
    /// How many task instances a mapped task downstream becomes, if one maps over the return value.
    #[serde(default)]
    pub map_length: Option<u32>,
    /// `up_for_reschedule`: when to look again.
    #[serde(default)]
    pub reschedule_at: Option<Timestamp>,
    /// `up_for_retry`: not before, if the task's retry policy says so.
    #[serde(default)]
    pub retry_at: Option<Timestamp>,
    /// The try's process has seen to the task's callbacks and mails; else the server has it done.
    #[serde(default)]
    pub called_back: bool,
    /// Direct downstream tasks to skip.
    #[serde(default)]
    pub skip: Vec<String>,
    /// Assets that the task updated; they count if it succeeded.
    #[serde(default)]
    pub asset_updates: Vec<AssetUpdate>,
    /// `deferred`, `awaiting_input`: what it waits for and how it goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deferral: Option<Box<Deferral>>,
    /// Peak resident memory.
    #[serde(default)]
    pub max_rss_kb: Option<i64>,
    /// User and system time.
    #[serde(default)]
    pub cpu_ms: Option<i64>,
    /// What the server does not have yet of the try's log, from a worker that sends it ([`WorkerWelcome::takes_log_ends`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<LogPart>,
}

/// A part of a try's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogPart {
    /// Where it begins, as in [`TaskApi::append_log`].
    pub offset: u64,
    /// Lines (JSON, newline-terminated).
    pub lines: String,
}

/// Whether the end was recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FinishOutcome {
    /// Now or before.
    Recorded,
    /// The try was not this caller's any more (cleared, marked, taken as lost).
    Stale,
}

/// What went wrong; `code` is for programs, `message` for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct TaskApiError {
    /// The kind.
    pub code: ErrorCode,
    /// One sentence.
    pub message: String,
}

/// Kinds of [`TaskApiError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// There is no such thing.
    NotFound,
    /// It is there already.
    AlreadyExists,
    /// The request makes no sense.
    Invalid,
    /// The token does not allow it (expired, forged, another try's).
    Denied,
    /// The try is not running any more.
    Stale,
    /// Worth another attempt later: server or database away.
    Unavailable,
}

impl TaskApiError {
    /// An error of that kind.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

/// The answer to a [`TaskCall`] is plain JSON; each variant's doc says what.
pub type TaskReply = Value;
