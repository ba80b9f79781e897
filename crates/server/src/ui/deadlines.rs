//! `GET /ui/dags/{dag_id}/dagRuns/{dag_run_id}/deadlines`: by when runs were to have succeeded. `~` stands for any.

use axum::Json;
use axum::extract::{Path, State};
use serde_json::{Value, json};
use tradewind_store::read::{DEADLINE_COLUMNS, DeadlineFilter};

use super::deadline_alerts::alert_uuid;
use crate::api::v2::paging::{instants, order, page};
use crate::http::Params;
use crate::http::error::{ApiError, ApiResult};
use crate::state::App;

/// Answers a page of deadlines.
pub async fn handle(
    State(app): State<App>,
    Path((dag_id, run_id)): Path<(String, String)>,
    params: Params,
) -> ApiResult<Json<Value>> {
    let named = |id: &str| (id != "~").then(|| id.to_owned());
    if let (Some(dag_id), Some(run_id)) = (named(&dag_id), named(&run_id))
        && app.store.find_run_row(&dag_id, &run_id).await?.is_none()
    {
        return Err(ApiError::not_found(format!("No dag run found for dag_id={dag_id} dag_run_id={run_id}")));
    }
    let filter = DeadlineFilter {
        dag_id: named(&dag_id),
        run_id: named(&run_id),
        missed: params.flag("missed")?,
        due_at: instants(&params, "deadline_time")?,
        updated_at: instants(&params, "last_updated_at")?,
    };
    let order = order(&params, DEADLINE_COLUMNS, &["deadline_time"])?;
    let found = app.store.list_deadlines(&filter, &order, page(&app, &params)?).await?;
    let shape = |(deadline, name): &(tradewind_store::read::DeadlineView, Option<String>)| {
        json!({
            "id": deadline.uuid,
            "deadline_time": deadline.due_at,
            "missed": deadline.missed,
            "created_at": deadline.created_at,
            "dag_id": deadline.dag_id,
            "dag_run_id": deadline.run_id,
            "alert_id": deadline.dag_version_id.map(|version| alert_uuid(version, deadline.alert)),
            "alert_name": name,
        })
    };
    Ok(Json(json!({ "deadlines": found.rows.iter().map(shape).collect::<Vec<_>>(), "total_entries": found.total })))
}
