//! `KubernetesExecutor`: every try gets a pod of its own, which claims that try from the task API, runs it and ends.
//!
//! | file | what |
//! | --- | --- |
//! | `pod.rs`, `merge.rs`, `legacy.rs`, `names.rs` | what a pod looks like; pure |
//! | `hook.rs` | what an installation changes about every pod |
//! | `sight.rs` | what its status says; pure |
//! | `control.rs` | the loop: which pods are wanted and which are there |
//! | `settle.rs` | what is done about a pod that is over, missing or stuck |
//! | `requests.rs` | what is asked of Kubernetes |
//! | `access.rs` | reaching Kubernetes, and what its refusals mean |
//! | `record.rs` | what people see of pods |
//! | `cleanup.rs` | `kubernetes cleanup-pods` |
//!
//! The name of a pod is computed from its try, so that asking for it twice, by whomever, makes it once. Whether a try
//! runs is decided by its claim, so a pod too many does no harm.

mod access;
mod cleanup;
mod config;
mod control;
mod hook;
mod legacy;
mod merge;
mod names;
mod pod;
mod record;
mod requests;
mod settle;
mod sight;

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use kube::Client;
use tokio::sync::mpsc;
use tradewind_core::TryId;
use tradewind_protocol::Workload;

pub use access::{Access, Trouble, deepest};
pub use cleanup::Cleanup;
pub use config::KubernetesConfig;
pub use hook::{HookFailure, PodHook};
pub use pod::{Asker, DONE, Described, OURS, OWNER, TRY, describe, read_template};
pub use sight::{Problem, Sight, see};

use crate::{Executor, TryDesk};
use control::{Command, Control};
use requests::Requests;

/// The executor's name in configuration and DAG files.
pub const NAME: &str = "KubernetesExecutor";

/// Runs each try in a pod.
pub struct KubernetesExecutor {
    slots: Option<u32>,
    commands: mpsc::UnboundedSender<Command>,
    idle: Mutex<Option<Control>>,
}

impl KubernetesExecutor {
    /// With `[core] parallelism` pods at once; 0 means as many as there are. It does nothing until it is told which
    /// scheduler it works for. `hook`: changes every pod, if the installation wants it.
    pub fn new(
        config: KubernetesConfig,
        client: Client,
        desk: Arc<dyn TryDesk>,
        hook: Option<Arc<dyn PodHook>>,
        parallelism: u32,
    ) -> Self {
        let (commands, inbox) = mpsc::unbounded_channel();
        let control = Control::new(Requests::new(client, Arc::new(config), desk, hook), inbox);
        Self { slots: Some(parallelism).filter(|n| *n > 0), commands, idle: Mutex::new(Some(control)) }
    }
}

#[async_trait]
impl Executor for KubernetesExecutor {
    fn name(&self) -> &str {
        NAME
    }

    fn slots(&self) -> Option<u32> {
        self.slots
    }

    fn begin(&self, scheduler: i64) {
        let control = self.idle.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(control) = control {
            tokio::spawn(control.run(scheduler));
        }
    }

    async fn submit(&self, workloads: Vec<Workload>) {
        let _ = self.commands.send(Command::Run(workloads));
    }

    async fn cancel(&self, tries: Vec<TryId>) {
        let _ = self.commands.send(Command::Cancel(tries));
    }
}
