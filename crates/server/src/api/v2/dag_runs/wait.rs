//! `GET /api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/wait`: lines of JSON until the run is over. Woken by the
//! database's notifications; `interval` only bounds how long a change may go unseen.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde_json::{Map, Value, json};
use tradewind_core::RunState;
use tradewind_store::{Listener, Topic};

use super::must_exist;
use crate::http::Params;
use crate::http::error::{ApiError, ApiResult};
use crate::state::App;

/// Streams the run's states.
pub async fn handle(
    State(app): State<App>,
    Path((dag_id, run_id)): Path<(String, String)>,
    params: Params,
) -> ApiResult<Response> {
    let interval = params.float("interval")?;
    let interval =
        interval.ok_or_else(|| ApiError::invalid("missing", &["query", "interval"], "this field is required"))?;
    if !(interval > 0.0 && interval.is_finite()) {
        return Err(ApiError::invalid("greater_than", &["query", "interval"], "it should be greater than 0"));
    }
    let run = must_exist(&app, &dag_id, &run_id).await?;
    let results = match (params.text("result"), run.dag_version_id) {
        (None, Some(version)) => app.versions.facts(&app.store, version).await?.results.clone(),
        _ => params.list("result"),
    };
    let interval = Duration::from_secs_f64(interval.clamp(0.1, 3600.0));
    let follower = Follower { app, dag_id, run_id, run_key: run.id, results, interval };
    let lines = futures::stream::unfold(Some((follower, None)), |state| async move {
        let (follower, last) = state?;
        follower.next(last).await
    });
    Ok(([(header::CONTENT_TYPE, "application/x-ndjson")], Body::from_stream(lines)).into_response())
}

struct Follower {
    app: App,
    dag_id: String,
    run_id: String,
    run_key: i64,
    results: Vec<String>,
    interval: Duration,
}

/// What the last line said, and who wakes for the next one.
type Last = (RunState, Listener);
type Step = Option<(Result<Bytes, std::io::Error>, Option<(Follower, Option<Last>)>)>;

impl Follower {
    /// One more line: the first at once, later ones when something changed or the interval is over.
    async fn next(self, last: Option<Last>) -> Step {
        let (state, listener) = match last {
            // Subscribe before looking, so that no change is missed.
            None => {
                let listener = self.app.store.notifier().subscribe(Topic::Ui);
                (self.state().await.ok()?, listener)
            }
            Some((before, mut listener)) => {
                let deadline = tokio::time::Instant::now() + self.interval;
                loop {
                    let in_time = tokio::select! {
                        () = listener.wait() => true,
                        () = tokio::time::sleep_until(deadline) => false,
                        () = self.app.closing.cancelled() => return None,
                    };
                    let state = self.state().await.ok()?;
                    if state != before || !in_time {
                        break (state, listener);
                    }
                }
            }
        };
        let mut line = Map::from_iter([("state".to_owned(), json!(state))]);
        let over = state.is_finished();
        if over && !self.results.is_empty() {
            line.insert("results".to_owned(), self.results().await);
        }
        let text = Value::Object(line).to_string() + "\n";
        Some((Ok(Bytes::from(text)), (!over).then_some((self, Some((state, listener))))))
    }

    async fn state(&self) -> ApiResult<RunState> {
        Ok(must_exist(&self.app, &self.dag_id, &self.run_id).await?.state)
    }

    /// The return values of the tasks that were asked for, or that the DAG's author chose: of mapped ones a list.
    async fn results(&self) -> Value {
        let mut results = Map::new();
        for task_id in &self.results {
            let found = self.app.store.xcom_get_all(self.run_key, task_id, "return_value").await.unwrap_or_default();
            let read = |text: &String| serde_json::from_str(text).unwrap_or_default();
            let value = match found.as_slice() {
                [] => Value::Null,
                [(index, text)] if *index < 0 => read(text),
                all => all.iter().map(|(_, text)| read(text)).collect(),
            };
            results.insert(task_id.clone(), value);
        }
        Value::Object(results)
    }
}
