//! `GET …/logs/{try_number}`: a try's log, as JSON in pages or as lines of JSON, which `follow=true` lets come live.

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tradewind_core::TaskState;

use super::{get, must_exist};
use crate::http::Params;
use crate::http::error::{ApiError, ApiResult};
use crate::logs::{LogFile, Position, follow};
use crate::state::App;

/// A page of JSON has at most so many bytes of the log, unless all of it is asked for.
const PAGE: usize = 1024 * 1024;

/// Answers the log.
pub async fn handle(
    State(app): State<App>,
    Path((dag_id, run_id, task_id, number)): Path<(String, String, String, i32)>,
    params: Params,
    headers: HeaderMap,
) -> ApiResult<Response> {
    let ti = must_exist(&app, &dag_id, &run_id, &task_id, get::map_index(&params)?).await?;
    if number < 1 || number > ti.try_number {
        return Err(ApiError::not_found(match ti.try_number {
            0 => "the task instance has not been tried yet, so there is no log".to_owned(),
            last => format!("the task instance has no try {number}; its last one is {last}"),
        }));
    }
    let log = LogFile::of(&app.config.log_folder, &ti, number);
    let accept = headers.get(header::ACCEPT).and_then(|v| v.to_str().ok()).unwrap_or("*/*");
    let live = params.flag("follow")?.unwrap_or(false);
    if accept.contains("ndjson") || live {
        let from = position(&params)?;
        let watched = (app.clone(), ti.id);
        let over = move || {
            let (app, ti_id) = watched.clone();
            async move { !live || is_over(&app, ti_id, number).await }
        };
        let lines = follow(log, from, app.closing.clone(), over);
        let headers = [
            (header::CONTENT_TYPE, "application/x-ndjson"),
            (header::CACHE_CONTROL, "no-store"),
            (header::HeaderName::from_static("x-accel-buffering"), "no"),
        ];
        return Ok((headers, Body::from_stream(lines)).into_response());
    }
    page(&app, &log, ti.id, number, &params).await
}

/// The try has ended: a newer one is there, or the task instance is in no state in which somebody writes.
async fn is_over(app: &App, ti_id: i64, number: i32) -> bool {
    match app.store.find_ti_by_id(ti_id).await {
        Ok(Some(ti)) => {
            let writing = matches!(
                ti.state,
                Some(TaskState::Queued | TaskState::Running | TaskState::Restarting | TaskState::Deferred)
            );
            ti.try_number != number || !writing
        }
        Ok(None) => true,
        // The database is away for a moment; the log may well go on.
        Err(_) => false,
    }
}

/// Where to go on: the token is the numbers of bytes that were read before, of each file.
fn position(params: &Params) -> ApiResult<Position> {
    match params.text("token") {
        None | Some("") => Ok(Position::default()),
        Some(token) => token
            .strip_prefix("at-")
            .and_then(|at| at.split('-').map(|at| at.parse().ok()).collect::<Option<_>>().map(Position))
            .ok_or_else(|| ApiError::bad_request("the continuation token is not one of ours")),
    }
}

async fn page(app: &App, log: &LogFile, ti_id: i64, number: i32, params: &Params) -> ApiResult<Response> {
    let mut at = position(params)?;
    let full = params.flag("full_content")?.unwrap_or(false);
    let over = is_over(app, ti_id, number).await;
    let mut read = 0;
    let mut content: Vec<Box<RawValue>> = Vec::new();
    loop {
        let piece = log.lines(&at, over).await.map_err(unreadable)?;
        if piece.lines.is_empty() {
            break;
        }
        at = piece.next;
        read += piece.lines.len();
        content.extend(piece.lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).map(entry));
        if !full && read >= PAGE {
            break;
        }
    }
    let more = !over || log.goes_on_after(&at).await.map_err(unreadable)?;
    let token = more.then(|| {
        let numbers: Vec<String> = at.0.iter().map(ToString::to_string).collect();
        format!("at-{}", numbers.join("-"))
    });
    Ok(Json(json!({"content": content, "continuation_token": token})).into_response())
}

fn unreadable(error: std::io::Error) -> ApiError {
    tracing::error!(%error, "a log can't be read");
    ApiError::new(axum::http::StatusCode::INTERNAL_SERVER_ERROR, format!("the log can't be read: {error}"))
}

/// A line as an entry. Ours are JSON objects already; anything else becomes one.
fn entry(line: &[u8]) -> Box<RawValue> {
    let text = String::from_utf8_lossy(line);
    let text = text.trim_end_matches('\r');
    let ours = text.starts_with('{').then(|| serde_json::from_str::<Box<RawValue>>(text).ok()).flatten();
    ours.unwrap_or_else(|| {
        let wrapped: Value = json!({"event": text});
        RawValue::from_string(wrapped.to_string()).unwrap_or_default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_any_kind_become_entries() {
        assert_eq!(entry(br#"{"event":"a","level":"info"}"#).get(), r#"{"event":"a","level":"info"}"#);
        assert_eq!(entry(b"plain \"text\"").get(), r#"{"event":"plain \"text\""}"#);
        assert_eq!(entry(b"{cut").get(), r#"{"event":"{cut"}"#);
        assert_eq!(entry(b"\xff").get(), "{\"event\":\"\u{fffd}\"}");
    }
}
