//! Frames spoken with python hosts and their children; see `ARCHITECTURE.md`, "Python host protocol".
//!
//! A frame is a 4-byte big-endian length and that many bytes of JSON.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tradewind_core::asset::AssetUpdate;
use tradewind_core::timetable::{DataInterval, NextRun};
use tradewind_core::{Deferral, TaskState, Timestamp};

use crate::callback::{CallbackJob, Called};
use crate::serialized_dag::SerializedDag;
use crate::task_api::TaskApiError;
use crate::task_call::TaskCall;
use crate::workload::Workload;

/// No frame may be longer (64 MiB): a longer one means that the stream is out of step.
pub const MAX_FRAME: usize = 64 << 20;

/// From us to a host (root or warm).
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ToHost {
    /// Fork a child; three descriptors travel with it: control socket, stdout, stderr.
    Fork {
        /// Our number of the job.
        job: u64,
    },
    /// Signal a child's process group.
    Kill {
        /// The job.
        job: u64,
        /// Signal number.
        signal: i32,
    },
}

/// From a host to us.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FromHost {
    /// It can fork now.
    Ready {
        /// Its process id.
        pid: i32,
        /// Python's version.
        python: String,
        /// A warm host: the other files below the root that importing its file loaded.
        #[serde(default)]
        modules: Vec<String>,
    },
    /// A warm host cannot serve its file.
    Unfit {
        /// Why.
        reason: String,
    },
    /// A child runs.
    Forked {
        /// The job.
        job: u64,
        /// The child's process id.
        pid: i32,
    },
    /// No child.
    ForkFailed {
        /// The job.
        job: u64,
        /// Why.
        error: String,
    },
    /// A child was reaped.
    Exited {
        /// The job.
        job: u64,
        /// Exit code, if it exited.
        code: Option<i32>,
        /// Signal, if one ended it.
        signal: Option<i32>,
        /// Peak resident memory.
        max_rss_kb: i64,
        /// User and system time.
        cpu_ms: i64,
    },
}

/// The first frame to a child: its job.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Job {
    /// Import a DAG file and serialize its DAGs.
    Parse {
        /// Absolute path.
        path: String,
        /// Root of the bundle, put on `sys.path`.
        root: String,
        /// Name of the bundle.
        bundle: String,
        /// It had an import error before, which listeners of plugins are told.
        #[serde(default)]
        had_error: bool,
    },
    /// Ask a timetable of the user's own.
    Timetable {
        /// Absolute path of the DAG's file.
        path: String,
        /// Root of the bundle.
        root: String,
        /// The timetable.
        #[serde(flatten)]
        class: TimetableClass,
        /// What to ask.
        ask: TimetableAsk,
    },
    /// Tell something that only the Python environment knows.
    Ask {
        /// `plugins`, `providers`, `connection_test`
        question: String,
        /// What else belongs to the question.
        about: Value,
    },
    /// Import a DAG file and become a host.
    Warm {
        /// Absolute path.
        path: String,
        /// Root of the bundle.
        root: String,
    },
    /// Run a try.
    Run {
        /// Absolute path of the DAG file.
        path: String,
        /// Root of the bundle.
        root: String,
        /// The try.
        #[serde(flatten)]
        workload: Box<Workload>,
    },
    /// Run a callback.
    Callback {
        /// Absolute path of the DAG file.
        path: String,
        /// Root of the bundle.
        root: String,
        /// The callback.
        #[serde(flatten)]
        callback: Box<CallbackJob>,
    },
}

/// A timetable class of the user's own, and how to make it again.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TimetableClass {
    /// Module that has it; none: the DAG's own file.
    #[serde(default)]
    pub module: Option<String>,
    /// Qualified name in the module.
    pub class: String,
    /// What its `deserialize` takes.
    #[serde(default)]
    pub data: Value,
}

/// A question to a timetable.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum TimetableAsk {
    /// Which run comes next, which after that, and so on.
    Next {
        /// What the last run covered.
        after: Option<DataInterval>,
        /// Earliest logical date.
        earliest: Option<Timestamp>,
        /// Latest logical date.
        latest: Option<Timestamp>,
        /// Whether runs that were missed are made up for.
        catchup: bool,
        /// The present.
        now: Timestamp,
        /// So many runs after `now` are enough.
        future: usize,
        /// So many runs altogether are enough.
        most: usize,
    },
    /// The data interval of a run that somebody starts.
    Manual {
        /// When it is to run.
        run_after: Timestamp,
    },
}

/// The answer to [`Job::Timetable`].
#[derive(Clone, Debug, Default, Deserialize)]
pub struct TimetableAnswered {
    /// To [`TimetableAsk::Next`].
    #[serde(default)]
    pub runs: Vec<NextRun>,
    /// Nothing comes after those.
    #[serde(default)]
    pub ended: bool,
    /// To [`TimetableAsk::Manual`].
    #[serde(default)]
    pub interval: Option<DataInterval>,
    /// The author's code failed; `runs` is what it said before.
    #[serde(default)]
    pub error: Option<ImportError>,
}

/// The answer to [`Job::Ask`].
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Told {
    /// What was asked for.
    #[serde(default)]
    pub answer: Value,
    /// Why there is no answer.
    #[serde(default)]
    pub error: Option<String>,
}

/// The answer to [`Job::Parse`].
#[derive(Debug, Default, Deserialize)]
pub struct Parsed {
    /// The file's DAGs.
    #[serde(default)]
    pub dags: Vec<SerializedDag>,
    /// Why (some of) the file could not be read.
    #[serde(default)]
    pub import_error: Option<ImportError>,
    /// Python warnings raised while importing.
    #[serde(default)]
    pub warnings: Vec<String>,
    /// Other files below the root that the import loaded.
    #[serde(default)]
    pub modules: Vec<String>,
    /// How long it took.
    #[serde(default)]
    pub duration_ms: i64,
}

/// What is wrong with a DAG file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ImportError {
    /// One line: exception type and message.
    pub message: String,
    /// Line in the DAG file, if one is to blame.
    #[serde(default)]
    pub line: Option<u32>,
    /// Python's traceback.
    #[serde(default)]
    pub traceback: String,
}

/// From a child that runs a try.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FromChild {
    /// A log record: `timestamp`, `level`, `logger`, `event` and whatever else it has.
    Log(Map<String, Value>),
    /// A task API call.
    Call {
        /// Comes back in the reply.
        id: u64,
        /// What is asked.
        #[serde(flatten)]
        call: TaskCall,
    },
    /// Template fields after rendering, secrets masked.
    Rendered {
        /// Attribute to value.
        fields: Map<String, Value>,
    },
    /// The try is over; the child exits.
    Done(Box<Done>),
    /// How the try is going to end: what follows are the task's callbacks and mails. If the child does not live to say
    /// [`FromChild::Done`], this is its end.
    Decided(Box<Done>),
    /// The answer to a parse job.
    Parsed(Box<Parsed>),
    /// The answer to a timetable job.
    Answered(Box<TimetableAnswered>),
    /// The answer to a question about the Python environment.
    Told(Box<Told>),
    /// The answer to a callback job; the child exits.
    Called(Box<Called>),
    /// Texts that must not appear in the log from here on.
    Mask {
        /// The secrets.
        values: Vec<String>,
    },
    /// A frame of a newer python package.
    #[serde(other)]
    Unknown,
}

/// How a try ended, as the child says.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Done {
    /// `success`, `failed`, `up_for_retry` (failed, may be tried again), `skipped`, `up_for_reschedule`, `deferred`,
    /// `awaiting_input`.
    pub state: Option<TaskState>,
    /// One line for people: why it failed or was skipped.
    #[serde(default)]
    pub reason: Option<String>,
    /// XComs to store together with the end: key to value,, see [`tradewind_core::xcom`].
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
    /// The child has seen to the task's callbacks and mails.
    #[serde(default)]
    pub called_back: bool,
    /// Ids of direct downstream tasks to skip (branching, short circuit).
    #[serde(default)]
    pub skip: Vec<String>,
    /// Assets that the task updated.
    #[serde(default)]
    pub asset_updates: Vec<AssetUpdate>,
    /// `deferred`, `awaiting_input`: what it waits for and how it goes on.
    #[serde(default)]
    pub deferral: Option<Box<Deferral>>,
    /// Peak resident memory of the child.
    #[serde(default)]
    pub max_rss_kb: i64,
    /// User and system time of the child and what it waited for.
    #[serde(default)]
    pub cpu_ms: i64,
}

/// To a child that runs a try: the answer to a call.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename = "reply")]
pub struct Reply {
    /// The call's id.
    pub id: u64,
    /// The answer.
    #[serde(flatten)]
    pub result: ReplyResult,
}

/// The answer to a call.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReplyResult {
    /// It worked.
    Ok(Value),
    /// It did not.
    Error(TaskApiError),
}
