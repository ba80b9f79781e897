//! Queues: what waits in them and who takes it.

use serde::Serialize;
use tradewind_core::Timestamp;
use tradewind_protocol::task_api::WorkerForm;
use tradewind_store::read::QueueView;

use super::super::workers::Load;
use super::workers::{State, Worker};
use crate::http::error::ApiResult;
use crate::state::App;

/// The tries of one executor in one queue.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Queue {
    queue: String,
    executor: String,
    queued: i64,
    running: i64,
    /// Workers that take them; `None`: every try gets a process of its own.
    workers: Option<usize>,
    /// How many tries these run at once.
    slots: Option<i64>,
    /// As many workers as the tries need: what `monitor/workers` says. `None` where no workers are started for them.
    desired_workers: Option<i64>,
    /// Since when the oldest is queued.
    oldest_queued_at: Option<Timestamp>,
}

/// What the workers of an executor are; `None`: it has none.
pub(super) fn form_of(executor: &str) -> Option<WorkerForm> {
    match executor.rsplit('.').next().unwrap_or_default() {
        "LocalExecutor" | "SequentialExecutor" | "LocalKubernetesExecutor" => Some(WorkerForm::Local),
        "EdgeExecutor" => Some(WorkerForm::Edge),
        "CeleryExecutor" | "CeleryKubernetesExecutor" => Some(WorkerForm::Celery),
        _ => None,
    }
}

/// Queues with tries, and those that workers serve.
pub(super) async fn list(app: &App, workers: &[Worker]) -> ApiResult<Vec<Queue>> {
    let executors = app.config.executors.iter().map(|(name, _)| name.as_str()).filter(|name| !name.is_empty());
    let executors: Vec<&str> = executors.collect();
    let default = executors.first().copied().unwrap_or_default();
    let mut loads = app.store.queue_load().await?;
    for load in &mut loads {
        let executor = load.executor.take().filter(|name| !name.is_empty());
        load.executor = Some(executor.unwrap_or_else(|| default.to_owned()));
    }
    for executor in executors {
        let form = form_of(executor).filter(|form| *form != WorkerForm::Local);
        let serves = |worker: &&Worker| form.is_some() && worker.form == form && worker.state != State::Offline;
        let served = workers.iter().filter(serves);
        for queue in served.flat_map(|worker| &worker.queues) {
            if !loads.iter().any(|load| load.queue == *queue && load.executor.as_deref() == Some(executor)) {
                let executor = Some(executor.to_owned());
                loads.push(QueueView { queue: queue.clone(), executor, queued: 0, running: 0, oldest: None });
            }
        }
    }
    loads.sort_by(|a, b| (&a.queue, &a.executor).cmp(&(&b.queue, &b.executor)));
    let concurrency = i64::from(app.config.worker_concurrency.max(1));
    let queue = |load: QueueView| {
        let executor = load.executor.unwrap_or_default();
        let form = form_of(&executor);
        let takers: Vec<&Worker> = workers.iter().filter(|worker| worker.takes(&executor, &load.queue)).collect();
        let scaled = form.is_some_and(|form| form != WorkerForm::Local);
        Queue {
            workers: form.map(|_| takers.len()),
            slots: form.map(|_| takers.iter().map(|worker| worker.concurrency).sum()),
            desired_workers: scaled.then(|| Load { queued: load.queued, running: load.running }.workers(concurrency)),
            executor,
            queue: load.queue,
            queued: load.queued,
            running: load.running,
            oldest_queued_at: load.oldest,
        }
    };
    Ok(loads.into_iter().map(queue).collect())
}
