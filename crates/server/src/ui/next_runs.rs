//! `GET /ui/next_runs/{dag_id}?limit=10`: the runs that a DAG's schedule will create, worked out by the planner itself.

use axum::Json;
use axum::extract::{Path, State};
use serde::Serialize;
use tradewind_core::Timestamp;
use tradewind_core::plan::{plan_runs, preview_runs};
use tradewind_store::DagScheduleRow;

use crate::api::v2::dags;
use crate::clock::now;
use crate::http::Params;
use crate::http::error::{ApiError, ApiResult};
use crate::state::App;

/// Runs when nobody says how many, and the most that anybody gets.
const DEFAULT: i64 = 10;
const MOST: i64 = 100;

/// What a schedule will do.
#[derive(Serialize)]
pub struct NextRuns {
    dag_id: String,
    is_paused: bool,
    timetable_type: String,
    timetable_summary: String,
    timetable_description: String,
    /// Zone of the DAG's wall clock, if it has one of its own.
    timezone: Option<String>,
    catchup: bool,
    start_date: Option<Timestamp>,
    end_date: Option<Timestamp>,
    next_runs: Vec<Run>,
    /// What comes after them: `more`, `ended`, `no_schedule`, `after_each_run`, `not_asked` …
    then: &'static str,
    /// Why the first of them is not there yet.
    waiting: Option<Waiting>,
    /// What the DAG's own timetable, in Python, failed with.
    error: Option<String>,
}

#[derive(Serialize)]
struct Run {
    logical_date: Option<Timestamp>,
    data_interval_start: Timestamp,
    data_interval_end: Timestamp,
    run_after: Timestamp,
    /// It should be there by now.
    is_due: bool,
}

#[derive(Serialize)]
struct Waiting {
    code: &'static str,
    message: String,
}

/// Answers the preview.
pub async fn handle(State(app): State<App>, Path(dag_id): Path<String>, params: Params) -> ApiResult<Json<NextRuns>> {
    let dag = dags::must_exist(&app, &dag_id).await?;
    let limit = params.int("limit")?.unwrap_or(DEFAULT);
    if !(1..=MOST).contains(&limit) {
        return Err(ApiError::invalid("value_error", &["query", "limit"], format!("it must be 1 to {MOST}")));
    }
    let unreadable = |error: String| ApiError::bad_request(format!("the timetable of DAG '{dag_id}': {error}"));
    let row = app.store.dag_schedule(&dag_id).await?;
    let error = row.as_ref().and_then(|row| row.timetable_error.clone());
    let schedule = row.map(DagScheduleRow::into_schedule).transpose().map_err(unreadable)?;
    let schedule = schedule.ok_or_else(|| ApiError::not_found(format!("there is no DAG '{dag_id}'")))?;
    let at = now();
    let preview = preview_runs(&schedule, usize::try_from(limit).unwrap_or_default(), at);
    let plan = plan_runs(std::slice::from_ref(&schedule), 0, at);
    let waiting = plan.waiting.first().map(|(_, why)| Waiting { code: why.code(), message: why.to_string() });
    let spec: serde_json::Value = serde_json::from_str(&dag.timetable).unwrap_or_default();
    let run = |run: tradewind_core::timetable::NextRun| Run {
        logical_date: run.logical_date,
        data_interval_start: run.data_interval.start,
        data_interval_end: run.data_interval.end,
        run_after: run.run_after,
        is_due: run.run_after <= at,
    };
    Ok(Json(NextRuns {
        is_paused: schedule.is_paused,
        timetable_type: schedule.timetable.type_name().to_owned(),
        timetable_summary: schedule.timetable.summary(),
        timetable_description: schedule.timetable.description(),
        timezone: spec["timezone"].as_str().map(ToOwned::to_owned),
        catchup: schedule.restriction.catchup,
        start_date: schedule.restriction.earliest,
        end_date: schedule.restriction.latest,
        next_runs: preview.runs.into_iter().map(run).collect(),
        then: preview.then.code(),
        waiting,
        error,
        dag_id,
    }))
}
