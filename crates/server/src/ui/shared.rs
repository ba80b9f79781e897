//! Answers that open pages share: whoever asks the same while nothing changes is given what was made for the first.
//! A hundred open pages that hear of one change cost the database as much as one.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::Serialize;
use tradewind_store::{Topic, Visible};

use crate::http::error::{ApiError, ApiResult};
use crate::state::App;

/// No answer is older, in case nobody told of a change.
const OLDEST: Duration = Duration::from_secs(1);
/// Questions whose answers are kept.
const KEPT: usize = 200;

/// The answers that may be shared.
#[derive(Default)]
pub struct Shared {
    places: Mutex<HashMap<String, Place>>,
}

/// Held by whoever makes the answer, so that the others wait for it instead of making their own.
type Place = Arc<tokio::sync::Mutex<Option<Answer>>>;

struct Answer {
    body: Bytes,
    /// The count of changes before it was made.
    changes: u64,
    begun: Instant,
}

impl Shared {
    fn place(&self, question: String) -> Place {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        if places.len() >= KEPT && !places.contains_key(&question) {
            places.clear();
        }
        Arc::clone(places.entry(question).or_default())
    }
}

/// The JSON that `make` answers to the question in `uri`, for everybody who may see the same DAGs.
///
/// # Errors
/// Those of `make`, which are not shared.
pub async fn answer<T: Serialize, F>(app: &App, uri: &Uri, make: impl FnOnce() -> F) -> ApiResult<Response>
where
    F: Future<Output = ApiResult<T>>,
{
    let arrived = Instant::now();
    let seen = match Visible::here() {
        Visible::All => String::new(),
        Visible::Only(dags) => format!("{dags:?}"),
    };
    let place = app.shared.place(format!("{uri} {seen}"));
    let mut answer = place.lock().await;
    let changes = app.store.notifier().changes(Topic::Ui);
    // What was begun after this request came may be younger than the newest change that its client knows of.
    let is_good =
        |answer: &Answer| (answer.changes == changes && answer.begun.elapsed() < OLDEST) || answer.begun >= arrived;
    let body = match answer.as_ref().filter(|answer| is_good(answer)) {
        Some(good) => good.body.clone(),
        None => {
            let begun = Instant::now();
            let body = serde_json::to_vec(&make().await?)
                .map_err(|error| ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
            let body = Bytes::from(body);
            *answer = Some(Answer { body: body.clone(), changes, begun });
            body
        }
    };
    Ok(([(header::CONTENT_TYPE, "application/json")], body).into_response())
}
