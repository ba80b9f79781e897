//! A callback that runs in a process that has the DAG files: what a python child gets, and what it answers.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::workload::Workload;

/// What a python child needs to run a callback. Flattened into the `callback` frame.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CallbackJob {
    /// `task`: callbacks and mails of a try that could not see to them itself. `dag`: callbacks of a run's end.
    /// `deadline`: what a missed deadline calls. `sla`: what missed service levels call. `reference`: works out when
    /// a deadline is due.
    pub kind: String,
    /// The DAG.
    pub dag_id: String,
    /// What happened, in the words of that time.
    pub request: Value,
    /// The run that it is about, as `run_get` answers it.
    #[serde(default)]
    pub run: Option<Value>,
    /// The task instance that it is about, as its try knew it.
    #[serde(default)]
    pub ti: Option<Box<Workload>>,
}

/// The answer of the child.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Called {
    /// What went wrong, in one line.
    #[serde(default)]
    pub error: Option<String>,
    /// What was asked for: of a `reference`, the instant or null.
    #[serde(default)]
    pub value: Value,
}
