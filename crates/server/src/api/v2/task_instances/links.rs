//! What hangs on one task instance: its operator's links, its log elsewhere; and deleting it.

use axum::Json;
use axum::extract::{Path, State};
use serde_json::{Map, Value, json};
use tradewind_store::XComKey;

use super::{get, must_exist};
use crate::api::v2::dags;
use crate::auth::Identity;
use crate::events::Event;
use crate::http::Params;
use crate::http::error::{ApiError, ApiResult};
use crate::state::App;

/// Answers the links. Only the operator's own code makes their addresses: each try leaves them in XComs when it ends,
/// so a link without one has no address (yet).
pub async fn links(
    State(app): State<App>,
    Path((dag_id, run_id, task_id)): Path<(String, String, String)>,
    params: Params,
) -> ApiResult<Json<Value>> {
    let ti = must_exist(&app, &dag_id, &run_id, &task_id, get::map_index(&params)?).await?;
    if let Some(number) = params.int("try_number")?
        && number != i64::from(ti.try_number)
        && app.store.earlier_tries(ti.id).await?.iter().all(|one| i64::from(one.try_number) != number)
    {
        return Err(ApiError::not_found(format!("the task instance has no try {number}")));
    }
    let dag = dags::structure(&app, &dag_id, ti.dag_version_id).await?;
    let task = dag.tasks.iter().find(|task| task.task_id == task_id);
    let task = task.ok_or_else(|| ApiError::not_found(format!("DAG '{dag_id}' has no task '{task_id}'")))?;
    let mut links = Map::new();
    for name in &task.extra_links {
        let key = task.link_keys.get(name).cloned().unwrap_or_else(|| format!("_link_{name}"));
        let xcom = XComKey { run_key: ti.run_key, task_id: task_id.clone(), map_index: ti.map_index, key };
        let stored = app.store.xcom_get(&xcom).await?;
        let address = stored.and_then(|text| serde_json::from_str::<String>(&text).ok());
        links.insert(name.clone(), address.map_or(Value::Null, Value::String));
    }
    Ok(Json(json!({"total_entries": links.len(), "extra_links": links})))
}

/// Logs are kept here and shown here: there is no other place to lead to.
pub async fn external_log(
    State(app): State<App>,
    Path((dag_id, run_id, task_id, _number)): Path<(String, String, String, i32)>,
    params: Params,
) -> ApiResult<Json<Value>> {
    must_exist(&app, &dag_id, &run_id, &task_id, get::map_index(&params)?).await?;
    Err(ApiError::bad_request("Task log handler does not support external logs."))
}

/// Deletes a task instance with its tries. A worker that runs it is told to stop.
pub async fn delete(
    State(app): State<App>,
    who: Identity,
    Path((dag_id, run_id, task_id)): Path<(String, String, String)>,
    params: Params,
) -> ApiResult<Json<Value>> {
    let ti = must_exist(&app, &dag_id, &run_id, &task_id, get::map_index(&params)?).await?;
    app.store.delete_tis(&[ti.id]).await?;
    app.record(Event::new("delete_task_instance", &who).ti(&dag_id, &run_id, &task_id, Some(ti.map_index))).await?;
    Ok(Json(Value::Null))
}
