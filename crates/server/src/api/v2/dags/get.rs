//! `GET /api/v2/dags/{dag_id}` and its details.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, State};
use serde::{Serialize, Serializer};
use serde_json::Value;
use tradewind_core::Timestamp;
use tradewind_core::timetable::TimetableSpec;
use tradewind_protocol::SerializedDag;

use super::{Dag, iso_duration, list, must_exist, structure};
use crate::api::v2::dag_versions::DagVersion;
use crate::auth::Identity;
use crate::http::error::ApiResult;
use crate::state::App;

/// Answers the DAG.
pub async fn handle(State(app): State<App>, Path(dag_id): Path<String>) -> ApiResult<Json<Option<Dag>>> {
    let dag = must_exist(&app, &dag_id).await?;
    Ok(Json(list::shapes(&app, vec![dag]).await?.pop()))
}

/// A DAG with everything that its file says.
#[derive(Serialize)]
pub struct Details {
    #[serde(flatten)]
    dag: Option<Dag>,
    catchup: bool,
    dag_run_timeout: Option<String>,
    asset_expression: Option<Value>,
    doc_md: Option<String>,
    start_date: Option<Timestamp>,
    end_date: Option<Timestamp>,
    is_paused_upon_creation: Option<bool>,
    params: Params,
    render_template_as_native_obj: bool,
    template_search_path: Option<Vec<String>>,
    timezone: String,
    last_parsed: Option<Timestamp>,
    default_args: Value,
    rerun_with_latest_version: Option<bool>,
    owner_links: BTreeMap<String, String>,
    is_favorite: bool,
    active_runs_count: i64,
    concurrency: i32,
    latest_dag_version: Option<DagVersion>,
}

/// Params in the author's order, which forms follow.
struct Params(Vec<(String, Value)>);

impl Serialize for Params {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, param)| (name, param)))
    }
}

impl Params {
    fn of(dag: &SerializedDag) -> Self {
        let rest = dag.params.keys().filter(|name| !dag.params_order.contains(name));
        let named = dag.params_order.iter().chain(rest);
        Self(named.filter_map(|name| dag.params.get(name).map(|param| (name.clone(), param.clone()))).collect())
    }
}

/// Answers the DAG with everything that its file says.
pub async fn details(State(app): State<App>, who: Identity, Path(dag_id): Path<String>) -> ApiResult<Json<Details>> {
    let row = must_exist(&app, &dag_id).await?;
    let serialized = structure(&app, &dag_id, row.latest_version_id).await?;
    Ok(Json(Details {
        catchup: row.catchup,
        dag_run_timeout: serialized.dagrun_timeout.map(iso_duration),
        asset_expression: asset_expression(&row.timetable),
        start_date: row.start_date,
        end_date: row.end_date,
        is_paused_upon_creation: serialized.is_paused_upon_creation,
        params: Params::of(&serialized),
        doc_md: serialized.doc_md,
        render_template_as_native_obj: serialized.render_template_as_native_obj,
        template_search_path: Some(serialized.template_searchpath).filter(|path| !path.is_empty()),
        timezone: serialized.timezone,
        last_parsed: row.last_parsed_at,
        default_args: serialized.default_args,
        rerun_with_latest_version: serialized.rerun_with_latest_version,
        owner_links: serialized.owner_links,
        is_favorite: app.store.is_favorite(&dag_id, &who.name).await?,
        active_runs_count: app.store.active_run_count(&dag_id).await?,
        concurrency: row.max_active_tasks,
        latest_dag_version: app.store.find_version(&dag_id, None).await?.map(DagVersion::from),
        dag: list::shapes(&app, vec![row]).await?.pop(),
    }))
}

/// What the schedule waits for besides the clock.
fn asset_expression(timetable: &str) -> Option<Value> {
    let spec = serde_json::from_str::<TimetableSpec>(timetable).ok()?;
    serde_json::to_value(spec.asset_schedule()?.condition.for_people()).ok()
}
