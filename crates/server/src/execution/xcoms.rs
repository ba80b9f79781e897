//! `/xcoms`: read anywhere, write one's own.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tradewind_protocol::TaskCall;

use super::asking::Asking;
use super::failure::{denied, failure, not_found};
use crate::http::error::{ApiError, ApiResult};
use crate::http::{Params, body};
use crate::routes::Routes;
use crate::state::App;

/// Keys may have slashes, and what follows a key is part of the path: `…/slice`, `…/item/3`.
const ONE: &str = "/execution/xcoms/{dag_id}/{run_id}/{task_id}/{*key}";

/// Adds this file's routes.
pub fn routes(routes: Routes) -> Routes {
    routes.get(ONE, read).post(ONE, set).delete(ONE, delete)
}

type Names = (String, String, String, String);

/// The values of a task under a key.
struct Values<'a> {
    app: &'a App,
    asking: &'a Asking,
    dag_id: String,
    run_id: String,
    task_id: String,
    key: String,
}

impl Values<'_> {
    async fn count(&self) -> ApiResult<i64> {
        let call = TaskCall::XcomCount {
            key: self.key.clone(),
            task_id: self.task_id.clone(),
            dag_id: Some(self.dag_id.clone()),
            run_id: Some(self.run_id.clone()),
        };
        Ok(self.asking.ask(self.app, call).await?.as_i64().unwrap_or_default())
    }

    async fn some(&self, start: i64, count: i64) -> ApiResult<Vec<Value>> {
        let (Ok(start), Ok(count)) = (u32::try_from(start), u32::try_from(count)) else { return Ok(Vec::new()) };
        let call = TaskCall::XcomGetAll {
            key: self.key.clone(),
            task_id: self.task_id.clone(),
            dag_id: Some(self.dag_id.clone()),
            run_id: Some(self.run_id.clone()),
            start,
            limit: Some(count),
        };
        match self.asking.ask(self.app, call).await? {
            Value::Array(values) => Ok(values),
            _ => Ok(Vec::new()),
        }
    }

    async fn one(&self, map_index: Option<i32>, include_prior_dates: bool) -> ApiResult<Value> {
        let call = TaskCall::XcomGet {
            key: self.key.clone(),
            task_id: self.task_id.clone(),
            dag_id: Some(self.dag_id.clone()),
            run_id: Some(self.run_id.clone()),
            map_index,
            include_prior_dates,
            item: None,
        };
        self.asking.ask(self.app, call).await
    }

    /// The value at a place of the sequence; negative places count from its end.
    async fn item(&self, offset: i64) -> ApiResult<Value> {
        let start = if offset < 0 { self.count().await? + offset } else { offset };
        let missing = || not_found(format!("task '{}' has no XCom '{}' at offset {offset}", self.task_id, self.key));
        if start < 0 {
            return Err(missing());
        }
        self.some(start, 1).await?.into_iter().next().ok_or_else(missing)
    }

    /// What a Python slice of the sequence has.
    async fn slice(&self, params: &Params) -> ApiResult<Vec<Value>> {
        let count = self.count().await?;
        if count == 0 && params.flag("include_prior_dates")?.unwrap_or(false) {
            return match self.one(None, true).await {
                Ok(value) => Ok(vec![value]),
                Err(error) if error.status == StatusCode::NOT_FOUND => Ok(Vec::new()),
                Err(error) => Err(error),
            };
        }
        let step = params.int("step")?.filter(|step| *step != 0).unwrap_or(1);
        let places = places(count, params.int("start")?, params.int("stop")?, step);
        let (Some(first), Some(last)) = (places.iter().min().copied(), places.iter().max().copied()) else {
            return Ok(Vec::new());
        };
        let values = self.some(first, last - first + 1).await?;
        Ok(places.iter().filter_map(|at| values.get(usize::try_from(at - first).ok()?).cloned()).collect())
    }
}

/// The places that a Python slice names.
fn places(count: i64, start: Option<i64>, stop: Option<i64>, step: i64) -> Vec<i64> {
    let (low, high) = if step < 0 { (-1, count - 1) } else { (0, count) };
    let clamp = |at: i64| if at < 0 { at.saturating_add(count) } else { at }.clamp(low, high);
    let (first, end) = if step < 0 { (high, low) } else { (low, high) };
    let (mut at, stop) = (start.map_or(first, clamp), stop.map_or(end, clamp));
    let mut places = Vec::new();
    while if step < 0 { at > stop } else { at < stop } {
        places.push(at);
        at = at.saturating_add(step);
    }
    places
}

async fn read(
    State(app): State<App>,
    asking: Asking,
    method: Method,
    Path((dag_id, run_id, task_id, rest)): Path<Names>,
    params: Params,
) -> ApiResult<Response> {
    let values = |key: &str| Values {
        app: &app,
        asking: &asking,
        dag_id: dag_id.clone(),
        run_id: run_id.clone(),
        task_id: task_id.clone(),
        key: key.to_owned(),
    };
    if method == Method::HEAD {
        if params.text("map_index").is_some() {
            let message = "Cannot specify map_index in a HEAD request";
            return Err(failure(StatusCode::BAD_REQUEST, "invalid_request", message));
        }
        let count = values(&rest).count().await?;
        return Ok(([("content-range", format!("map_indexes {count}"))], Json(Value::Null)).into_response());
    }
    if let Some(key) = rest.strip_suffix("/slice").filter(|key| !key.is_empty()) {
        return Ok(Json(values(key).slice(&params).await?).into_response());
    }
    if let Some((key, offset)) = rest.rsplit_once("/item/").filter(|(key, _)| !key.is_empty()) {
        let number = offset.parse().map_err(|_| {
            ApiError::invalid("int_parsing", &["path", "offset"], format!("'{offset}' is not a whole number"))
        })?;
        return Ok(Json(values(key).item(number).await?).into_response());
    }
    let value = match params.int("offset")? {
        Some(offset) => values(&rest).item(offset).await?,
        None => {
            let prior = params.flag("include_prior_dates")?.unwrap_or(false);
            values(&rest).one(Some(map_index(&params)?), prior).await?
        }
    };
    Ok(Json(json!({"key": rest, "value": value})).into_response())
}

fn map_index(params: &Params) -> ApiResult<i32> {
    let wrong = || ApiError::invalid("value_error", &["query", "map_index"], "it is no map index");
    params.int("map_index")?.map_or(Ok(-1), |index| i32::try_from(index).map_err(|_| wrong()))
}

/// A try writes XComs of its own task instance only.
fn must_be_own(asking: &Asking, (dag_id, run_id, task_id, _): &Names, params: &Params) -> ApiResult<()> {
    let caller = &asking.caller;
    let own = caller.task.as_ref().is_some_and(|(task, _)| task == task_id);
    let index = map_index(params)?;
    if own
        && caller.task.as_ref().is_some_and(|(_, own)| *own == index)
        && caller.dag_id == *dag_id
        && caller.run_id == *run_id
    {
        return Ok(());
    }
    Err(denied("a task may write its own XComs only"))
}

async fn set(
    State(app): State<App>,
    asking: Asking,
    Path(names): Path<Names>,
    params: Params,
    text: Bytes,
) -> ApiResult<(StatusCode, Json<Value>)> {
    must_be_own(&asking, &names, &params)?;
    // Clients send nothing for None.
    let value = if text.is_empty() { Value::Null } else { body::read(&text)? };
    asking.ask(&app, TaskCall::XcomSet { key: names.3, value }).await?;
    Ok((StatusCode::CREATED, Json(json!({"message": "XCom successfully set"}))))
}

async fn delete(
    State(app): State<App>,
    asking: Asking,
    Path(names): Path<Names>,
    params: Params,
) -> ApiResult<Json<Value>> {
    must_be_own(&asking, &names, &params)?;
    let message = format!("XCom with key: {} successfully deleted.", names.3);
    asking.ask(&app, TaskCall::XcomDelete { key: names.3 }).await?;
    Ok(Json(json!({"message": message})))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_are_those_of_python() {
        assert_eq!(places(4, None, None, 1), [0, 1, 2, 3]);
        assert_eq!(places(4, None, None, -1), [3, 2, 1, 0]);
        assert_eq!(places(4, Some(-2), None, 1), [2, 3]);
        assert_eq!(places(4, Some(1), Some(-1), 1), [1, 2]);
        assert_eq!(places(4, Some(3), Some(0), -2), [3, 1]);
        assert_eq!(places(4, Some(-9), Some(9), 3), [0, 3]);
        assert_eq!(places(4, Some(2), Some(1), 1), Vec::<i64>::new());
        assert_eq!(places(0, None, None, -1), Vec::<i64>::new());
        assert_eq!(places(2, Some(i64::MIN), Some(i64::MAX), i64::MAX), [0]);
    }
}
