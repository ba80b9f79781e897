//! `/api/v2/cluster`: the processes of the installation, its workers, queues and pods, and what workers may be told.
//!
//! Nothing is asked of a broker or of Kubernetes here. Workers say what they are when they sign in and when that
//! changes; schedulers write down the pods that they look after; queues are the queued task instances.

mod orders;
mod queues;
mod workers;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};
use tradewind_core::{Duration, Timestamp};
use tradewind_store::read::{PodView, ProcessView, RunningView};
use tradewind_store::{PODS_KEPT, seeing};

use crate::auth::Identity;
use crate::auth::rights::{Action, Resource};
use crate::clock::now;
use crate::http::error::ApiResult;
use crate::routes::Routes;
use crate::state::App;

/// Running tries and pods in one answer; there is a count of all of them.
const MOST: i64 = 500;
/// A process that was lost is shown for so long.
const LOST_SHOWN: Duration = Duration::from_secs(3600);

/// Adds this folder's routes.
pub fn routes(routes: Routes) -> Routes {
    orders::routes(routes.get("/api/v2/cluster", get))
}

/// How long a process may be silent.
fn patience(app: &App) -> Duration {
    Duration::from_micros(i64::try_from(app.config.health_check_threshold.as_micros()).unwrap_or(i64::MAX))
}

/// Whether a process was heard of lately.
fn is_heard_of(process: &ProcessView, app: &App, at: Timestamp) -> bool {
    process.state == "running" && process.heartbeat_at >= at - patience(app)
}

async fn get(State(app): State<App>, who: Identity) -> ApiResult<Json<Value>> {
    let at = now();
    let processes = app.store.processes(at - LOST_SHOWN).await?;
    let (is_worker, others): (Vec<_>, Vec<_>) = processes.into_iter().partition(|one| one.kind == "WorkerJob");
    let by_worker = app.store.running_by_worker().await?;
    let running = |id: i64| by_worker.iter().find(|(worker, _)| *worker == Some(id)).map_or(0, |(_, count)| *count);
    let workers: Vec<workers::Worker> =
        is_worker.into_iter().map(|one| workers::Worker::new(one, &app, at, &running)).collect();
    let queues = queues::list(&app, &workers).await?;
    // Whoever may look after workers need not be allowed to see all DAGs.
    let visible = who.rights.visible(Action::Read, Resource::TaskInstance);
    let (tries, (pods, pods_total)) = seeing(visible, async {
        Ok::<_, tradewind_store::Error>((
            app.store.list_running(MOST).await?,
            app.store.pods(at - PODS_KEPT, MOST).await?,
        ))
    })
    .await?;
    let executors: Vec<&str> =
        app.config.executors.iter().map(|(name, _)| name.as_str()).filter(|name| !name.is_empty()).collect();
    Ok(Json(json!({
        "executors": executors,
        "heartbeat_timeout": patience(&app).as_secs_f64(),
        "may_edit": who.rights.may(Action::Edit, Resource::Job, None),
        "workers": workers,
        "queues": queues,
        "pods": pods.into_iter().map(pod).collect::<Vec<_>>(),
        "total_pods": pods_total,
        "running_task_instances": tries.into_iter().map(running_try).collect::<Vec<_>>(),
        "total_running": by_worker.iter().map(|(_, count)| count).sum::<i64>(),
        "processes": others.iter().map(|one| process(one, &app, at)).collect::<Vec<_>>(),
    })))
}

fn process(one: &ProcessView, app: &App, at: Timestamp) -> Value {
    json!({
        "job_id": one.id,
        "job_type": one.kind,
        "hostname": one.hostname,
        "pid": one.pid,
        "state": if is_heard_of(one, app, at) { "online" } else { "offline" },
        "start_date": one.started_at,
        "latest_heartbeat": one.heartbeat_at,
        "version": one.details["version"],
    })
}

fn running_try(one: RunningView) -> Value {
    json!({
        "worker_id": one.worker_id,
        "dag_id": one.dag_id,
        "dag_run_id": one.run_id,
        "task_id": one.task_id,
        "map_index": one.map_index,
        "try_number": one.try_number,
        "queue": one.queue,
        "start_date": one.start_date,
    })
}

fn pod(one: PodView) -> Value {
    json!({
        "namespace": one.namespace,
        "name": one.name,
        "phase": one.phase,
        "node": one.node,
        "reason": one.reason,
        "message": one.message,
        "scheduler_id": one.scheduler_id,
        "created_at": one.created_at,
        "updated_at": one.updated_at,
        "ended_at": one.ended_at,
        "dag_id": one.dag_id,
        "dag_run_id": one.run_id,
        "task_id": one.task_id,
        "map_index": one.map_index,
        "try_number": one.try_number,
    })
}
