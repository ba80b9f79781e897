//! The worker makes itself known and says in short intervals that it, and what it runs, is alive.

use std::sync::Weak;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tradewind_protocol::task_api::{ErrorCode, Heartbeat, WorkerMode, WorkerStatus};

use crate::backoff::Backoff;
use crate::worker::Inner;

/// Why a try is ended whose number the server sends back.
pub(crate) const UNWANTED: &str = "no longer wanted (cleared, marked, or taken as lost)";
/// The end of the reason of tries that are ended because nobody knows of them any more.
const FENCED: &str = "so it takes this try as lost and may have it run elsewhere";
/// The shortest interval that a server can ask for.
const SHORTEST: Duration = Duration::from_millis(100);

/// Registers, then heartbeats until the worker is gone.
pub(crate) async fn beat(worker: Weak<Inner>) {
    let Some((mut interval, signed_in)) = register(&worker).await else { return };
    let mut reached = Instant::now();
    let mut fenced = false;
    let Some(mut setup) = worker.upgrade().map(|inner| inner.setup.subscribe()) else { return };
    // What the server knows of it.
    let mut told = Some(signed_in);
    loop {
        // A change is told at once.
        tokio::select! {
            () = tokio::time::sleep(interval) => {}
            changed = setup.changed() => if changed.is_err() { return },
        }
        let Some(inner) = worker.upgrade() else { return };
        let status = inner.status();
        let gone = status.mode == WorkerMode::Gone;
        let started = inner.started();
        let tries = started.keys().copied().collect();
        let news = Some(status.clone()).filter(|status| told.as_ref() != Some(status));
        let beat = Heartbeat { worker_id: inner.worker_id.load(Ordering::Acquire), tries, status: news };
        // What the server believes is not newer than the moment before it was asked.
        let asked = Instant::now();
        let fence = inner.config.fence_after.filter(|_| !fenced);
        let left = fence.map(|after| after.saturating_sub(reached.elapsed()));
        let answer = tokio::select! {
            answer = inner.api.heartbeat(beat) => answer,
            () = tokio::time::sleep(left.unwrap_or_default()), if left.is_some() => {
                fenced = true;
                let silent = reached.elapsed().as_secs_f64();
                tracing::error!(
                    silent_s = silent,
                    tries = started.len(),
                    "the server takes these tries as lost and may have them run elsewhere; ending them"
                );
                for place in started.values() {
                    place.stop.ask(&format!("the api-server could not be reached for {silent:.0} s, {FENCED}"));
                }
                continue;
            }
        };
        match answer {
            Ok(reply) => {
                reached = asked;
                fenced = false;
                told = Some(status);
                if let Some(order) = &reply.order {
                    inner.obey(order);
                }
                for (try_id, token) in &reply.tokens {
                    if let Some(place) = started.get(try_id) {
                        place.token.renew(token);
                    }
                }
                // Those that were named, not those of the same id that came since (a sensor's next look).
                for place in reply.terminate.iter().filter_map(|try_id| started.get(try_id)) {
                    place.stop.ask(UNWANTED);
                }
            }
            Err(error) if matches!(error.code, ErrorCode::NotFound | ErrorCode::Stale) => {
                // The server has forgotten us (a reset database): introduce ourselves again.
                tracing::warn!(%error, "the server does not know this worker any more");
                drop(inner);
                let Some((fresh, signed_in)) = register(&worker).await else { return };
                interval = fresh;
                told = Some(signed_in);
            }
            Err(error) => {
                // Tries go on: the server may just be restarting. If it takes them as lost, it says so when it is back.
                tracing::warn!(%error, since_s = reached.elapsed().as_secs(), "a heartbeat did not reach the server");
            }
        }
        if gone {
            return part(&worker);
        }
    }
}

/// There is nothing more to say.
fn part(worker: &Weak<Inner>) {
    if let Some(inner) = worker.upgrade() {
        inner.parted.send_replace(true);
    }
}

/// Makes the worker known, however long that takes; answers the heartbeat interval and what the server knows now.
/// `None`: the worker is gone.
async fn register(worker: &Weak<Inner>) -> Option<(Duration, WorkerStatus)> {
    let mut backoff = Backoff::for_requests();
    loop {
        let inner = worker.upgrade()?;
        let hello = inner.hello();
        let signed_in = WorkerStatus {
            queues: hello.queues.clone(),
            concurrency: hello.concurrency,
            mode: WorkerMode::Working,
            obeyed: 0,
        };
        match inner.api.register(hello).await {
            Ok(welcome) => {
                tracing::info!(worker_id = welcome.worker_id, server = welcome.version, "registered");
                inner.log_ends.store(welcome.takes_log_ends, Ordering::Relaxed);
                inner.worker_id.store(welcome.worker_id, Ordering::Release);
                inner.known.send_replace(true);
                inner.orders_begin();
                return Some((Duration::from_millis(welcome.heartbeat_ms).max(SHORTEST), signed_in));
            }
            Err(error) => {
                tracing::warn!(%error, "cannot register with the server; trying again");
                drop(inner);
                backoff.wait().await;
            }
        }
    }
}
