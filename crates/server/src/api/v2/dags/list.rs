//! `GET /api/v2/dags`.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use tradewind_core::RunState;
use tradewind_store::read::{DAG_COLUMNS, DagFilter, DagView, Match};

use super::Dag;
use crate::api::v2::paging;
use crate::auth::Identity;
use crate::http::Params;
use crate::http::error::{ApiError, ApiResult};
use crate::state::App;

/// A page of DAGs.
#[derive(Serialize)]
pub struct Dags {
    dags: Vec<Dag>,
    total_entries: i64,
}

/// The filters that listing and bulk changes share.
///
/// # Errors
/// 422 for values that are not what they should be.
pub fn filter(params: &Params, username: &str) -> ApiResult<DagFilter> {
    let mode = params.text("tags_match_mode").unwrap_or("any");
    if !matches!(mode, "any" | "all") {
        return Err(ApiError::invalid("literal_error", &["query", "tags_match_mode"], "it should be 'any' or 'all'"));
    }
    Ok(DagFilter {
        dag_id: paging::matching(params, "dag_id"),
        display_name: paging::matching(params, "dag_display_name"),
        search: None,
        tags: params.list("tags"),
        all_tags: mode == "all",
        owners: params.list("owners"),
        include_stale: !params.flag("exclude_stale")?.unwrap_or(true),
        paused: params.flag("paused")?,
        has_import_errors: params.flag("has_import_errors")?,
        has_asset_schedule: params.flag("has_asset_schedule")?,
        asset: Match { pattern: params.text("asset_dependency").map(|part| format!("%{part}%")), prefix: None },
        last_run_state: params.name::<RunState>("last_dag_run_state")?.map(|state| state.to_string()),
        bundle_name: params.text("bundle_name").map(ToOwned::to_owned),
        bundle_version: params.text("bundle_version").map(ToOwned::to_owned),
        favorite_of: params.flag("is_favorite")?.map(|wanted| (username.to_owned(), wanted)),
        timetable_kinds: params.list("timetable_type").iter().map(|path| timetable_kind(path)).collect(),
        run_states: params.names::<RunState>("dag_run_state")?.iter().map(ToString::to_string).collect(),
        run_start: paging::instants(params, "dag_run_start_date")?,
        run_end: paging::instants(params, "dag_run_end_date")?,
    })
}

/// What we call a timetable that Airflow names by its class. A name that is not one of Airflow's fits nothing.
fn timetable_kind(path: &str) -> String {
    let kind = match path.rsplit('.').next().unwrap_or_default() {
        "NullTimetable" => "null",
        "OnceTimetable" => "once",
        "ContinuousTimetable" => "continuous",
        "CronDataIntervalTimetable" => "cron_data_interval",
        "DeltaDataIntervalTimetable" => "delta_data_interval",
        "CronTriggerTimetable" => "cron_trigger",
        "DeltaTriggerTimetable" => "delta_trigger",
        "MultipleCronTriggerTimetable" => "multiple_cron_trigger",
        "EventsTimetable" => "events",
        "AssetTriggeredTimetable" => "asset_triggered",
        "AssetOrTimeSchedule" => "asset_or_time",
        "PartitionedAssetTimetable" => "partitioned_asset",
        "CronPartitionTimetable" => "cron_partition",
        _ => path,
    };
    kind.to_owned()
}

/// Answers the page.
pub async fn handle(State(app): State<App>, who: Identity, params: Params) -> ApiResult<Json<Dags>> {
    let order = paging::order(&params, DAG_COLUMNS, &["dag_id"])?;
    let found = app.store.list_dags(&filter(&params, &who.name)?, &order, paging::page(&app, &params)?).await?;
    Ok(Json(Dags { dags: shapes(&app, found.rows).await?, total_entries: found.total }))
}

/// Rows as clients see them.
///
/// # Errors
/// The database's.
pub async fn shapes(app: &App, rows: Vec<DagView>) -> ApiResult<Vec<Dag>> {
    let ids: Vec<String> = rows.iter().map(|dag| dag.dag_id.clone()).collect();
    let mut tags = app.store.tags_of(&ids).await?;
    let mut dags = Vec::with_capacity(rows.len());
    for dag in rows {
        let limited = match dag.latest_version_id {
            Some(id) => app.versions.facts(&app.store, id).await?.has_task_limits,
            None => false,
        };
        let tags = tags.remove(&dag.dag_id).unwrap_or_default();
        dags.push(Dag::new(dag, tags, limited));
    }
    Ok(dags)
}

impl Dags {
    /// Says how many there are beyond the page.
    pub fn set_total(&mut self, total: i64) {
        self.total_entries = total;
    }

    /// All of them in one page.
    pub fn all(dags: Vec<Dag>) -> Self {
        Self { total_entries: dags.len() as i64, dags }
    }
}
