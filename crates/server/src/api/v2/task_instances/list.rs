//! `GET …/taskInstances`, its form with a body, and `…/listMapped`.

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use tradewind_core::TaskState;
use tradewind_store::read::{OrderBy, Page, TI_COLUMNS, TiFilter, TiView};

use super::{TaskInstance, named};
use crate::api::v2::dag_runs::{self, Bounds};
use crate::api::v2::paging::Around;
use crate::api::v2::{dags, paging};
use crate::http::error::{ApiError, ApiResult};
use crate::http::{Body, Params};
use crate::state::App;

/// A page of task instances.
#[derive(Serialize)]
pub struct TaskInstances {
    task_instances: Vec<TaskInstance>,
    #[serde(flatten)]
    around: Around,
}

/// Answers the page; `~` means all DAGs or all runs.
pub async fn handle(
    State(app): State<App>,
    Path((dag_id, run_id)): Path<(String, String)>,
    params: Params,
) -> ApiResult<Json<TaskInstances>> {
    let mut filter = read(&params)?;
    named::by_group(&app, &dag_id, &params, &mut filter).await?;
    named::by_display_name(&app, &dag_id, &params, &mut filter).await?;
    let filter = place(&app, dag_id, run_id, filter).await?;
    let order = paging::order(&params, TI_COLUMNS, &["map_index"])?;
    let names = paging::order_names(&params, "map_index");
    if let Some(cursor) = paging::cursor(&params, &names)? {
        let cut = app.store.cut_tis(&filter, &order, cursor, paging::page(&app, &params)?.limit).await?;
        let around = Around::cut(&cut, &names, |ti| ti.id);
        return Ok(Json(TaskInstances { task_instances: shapes(&app, cut.rows).await?, around }));
    }
    answer(&app, &filter, &order, paging::page(&app, &params)?).await
}

/// Answers the instances of a mapped task.
pub async fn mapped(
    State(app): State<App>,
    Path((dag_id, run_id, task_id)): Path<(String, String, String)>,
    params: Params,
) -> ApiResult<Json<TaskInstances>> {
    let mut filter = place(&app, dag_id.clone(), run_id.clone(), read(&params)?).await?;
    filter.task_ids = vec![task_id.clone()];
    let order = paging::order(&params, TI_COLUMNS, &["map_index"])?;
    let found = answer(&app, &filter, &order, paging::page(&app, &params)?).await?;
    if found.0.around.total() == 0 && run_id != "~" {
        let run = dag_runs::must_exist(&app, &dag_id, &run_id).await?;
        let dag = dags::structure(&app, &dag_id, run.dag_version_id).await?;
        match dag.tasks.iter().find(|task| task.task_id == task_id) {
            None => {
                return Err(ApiError::not_found(format!("run '{run_id}' of DAG '{dag_id}' has no task '{task_id}'")));
            }
            Some(task) if !dag.is_expanded(task) => {
                return Err(ApiError::not_found(format!("task '{task_id}' is not mapped")));
            }
            Some(_) => {}
        }
    }
    Ok(found)
}

/// Narrows a filter to the DAG and run of the path.
async fn place(app: &App, dag_id: String, run_id: String, mut filter: TiFilter) -> ApiResult<TiFilter> {
    match (dag_id.as_str(), run_id.as_str()) {
        ("~", "~") => {}
        ("~", _) => filter.run_ids = vec![run_id],
        (_, "~") => {
            dags::must_exist(app, &dag_id).await?;
            filter.dag_ids = vec![dag_id];
        }
        // The run's number leads straight to its rows.
        _ => filter.run_keys = vec![dag_runs::must_exist(app, &dag_id, &run_id).await?.id],
    }
    Ok(filter)
}

async fn answer(app: &App, filter: &TiFilter, order: &OrderBy, page: Page) -> ApiResult<Json<TaskInstances>> {
    let found = app.store.list_tis(filter, order, page).await?;
    let around = Around::exactly(found.total);
    Ok(Json(TaskInstances { task_instances: shapes(app, found.rows).await?, around }))
}

/// Rows as clients see them.
///
/// # Errors
/// The database's.
pub async fn shapes(app: &App, rows: Vec<TiView>) -> ApiResult<Vec<TaskInstance>> {
    let mut shapes = Vec::with_capacity(rows.len());
    let waiting: Vec<i64> = rows.iter().filter(|ti| ti.state == Some(TaskState::Deferred)).map(|ti| ti.id).collect();
    let mut triggers = app.store.triggers_of_tis(&waiting).await?;
    for ti in rows {
        let facts = match ti.dag_version_id {
            Some(id) => app.versions.facts(&app.store, id).await?,
            None => Default::default(),
        };
        let trigger = triggers.remove(&ti.id);
        shapes.push(TaskInstance::new(ti, &facts, trigger));
    }
    Ok(shapes)
}

impl TaskInstances {
    /// All of them in one page.
    pub fn all(task_instances: Vec<TaskInstance>) -> Self {
        Self { around: Around::exactly(task_instances.len() as i64), task_instances }
    }
}

/// State names; "none" and "no_status" mean no state at all.
fn states(names: &[String]) -> ApiResult<Vec<String>> {
    let one = |name: &String| match name.as_str() {
        "none" | "no_status" => Ok("none".to_owned()),
        name => name
            .parse::<TaskState>()
            .map(|state| state.to_string())
            .map_err(|msg| ApiError::invalid("enum", &["query", "state"], msg)),
    };
    names.iter().map(one).collect()
}

fn read(params: &Params) -> ApiResult<TiFilter> {
    Ok(TiFilter {
        task_ids: params.text("task_id").map(ToOwned::to_owned).into_iter().collect(),
        dag_id: paging::matching(params, "dag_id"),
        run_id: paging::matching(params, "run_id"),
        states: states(&params.list("state"))?,
        pools: params.list("pool"),
        pool: paging::matching(params, "pool_name"),
        queues: params.list("queue"),
        queue: paging::matching(params, "queue_name"),
        executors: params.list("executor"),
        version_numbers: params.ints("version_number")?,
        try_numbers: params.ints("try_number")?,
        operators: params.list("operator"),
        operator: paging::matching(params, "operator_name"),
        map_indexes: params.ints("map_index")?,
        rendered_map_index: paging::matching(params, "rendered_map_index"),
        run_after: paging::instants(params, "run_after")?,
        logical_date: paging::instants(params, "logical_date")?,
        start_date: paging::instants(params, "start_date")?,
        end_date: paging::instants(params, "end_date")?,
        updated_at: paging::instants(params, "updated_at")?,
        duration: paging::numbers(params, "duration")?,
        ..TiFilter::default()
    })
}

/// The filters of a list as a body.
#[derive(Deserialize)]
pub struct Batch {
    dag_ids: Option<Vec<String>>,
    dag_run_ids: Option<Vec<String>>,
    task_ids: Option<Vec<String>>,
    state: Option<Vec<Option<TaskState>>>,
    pool: Option<Vec<String>>,
    queue: Option<Vec<String>>,
    executor: Option<Vec<String>>,
    #[serde(default)]
    page_offset: i64,
    page_limit: Option<i64>,
    order_by: Option<String>,
    #[serde(flatten)]
    bounds: Bounds,
}

/// Answers the page that the body asks for.
pub async fn batch(
    State(app): State<App>,
    Path((dag_id, run_id)): Path<(String, String)>,
    Body(batch): Body<Batch>,
) -> ApiResult<Json<TaskInstances>> {
    if dag_id != "~" || run_id != "~" {
        return Err(ApiError::invalid("literal_error", &["path"], "the DAG and run should be '~'"));
    }
    batch.bounds.check(&["run_after", "logical_date", "start_date", "end_date", "duration"])?;
    let state = |state: &Option<TaskState>| state.map_or_else(|| "none".to_owned(), |state| state.to_string());
    let filter = TiFilter {
        dag_ids: batch.dag_ids.unwrap_or_default(),
        run_ids: batch.dag_run_ids.unwrap_or_default(),
        task_ids: batch.task_ids.unwrap_or_default(),
        states: batch.state.unwrap_or_default().iter().map(state).collect(),
        pools: batch.pool.unwrap_or_default(),
        queues: batch.queue.unwrap_or_default(),
        executors: batch.executor.unwrap_or_default(),
        ..read(&batch.bounds.params())?
    };
    let names = batch.order_by.map_or_else(|| vec!["id".to_owned()], |name| vec![name]);
    let order = OrderBy::parse(TI_COLUMNS, &names).map_err(|error| ApiError::bad_request(error.to_string()))?;
    let most = i64::from(app.config.maximum_page_limit);
    let page = Page { limit: batch.page_limit.unwrap_or(100).clamp(0, most), offset: batch.page_offset.max(0) };
    answer(&app, &filter, &order, page).await
}
