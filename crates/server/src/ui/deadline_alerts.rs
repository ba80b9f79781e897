//! `GET /ui/dags/{dag_id}/deadlineAlerts`: the deadlines that a version of a DAG declares for its runs.

use std::cmp::Ordering;

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tradewind_core::Timestamp;
use uuid::Uuid;

use crate::api::v2::paging::page;
use crate::http::Params;
use crate::http::error::{ApiError, ApiResult};
use crate::state::App;

/// An alert as clients see it.
#[derive(Clone, Debug, Serialize)]
struct Alert {
    id: Uuid,
    name: Option<String>,
    /// Class of the reference.
    reference_type: String,
    /// Seconds; null: a Variable has them.
    interval: Option<f64>,
    created_at: Timestamp,
}

/// As the DAG file says it.
#[derive(Deserialize)]
struct Spec {
    #[serde(default)]
    name: Option<String>,
    reference: Reference,
    #[serde(default)]
    interval: Option<f64>,
}

#[derive(Deserialize)]
struct Reference {
    r#type: String,
    #[serde(default)]
    class: Option<String>,
}

impl Reference {
    fn class(self) -> String {
        match (self.r#type.as_str(), self.class) {
            ("logical_date", _) => "DagRunLogicalDateDeadline".into(),
            ("queued_at", _) => "DagRunQueuedAtDeadline".into(),
            ("fixed", _) => "FixedDatetimeDeadline".into(),
            ("average_runtime", _) => "AverageRuntimeDeadline".into(),
            (_, Some(class)) => class,
            (other, None) => other.to_owned(),
        }
    }
}

/// The UUID under which clients know an alert: version 8 (ours to define) with the number of the DAG's version, whose
/// bytes are few enough, and the position among its alerts.
pub fn alert_uuid(version_id: i64, position: i32) -> Uuid {
    let mut bytes = [0; 16];
    bytes[..4].copy_from_slice(&position.to_be_bytes());
    bytes[4..6].copy_from_slice(b"dl");
    bytes[8..].copy_from_slice(&version_id.to_be_bytes());
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

/// Answers a page of alerts.
pub async fn handle(State(app): State<App>, Path(dag_id): Path<String>, params: Params) -> ApiResult<Json<Value>> {
    let number = params.int("version_number")?;
    let missing = || match number {
        Some(number) => ApiError::not_found(format!("DAG '{dag_id}' has no version {number}")),
        None => ApiError::not_found(format!("there is no DAG '{dag_id}', or it has no version yet")),
    };
    let version = app.store.find_version(&dag_id, number).await?.ok_or_else(missing)?;
    let data = app.store.version_data(version.id).await?.ok_or_else(missing)?;
    let data: Value = serde_json::from_str(&data).unwrap_or_default();
    let specs: Vec<Spec> = serde_json::from_value(data["deadlines"].clone()).unwrap_or_default();
    let mut alerts: Vec<Alert> = (0..)
        .zip(specs)
        .map(|(position, spec)| Alert {
            id: alert_uuid(version.id, position),
            name: spec.name,
            reference_type: spec.reference.class(),
            interval: spec.interval,
            created_at: version.created_at,
        })
        .collect();
    let keys = params.list("order_by");
    for key in keys.iter().rev() {
        let (field, down) = key.strip_prefix('-').map_or((key.as_str(), false), |field| (field, true));
        let by = order(field)?;
        alerts.sort_by(|one, other| if down { by(other, one) } else { by(one, other) });
    }
    let (total, page) = (alerts.len(), page(&app, &params)?);
    let from = usize::try_from(page.offset).unwrap_or(usize::MAX);
    let shown: Vec<Alert> =
        alerts.into_iter().skip(from).take(usize::try_from(page.limit).unwrap_or_default()).collect();
    Ok(Json(json!({"deadline_alerts": shown, "total_entries": total})))
}

fn order(field: &str) -> ApiResult<fn(&Alert, &Alert) -> Ordering> {
    Ok(match field {
        "id" => |one, other| one.id.cmp(&other.id),
        "created_at" => |one, other| one.created_at.cmp(&other.created_at),
        "name" => |one, other| one.name.cmp(&other.name),
        "reference_type" => |one, other| one.reference_type.cmp(&other.reference_type),
        "interval" => |one, other| one.interval.partial_cmp(&other.interval).unwrap_or(Ordering::Equal),
        other => {
            return Err(ApiError::bad_request(format!(
                "Ordering with '{other}' is disallowed or the attribute does not exist on the model"
            )));
        }
    })
}
