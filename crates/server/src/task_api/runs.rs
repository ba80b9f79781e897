//! Calls about runs: look at them, count them, trigger one.

use serde_json::{Map, Value, json};
use tradewind_core::timetable::run_id as make_id;
use tradewind_core::{RunState, RunType, Timestamp};
use tradewind_protocol::task_api::ErrorCode;
use tradewind_protocol::{TaskApiError, TaskReply};
use tradewind_store::read::{OrderBy, Page, RUN_COLUMNS, RunFilter, Span};
use tradewind_store::{AskError, ClearTis, NewRun, RunRow, TriggerOutcome};

use super::StoreTaskApi;
use super::caller::Caller;
use super::claim::run_info;
use super::error::{not_found, of_store};
use super::xcom::Place;
use crate::clock::now;
use crate::params;

/// As many runs as one call answers.
const MOST_RUNS: u32 = 1000;

/// What a task wants to trigger.
pub(super) struct Trigger {
    pub dag_id: String,
    pub run_id: Option<String>,
    pub logical_date: Option<Timestamp>,
    pub run_after: Option<Timestamp>,
    pub conf: Value,
    pub reset: bool,
    pub note: Option<String>,
}

/// A run as calls answer it: `Workload::run`, with its state and end.
pub(super) fn shape(run: &RunRow) -> Value {
    let mut shape = match serde_json::to_value(run_info(run)) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    };
    shape.insert("dag_id".into(), json!(run.dag_id));
    shape.insert("state".into(), json!(run.state));
    shape.insert("end_date".into(), json!(run.end_date));
    shape.insert("note".into(), json!(run.note));
    Value::Object(shape)
}

impl StoreTaskApi {
    /// A run by id.
    pub(super) async fn run_get(&self, place: &Place) -> Result<TaskReply, TaskApiError> {
        let run = self.store.find_run_row(&place.dag_id, &place.run_id).await.map_err(of_store)?;
        let missing = || not_found(format!("DAG '{}' has no run '{}'", place.dag_id, place.run_id));
        run.map(|run| shape(&run)).ok_or_else(missing)
    }

    /// The newest earlier run by logical date.
    pub(super) async fn previous_run(
        &self,
        caller: &Caller,
        dag_id: Option<String>,
        before: Option<Timestamp>,
        state: Option<RunState>,
    ) -> Result<TaskReply, TaskApiError> {
        let dag_id = dag_id.unwrap_or_else(|| caller.dag_id.clone());
        let Some(before) = before.or(caller.logical_date) else { return Ok(Value::Null) };
        let filter = RunFilter {
            dag_ids: vec![dag_id.clone()],
            logical_date: Span { lt: Some(before.as_micros()), ..Span::default() },
            states: state.iter().map(ToString::to_string).collect(),
            ..RunFilter::default()
        };
        let order = OrderBy::parse(RUN_COLUMNS, &["-logical_date"])
            .map_err(|error| TaskApiError::new(ErrorCode::Invalid, error.to_string()))?;
        let found = self.store.list_runs(&filter, &order, Page { limit: 1, offset: 0 }).await.map_err(of_store)?;
        match found.rows.first() {
            Some(run) => self.run_get(&Place { dag_id, run_id: run.run_id.clone() }).await,
            None => Ok(Value::Null),
        }
    }

    /// Runs by what a filter says.
    pub(super) async fn run_find(
        &self,
        filter: &RunFilter,
        descending: bool,
        limit: Option<u32>,
    ) -> Result<TaskReply, TaskApiError> {
        let column = if descending { "-logical_date" } else { "logical_date" };
        let order = OrderBy::parse(RUN_COLUMNS, &[column])
            .map_err(|error| TaskApiError::new(ErrorCode::Invalid, error.to_string()))?;
        let page = Page { limit: i64::from(limit.unwrap_or(MOST_RUNS).min(MOST_RUNS)), offset: 0 };
        let found = self.store.list_runs(filter, &order, page).await.map_err(of_store)?;
        let mut runs = Vec::with_capacity(found.rows.len());
        for run in &found.rows {
            // One that went since is left out.
            if let Some(run) = self.store.find_run_row(&run.dag_id, &run.run_id).await.map_err(of_store)? {
                runs.push(shape(&run));
            }
        }
        Ok(Value::Array(runs))
    }

    /// How many runs there are.
    pub(super) async fn run_count(
        &self,
        caller: &Caller,
        dag_id: Option<String>,
        logical_dates: Vec<Timestamp>,
        run_ids: Vec<String>,
        states: Vec<RunState>,
    ) -> Result<TaskReply, TaskApiError> {
        let filter = RunFilter {
            dag_ids: vec![dag_id.unwrap_or_else(|| caller.dag_id.clone())],
            run_ids,
            logical_dates: logical_dates.iter().map(|at| at.as_micros()).collect(),
            states: states.iter().map(ToString::to_string).collect(),
            ..RunFilter::default()
        };
        Ok(json!(self.store.count_runs(&filter).await.map_err(of_store)?))
    }

    /// Triggers a run of a DAG, or clears the one that is there.
    pub(super) async fn run_trigger(&self, trigger: Trigger) -> Result<TaskReply, TaskApiError> {
        let Trigger { dag_id, run_id, logical_date, run_after, conf, reset, note } = trigger;
        let dag = self.store.find_dag(&dag_id).await.map_err(of_store)?;
        let dag = dag.filter(|dag| !dag.is_stale).ok_or_else(|| not_found(format!("there is no DAG '{dag_id}'")))?;
        if let Some(newest) = self.newest(&dag_id).await?
            && let Some(problem) = params::problem(&newest.params, conf.as_object(), &self.config.dag_defaults)
        {
            return Err(TaskApiError::new(ErrorCode::Invalid, problem));
        }
        let at = now();
        let interval = match logical_date {
            Some(date) => {
                let inferred = self.store.manual_interval(&dag_id, &dag.timetable, date).await;
                Some(inferred.map_err(|error| match error {
                    AskError::Failed { .. } => TaskApiError::new(ErrorCode::Invalid, error.to_string()),
                    AskError::Silence { .. } => TaskApiError::new(ErrorCode::Unavailable, error.to_string()),
                    AskError::Store(error) => of_store(error),
                })?)
            }
            None => None,
        };
        let run_after = run_after.unwrap_or_else(|| interval.map_or(at, |interval| interval.end));
        let run_id = run_id.unwrap_or_else(|| match logical_date {
            Some(date) => make_id(RunType::Manual, date),
            None => format!("{}_{}", make_id(RunType::Manual, at), uuid::Uuid::new_v4().simple()),
        });
        let run = NewRun {
            dag_id: dag_id.clone(),
            run_id: run_id.clone(),
            run_type: RunType::OperatorTriggered,
            logical_date,
            data_interval_start: interval.map(|interval| interval.start),
            data_interval_end: interval.map(|interval| interval.end),
            run_after,
            queued_at: at,
            conf: if conf.is_object() { conf } else { json!({}) },
            triggered_by: Some("operator".to_owned()),
            triggering_user: None,
            note,
            dag_version_id: None,
            owner: None,
        };
        let created = self.store.trigger_run(run).await.map_err(of_store)?;
        let exists = |id: String| {
            let message = format!("DAG '{dag_id}' has a run '{id}' already");
            TaskApiError::new(ErrorCode::AlreadyExists, message)
        };
        match created {
            TriggerOutcome::Created(_) => {}
            TriggerOutcome::LogicalDateExists(other) => return Err(exists(other)),
            TriggerOutcome::RunIdExists if !reset => return Err(exists(run_id)),
            TriggerOutcome::RunIdExists => self.run_again(&dag_id, &run_id).await?,
        }
        self.run_get(&Place { dag_id, run_id }).await
    }

    /// Clears a run with everything in it.
    pub(crate) async fn run_again(&self, dag_id: &str, run_id: &str) -> Result<(), TaskApiError> {
        let Some(run) = self.store.find_run_row(dag_id, run_id).await.map_err(of_store)? else { return Ok(()) };
        let loaded = self.store.load_runs(&[run.id]).await.map_err(of_store)?;
        let clear = ClearTis {
            tis: loaded.iter().flat_map(|(_, tis)| tis.iter().map(|ti| ti.id)).collect(),
            reopen_runs: true,
            also_runs: vec![run.id],
            latest_version: false,
            default_retries: self.config.dag_defaults.retries,
            at: now(),
        };
        self.store.clear_tis(&clear).await.map_err(of_store)?;
        Ok(())
    }
}
