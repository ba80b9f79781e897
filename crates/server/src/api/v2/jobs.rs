//! `GET /api/v2/jobs`: the long-lived processes of the installation.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use serde_json::{Value, json};
use tradewind_core::{Duration, Timestamp};
use tradewind_store::read::{JOB_COLUMNS, JobFilter, JobView};

use super::paging;
use crate::clock::now;
use crate::http::Params;
use crate::http::error::ApiResult;
use crate::routes::Routes;
use crate::state::App;

/// Adds this file's routes.
pub fn routes(routes: Routes) -> Routes {
    routes.get("/api/v2/jobs", list)
}

/// A job as clients see it.
#[derive(Serialize)]
pub struct Job {
    id: i64,
    dag_id: Option<String>,
    state: Option<String>,
    job_type: Option<String>,
    start_date: Option<Timestamp>,
    end_date: Option<Timestamp>,
    latest_heartbeat: Option<Timestamp>,
    executor_class: Option<String>,
    hostname: Option<String>,
    unixname: Option<String>,
    dag_display_name: Option<String>,
}

impl From<JobView> for Job {
    fn from(job: JobView) -> Self {
        // Airflow's word for a job that has ended well.
        let state = if job.state == "ended" { "success".to_owned() } else { job.state };
        Self {
            id: job.id,
            dag_id: None,
            state: Some(state),
            job_type: Some(job.kind),
            start_date: Some(job.started_at),
            end_date: job.ended_at,
            latest_heartbeat: Some(job.heartbeat_at),
            executor_class: None,
            hostname: Some(job.hostname),
            unixname: None,
            dag_display_name: None,
        }
    }
}

async fn list(State(app): State<App>, params: Params) -> ApiResult<Json<Value>> {
    let text = |name: &str| params.text(name).map(ToOwned::to_owned);
    let silent = i64::try_from(app.config.health_check_threshold.as_micros()).unwrap_or(i64::MAX);
    let since = (now() - Duration::from_micros(silent)).as_micros();
    let by = JobFilter {
        state: text("job_state").map(|state| if state == "success" { "ended".to_owned() } else { state }),
        kind: text("job_type"),
        hostname: text("hostname"),
        alive_since: params.flag("is_alive")?.map(|alive| (since, alive)),
        started_at: paging::instants(&params, "start_date")?,
        ended_at: paging::instants(&params, "end_date")?,
    };
    let order = paging::order(&params, JOB_COLUMNS, &["id"])?;
    let found = app.store.list_jobs(&by, &order, paging::page(&app, &params)?).await?;
    let jobs: Vec<Job> = found.rows.into_iter().map(Job::from).collect();
    Ok(Json(json!({"jobs": jobs, "total_entries": found.total})))
}
