//! Executors by the names that `[core] executor` and DAG files use.

use std::sync::Arc;

use tradewind_celery::Outbox;

use crate::{ByQueue, CeleryExecutor, EdgeExecutor, Executor, LocalExecutor, Notice, TryRunner};

/// The executors that [`build`] knows.
pub const AVAILABLE: [&str; 4] = ["LocalExecutor", "SequentialExecutor", "EdgeExecutor", "CeleryExecutor"];

/// Those of two parts, of which the second gets the tries of one queue.
pub const OF_TWO: [(&str, [&str; 2]); 2] = [
    ("CeleryKubernetesExecutor", ["CeleryExecutor", "KubernetesExecutor"]),
    ("LocalKubernetesExecutor", ["LocalExecutor", "KubernetesExecutor"]),
];

/// Whether an executor (its class) needs a worker in the scheduler's process.
pub fn runs_here(class: &str) -> bool {
    matches!(class, "LocalExecutor" | "SequentialExecutor" | "LocalKubernetesExecutor")
}

/// What executors are built from.
#[derive(Clone)]
pub struct Parts {
    /// `[core] parallelism`; 0 means no limit.
    pub parallelism: u32,
    /// The worker of this process.
    pub runner: Arc<dyn TryRunner>,
    /// Wakes claims and heartbeats at the server.
    pub notify: Arc<dyn Fn(Notice) + Send + Sync>,
    /// The broker, if an executor needs one.
    pub broker: Option<Arc<dyn Outbox>>,
    /// The KubernetesExecutor, if it or one of its mixed forms is wanted: it is made where its cluster is known.
    pub kubernetes: Option<Arc<dyn Executor>>,
    /// `[celery_kubernetes_executor]` or `[local_kubernetes_executor] kubernetes_queue`.
    pub kubernetes_queue: String,
}

/// The name of an executor that is not there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the executor '{name}' is not available: {why}. Set [core] executor to LocalExecutor (tries run in the scheduler's process), SequentialExecutor (one at a time), EdgeExecutor (workers on other machines ask for tries) or CeleryExecutor (workers on other machines are told of tries by a broker)"
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
    let class = name.rsplit('.').next().unwrap_or_default();
    if let Some((of_two, [first, second])) = OF_TWO.into_iter().find(|(of_two, _)| *of_two == class) {
        let (first, second) = (build(first, parts)?, build(second, parts)?);
        return Ok(Arc::new(ByQueue::new(of_two, first, second, parts.kubernetes_queue.clone())));
    }
    let why = match class {
        "LocalExecutor" => return Ok(Arc::new(LocalExecutor::new(parts.parallelism, Arc::clone(&parts.runner)))),
        "SequentialExecutor" => return Ok(Arc::new(LocalExecutor::sequential(Arc::clone(&parts.runner)))),
        "EdgeExecutor" => {
            let notify = Arc::clone(&parts.notify);
            return Ok(Arc::new(EdgeExecutor::new(move |notice| notify(notice))));
        }
        "CeleryExecutor" => match &parts.broker {
            Some(broker) => return Ok(Arc::new(CeleryExecutor::new(parts.parallelism, Arc::clone(broker)))),
            None => "it has no broker",
        },
        crate::kubernetes::NAME => match &parts.kubernetes {
            Some(kubernetes) => return Ok(Arc::clone(kubernetes)),
            None => "it has no cluster",
        },
        "" => "no name is given",
        "BatchExecutor" | "AwsBatchExecutor" | "AwsEcsExecutor" | "AwsLambdaExecutor" | "DaskExecutor"
        | "DebugExecutor" => "this version of Tradewind does not have it",
        _ => "there is no executor of this name",
    };
    Err(BuildError { name: name.to_owned(), why })
}
