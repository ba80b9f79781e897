//! `PATCH …/dagRuns/{dag_run_id}/taskInstances`: marks, annotates or deletes many task instances.

use axum::Json;
use axum::extract::{Path, State};
use serde::Deserialize;
use tradewind_core::TaskState;

use super::patch::{Patch, change, masked, place};
use crate::api::v2::bulk::{self, Action, Answer, BulkBody, Outcome};
use crate::auth::Identity;
use crate::events::Event;
use crate::http::Body;
use crate::http::error::{ApiError, ApiResult};
use crate::rerun::select::{self, TaskRef, Which};
use crate::state::App;

/// One task of a bulk request: all its instances, or one map index.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entity {
    task_id: String,
    #[serde(default)]
    map_index: Option<i32>,
    #[serde(default)]
    dag_id: Option<String>,
    #[serde(default)]
    dag_run_id: Option<String>,
    #[serde(default)]
    new_state: Option<TaskState>,
    #[serde(default, deserialize_with = "bulk::given")]
    note: Option<Option<String>>,
    #[serde(default)]
    include_upstream: bool,
    #[serde(default)]
    include_downstream: bool,
    #[serde(default)]
    include_future: bool,
    #[serde(default)]
    include_past: bool,
}

/// Does what each action says; one that fails does not keep the others from being done.
pub async fn handle(
    State(app): State<App>,
    who: Identity,
    Path((dag_id, run_id)): Path<(String, String)>,
    Body(body): Body<BulkBody>,
) -> ApiResult<Json<Answer>> {
    let mut answer = Answer::default();
    for action in body.actions {
        let mask = action.update_mask.clone().unwrap_or_default();
        let mut outcome = Outcome::default();
        for value in &action.entities {
            let done = match read(&dag_id, &run_id, value, action.action) {
                Err(error) => Err(error),
                Ok(entity) => one(&app, &who, action.action, entity, &mask).await,
            };
            match done {
                Ok(names) => names.into_iter().for_each(|name| outcome.add(name, Ok(()), false)),
                Err(error) => outcome.add(String::new(), Err(error), action.skips_missing()),
            }
        }
        answer.add(action.action, outcome);
    }
    Ok(Json(answer))
}

/// An entity with its DAG and run: its own where the path says `~`.
fn read(dag_id: &str, run_id: &str, value: &serde_json::Value, action: Action) -> ApiResult<Entity> {
    let mut entity: Entity = match (value.as_str(), action) {
        (Some(task_id), Action::Delete) => bulk::entity(&serde_json::json!({"task_id": task_id}))?,
        _ => bulk::entity(value)?,
    };
    for (path, own, what) in [(dag_id, &mut entity.dag_id, "dag_id"), (run_id, &mut entity.dag_run_id, "dag_run_id")] {
        match (path, own.as_deref()) {
            ("~", None | Some("~")) => {
                return Err(ApiError::bad_request(format!("with '~' in the path, every entity needs its {what}")));
            }
            ("~", Some(_)) => {}
            (path, Some(other)) if other != path => {
                return Err(ApiError::bad_request(format!("path and body name different values of {what}")));
            }
            (path, _) => *own = Some(path.to_owned()),
        }
    }
    Ok(entity)
}

/// Does it; answers the names of what it was done to.
async fn one(app: &App, who: &Identity, action: Action, entity: Entity, mask: &[String]) -> ApiResult<Vec<String>> {
    let (dag_id, run_id) = (entity.dag_id.unwrap_or_default(), entity.dag_run_id.unwrap_or_default());
    match action {
        Action::Create => Err(ApiError::bad_request("task instances are made by their run, not by clients")),
        Action::Update => {
            let patch = Patch {
                new_state: entity.new_state,
                note: entity.note,
                include_upstream: entity.include_upstream,
                include_downstream: entity.include_downstream,
                include_future: entity.include_future,
                include_past: entity.include_past,
            };
            let place = place((dag_id, run_id, entity.task_id), entity.map_index);
            let index = place.map_index.unwrap_or(-1);
            let name = format!("{}.{}.{}[{index}]", place.dag_id, place.run_id, place.name);
            change(app, who, &place, &masked(patch, mask)?).await?;
            Ok(vec![name])
        }
        Action::Delete => {
            let place = place((dag_id, run_id, entity.task_id), entity.map_index);
            let run = crate::api::v2::dag_runs::must_exist(app, &place.dag_id, &place.run_id).await?;
            let named = match place.map_index {
                Some(index) => TaskRef::Mapped(place.name.clone(), index),
                None => TaskRef::Task(place.name.clone()),
            };
            let tis = select::in_runs(&app.store, vec![run.id], &[named], &Which::default()).await?;
            if tis.is_empty() {
                super::must_exist(app, &place.dag_id, &place.run_id, &place.name, place.map_index.unwrap_or(-1))
                    .await?;
            }
            app.store.delete_tis(&tis.iter().map(|ti| ti.id).collect::<Vec<_>>()).await?;
            let event = Event::new("delete_task_instance", who);
            app.record(event.ti(&place.dag_id, &place.run_id, &place.name, place.map_index)).await?;
            let name = |index: i32| format!("{}.{}.{}[{index}]", place.dag_id, place.run_id, place.name);
            Ok(tis.iter().map(|ti| name(ti.map_index)).collect())
        }
    }
}
