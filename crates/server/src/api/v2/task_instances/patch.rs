//! `PATCH …/taskInstances/{task_id}`: marks task instances, or changes their note; with a dry run.

use axum::Json;
use axum::extract::{Path, State};
use serde::Deserialize;
use serde_json::json;
use tradewind_core::TaskState;
use tradewind_store::read::TiView;

use super::select::{self, Clearing, Reach, TaskRef, Which};
use super::{TaskInstances, shapes};
use crate::api::v2::{bulk, dag_runs, dags};
use crate::auth::Identity;
use crate::clock::now;
use crate::events::Event;
use crate::http::error::{ApiError, ApiResult};
use crate::http::{Body, Params};
use crate::state::App;

type Names = (String, String, String);

/// What to change.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Patch {
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

/// Which task of which run.
struct Place {
    dag_id: String,
    run_id: String,
    task_id: String,
    map_index: Option<i32>,
}

fn place((dag_id, run_id, task_id): Names, map_index: Option<i32>) -> Place {
    Place { dag_id, run_id, task_id, map_index }
}

fn given_index(params: &Params) -> ApiResult<Option<i32>> {
    Ok(params.int("map_index")?.and_then(|index| i32::try_from(index).ok()))
}

/// Changes all instances of a task, or the one that `?map_index=` names.
pub async fn one(
    State(app): State<App>,
    who: Identity,
    Path(names): Path<Names>,
    params: Params,
    Body(patch): Body<Patch>,
) -> ApiResult<Json<TaskInstances>> {
    let place = place(names, given_index(&params)?);
    change(&app, &who, place, masked(patch, &params)?).await
}

/// Changes one instance of a mapped task.
pub async fn mapped(
    State(app): State<App>,
    who: Identity,
    Path((dag_id, run_id, task_id, map_index)): Path<(String, String, String, i32)>,
    params: Params,
    Body(patch): Body<Patch>,
) -> ApiResult<Json<TaskInstances>> {
    change(&app, &who, place((dag_id, run_id, task_id), Some(map_index)), masked(patch, &params)?).await
}

/// Says which instances a change would be about.
pub async fn dry_run(
    State(app): State<App>,
    Path(names): Path<Names>,
    params: Params,
    Body(patch): Body<Patch>,
) -> ApiResult<Json<TaskInstances>> {
    let place = place(names, given_index(&params)?);
    let patch = masked(patch, &params)?;
    let tis = changing(meant(&app, &place, &patch).await?, &patch);
    Ok(Json(TaskInstances::all(shapes(&app, tis).await?)))
}

/// Says which instances a change of one instance of a mapped task would be about.
pub async fn mapped_dry_run(
    State(app): State<App>,
    Path((dag_id, run_id, task_id, map_index)): Path<(String, String, String, i32)>,
    params: Params,
    Body(patch): Body<Patch>,
) -> ApiResult<Json<TaskInstances>> {
    let place = place((dag_id, run_id, task_id), Some(map_index));
    let patch = masked(patch, &params)?;
    let tis = changing(meant(&app, &place, &patch).await?, &patch);
    Ok(Json(TaskInstances::all(shapes(&app, tis).await?)))
}

/// Leaves what `update_mask` names, and refuses states that nobody can be put in.
fn masked(mut patch: Patch, params: &Params) -> ApiResult<Patch> {
    let mask = params.list("update_mask");
    if !mask.is_empty() {
        patch.new_state = patch.new_state.filter(|_| mask.iter().any(|field| field == "new_state"));
        patch.note = patch.note.filter(|_| mask.iter().any(|field| field == "note"));
    }
    match patch.new_state {
        None | Some(TaskState::Success | TaskState::Failed | TaskState::Skipped) => Ok(patch),
        Some(_) => Err(ApiError::invalid(
            "enum",
            &["body", "new_state"],
            "a task instance can be marked success, failed or skipped",
        )),
    }
}

async fn meant(app: &App, place: &Place, patch: &Patch) -> ApiResult<Vec<TiView>> {
    let run = dag_runs::must_exist(app, &place.dag_id, &place.run_id).await?;
    let reach = Reach {
        upstream: patch.include_upstream,
        downstream: patch.include_downstream,
        past: patch.include_past,
        future: patch.include_future,
    };
    let named = match place.map_index {
        Some(index) => TaskRef::Mapped(place.task_id.clone(), index),
        None => TaskRef::Task(place.task_id.clone()),
    };
    let tasks = if reach.upstream || reach.downstream {
        let dag = dags::structure(app, &place.dag_id, run.dag_version_id).await?;
        select::spread(&dag, &[named], reach)?
    } else {
        vec![named]
    };
    let runs = select::runs_around(app, &run, reach).await?;
    let tis = select::in_runs(app, runs, &tasks, &Which::default()).await?;
    let own = |ti: &TiView| ti.run_key == run.id && ti.task_id == place.task_id;
    if !tis.iter().any(own) {
        super::must_exist(app, &place.dag_id, &place.run_id, &place.task_id, place.map_index.unwrap_or(-1)).await?;
    }
    Ok(tis)
}

/// Those that are not in the new state already.
fn changing(tis: Vec<TiView>, patch: &Patch) -> Vec<TiView> {
    match patch.new_state {
        Some(state) => tis.into_iter().filter(|ti| ti.state != Some(state)).collect(),
        None => tis,
    }
}

async fn change(app: &App, who: &Identity, place: Place, patch: Patch) -> ApiResult<Json<TaskInstances>> {
    let tis = meant(app, &place, &patch).await?;
    if let Some(note) = &patch.note {
        let ids: Vec<i64> = tis.iter().map(|ti| ti.id).collect();
        app.store.set_ti_notes(&ids, note.as_deref()).await?;
    }
    if let Some(state) = patch.new_state {
        let ids: Vec<i64> = tis.iter().filter(|ti| ti.state != Some(state)).map(|ti| ti.id).collect();
        app.store.set_ti_state(&ids, state, now()).await?;
        revive_downstream(app, &tis).await?;
    }
    let extra = json!({"new_state": patch.new_state, "note": patch.note, "task_instances": tis.len()});
    let event = Event::new("patch_task_instance", who);
    app.record(event.ti(&place.dag_id, &place.run_id, &place.task_id, place.map_index).extra(extra)).await?;
    let mut changed = Vec::with_capacity(tis.len());
    for ti in &tis {
        changed.extend(app.store.find_ti_by_id(ti.id).await?);
    }
    Ok(Json(TaskInstances::all(shapes(app, changed).await?)))
}

/// What failed because of a task that was marked now gets another chance.
async fn revive_downstream(app: &App, marked: &[TiView]) -> ApiResult<()> {
    for of_run in marked.chunk_by(|a, b| a.run_key == b.run_key) {
        let dag = dags::structure(app, &of_run[0].dag_id, of_run[0].dag_version_id).await?;
        let named: Vec<TaskRef> = of_run
            .iter()
            .filter(|ti| dag.tasks.iter().any(|task| task.task_id == ti.task_id))
            .map(|ti| TaskRef::Task(ti.task_id.clone()))
            .collect();
        let reach = Reach { downstream: true, ..Reach::default() };
        let after: Vec<TaskRef> =
            select::spread(&dag, &named, reach)?.into_iter().filter(|task| !named.contains(task)).collect();
        if after.is_empty() {
            continue;
        }
        let which = Which { only_failed: true, ..Which::default() };
        let failed = select::in_runs(app, vec![of_run[0].run_key], &after, &which).await?;
        if !failed.is_empty() {
            let how = Clearing { reopen_runs: true, latest_version: false, also_run: None };
            select::clear(app, &failed, how).await?;
        }
    }
    Ok(())
}
