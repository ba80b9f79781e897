//! `GET /ui/events`: server-sent events. `hello` first, then `change` whenever something did.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;

use super::changes::Page;
use crate::state::App;

/// Proxies cut connections that are silent for longer.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// Streams changes.
pub async fn handle(State(app): State<App>) -> Response {
    let page = app.changes.listen();
    let hello = format!("event: hello\ndata: {{\"server\":\"{}\"}}\n\n", env!("CARGO_PKG_VERSION"));
    let start = Some((app, page, Some(Bytes::from(hello))));
    let stream = futures::stream::unfold(start, |state| async move {
        let (app, mut page, hello) = state?;
        if let Some(hello) = hello {
            return Some((Ok::<_, Infallible>(hello), Some((app, page, None))));
        }
        let message = next(&app, &mut page).await?;
        Some((Ok(message), Some((app, page, None))))
    });
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-store"),
        // nginx would gather the events otherwise.
        (header::HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    (headers, Body::from_stream(stream)).into_response()
}

async fn next(app: &App, page: &mut Page) -> Option<Bytes> {
    tokio::select! {
        // A page that fell behind (an error here) connects again and reads everything anew.
        received = page.messages.recv() => received.ok(),
        () = tokio::time::sleep(HEARTBEAT) => Some(Bytes::from_static(b": still here\n\n")),
        () = app.closing.cancelled() => None,
    }
}
