//! `/task-instances/count`, `/states`, `/previous`, `/breadcrumbs`: where task instances of any DAG stand.

use axum::Json;
use axum::extract::{Path, State};
use serde_json::{Map, Value, json};
use tradewind_core::{TaskState, Timestamp};
use tradewind_protocol::TaskCall;
use tradewind_store::read::{Listed, OrderBy, Page, Span, TI_COLUMNS, TiFilter, TiView};

use super::asking::Asking;
use super::failure::not_found;
use crate::http::Params;
use crate::http::error::{ApiError, ApiResult};
use crate::routes::Routes;
use crate::state::App;

/// Adds this file's routes.
pub fn routes(routes: Routes) -> Routes {
    routes
        .get("/execution/task-instances/count", count)
        .get("/execution/task-instances/states", states)
        .get("/execution/task-instances/breadcrumbs", breadcrumbs)
        .get("/execution/task-instances/previous/{dag_id}/{task_id}", previous)
}

/// A parameter that must be there.
pub fn required(params: &Params, name: &str) -> ApiResult<String> {
    let missing = || ApiError::invalid("missing", &["query", name], "this parameter is required");
    params.text(name).map(ToOwned::to_owned).ok_or_else(missing)
}

/// A repeated instant.
///
/// # Errors
/// 422 for what is none.
pub fn instants(params: &Params, name: &str) -> ApiResult<Vec<Timestamp>> {
    let read = |text: String| {
        let wrong = |error| ApiError::invalid("datetime_parsing", &["query", name], format!("'{text}': {error}"));
        text.parse::<Timestamp>().map_err(wrong)
    };
    params.list(name).into_iter().map(read).collect()
}

async fn list(app: &App, by: &TiFilter, order: &[&str], limit: i64) -> ApiResult<Listed<TiView>> {
    let order = OrderBy::parse(TI_COLUMNS, order).map_err(|error| ApiError::bad_request(error.to_string()))?;
    Ok(app.store.list_tis(by, &order, Page { limit, offset: 0 }).await?)
}

/// The conditions that `count` and `states` share; `None`: nothing can fit them.
async fn filter(app: &App, asking: &Asking, params: &Params) -> ApiResult<Option<TiFilter>> {
    let dag_id = required(params, "dag_id")?;
    let mut by = TiFilter {
        run_ids: params.list("run_ids"),
        task_ids: params.list("task_ids"),
        map_indexes: params.int("map_index")?.into_iter().collect(),
        ..TiFilter::default()
    };
    let logical_dates = instants(params, "logical_dates")?;
    if !logical_dates.is_empty() {
        let call = TaskCall::RunFind {
            dag_ids: vec![dag_id.clone()],
            run_ids: std::mem::take(&mut by.run_ids),
            states: Vec::new(),
            run_types: Vec::new(),
            logical_dates,
            from: None,
            until: None,
            descending: false,
            limit: None,
        };
        let runs = asking.ask(app, call).await?;
        let ids = runs.as_array().into_iter().flatten().filter_map(|run| run["run_id"].as_str());
        by.run_ids = ids.map(ToOwned::to_owned).collect();
        if by.run_ids.is_empty() {
            return Ok(None);
        }
    }
    by.dag_ids = vec![dag_id];
    Ok(Some(by))
}

/// Tasks of the group that is asked about, if one is.
async fn of_group(app: &App, params: &Params) -> ApiResult<Option<Vec<String>>> {
    let Some(group) = params.text("task_group_id") else { return Ok(None) };
    let dag_id = required(params, "dag_id")?;
    let dag = app.task_api.newest(&dag_id).await?;
    let dag = dag.filter(|dag| dag.task_groups.contains_key(group));
    let missing = || not_found(format!("Task group {group} not found in DAG {dag_id}"));
    Ok(Some(dag.ok_or_else(missing)?.tasks_of_group(group)))
}

async fn count(State(app): State<App>, asking: Asking, params: Params) -> ApiResult<Json<i64>> {
    let group = of_group(&app, &params).await?;
    let Some(mut by) = filter(&app, &asking, &params).await? else { return Ok(Json(0)) };
    if let Some(group) = group {
        let both = |task: &String| by.task_ids.is_empty() || by.task_ids.contains(task);
        by.task_ids = group.into_iter().filter(both).collect();
        if by.task_ids.is_empty() {
            return Ok(Json(0));
        }
    }
    let named = |state: String| if state == "null" { "none".to_owned() } else { state };
    by.states = params.list("states").into_iter().map(named).collect();
    Ok(Json(list(&app, &by, &["id"], 1).await?.total))
}

async fn states(State(app): State<App>, asking: Asking, params: Params) -> ApiResult<Json<Value>> {
    let group = of_group(&app, &params).await?;
    let mut found: Map<String, Value> = Map::new();
    if let Some(mut by) = filter(&app, &asking, &params).await? {
        // Tasks and a group: all of both.
        by.task_ids.extend(group.clone().unwrap_or_default());
        if group.is_none() || !by.task_ids.is_empty() {
            for ti in list(&app, &by, &["id"], i64::MAX).await?.rows {
                let name = if ti.map_index < 0 { ti.task_id } else { format!("{}_{}", ti.task_id, ti.map_index) };
                found.entry(ti.run_id).or_insert_with(|| json!({}))[name] = json!(ti.state);
            }
        }
    }
    Ok(Json(json!({"task_states": found})))
}

fn duration(ti: &TiView) -> Option<f64> {
    Some((ti.end_date? - ti.start_date?).as_secs_f64())
}

async fn breadcrumbs(State(app): State<App>, _: Asking, params: Params) -> ApiResult<Json<Value>> {
    use TaskState as S;
    let ended = [S::Success, S::Failed, S::Skipped, S::UpstreamFailed, S::Removed];
    let by = TiFilter {
        dag_ids: vec![required(&params, "dag_id")?],
        run_ids: vec![required(&params, "run_id")?],
        states: ended.map(|state| state.to_string()).to_vec(),
        ..TiFilter::default()
    };
    let found = list(&app, &by, &["task_id", "map_index"], i64::MAX).await?;
    let shape = |ti: &TiView| {
        json!({
            "task_id": ti.task_id, "map_index": ti.map_index, "state": ti.state, "operator": ti.operator,
            "duration": duration(ti),
        })
    };
    Ok(Json(json!({"breadcrumbs": found.rows.iter().map(shape).collect::<Vec<_>>()})))
}

async fn previous(
    State(app): State<App>,
    _: Asking,
    Path((dag_id, task_id)): Path<(String, String)>,
    params: Params,
) -> ApiResult<Json<Value>> {
    let by = TiFilter {
        dag_ids: vec![dag_id],
        task_ids: vec![task_id],
        map_indexes: vec![params.int("map_index")?.unwrap_or(-1)],
        states: params.name::<TaskState>("state")?.iter().map(ToString::to_string).collect(),
        logical_date: Span { lt: params.instant("logical_date")?.map(Timestamp::as_micros), ..Span::default() },
        ..TiFilter::default()
    };
    let found = list(&app, &by, &["-logical_date"], 1).await?;
    let shape = |ti: &TiView| {
        json!({
            "task_id": ti.task_id, "dag_id": ti.dag_id, "run_id": ti.run_id, "logical_date": ti.logical_date,
            "start_date": ti.start_date, "end_date": ti.end_date, "state": ti.state, "try_number": ti.try_number,
            "map_index": ti.map_index, "duration": duration(ti),
        })
    };
    Ok(Json(found.rows.first().map_or(Value::Null, shape)))
}
