//! `PATCH …/taskInstances/{task_id}`: marks task instances, or changes their note; with a dry run.

use axum::Json;
use axum::extract::{Path, State};
use serde::Deserialize;
use serde_json::json;
use tradewind_core::TaskState;
use tradewind_store::read::TiView;

use super::{TaskInstances, shapes};
use crate::api::v2::{bulk, dag_runs, dags};
use crate::auth::Identity;
use crate::clock::now;
use crate::events::Event;
use crate::http::error::{ApiError, ApiResult};
use crate::http::{Body, Params};
use crate::rerun::select::{self, Clearing, Reach, TaskRef, Which};
use crate::state::App;

type Names = (String, String, String);

/// What to change.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Patch {
    /// The state to mark them with.
    #[serde(default)]
    pub(super) new_state: Option<TaskState>,
    /// Their note; null removes it.
    #[serde(default, deserialize_with = "bulk::given")]
    pub(super) note: Option<Option<String>>,
    /// And what leads to them.
    #[serde(default)]
    pub(super) include_upstream: bool,
    /// And what follows from them.
    #[serde(default)]
    pub(super) include_downstream: bool,
    /// And the same in later runs.
    #[serde(default)]
    pub(super) include_future: bool,
    /// And the same in earlier runs.
    #[serde(default)]
    pub(super) include_past: bool,
}

/// Which tasks of which run.
pub(super) struct Place {
    /// The DAG.
    pub dag_id: String,
    /// The run.
    pub run_id: String,
    /// The task, or the group that was named.
    pub name: String,
    /// One map index, if one was named.
    pub map_index: Option<i32>,
    /// The tasks that are named.
    pub tasks: Vec<TaskRef>,
}

/// One task, or one of its map indexes.
pub(super) fn place((dag_id, run_id, task_id): Names, map_index: Option<i32>) -> Place {
    let task = match map_index {
        Some(index) => TaskRef::Mapped(task_id.clone(), index),
        None => TaskRef::Task(task_id.clone()),
    };
    Place { dag_id, run_id, name: task_id, map_index, tasks: vec![task] }
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
    let patch = masked(patch, &params.list("update_mask"))?;
    answer(&app, change(&app, &who, &place, &patch).await?).await
}

/// Changes one instance of a mapped task.
pub async fn mapped(
    State(app): State<App>,
    who: Identity,
    Path((dag_id, run_id, task_id, map_index)): Path<(String, String, String, i32)>,
    params: Params,
    Body(patch): Body<Patch>,
) -> ApiResult<Json<TaskInstances>> {
    let place = place((dag_id, run_id, task_id), Some(map_index));
    let patch = masked(patch, &params.list("update_mask"))?;
    answer(&app, change(&app, &who, &place, &patch).await?).await
}

/// Says which instances a change would be about.
pub async fn dry_run(
    State(app): State<App>,
    Path(names): Path<Names>,
    params: Params,
    Body(patch): Body<Patch>,
) -> ApiResult<Json<TaskInstances>> {
    let place = place(names, given_index(&params)?);
    let patch = masked(patch, &params.list("update_mask"))?;
    answer(&app, would_change(&app, &place, &patch).await?).await
}

/// Says which instances a change of one instance of a mapped task would be about.
pub async fn mapped_dry_run(
    State(app): State<App>,
    Path((dag_id, run_id, task_id, map_index)): Path<(String, String, String, i32)>,
    params: Params,
    Body(patch): Body<Patch>,
) -> ApiResult<Json<TaskInstances>> {
    let place = place((dag_id, run_id, task_id), Some(map_index));
    let patch = masked(patch, &params.list("update_mask"))?;
    answer(&app, would_change(&app, &place, &patch).await?).await
}

/// Leaves what `update_mask` names, and refuses states that nobody can be put in.
pub(super) fn masked(mut patch: Patch, mask: &[String]) -> ApiResult<Patch> {
    if let Some(unknown) = mask.iter().find(|field| !matches!(field.as_str(), "new_state" | "note")) {
        return Err(ApiError::bad_request(format!(
            "'{unknown}' of a task instance can't be changed; only new_state and note can"
        )));
    }
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
    let tasks = if reach.upstream || reach.downstream {
        let dag = dags::structure(app, &place.dag_id, run.dag_version_id).await?;
        select::spread(&dag, &app.config.dag_defaults, &place.tasks, reach, false)?
    } else {
        place.tasks.clone()
    };
    let runs = select::runs_around(&app.store, &run, reach).await?;
    let tis = select::in_runs(&app.store, runs, &tasks, &Which::default()).await?;
    let own = |ti: &TiView| ti.run_key == run.id && place.tasks.iter().any(|task| task.task_id() == ti.task_id);
    if !tis.iter().any(own) {
        super::must_exist(app, &place.dag_id, &place.run_id, &place.name, place.map_index.unwrap_or(-1)).await?;
    }
    Ok(tis)
}

/// Which instances a change would be about: for a state those that are not in it already.
pub(super) async fn would_change(app: &App, place: &Place, patch: &Patch) -> ApiResult<Vec<TiView>> {
    let mut tis = meant(app, place, patch).await?;
    if let Some(state) = patch.new_state {
        tis.retain(|ti| ti.state != Some(state));
    }
    Ok(tis)
}

/// Changes them; answers all that were meant, as they are now.
pub(super) async fn change(app: &App, who: &Identity, place: &Place, patch: &Patch) -> ApiResult<Vec<TiView>> {
    let tis = meant(app, place, patch).await?;
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
    app.record(event.ti(&place.dag_id, &place.run_id, &place.name, place.map_index).extra(extra)).await?;
    let mut changed = Vec::with_capacity(tis.len());
    for ti in &tis {
        changed.extend(app.store.find_ti_by_id(ti.id).await?);
    }
    Ok(changed)
}

/// Task instances as clients see them.
pub(super) async fn answer(app: &App, tis: Vec<TiView>) -> ApiResult<Json<TaskInstances>> {
    Ok(Json(TaskInstances::all(shapes(app, tis).await?)))
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
        let mut after = select::spread(&dag, &app.config.dag_defaults, &named, reach, false)?;
        after.retain(|task| !named.contains(task));
        if after.is_empty() {
            continue;
        }
        let which = Which { only_failed: true, ..Which::default() };
        let failed = select::in_runs(&app.store, vec![of_run[0].run_key], &after, &which).await?;
        if !failed.is_empty() {
            let how = Clearing { reopen_runs: true, latest_version: false, also_run: None };
            select::clear(&app.store, &app.config.dag_defaults, &failed, how).await?;
        }
    }
    Ok(())
}
