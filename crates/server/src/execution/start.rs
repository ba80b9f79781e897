//! `PATCH …/run`: a supervisor wants to run a try, and learns what the try needs.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use serde::Deserialize;
use serde_json::{Value, json};
use tradewind_core::{Resume, TaskState, Timestamp, TryId};
use tradewind_protocol::task_api::{StartOutcome, StartTry, WorkerForm, WorkerHello};
use tradewind_protocol::{TaskApi, TaskCall};
use tradewind_store::TiRow;

use super::asking::{Asking, Own};
use super::dag_runs;
use super::failure::wrong_state;
use super::kwargs;
use super::standing::{Standing, conflict, dismiss, is_of};
use super::version::Version;
use crate::http::Body;
use crate::http::error::{ApiError, ApiResult};
use crate::state::App;

/// A supervisor introduces itself.
#[derive(Deserialize)]
pub struct Enter {
    state: TaskState,
    hostname: String,
    pid: u32,
    start_date: Timestamp,
}

const REFUSED: &str = "TI was not in a state where it could be marked as running";

/// Starts the try. Each supervisor is a worker of its own, with this one try.
///
/// # Errors
/// 404 for a try that is not there, 409 for one that is not queued.
pub async fn run(
    State(app): State<App>,
    Own(id): Own,
    version: Version,
    headers: HeaderMap,
    Body(enter): Body<Enter>,
) -> ApiResult<Json<Value>> {
    if enter.state != TaskState::Running {
        let message = format!("a try that starts is 'running', not '{}'", enter.state);
        return Err(ApiError::invalid("literal_error", &["body", "state"], message));
    }
    let row = Standing::of(&app, id).await?.row()?;
    // The same request again, because its answer was lost.
    let again = row.worker_id.filter(|_| is_of(&row, &enter.hostname, enter.pid));
    if again.is_none() && row.state != Some(TaskState::Queued) {
        return Err(wrong_state(REFUSED, row.state));
    }
    let worker_id = match again {
        Some(worker_id) => worker_id,
        None => app.task_api.register(hello(&headers, &enter, &row)).await?.worker_id,
    };
    let start = StartTry {
        try_id: id,
        worker_id,
        hostname: enter.hostname,
        pid: enter.pid,
        at: again.and(row.start_date).unwrap_or(enter.start_date),
    };
    let resume = match app.task_api.start("", start).await? {
        StartOutcome::Started => None,
        StartOutcome::Resumed(resume) => Some(*resume),
        StartOutcome::Refused(_) => {
            dismiss(&app, Some(worker_id).filter(|_| again.is_none())).await;
            return Err(conflict(&app, id, REFUSED).await);
        }
    };
    Ok(Json(context(&app, id, &row, resume, &version).await?))
}

fn hello(headers: &HeaderMap, enter: &Enter, row: &TiRow) -> WorkerHello {
    let agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    WorkerHello {
        version: agent.and_then(|agent| agent.split_whitespace().next()).unwrap_or("unknown").to_owned(),
        hostname: enter.hostname.clone(),
        pid: enter.pid,
        queues: vec![row.queue.clone()],
        concurrency: 1,
        form: Some(WorkerForm::Single),
        node: None,
    }
}

/// What a supervisor has to know of its try.
async fn context(app: &App, id: TryId, row: &TiRow, resume: Option<Resume>, version: &Version) -> ApiResult<Value> {
    let asking = Asking { caller: app.task_api.caller(id).await? };
    let run = asking.ask(app, TaskCall::RunGet { dag_id: None, run_id: asking.caller.run_id.clone() }).await?;
    let consumed = asking.ask(app, TaskCall::TriggeringAssetEvents {}).await?;
    // What a try that goes on has pushed stays.
    let keys = match &resume {
        None => asking.ask(app, TaskCall::XcomKeys {}).await?,
        Some(_) => json!([]),
    };
    let mut run = dag_runs::shape(&run);
    run["consumed_asset_events"] = dag_runs::consumed(&consumed);
    version.fit_run(&mut run);
    let mut context = json!({
        "dag_run": run,
        "task_reschedule_count": row.reschedule_count,
        "max_tries": row.max_tries,
        "variables": [],
        "connections": [],
        "xcom_keys_to_clear": keys,
        "should_retry": row.max_tries != 0 && row.try_number <= row.max_tries,
    });
    if let Some(resume) = resume {
        let next_kwargs = kwargs::sent(Value::Object(resume.next_kwargs));
        let older = version.is_before("2026-04-06");
        context["next_method"] = json!(resume.next_method);
        context["next_kwargs"] = if older { kwargs::sent_to_older(next_kwargs) } else { next_kwargs };
        if !older {
            context["start_date"] = json!(resume.started_at);
        }
    }
    if version.is_before("2026-04-06") {
        context["upstream_map_indexes"] = Value::Null;
    }
    Ok(context)
}
