//! Listening, answering, going down.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderName, HeaderValue};
use axum::response::Response;
use axum::{Router, middleware};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio_io_timeout::TimeoutStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tradewind_store::Store;

use crate::auth::guard::{Peer, guard};
use crate::config::{Patience, ServerConfig};
use crate::state::App;

/// Bodies of requests are small, except logs that workers send in pieces of at most a megabyte.
const LARGEST_BODY: usize = 8 * 1024 * 1024;

/// Answers that are under way when the server goes down get this long.
const GRACE: Duration = Duration::from_secs(5);

/// Why the server can't run.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The configuration is wrong.
    #[error("{0}")]
    Config(String),
    /// The address can't be listened on.
    #[error("{0}")]
    Listen(String),
    /// The database does not answer.
    #[error(transparent)]
    Store(#[from] tradewind_store::Error),
}

/// A server that listens and does not answer yet.
pub struct Bound {
    listener: TcpListener,
    app: App,
}

impl Bound {
    /// Where it listens.
    ///
    /// # Errors
    /// The operating system's.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// What its handlers share.
    pub fn app(&self) -> &App {
        &self.app
    }

    /// Answers until `shutdown` is cancelled; answers under way may finish.
    pub async fn run(self, shutdown: CancellationToken) {
        let service = router(self.app.clone());
        let patience = self.app.config.patience;
        let mut server = http1::Builder::new();
        server.timer(TokioTimer::new()).header_read_timeout(patience.head).max_buf_size(64 * 1024);
        let connections = TaskTracker::new();
        let changes = self.app.changes.clone();
        let config = &self.app.config;
        let (hostname, threshold) = (config.hostname.clone(), config.health_check_threshold);
        let presence = crate::presence::keep(self.app.store.clone(), hostname, threshold, self.app.closing.clone());
        let presence = tokio::spawn(presence);
        let watching = tokio::spawn(async move { changes.watch().await });
        loop {
            let (stream, peer) = tokio::select! {
                () = shutdown.cancelled() => break,
                accepted = self.listener.accept() => match accepted {
                    Ok(accepted) => accepted,
                    Err(error) => {
                        // Out of descriptors, most likely: existing connections must end before new ones fit.
                        tracing::warn!(%error, "a connection can't be accepted");
                        tokio::time::sleep(Duration::from_millis(100)).await;
                        continue;
                    }
                },
            };
            let peer = Peer(peer.ip());
            connections.spawn(connection(stream, peer, patience, server.clone(), service.clone(), shutdown.clone()));
        }
        self.app.closing.cancel();
        watching.abort();
        let _ = presence.await;
        connections.close();
        if tokio::time::timeout(GRACE, connections.wait()).await.is_err() {
            tracing::info!(connections = connections.len(), "going down with connections open");
        }
    }
}

/// Listens on the configured address.
///
/// # Errors
/// [`ServeError`] with a word on what to do.
pub async fn bind(config: ServerConfig, store: Store) -> Result<Bound, ServeError> {
    let (host, port) = (config.host.clone(), config.port);
    let listener = TcpListener::bind((host.as_str(), port)).await.map_err(|error| {
        let place = format!("{host}:{port}");
        ServeError::Listen(match error.kind() {
            io::ErrorKind::AddrInUse => format!(
                "{place} is in use by another program: stop that one, or choose another port with --port or [api] port"
            ),
            io::ErrorKind::PermissionDenied => {
                format!("no permission to listen on {place}: choose a port above 1023 with --port or [api] port")
            }
            io::ErrorKind::AddrNotAvailable => {
                format!("{host} is not an address of this machine: change --host or [api] host")
            }
            _ => format!("cannot listen on {place}: {error}"),
        })
    })?;
    Ok(Bound { listener, app: App::new(config, store).await? })
}

/// Listens and answers until `shutdown` is cancelled.
///
/// # Errors
/// [`ServeError`] with a word on what to do.
pub async fn serve(config: ServerConfig, store: Store, shutdown: CancellationToken) -> Result<(), ServeError> {
    bind(config, store).await?.run(shutdown).await;
    Ok(())
}

/// All routes with what lies around them.
pub fn router(app: App) -> Router {
    let newer = crate::routes::all()
        .into_router()
        .fallback(crate::ui::assets::handle)
        .layer(middleware::from_fn_with_state(app.clone(), guard))
        .layer(middleware::from_fn_with_state(app.clone(), crate::execution::envelope))
        .layer(middleware::from_fn(crate::http::contract::keep))
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .with_state(app.clone());
    // What the older APIs do passes the guard of the newer one.
    crate::api::older::routes(&app, newer.clone(), LARGEST_BODY)
        .fallback_service(newer)
        .layer(middleware::map_response(secure))
}

/// Headers that keep browsers from doing what they should not.
async fn secure(mut response: Response) -> Response {
    const HEADERS: [(&str, &str); 4] = [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "SAMEORIGIN"),
        ("referrer-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
    ];
    for (name, value) in HEADERS {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}

async fn connection(
    stream: TcpStream,
    peer: Peer,
    patience: Patience,
    server: http1::Builder,
    service: Router,
    shutdown: CancellationToken,
) {
    let _ = stream.set_nodelay(true);
    let service = TowerToHyperService::new(service);
    let service = hyper::service::service_fn(move |mut request: hyper::Request<hyper::body::Incoming>| {
        request.extensions_mut().insert(peer);
        request.extensions_mut().insert(patience);
        hyper::service::Service::call(&service, request)
    });
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(patience.answer));
    let serving = server.serve_connection(TokioIo::new(Box::pin(stream)), service);
    tokio::pin!(serving);
    tokio::select! {
        result = serving.as_mut() => {
            if let Err(error) = result {
                tracing::debug!(%error, "connection");
            }
            return;
        }
        () = shutdown.cancelled() => serving.as_mut().graceful_shutdown(),
    }
    let _ = serving.await;
}
