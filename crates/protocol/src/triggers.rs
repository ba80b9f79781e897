//! Frames spoken with a python child that runs triggers; see `ARCHITECTURE.md`, "Python host protocol".

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tradewind_core::WaitOutcome;

use crate::task_call::TaskCall;

/// A trigger to run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunTrigger {
    /// The database's number.
    pub id: i64,
    /// Path of its class.
    pub classpath: String,
    /// Arguments, encoded as XComs are.
    pub kwargs: Map<String, Value>,
    /// Its first event is its last; otherwise it goes on for ever.
    pub once: bool,
    /// The task instance that waits: ids, as triggers see them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ti: Option<Value>,
    /// The assets that a watcher's trigger watches: objects with `name` and `uri`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assets: Vec<Value>,
    /// The bundle whose modules and environment it needs.
    #[serde(skip)]
    pub bundle: Option<String>,
    /// Where its log is, below the log folder.
    #[serde(skip)]
    pub log: Option<PathBuf>,
}

/// To a child that runs triggers.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ToTriggers {
    /// Run one.
    RunTrigger(Box<RunTrigger>),
    /// End one.
    CancelTrigger {
        /// Its number.
        id: i64,
        /// A person ended its task: what runs elsewhere is to be ended.
        kill: bool,
    },
    /// Events of a watcher's trigger are in the database.
    Kept {
        /// The trigger.
        id: i64,
        /// How many more.
        count: usize,
    },
    /// Are you there?
    Ping {
        /// Comes back.
        number: u64,
    },
}

/// From a child that runs triggers.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FromTriggers {
    /// A trigger has something to say.
    TriggerSaid {
        /// Its number.
        id: i64,
        /// What.
        outcome: WaitOutcome,
    },
    /// A trigger runs no more.
    TriggerEnded {
        /// Its number.
        id: i64,
        /// It did not end well.
        #[serde(default)]
        failed: bool,
    },
    /// The loop is alive.
    Pong {
        /// Of the ping.
        number: u64,
    },
    /// What the loop is busy with, when it does not answer.
    Blocked {
        /// The trigger that does not let go.
        id: Option<i64>,
        /// Where it is.
        stack: String,
    },
    /// A log record; of a trigger if it has a `trigger_id`.
    Log(Map<String, Value>),
    /// Something that a trigger asks for.
    Call {
        /// Comes back in the reply.
        id: u64,
        /// What is asked.
        #[serde(flatten)]
        call: TaskCall,
    },
    /// Texts that must not appear in logs from here on.
    Mask {
        /// The secrets.
        values: Vec<String>,
    },
    /// A frame of a newer python package.
    #[serde(other)]
    Unknown,
}

/// The job of such a child.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename = "triggers")]
pub struct TriggersJob {
    /// Roots of bundles, put on `sys.path`.
    pub roots: Vec<String>,
    /// `[triggerer] on_kill_timeout`, seconds.
    pub on_kill_timeout: f64,
}
