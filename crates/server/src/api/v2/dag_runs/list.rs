//! `GET /api/v2/dags/{dag_id}/dagRuns` and its form with a body, `POST …/dagRuns/list`.

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tradewind_core::{RunState, RunType};
use tradewind_store::read::{OrderBy, Page, RUN_COLUMNS, RunFilter};

use super::DagRun;
use crate::api::v2::paging::Around;
use crate::api::v2::{dags, paging};
use crate::http::error::{ApiError, ApiResult};
use crate::http::{Body, Params};
use crate::state::App;

/// A page of runs.
#[derive(Serialize)]
pub struct DagRuns {
    dag_runs: Vec<DagRun>,
    #[serde(flatten)]
    around: Around,
}

/// Answers the page; `~` means all DAGs.
pub async fn handle(State(app): State<App>, Path(dag_id): Path<String>, params: Params) -> ApiResult<Json<DagRuns>> {
    let mut filter = read(&params)?;
    if dag_id != "~" {
        filter.dag_ids = vec![dag_id];
    }
    let order = paging::order(&params, RUN_COLUMNS, &["id"])?;
    let page = paging::page(&app, &params)?;
    let names = paging::order_names(&params, "id");
    if let Some(cursor) = paging::cursor(&params, &names)? {
        let cut = app.store.cut_runs(&filter, &order, cursor, page.limit).await?;
        if cut.total == 0 {
            must_have_dag(&app, &filter).await?;
        }
        let around = Around::cut(&cut, &names, |run| run.id);
        return Ok(Json(DagRuns { dag_runs: cut.rows.into_iter().map(DagRun::from).collect(), around }));
    }
    answer(&app, &filter, &order, page).await
}

/// 404 for a list of no runs of a DAG that is not there.
async fn must_have_dag(app: &App, filter: &RunFilter) -> ApiResult<()> {
    if let [dag_id] = filter.dag_ids.as_slice() {
        dags::must_exist(app, dag_id).await?;
    }
    Ok(())
}

async fn answer(app: &App, filter: &RunFilter, order: &OrderBy, page: Page) -> ApiResult<Json<DagRuns>> {
    let found = app.store.list_runs(filter, order, page).await?;
    if found.total == 0 {
        must_have_dag(app, filter).await?;
    }
    let around = Around::exactly(found.total);
    Ok(Json(DagRuns { dag_runs: found.rows.into_iter().map(DagRun::from).collect(), around }))
}

fn read(params: &Params) -> ApiResult<RunFilter> {
    Ok(RunFilter {
        partition_date: paging::days(params, "partition_date")?,
        dag_id: paging::matching(params, "dag_id"),
        run_id: paging::matching(params, "run_id"),
        partition_key: paging::matching(params, "partition_key"),
        triggering_user: paging::matching(params, "triggering_user_name"),
        consumed_asset: paging::matching(params, "consuming_asset"),
        states: params.names::<RunState>("state")?.iter().map(ToString::to_string).collect(),
        run_types: params.names::<RunType>("run_type")?.iter().map(ToString::to_string).collect(),
        version_numbers: params.ints("dag_version")?,
        bundle_version: params.text("bundle_version").map(ToOwned::to_owned),
        conf_contains: params.text("conf_contains").filter(|part| !part.is_empty()).map(ToOwned::to_owned),
        run_after: paging::instants(params, "run_after")?,
        logical_date: paging::instants(params, "logical_date")?,
        start_date: paging::instants(params, "start_date")?,
        end_date: paging::instants(params, "end_date")?,
        updated_at: paging::instants(params, "updated_at")?,
        duration: paging::numbers(params, "duration")?,
        ..RunFilter::default()
    })
}

/// The filters of a list as a body.
#[derive(Deserialize)]
pub struct Batch {
    order_by: Option<String>,
    #[serde(default)]
    page_offset: i64,
    page_limit: Option<i64>,
    dag_ids: Option<Vec<String>>,
    states: Option<Vec<Option<RunState>>>,
    conf_contains: Option<String>,
    #[serde(flatten)]
    bounds: Bounds,
}

/// `<name>_gte` and its siblings.
#[derive(Default, Deserialize)]
#[serde(transparent)]
pub struct Bounds(serde_json::Map<String, Value>);

impl Bounds {
    /// As if they had been in a query string.
    pub fn params(&self) -> Params {
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
        let pairs = self.0.iter().filter(|(_, value)| !value.is_null());
        Params::from_pairs(pairs.map(|(name, value)| (name.clone(), text(value))).collect())
    }

    /// Refuses names that are no bounds.
    ///
    /// # Errors
    /// 422 with the name.
    pub fn check(&self, of: &[&str]) -> ApiResult<()> {
        let known = |name: &str| {
            name.rsplit_once('_')
                .is_some_and(|(of_what, op)| of.contains(&of_what) && matches!(op, "gte" | "gt" | "lte" | "lt"))
        };
        match self.0.keys().find(|name| !known(name)) {
            Some(name) => Err(ApiError::invalid("extra_forbidden", &["body", name], "there is no such field")),
            None => Ok(()),
        }
    }
}

/// Answers the page that the body asks for.
pub async fn batch(
    State(app): State<App>,
    Path(dag_id): Path<String>,
    Body(batch): Body<Batch>,
) -> ApiResult<Json<DagRuns>> {
    if dag_id != "~" {
        return Err(ApiError::invalid("literal_error", &["path", "dag_id"], "it should be '~'"));
    }
    batch.bounds.check(&["run_after", "logical_date", "start_date", "end_date", "duration"])?;
    let states = batch.states.unwrap_or_default();
    let filter = RunFilter {
        dag_ids: batch.dag_ids.unwrap_or_default(),
        states: states.iter().flatten().map(ToString::to_string).collect(),
        conf_contains: batch.conf_contains,
        ..read(&batch.bounds.params())?
    };
    let names: Vec<String> = batch.order_by.into_iter().collect();
    let names = if names.is_empty() { vec!["id".to_owned()] } else { names };
    let order = OrderBy::parse(RUN_COLUMNS, &names).map_err(|error| ApiError::bad_request(error.to_string()))?;
    let most = i64::from(app.config.maximum_page_limit);
    let page = Page { limit: batch.page_limit.unwrap_or(100).clamp(0, most), offset: batch.page_offset.max(0) };
    answer(&app, &filter, &order, page).await
}
