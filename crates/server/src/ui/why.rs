//! `GET /ui/why/{dag_id}/{run_id}/{task_id}/{map_index}`: why a task instance does not run, for people.

use axum::Json;
use axum::extract::{Path, State};
use serde_json::{Value, json};
use tradewind_core::plan::Reason;

use crate::api::v2::task_instances;
use crate::http::error::ApiResult;
use crate::state::App;

/// Answers the state, the run's state and scheduler, and the reasons: a stable code, a sentence and its parts.
pub async fn handle(
    State(app): State<App>,
    Path((dag_id, run_id, task_id, map_index)): Path<(String, String, String, i32)>,
) -> ApiResult<Json<Value>> {
    let shown =
        |reason: &Reason| json!({"code": reason.code(), "message": reason.to_string(), "details": details(reason)});
    let ti = match task_instances::must_exist(&app, &dag_id, &run_id, &task_id, map_index).await {
        Ok(ti) => ti,
        Err(missing) => {
            let run = app.store.find_run(&dag_id, &run_id).await?;
            let left_out = match run {
                Some(run) => app.asker().left_out(run.id, &task_id).await?,
                None => None,
            };
            let (run_state, reason) = left_out.ok_or(missing)?;
            let answer = json!({"state": null, "run_state": run_state, "scheduler": null, "reasons": [shown(&reason)]});
            return Ok(Json(answer));
        }
    };
    let why = app.asker().why(&ti).await?;
    let reasons: Vec<Value> = why.reasons.iter().map(shown).collect();
    let scheduler = why.scheduler.map(
        |job| json!({"job_id": job.id, "hostname": job.hostname, "pid": job.pid, "heartbeat_at": job.heartbeat_at}),
    );
    Ok(Json(json!({
        "state": ti.state,
        "run_state": why.run_state,
        "scheduler": scheduler,
        "reasons": reasons,
    })))
}

/// The parts of a reason, for pages that show more than a sentence.
fn details(reason: &Reason) -> Value {
    match reason {
        Reason::RunQueued { running, limit } => json!({"running": running, "limit": limit}),
        Reason::BackfillPaused(backfill) | Reason::BackfillTurn(backfill) => json!({"backfill_id": backfill}),
        Reason::BackfillFull { backfill, running, limit } => {
            json!({"backfill_id": backfill, "running": running, "limit": limit})
        }
        Reason::RunNotDue(at) => json!({"run_after": at}),
        Reason::RunEnded(state) => json!({"state": state}),
        Reason::TriggerRule { rule, upstream, unfinished } => json!({
            "rule": rule,
            "total": upstream.total,
            "success": upstream.success,
            "skipped": upstream.skipped,
            "failed": upstream.failed + upstream.upstream_failed,
            "unfinished": unfinished,
        }),
        Reason::PastNotDone { run_id, missing } => json!({"run_id": run_id, "missing": missing}),
        Reason::PastDownstreamNotDone { run_id } => json!({"run_id": run_id}),
        Reason::RetryAt(at) => json!({"next_try_at": at}),
        Reason::RescheduleAt(at) => json!({"next_look_at": at}),
        Reason::MapUnknown { upstream } | Reason::NothingToMap { upstream } => json!({"upstream": upstream}),
        Reason::MapShrank { length } => json!({"length": length}),
        Reason::MapTooLong { length, limit } => json!({"length": length, "limit": limit}),
        Reason::SetupsNotDone { unfinished } => json!({"unfinished": unfinished}),
        Reason::PoolFull { pool, slots, used, wants } => {
            json!({"pool": pool, "slots": slots, "occupied": used, "wants": wants})
        }
        Reason::NoSuchPool(pool) => json!({"pool": pool}),
        Reason::MaxActiveTasks { limit }
        | Reason::MaxActiveTisPerDag { limit }
        | Reason::MaxActiveTisPerDagRun { limit } => json!({"limit": limit}),
        Reason::ExecutorFull { executor, slots } => json!({"executor": executor, "slots": slots}),
        Reason::NoSuchExecutor(name) => json!({"executor": name}),
        Reason::NoWorker { queue } => json!({"queue": queue}),
        Reason::WaitsForWorker { queue, workers } => json!({"queue": queue, "workers": workers}),
        Reason::WorkerSilent { hostname, pid, heartbeat_at } => {
            json!({"hostname": hostname, "pid": pid, "heartbeat_at": heartbeat_at})
        }
        Reason::UpstreamFailed { rule, tasks } | Reason::UpstreamSkipped { rule, tasks } => {
            json!({"rule": rule, "tasks": tasks})
        }
        Reason::SkippedBy { tasks } => json!({"tasks": tasks}),
        Reason::BeforeStart { date, start } => json!({"logical_date": date, "start_date": start}),
        Reason::AfterEnd { date, end } => json!({"logical_date": date, "end_date": end}),
        Reason::NoScheduler
        | Reason::Ended(_)
        | Reason::DagPaused
        | Reason::TimetableNotAsked
        | Reason::Ready
        | Reason::InFlight(_) => json!({}),
    }
}
