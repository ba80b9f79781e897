//! `PATCH …/state`: a supervisor reports how its try, or a part of it, ended.

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use tradewind_core::{Deferral, Duration, TaskState, Timestamp, xcom};
use tradewind_protocol::task_api::{FinishOutcome, FinishTry};
use tradewind_protocol::{TaskApi, TaskCall};

use super::asking::{Asking, Own};
use super::failure::wrong_state;
use super::kwargs;
use super::outlets::{OutletEvent, Profile, updates};
use super::standing::{Standing, conflict, dismiss};
use crate::clock::now;
use crate::http::Body;
use crate::http::error::{ApiError, ApiResult};
use crate::state::App;

/// What a supervisor may report.
#[derive(Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Report {
    /// It did well.
    Success {
        /// When.
        end_date: Timestamp,
        /// What the task updates.
        #[serde(default)]
        task_outlets: Vec<Profile>,
        /// What it said about that.
        #[serde(default)]
        outlet_events: Vec<OutletEvent>,
        /// Its label.
        #[serde(default)]
        rendered_map_index: Option<String>,
    },
    /// It failed for good.
    Failed(Ended),
    /// It was skipped.
    Skipped(Ended),
    /// It failed and is to be repeated.
    UpForRetry {
        /// When.
        end_date: Timestamp,
        /// Its label.
        #[serde(default)]
        rendered_map_index: Option<String>,
        /// Seconds until the next try, if the task's policy says so.
        #[serde(default)]
        retry_delay_seconds: Option<f64>,
        /// Why, if it says so.
        #[serde(default)]
        retry_reason: Option<String>,
    },
    /// It wants to be run again later.
    UpForReschedule {
        /// When this part ended.
        end_date: Timestamp,
        /// Not before.
        reschedule_date: Timestamp,
    },
    /// It waits for a trigger.
    Deferred(Box<Deferred>),
    /// It waits for a person.
    AwaitingInput(Box<Awaiting>),
}

/// An end without anything besides.
#[derive(Deserialize)]
pub struct Ended {
    end_date: Timestamp,
    #[serde(default)]
    rendered_map_index: Option<String>,
}

/// A trigger to wait for.
#[derive(Deserialize)]
pub struct Deferred {
    classpath: String,
    #[serde(default)]
    trigger_kwargs: Value,
    #[serde(default, deserialize_with = "span")]
    trigger_timeout: Option<Duration>,
    #[serde(default)]
    queue: Option<String>,
    next_method: String,
    #[serde(default)]
    next_kwargs: Value,
    #[serde(default)]
    rendered_map_index: Option<String>,
}

/// A person to wait for.
#[derive(Deserialize)]
pub struct Awaiting {
    #[serde(default, deserialize_with = "span")]
    timeout: Option<Duration>,
    next_method: String,
    #[serde(default)]
    next_kwargs: Value,
    #[serde(default)]
    rendered_map_index: Option<String>,
}

/// A span as ISO 8601 (`P1DT2.5S`) or in seconds.
fn span<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    use serde::de::Error as _;
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(None),
        Value::Number(seconds) => Ok(seconds.as_f64().map(Duration::from_secs_f64)),
        Value::String(text) => {
            let wrong = || D::Error::custom(format!("'{text}' is not a duration"));
            let span: jiff::Span = text.parse().map_err(|_| wrong())?;
            let exact = span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).map_err(|_| wrong())?;
            Ok(Some(Duration::from_secs_f64(exact.as_secs_f64())))
        }
        other => Err(D::Error::custom(format!("'{other}' is not a duration"))),
    }
}

fn arguments(value: Value, name: &str) -> ApiResult<Map<String, Value>> {
    match kwargs::received(value) {
        Value::Object(fields) => Ok(fields),
        Value::Null => Ok(Map::new()),
        // Airflow takes a text for one that the client has encrypted; there is no key that both have.
        _ => Err(ApiError::invalid("dict_type", &["body", name], "it has to be an object")),
    }
}

impl Report {
    fn state(&self) -> TaskState {
        match self {
            Self::Success { .. } => TaskState::Success,
            Self::Failed(_) => TaskState::Failed,
            Self::Skipped(_) => TaskState::Skipped,
            Self::UpForRetry { .. } => TaskState::UpForRetry,
            Self::UpForReschedule { .. } => TaskState::UpForReschedule,
            Self::Deferred(_) => TaskState::Deferred,
            Self::AwaitingInput(_) => TaskState::AwaitingInput,
        }
    }

    fn label(&self) -> Option<&String> {
        match self {
            Self::Success { rendered_map_index, .. } | Self::UpForRetry { rendered_map_index, .. } => {
                rendered_map_index.as_ref()
            }
            Self::Failed(ended) | Self::Skipped(ended) => ended.rendered_map_index.as_ref(),
            Self::Deferred(deferred) => deferred.rendered_map_index.as_ref(),
            Self::AwaitingInput(awaiting) => awaiting.rendered_map_index.as_ref(),
            Self::UpForReschedule { .. } => None,
        }
    }

    /// The same for the task API. The SDK runs the task's callbacks itself.
    fn finish(self, try_id: tradewind_core::TryId) -> ApiResult<FinishTry> {
        let mut finish = FinishTry {
            try_id,
            state: self.state(),
            at: now(),
            reason: None,
            xcoms: Map::new(),
            map_length: None,
            reschedule_at: None,
            retry_at: None,
            called_back: true,
            skip: Vec::new(),
            asset_updates: Vec::new(),
            deferral: None,
            max_rss_kb: None,
            cpu_ms: None,
            log: None,
        };
        match self {
            Self::Success { end_date, task_outlets, outlet_events, .. } => {
                finish.at = end_date;
                finish.asset_updates = updates(&task_outlets, &outlet_events)?;
            }
            Self::Failed(ended) | Self::Skipped(ended) => finish.at = ended.end_date,
            Self::UpForRetry { end_date, retry_delay_seconds, retry_reason, .. } => {
                finish.at = end_date;
                finish.retry_at = retry_delay_seconds.map(|seconds| end_date + Duration::from_secs_f64(seconds));
                finish.reason = retry_reason;
            }
            Self::UpForReschedule { end_date, reschedule_date } => {
                finish.at = end_date;
                finish.reschedule_at = Some(reschedule_date);
            }
            Self::Deferred(deferred) => {
                finish.deferral = Some(Box::new(Deferral {
                    classpath: deferred.classpath,
                    kwargs: arguments(deferred.trigger_kwargs, "trigger_kwargs")?,
                    next_method: deferred.next_method,
                    next_kwargs: arguments(deferred.next_kwargs, "next_kwargs")?,
                    timeout: deferred.trigger_timeout,
                    queue: deferred.queue,
                    ..Deferral::default()
                }));
            }
            Self::AwaitingInput(awaiting) => {
                finish.deferral = Some(Box::new(Deferral {
                    next_method: awaiting.next_method,
                    next_kwargs: arguments(awaiting.next_kwargs, "next_kwargs")?,
                    timeout: awaiting.timeout,
                    ..Deferral::default()
                }));
            }
        }
        Ok(finish)
    }
}

/// Records the report.
///
/// # Errors
/// 404 for a try that is not there, 409 for one that does not run.
pub async fn update(State(app): State<App>, Own(id): Own, Body(report): Body<Report>) -> ApiResult<StatusCode> {
    const REFUSED: &str = "TI was not in the running state so it cannot be updated";
    let row = Standing::of(&app, id).await?.row()?;
    let state = report.state();
    if row.state == Some(state) {
        return Ok(StatusCode::OK);
    }
    // One that was cleared while it ran lets go by its report, which does not count.
    if row.state == Some(TaskState::Restarting) {
        app.task_api.finish("", report.finish(id)?).await?;
        dismiss(&app, row.worker_id).await;
        return Err(wrong_state(REFUSED, row.state));
    }
    if row.state != Some(TaskState::Running) {
        return Err(wrong_state(REFUSED, row.state));
    }
    if let Some(text) = report.label().filter(|text| !text.is_empty()).cloned() {
        app.task_api.call("", id, TaskCall::RenderedMapIndex { text }).await?;
    }
    let mut finish = report.finish(id)?;
    if state == TaskState::Success {
        finish.map_length = map_length(&app, &Asking { caller: app.task_api.caller(id).await? }).await?;
    }
    match app.task_api.finish("", finish).await? {
        FinishOutcome::Recorded => {
            dismiss(&app, row.worker_id).await;
            Ok(StatusCode::NO_CONTENT)
        }
        FinishOutcome::Stale => Err(conflict(&app, id, REFUSED).await),
    }
}

/// Elements of the result, which the try has pushed before: so many task instances a mapped task downstream becomes.
async fn map_length(app: &App, asking: &Asking) -> ApiResult<Option<u32>> {
    let Some((task_id, map_index)) = asking.caller.task.clone() else { return Ok(None) };
    let call = TaskCall::XcomGet {
        key: "return_value".into(),
        task_id,
        dag_id: None,
        run_id: None,
        map_index: Some(map_index),
        include_prior_dates: false,
        item: None,
    };
    let value = match asking.ask(app, call).await {
        Ok(value) => value,
        Err(error) if error.status == StatusCode::NOT_FOUND => return Ok(None),
        Err(error) => return Err(error),
    };
    // A tuple or a set is wrapped; any other class is nothing that can be mapped over.
    let items = match value.get("__classname__") {
        Some(_) => value.get("__data__").and_then(Value::as_array).map(Vec::len),
        None => xcom::length(&value),
    };
    Ok(items.and_then(|items| u32::try_from(items).ok()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tradewind_core::TryId;

    use super::*;

    fn finish(report: Value) -> FinishTry {
        serde_json::from_value::<Report>(report).unwrap().finish(TryId { ti_id: 1, try_number: 1 }).unwrap()
    }

    #[test]
    fn reports_are_those_of_the_task_api() {
        let end = "2024-01-01T00:00:00Z";
        let retry = finish(json!({"state": "up_for_retry", "end_date": end, "retry_delay_seconds": 1.5}));
        assert_eq!(retry.retry_at, Some(retry.at + Duration::from_secs_f64(1.5)));
        let again =
            finish(json!({"state": "up_for_reschedule", "end_date": end, "reschedule_date": "2024-01-02T00:00:00Z"}));
        assert_eq!(again.reschedule_at, "2024-01-02T00:00:00Z".parse().ok());
        let deferred = finish(json!({"state": "deferred", "classpath": "a.B", "trigger_kwargs": {"x": 1},
            "trigger_timeout": "P1DT2.5S", "next_method": "go", "next_kwargs": {"__type": "dict", "__var": {"y": 2}}}));
        let deferral = deferred.deferral.unwrap();
        assert_eq!(deferral.timeout, Some(Duration::from_secs_f64(86_402.5)));
        assert_eq!((&deferral.kwargs["x"], &deferral.next_kwargs["y"]), (&json!(1), &json!(2)));
        let asked = finish(json!({"state": "awaiting_input", "next_method": "go", "timeout": 3, "next_kwargs": {}}));
        assert_eq!(asked.deferral.unwrap().timeout, Some(Duration::from_secs(3)));
        for wrong in [
            json!({"state": "removed", "end_date": end}),
            json!({"state": "scheduled"}),
            json!({"state": "failed"}),
            json!({"state": "awaiting_input", "next_method": "go", "timeout": "soon"}),
        ] {
            assert!(serde_json::from_value::<Report>(wrong.clone()).is_err(), "{wrong}");
        }
        let sealed = json!({"state": "deferred", "classpath": "a.B", "trigger_kwargs": "gAAAA", "next_method": "go"});
        let sealed: Report = serde_json::from_value(sealed).unwrap();
        assert!(sealed.finish(TryId { ti_id: 1, try_number: 1 }).is_err());
    }
}
