//! `PATCH …/dagRuns/{dag_run_id}`: marks a run, or changes its note; and the same for many.

use axum::Json;
use axum::extract::{Path, State};
use serde::Deserialize;
use serde_json::json;
use tradewind_core::RunState;

use super::{DagRun, delete, must_exist};
use crate::api::v2::bulk::{self, Action, BulkBody, Outcome};
use crate::api::v2::dags;
use crate::auth::Identity;
use crate::clock::now;
use crate::events::Event;
use crate::http::error::{ApiError, ApiResult};
use crate::http::{Body, Params};
use crate::state::App;

/// What may be changed. A field that is there and null is different from one that is not there.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Patch {
    #[serde(default)]
    state: Option<RunState>,
    #[serde(default, deserialize_with = "bulk::given")]
    note: Option<Option<String>>,
}

/// Changes one run.
pub async fn one(
    State(app): State<App>,
    who: Identity,
    Path((dag_id, run_id)): Path<(String, String)>,
    params: Params,
    Body(patch): Body<Patch>,
) -> ApiResult<Json<DagRun>> {
    let mask = params.list("update_mask");
    if let Some(unknown) = mask.iter().find(|field| !matches!(field.as_str(), "state" | "note")) {
        return Err(ApiError::bad_request(format!("'{unknown}' of a run can't be changed; only state and note can")));
    }
    let wanted = |field: &str| mask.is_empty() || mask.iter().any(|name| name == field);
    let patch = Patch { state: patch.state.filter(|_| wanted("state")), note: patch.note.filter(|_| wanted("note")) };
    apply(&app, &who, &dag_id, &run_id, patch).await?;
    Ok(Json(must_exist(&app, &dag_id, &run_id).await?.into()))
}

async fn apply(app: &App, who: &Identity, dag_id: &str, run_id: &str, patch: Patch) -> ApiResult<()> {
    let run = must_exist(app, dag_id, run_id).await?;
    if let Some(state) = patch.state {
        if state == RunState::Running {
            let msg = "a run can be marked queued, success or failed; it is running when its tasks do";
            return Err(ApiError::invalid("enum", &["body", "state"], msg));
        }
        let dag = dags::structure(app, dag_id, run.dag_version_id).await?;
        let teardowns: Vec<String> =
            dag.tasks.iter().filter(|task| task.is_teardown).map(|task| task.task_id.clone()).collect();
        app.store.set_run_state(run.id, state, now(), &teardowns).await?;
    }
    if let Some(note) = &patch.note {
        app.store.set_run_note(run.id, note.as_deref()).await?;
    }
    let extra = json!({"state": patch.state, "note": patch.note});
    app.record(Event::new("patch_dag_run", who).run(dag_id, run_id).extra(extra)).await
}

/// One run of a bulk request.
#[derive(Deserialize)]
struct Entity {
    dag_run_id: String,
    #[serde(default)]
    dag_id: Option<String>,
    #[serde(default)]
    state: Option<RunState>,
    #[serde(default, deserialize_with = "bulk::given")]
    note: Option<Option<String>>,
}

/// Changes or deletes many runs.
pub async fn bulk(
    State(app): State<App>,
    who: Identity,
    Path(dag_id): Path<String>,
    Body(body): Body<BulkBody>,
) -> ApiResult<Json<bulk::Answer>> {
    let mut answer = bulk::Answer::default();
    for action in body.actions {
        let kind = action.action;
        let mut outcome = Outcome::default();
        for value in &action.entities {
            let (of_dag, entity) = match read(&dag_id, value, kind) {
                Ok(read) => read,
                Err(error) => {
                    outcome.failed(&error);
                    continue;
                }
            };
            let name = format!("{of_dag}.{}", entity.dag_run_id);
            let done = match kind {
                Action::Create => Err(ApiError::bad_request("runs are created one at a time, with POST")),
                Action::Update => {
                    let patch = Patch { state: entity.state, note: entity.note };
                    apply(&app, &who, &of_dag, &entity.dag_run_id, patch).await
                }
                Action::Delete => {
                    let path = Path((of_dag.clone(), entity.dag_run_id.clone()));
                    delete::handle(State(app.clone()), who.clone(), path).await.map(|_| ())
                }
            };
            outcome.add(name, done, action.skips_missing());
        }
        answer.add(kind, outcome);
    }
    Ok(Json(answer))
}

/// An entity and its DAG: its own when the path says `~`.
fn read(path: &str, value: &serde_json::Value, action: Action) -> ApiResult<(String, Entity)> {
    let entity = match (value.as_str(), action) {
        (Some(id), Action::Delete) => Entity { dag_run_id: id.to_owned(), dag_id: None, state: None, note: None },
        _ => bulk::entity(value)?,
    };
    match entity.dag_id.clone().or_else(|| (path != "~").then(|| path.to_owned())) {
        Some(dag_id) if path == "~" || path == dag_id => Ok((dag_id, entity)),
        Some(_) => Err(ApiError::bad_request("path and body name different DAGs")),
        None => Err(ApiError::bad_request("with '~' in the path, every entity needs its dag_id")),
    }
}
