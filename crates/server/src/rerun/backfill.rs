//! Backfills: what somebody asks for, checked and planned, then made or only shown.

use serde_json::{Map, Value};
use tradewind_core::plan::{BackfillRequest, BackfillStep, backfill_dates};
use tradewind_core::timetable::{Answers, NextRun, TimetableSpec, run_id};
use tradewind_core::{Reprocess, RunType, Timestamp};
use tradewind_protocol::SerializedDag;
use tradewind_protocol::serialized_dag::DagDefaults;
use tradewind_store::{BackfillOutcome, NewBackfill, NewBackfillRun, Store, TimetableAnswer, TimetableQuestion};

use super::{latest_version, must_allow, newest};
use crate::http::error::{ApiError, ApiResult};
use crate::params;

/// How long a timetable that Python computes may take to name all runs of a backfill.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);

/// What somebody asks for.
#[derive(Clone, Debug)]
pub struct Request {
    /// The DAG.
    pub dag_id: String,
    /// First logical date.
    pub from: Timestamp,
    /// Last logical date.
    pub to: Timestamp,
    /// The latest date goes first.
    pub run_backwards: bool,
    /// What happens to dates that have a run.
    pub reprocess: Reprocess,
    /// Configuration of the runs.
    pub conf: Option<Map<String, Value>>,
    /// Runs at once.
    pub max_active_runs: u32,
    /// Runs that run again do so with the newest version; `None`: as the DAG or the configuration says, else yes.
    pub run_on_latest_version: Option<bool>,
    /// Who.
    pub user: Option<String>,
}

/// Makes the backfill; answers its id.
///
/// # Errors
/// 404 without such a DAG, 409 while it has another backfill, 422 if it can't have this one; the database's.
pub async fn create(store: &Store, request: Request, defaults: &DagDefaults, now: Timestamp) -> ApiResult<i64> {
    let (dag, dates) = plan(store, &request, defaults, now).await?;
    let runs = dates.into_iter().map(|run| NewBackfillRun {
        run_id: run_id(RunType::Backfill, run.logical_date.unwrap_or(run.run_after)),
        run,
    });
    let new = NewBackfill {
        from: request.from,
        to: request.to,
        conf: request.conf.map(Value::Object),
        run_backwards: request.run_backwards,
        reprocess: request.reprocess,
        max_active_runs: request.max_active_runs,
        triggering_user: request.user,
        latest_version: latest_version(request.run_on_latest_version, &dag, defaults, true),
        default_retries: defaults.retries,
        runs: runs.collect(),
        at: now,
        dag_id: request.dag_id,
    };
    match store.create_backfill(&new).await? {
        BackfillOutcome::Created(id) => Ok(id),
        BackfillOutcome::Running(other) => Err(ApiError::conflict(format!(
            "DAG '{}' has a backfill already that is not over ({other}): cancel it or wait for its end",
            new.dag_id
        ))),
    }
}

/// The dates that would get a run or whose run would run again, in the order of starting.
///
/// # Errors
/// Those of [`create`], except that another backfill does not matter.
pub async fn dry_run(
    store: &Store,
    request: &Request,
    defaults: &DagDefaults,
    now: Timestamp,
) -> ApiResult<Vec<(NextRun, BackfillStep)>> {
    let (_, dates) = plan(store, request, defaults, now).await?;
    let at: Vec<Timestamp> = dates.iter().filter_map(|run| run.logical_date).collect();
    let steps = store.backfill_steps(&request.dag_id, &at, request.reprocess).await?;
    Ok(dates.into_iter().zip(steps).filter(|(_, step)| !matches!(step, BackfillStep::LeaveOut(_))).collect())
}

async fn plan(
    store: &Store,
    request: &Request,
    defaults: &DagDefaults,
    now: Timestamp,
) -> ApiResult<(SerializedDag, Vec<NextRun>)> {
    let dag = newest(store, &request.dag_id).await?;
    must_allow(&dag, RunType::Backfill)?;
    let wrong = |detail: String| ApiError::unprocessable(detail);
    if let Some(problem) = params::problem(&dag.params, request.conf.as_ref(), defaults) {
        return Err(wrong(problem));
    }
    let timetable = serde_json::from_value::<TimetableSpec>(dag.timetable.clone())
        .map_err(|error| error.to_string())
        .and_then(|spec| spec.compile().map_err(|error| error.to_string()))
        .map_err(|error| wrong(format!("the schedule of DAG '{}' can't be read: {error}", dag.dag_id)))?;
    let timetable = if timetable.is_external() {
        let question = TimetableQuestion::Between { earliest: request.from, latest: request.to };
        let mut runs = match store.ask_timetable(&dag.dag_id, &question, PATIENCE).await? {
            TimetableAnswer::Runs(runs) => runs,
            TimetableAnswer::Interval(_) => return Err(wrong("the timetable answered another question".into())),
        };
        runs.retain(|run| (request.from..=request.to).contains(&run.data_interval.start));
        let asked_at = Timestamp::from_micros(i64::MAX);
        timetable.with_answers(Some(Answers { after: None, asked_at, runs, ended: true }))
    } else {
        timetable
    };
    let depends_on_past = dag.tasks.iter().any(|task| task.depends_on_past || task.wait_for_downstream);
    let asked = BackfillRequest {
        from: request.from,
        to: request.to,
        run_backwards: request.run_backwards,
        reprocess: request.reprocess,
    };
    let dates = backfill_dates(&timetable, depends_on_past, &asked, now).map_err(|error| wrong(error.to_string()))?;
    Ok((dag, dates))
}
