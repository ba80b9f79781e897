//! `GET /ui/events`: server-sent events. `hello` first, then `change` whenever something did.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use tradewind_store::Visible;

use super::changes::Page;
use crate::auth::Identity;
use crate::auth::rights::{Action, Resource};
use crate::state::App;

/// Proxies cut connections that are silent for longer.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// Streams changes.
pub async fn handle(State(app): State<App>, who: Identity) -> Response {
    let visible = who.rights.visible(Action::Read, Resource::Dag);
    let page = app.changes.listen();
    let hello = format!("event: hello\ndata: {{\"server\":\"{}\"}}\n\n", env!("CARGO_PKG_VERSION"));
    let start = Some((app, page, visible, Some(Bytes::from(hello))));
    let stream = futures::stream::unfold(start, |state| async move {
        let (app, mut page, visible, hello) = state?;
        if let Some(hello) = hello {
            return Some((Ok::<_, Infallible>(hello), Some((app, page, visible, None))));
        }
        let message = next(&app, &mut page, &visible).await?;
        Some((Ok(message), Some((app, page, visible, None))))
    });
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-store"),
        // nginx would gather the events otherwise.
        (header::HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    (headers, Body::from_stream(stream)).into_response()
}

async fn next(app: &App, page: &mut Page, visible: &Visible) -> Option<Bytes> {
    loop {
        tokio::select! {
            // A page that fell behind (an error here) connects again and reads everything anew.
            received = page.messages.recv() => match received.ok()?.seen_by(visible) {
                Some(message) => return Some(message),
                None => continue,
            },
            () = tokio::time::sleep(HEARTBEAT) => return Some(Bytes::from_static(b": still here\n\n")),
            () = app.closing.cancelled() => return None,
        }
    }
}
