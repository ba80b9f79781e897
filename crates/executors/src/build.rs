//! Executors by the names that `[core] executor` and DAG files use.

use std::sync::Arc;

use crate::{EdgeExecutor, Executor, LocalExecutor, Notice, TryRunner};

/// The executors that [`build`] knows.
pub const AVAILABLE: [&str; 3] = ["LocalExecutor", "SequentialExecutor", "EdgeExecutor"];

/// What executors are built from.
#[derive(Clone)]
pub struct Parts {
    /// `[core] parallelism`; 0 means no limit.
    pub parallelism: u32,
    /// The worker of this process.
    pub runner: Arc<dyn TryRunner>,
    /// Wakes claims and heartbeats at the server.
    pub notify: Arc<dyn Fn(Notice) + Send + Sync>,
}

/// The name of an executor that is not there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the executor '{name}' is not available: {why}. Set [core] executor to LocalExecutor (tries run in the scheduler's process), SequentialExecutor (one at a time) or EdgeExecutor (workers on other machines ask for tries)"
)]
pub struct BuildError {
    /// As configured.
    pub name: String,
    /// What is wrong with it.
    pub why: &'static str,
}

/// The executor of that name: Airflow's short name or the full path of the class.
///
/// # Errors
/// [`BuildError`] for names that are not available, with those that are.
pub fn build(name: &str, parts: &Parts) -> Result<Arc<dyn Executor>, BuildError> {
    let name = name.trim();
    let why = match name.rsplit('.').next().unwrap_or_default() {
        "LocalExecutor" => return Ok(Arc::new(LocalExecutor::new(parts.parallelism, Arc::clone(&parts.runner)))),
        "SequentialExecutor" => return Ok(Arc::new(LocalExecutor::sequential(Arc::clone(&parts.runner)))),
        "EdgeExecutor" => {
            let notify = Arc::clone(&parts.notify);
            return Ok(Arc::new(EdgeExecutor::new(move |notice| notify(notice))));
        }
        "" => "no name is given",
        crate::kubernetes::NAME => "it is made with `KubernetesExecutor::new`, for it speaks to a cluster",
        "CeleryExecutor"
        | "LocalKubernetesExecutor"
        | "CeleryKubernetesExecutor"
        | "BatchExecutor"
        | "AwsBatchExecutor"
        | "AwsEcsExecutor"
        | "AwsLambdaExecutor"
        | "DaskExecutor"
        | "DebugExecutor" => "this version of Tradewind does not have it",
        _ => "there is no executor of this name",
    };
    Err(BuildError { name: name.to_owned(), why })
}
