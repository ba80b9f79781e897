//! `GET /api/v2/monitor/health`: which parts are alive, by their heartbeats.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};
use tradewind_core::{Duration, Timestamp};

use crate::clock::now;
use crate::routes::Routes;
use crate::state::App;

/// Adds this file's routes.
pub fn routes(routes: Routes) -> Routes {
    routes.get("/api/v2/monitor/health", get)
}

async fn get(State(app): State<App>) -> Json<Value> {
    let beats = match app.store.newest_heartbeats().await {
        Ok(beats) => beats,
        Err(error) => {
            tracing::error!(%error, "health: the database does not answer");
            let silent = |name: &str| json!({"status": null, format!("latest_{name}_heartbeat"): null});
            return Json(json!({
                "metadatabase": {"status": "unhealthy"},
                "scheduler": silent("scheduler"),
                "triggerer": silent("triggerer"),
                "dag_processor": silent("dag_processor"),
            }));
        }
    };
    let allowed =
        Duration::from_micros(i64::try_from(app.config.health_check_threshold.as_micros()).unwrap_or(i64::MAX));
    let part = |kind: &str, name: &str| status(kind, name, &beats, now() - allowed);
    Json(json!({
        "metadatabase": {"status": "healthy"},
        "scheduler": part("SchedulerJob", "scheduler"),
        "triggerer": part("TriggererJob", "triggerer"),
        "dag_processor": part("DagProcessorJob", "dag_processor"),
    }))
}

/// A kind that never reported has no status; clients read that as "not deployed".
fn status(kind: &str, name: &str, beats: &[(String, Timestamp)], oldest: Timestamp) -> Value {
    let newest = beats.iter().find(|(of, _)| of == kind).map(|(_, at)| *at);
    let status = newest.map(|at| if at >= oldest { "healthy" } else { "unhealthy" });
    json!({"status": status, format!("latest_{name}_heartbeat"): newest})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_as_healthy_as_its_newest_heartbeat() {
        let beats = [("SchedulerJob".to_owned(), Timestamp::from_secs(100))];
        let part = |oldest| status("SchedulerJob", "scheduler", &beats, Timestamp::from_secs(oldest))["status"].clone();
        assert_eq!(part(70), "healthy");
        assert_eq!(part(101), "unhealthy");
        assert!(status("TriggererJob", "triggerer", &beats, Timestamp::from_secs(0))["status"].is_null());
    }
}
