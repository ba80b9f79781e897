//! One task instance, and its tries.

use axum::Json;
use axum::extract::{Path, State};
use serde_json::{Value, json};
use tradewind_store::read::TiView;

use super::{TaskInstance, Try, must_exist, shapes};
use crate::http::Params;
use crate::http::error::{ApiError, ApiResult};
use crate::state::App;

type Names = (String, String, String);
type MappedNames = (String, String, String, i32);

/// `?map_index=`, -1 when not given.
pub fn map_index(params: &Params) -> ApiResult<i32> {
    let index = params.int("map_index")?.unwrap_or(-1);
    i32::try_from(index).map_err(|_| ApiError::invalid("int_parsing_size", &["query", "map_index"], "it is too large"))
}

/// Answers a task instance that is not mapped.
pub async fn unmapped(
    State(app): State<App>,
    Path((dag_id, run_id, task_id)): Path<Names>,
) -> ApiResult<Json<Option<TaskInstance>>> {
    match app.store.find_ti(&dag_id, &run_id, &task_id, -1).await? {
        Some(ti) => answer(&app, ti).await,
        None if app.store.count_map_indexes(&dag_id, &run_id, &task_id).await? > 0 => Err(ApiError::not_found(
            format!("task '{task_id}' is mapped: add the map index to the address, or listMapped"),
        )),
        None => Err(must_exist(&app, &dag_id, &run_id, &task_id, -1)
            .await
            .err()
            .unwrap_or_else(|| ApiError::conflict("the task instance is just being made; ask again"))),
    }
}

/// Answers an instance of a mapped task.
pub async fn mapped(
    State(app): State<App>,
    Path((dag_id, run_id, task_id, map_index)): Path<MappedNames>,
) -> ApiResult<Json<Option<TaskInstance>>> {
    let ti = must_exist(&app, &dag_id, &run_id, &task_id, map_index).await?;
    answer(&app, ti).await
}

async fn answer(app: &App, ti: TiView) -> ApiResult<Json<Option<TaskInstance>>> {
    Ok(Json(shapes(app, vec![ti]).await?.pop()))
}

/// Answers all tries.
pub async fn tries(
    State(app): State<App>,
    Path((dag_id, run_id, task_id)): Path<Names>,
    params: Params,
) -> ApiResult<Json<Value>> {
    let ti = must_exist(&app, &dag_id, &run_id, &task_id, map_index(&params)?).await?;
    let tries = all_tries(&app, ti).await?;
    Ok(Json(json!({"total_entries": tries.len(), "task_instances": tries})))
}

/// Answers all tries of an instance of a mapped task.
pub async fn mapped_tries(
    State(app): State<App>,
    Path((dag_id, run_id, task_id, map_index)): Path<MappedNames>,
) -> ApiResult<Json<Value>> {
    let ti = must_exist(&app, &dag_id, &run_id, &task_id, map_index).await?;
    let tries = all_tries(&app, ti).await?;
    Ok(Json(json!({"total_entries": tries.len(), "task_instances": tries})))
}

/// Answers one try.
pub async fn one_try(
    State(app): State<App>,
    Path((dag_id, run_id, task_id, number)): Path<MappedNames>,
    params: Params,
) -> ApiResult<Json<Try>> {
    let ti = must_exist(&app, &dag_id, &run_id, &task_id, map_index(&params)?).await?;
    find(all_tries(&app, ti).await?, number)
}

/// Answers one try of an instance of a mapped task.
pub async fn mapped_try(
    State(app): State<App>,
    Path((dag_id, run_id, task_id, map_index, number)): Path<(String, String, String, i32, i32)>,
) -> ApiResult<Json<Try>> {
    let ti = must_exist(&app, &dag_id, &run_id, &task_id, map_index).await?;
    find(all_tries(&app, ti).await?, number)
}

fn find(tries: Vec<Try>, number: i32) -> ApiResult<Json<Try>> {
    let found = tries.into_iter().find(|one| one.number() == number);
    found.map(Json).ok_or_else(|| ApiError::not_found(format!("the task instance has no try {number}")))
}

/// The earlier tries and the present one. Before the first there is none.
async fn all_tries(app: &App, ti: TiView) -> ApiResult<Vec<Try>> {
    let facts = match ti.dag_version_id {
        Some(id) => app.versions.facts(&app.store, id).await?,
        None => Default::default(),
    };
    let name = facts.display_name(&ti.task_id).to_owned();
    let earlier = app.store.earlier_tries(ti.id).await?;
    let mut tries: Vec<Try> = earlier.into_iter().map(|one| Try::earlier(&ti, one, &name)).collect();
    // A cleared task instance keeps the number of its last try until it is queued again.
    let is_new = ti.try_number > 0 && tries.iter().all(|one| one.number() != ti.try_number);
    if is_new {
        tries.push(Try::present(ti, &name));
    }
    Ok(tries)
}
