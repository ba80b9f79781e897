//! The api-server among the processes of the installation: it signs in, says that it lives, and signs out. Beside that
//! it notes which processes were not heard of for long, for those that nobody else waits for.

use std::time::Duration;

use serde_json::json;
use tokio_util::sync::CancellationToken;
use tradewind_store::{Error, Store};

use crate::clock::now;

/// What is silent for so long is gone; it comes back when it is heard of again.
const GONE: tradewind_core::Duration = tradewind_core::Duration::from_secs(900);
/// Nobody takes over what these own, so nobody else looks.
const UNATTENDED: [&str; 2] = ["WorkerJob", "ApiServerJob"];

/// Is there, on that host, until `closing`. Whoever is silent for `patience` is taken for gone.
pub async fn keep(store: Store, hostname: String, patience: Duration, closing: CancellationToken) {
    let heartbeat = (patience / 3).clamp(Duration::from_millis(200), Duration::from_secs(10));
    let mut job = None;
    loop {
        if let Err(error) = beat(&store, &hostname, &mut job).await {
            tracing::debug!(%error, "the api-server could not say that it lives");
        }
        tokio::select! {
            () = tokio::time::sleep(heartbeat) => {}
            () = closing.cancelled() => break,
        }
    }
    if let Some(id) = job
        && let Err(error) = store.end_job(id, now()).await
    {
        tracing::debug!(%error, "the api-server could not say that it ends");
    }
}

async fn beat(store: &Store, hostname: &str, job: &mut Option<i64>) -> Result<(), Error> {
    match *job {
        Some(id) => store.heartbeat_job(id, now()).await?,
        None => {
            let id = store.register_job("ApiServerJob", hostname, std::process::id(), now()).await?;
            store.describe_job(id, &json!({"version": env!("CARGO_PKG_VERSION")})).await?;
            *job = Some(id);
        }
    }
    for kind in UNATTENDED {
        store.end_silent_jobs(kind, now() - GONE).await?;
    }
    Ok(())
}
