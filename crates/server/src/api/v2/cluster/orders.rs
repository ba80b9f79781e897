//! What a worker may be told: to take no new tries for a while, to end, to serve other queues.
//!
//! An order waits in the worker's row until its next heartbeat, and stays there until the worker says that it has
//! obeyed: one that is lost on its way is said again. Orders that the worker has not obeyed yet become one.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde_json::{Value, json};
use tradewind_protocol::task_api::{WorkerForm, WorkerOrder};

use super::workers::{State as WorkerState, Worker};
use crate::auth::Identity;
use crate::clock::now;
use crate::events::Event;
use crate::http::error::{ApiError, ApiResult};
use crate::routes::Routes;
use crate::state::App;

/// Adds this file's routes.
pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .put("/api/v2/cluster/workers/{worker_id}/maintenance", pause)
        .delete("/api/v2/cluster/workers/{worker_id}/maintenance", go_on)
        .post("/api/v2/cluster/workers/{worker_id}/shutdown", shutdown)
        .put("/api/v2/cluster/workers/{worker_id}/queues/{*queue}", add_queue)
        .delete("/api/v2/cluster/workers/{worker_id}/queues/{*queue}", remove_queue)
}

/// Told, not done yet.
type Told = ApiResult<(StatusCode, Json<Worker>)>;

async fn pause(State(app): State<App>, who: Identity, Path(id): Path<i64>) -> Told {
    tell(&app, &who, id, "worker_maintenance", None, |order| order.maintenance = Some(true)).await
}

async fn go_on(State(app): State<App>, who: Identity, Path(id): Path<i64>) -> Told {
    tell(&app, &who, id, "worker_resume", None, |order| order.maintenance = Some(false)).await
}

async fn shutdown(State(app): State<App>, who: Identity, Path(id): Path<i64>) -> Told {
    tell(&app, &who, id, "worker_shutdown", None, |order| order.shutdown = true).await
}

async fn add_queue(State(app): State<App>, who: Identity, Path((id, queue)): Path<(i64, String)>) -> Told {
    check_queue(&queue)?;
    let name = queue.clone();
    tell(&app, &who, id, "worker_add_queue", Some(&name), move |order| {
        order.remove_queues.retain(|one| *one != queue);
        if !order.add_queues.contains(&queue) {
            order.add_queues.push(queue);
        }
    })
    .await
}

async fn remove_queue(State(app): State<App>, who: Identity, Path((id, queue)): Path<(i64, String)>) -> Told {
    check_queue(&queue)?;
    let name = queue.clone();
    let worker = find(&app, id).await?;
    let mut served = worker.queues.clone();
    if let Some(order) = &worker.order {
        served.retain(|one| !order.remove_queues.contains(one));
        served.extend(order.add_queues.iter().cloned());
    }
    if !served.contains(&queue) {
        return Err(ApiError::conflict(format!("{} does not serve the queue '{queue}'", worker.name)));
    }
    if served.iter().all(|one| *one == queue) {
        let detail = format!("{} serves no other queue: use maintenance, or shut it down", worker.name);
        return Err(ApiError::conflict(detail));
    }
    tell(&app, &who, id, "worker_remove_queue", Some(&name), move |order| {
        order.add_queues.retain(|one| *one != queue);
        if !order.remove_queues.contains(&queue) {
            order.remove_queues.push(queue);
        }
    })
    .await
}

/// Names of queues are written separated by commas in many places.
fn check_queue(queue: &str) -> ApiResult<()> {
    if queue.trim() == queue && !queue.is_empty() && queue.len() <= 256 && !queue.contains([',', '\0']) {
        return Ok(());
    }
    Err(ApiError::bad_request("the name of a queue has 1 to 256 characters, no comma and no space around it"))
}

async fn find(app: &App, id: i64) -> ApiResult<Worker> {
    let view = app.store.find_worker(id).await?;
    let view = view.ok_or_else(|| ApiError::not_found(format!("there is no worker {id} that lives")))?;
    Ok(Worker::new(view, app, now(), &|_| 0))
}

/// Why a worker cannot be told anything.
fn refusal(worker: &Worker) -> Option<String> {
    let name = &worker.name;
    if worker.state == WorkerState::Offline {
        return Some(format!(
            "{name} was not heard of since {}: it would not hear this either",
            worker.latest_heartbeat
        ));
    }
    match worker.form {
        Some(WorkerForm::Edge | WorkerForm::Celery) => None,
        Some(WorkerForm::Local) => Some(format!(
            "{name} is a part of the scheduler with process {} there, and lives as long as that: end that process, or pause DAGs",
            worker.pid
        )),
        Some(WorkerForm::Single) => {
            Some(format!("{name} runs one try and ends with it: clear or mark that one instead"))
        }
        None => Some(format!(
            "{name} has version {}, which takes no orders: update it, or end its process",
            worker.version.as_deref().unwrap_or("unknown")
        )),
    }
}

async fn tell(
    app: &App,
    who: &Identity,
    id: i64,
    event: &'static str,
    queue: Option<&str>,
    change: impl FnOnce(&mut WorkerOrder) + Send,
) -> Told {
    let worker = find(app, id).await?;
    if let Some(detail) = refusal(&worker) {
        return Err(ApiError::conflict(detail));
    }
    let known = app
        .store
        .change_worker(id, |details, wanted| {
            let mut order: WorkerOrder =
                wanted.and_then(|order| serde_json::from_value(order).ok()).unwrap_or_default();
            order.number = order.number.max(details["obeyed"].as_u64().unwrap_or(0)) + 1;
            change(&mut order);
            Some((details, Some(json!(order))))
        })
        .await?;
    if !known {
        return Err(ApiError::not_found(format!("there is no worker {id} that lives")));
    }
    let mut extra = json!({"worker_id": id, "worker": worker.name});
    if let Some(queue) = queue {
        extra["queue"] = Value::from(queue);
    }
    app.record(Event::new(event, who).extra(extra)).await?;
    Ok((StatusCode::ACCEPTED, Json(find(app, id).await?)))
}
