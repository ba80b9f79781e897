//! A try that waits without a worker: how it says so, and how it goes on.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::asset::AssetUpdate;
use crate::state::TaskState;
use crate::time::{Duration, Timestamp};

/// What a try waits for, and how it goes on. Values are encoded as XComs are.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Deferral {
    /// Path of the trigger's class; empty when a person's answer is waited for.
    #[serde(default)]
    pub classpath: String,
    /// Arguments that make the trigger again.
    #[serde(default)]
    pub kwargs: Map<String, Value>,
    /// Method of the task that goes on.
    pub next_method: String,
    /// Its arguments, besides the event.
    #[serde(default)]
    pub next_kwargs: Map<String, Value>,
    /// Longest time to wait, from now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Duration>,
    /// Queue of triggerers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<String>,
    /// The task has nothing to do once the waiting is over: it may end without a process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends: Option<Ends>,
    /// What the task does to assets if it ends well without going on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub asset_updates: Vec<AssetUpdate>,
}

/// How a task ends when what it waited for is there, without a process.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Ends {
    /// A failure becomes a skip.
    #[serde(default)]
    pub soft_fail: bool,
    /// Runs in these states fail the task, though they end the waiting.
    #[serde(default)]
    pub failed_states: Vec<String>,
}

/// Where a try goes on that has waited.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resume {
    /// Method of the task; `__fail__` when the waiting failed.
    pub next_method: String,
    /// Its arguments with the event, encoded as XComs are.
    pub next_kwargs: Map<String, Value>,
    /// When the try started: its first part.
    #[serde(default)]
    pub started_at: Option<Timestamp>,
}

/// What a trigger's event does to the task that waits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum WaitOutcome {
    /// It goes on with this payload, encoded as XComs are.
    Event {
        /// The payload.
        payload: Value,
    },
    /// It goes on by raising `TaskDeferralError`.
    Failure {
        /// One line.
        error: String,
        /// Python's traceback.
        #[serde(default)]
        traceback: Vec<String>,
    },
    /// It is over, without going on.
    End {
        /// `success`, `failed` or `skipped`; `up_for_retry`: failed, and repeated if tries are left.
        state: TaskState,
        /// XComs to store.
        #[serde(default)]
        xcoms: Map<String, Value>,
        /// For people.
        #[serde(default)]
        reason: Option<String>,
    },
}
