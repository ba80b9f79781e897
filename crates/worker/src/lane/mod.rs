//! How a try runs: natively as a shell command, or in a forked python child.

mod bash;
mod memory;
mod python;
mod stop;
mod template;

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Map, Value};
use tradewind_core::asset::AssetUpdate;
use tradewind_core::{Deferral, TaskState, Timestamp};
use tradewind_protocol::{LaneSpec, TaskApi, Workload};

pub use memory::OomWatch;
pub use python::Lingering;
pub use stop::{Ladder, Stop, Why};

use crate::host::{HostPool, How};
use crate::log::TryLog;
use crate::token::Token;

/// What a lane needs to run a try.
pub struct Lane {
    /// Whom to ask.
    pub api: Arc<dyn TaskApi>,
    /// Where python children come from.
    pub hosts: HostPool,
    /// With what.
    pub token: Token,
    /// The try.
    pub workload: Arc<Workload>,
    /// Root of its bundle.
    pub root: PathBuf,
    /// Time between SIGTERM and SIGKILL.
    pub cleanup: Duration,
    /// What a try's callbacks and mails may take once its end is decided.
    pub callbacks: Duration,
    /// What python has beyond the execution timeout before we step in.
    pub timeout_grace: Duration,
    /// Shell commands may run without Python.
    pub native: bool,
    /// To explain a SIGKILL.
    pub oom: Arc<Mutex<OomWatch>>,
}

/// How a try ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// `success`, `failed`, `up_for_retry`, `skipped`, `up_for_reschedule`, `deferred` or `awaiting_input`.
    pub state: TaskState,
    /// One line for people.
    pub reason: Option<String>,
    /// XComs to store with the end.
    pub xcoms: Map<String, Value>,
    /// How many task instances a mapped task downstream becomes.
    pub map_length: Option<u32>,
    /// When to look again.
    pub reschedule_at: Option<Timestamp>,
    /// Not to be tried again before.
    pub retry_at: Option<Timestamp>,
    /// The task's callbacks and mails are seen to.
    pub called_back: bool,
    /// Direct downstream tasks to skip.
    pub skip: Vec<String>,
    /// Assets that it updated.
    pub asset_updates: Vec<AssetUpdate>,
    /// What it waits for and how it goes on.
    pub deferral: Option<Box<Deferral>>,
    /// Peak resident memory, KiB.
    pub max_rss_kb: Option<i64>,
    /// User and system time.
    pub cpu_ms: Option<i64>,
}

impl Outcome {
    /// An end in that state with nothing else to say.
    pub fn new(state: TaskState) -> Self {
        Self {
            state,
            reason: None,
            xcoms: Map::new(),
            map_length: None,
            reschedule_at: None,
            retry_at: None,
            called_back: false,
            skip: Vec::new(),
            asset_updates: Vec::new(),
            deferral: None,
            max_rss_kb: None,
            cpu_ms: None,
        }
    }

    /// Failed; may be tried again if attempts are left.
    pub fn failed(reason: impl Into<String>) -> Self {
        Self { reason: Some(reason.into()), ..Self::new(TaskState::UpForRetry) }
    }
}

/// A try that is over, and what is left of it.
pub struct Ended {
    /// How it ended.
    pub outcome: Outcome,
    /// A child that has reported its end and is about to exit.
    pub child: Option<Lingering>,
}

/// Runs a try in the lane that fits. Its output goes to the log; its end is the answer.
pub async fn run(lane: &Lane, log: &mut TryLog, stop: &Stop) -> Ended {
    if lane.native
        && lane.workload.run_as_user.is_none()
        && let LaneSpec::Bash { .. } = &lane.workload.lane
        && let Some(command) = bash::Command::prepare(&lane.workload)
    {
        let mut outcome = bash::run(lane, command, log, stop).await;
        if outcome.state == TaskState::Success {
            outcome.asset_updates = lane.workload.outlets.iter().filter_map(AssetUpdate::of_outlet).collect();
        }
        return Ended { outcome, child: None };
    }
    python::run(lane, log, stop).await
}

impl Lane {
    /// The end of a process that did not say itself how it ended.
    fn explain(&self, how: &How, why: Option<&Why>) -> String {
        match (why, how) {
            (Some(why), How::HostGone(_)) | (Some(why), How::ForkFailed(_)) => why.to_string(),
            (Some(why), How::Signal(9)) => format!("{why} (killed by SIGKILL because it did not end by itself)"),
            (Some(why), _) => why.to_string(),
            (None, How::Signal(9)) => {
                let struck = self.oom.lock().expect("oom").has_struck();
                match (struck, memory::limit()) {
                    (true, Some(limit)) => {
                        format!("killed by SIGKILL: out of memory (limit {})", memory::readable(limit))
                    }
                    (true, None) => "killed by SIGKILL: out of memory".into(),
                    (false, _) => "killed by SIGKILL, which somebody else sent".into(),
                }
            }
            (None, how) => how.to_string(),
        }
    }
}
