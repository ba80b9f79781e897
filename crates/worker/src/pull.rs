//! The loop of a worker process: asks the server for tries as long as it has free slots.

use std::future::Future;
use std::time::Duration;

use tradewind_protocol::TaskApiError;
use tradewind_protocol::task_api::{ClaimRequest, ErrorCode};

use crate::backoff::Backoff;
use crate::worker::Worker;

/// How long a claim waits at the server for the first try.
const LONG_POLL: Duration = Duration::from_secs(20);
/// A pause when the server has named only tries that are about to start here.
const SETTLE: Duration = Duration::from_millis(50);

impl Worker {
    /// Claims and runs tries until `shutdown` completes, then waits for those that run. A second wish to end, to cut
    /// that short, is for the caller to hear: [`Worker::stop`].
    ///
    /// # Errors
    /// When the server refuses this worker for good (a wrong token).
    pub async fn pull(&self, shutdown: impl Future<Output = ()>) -> Result<(), TaskApiError> {
        let mut shutdown = std::pin::pin!(shutdown);
        let result = tokio::select! {
            error = self.claim_forever() => Err(error),
            () = &mut shutdown => Ok(()),
            () = self.told_to_end() => Ok(()),
        };
        tracing::info!(tries = self.tries().len(), "no more tries are claimed; waiting for those that run");
        self.drain().await;
        result
    }

    /// Returns only when there is no use in going on.
    async fn claim_forever(&self) -> TaskApiError {
        let mut backoff = Backoff::for_requests();
        let mut denied = 0;
        let mut setup = self.setup();
        loop {
            let worker_id = self.id().await;
            let queues = setup.borrow_and_update().open_queues();
            if queues.is_empty() {
                let _ = setup.changed().await;
                continue;
            }
            let free_slots = self.free_slots();
            if free_slots == 0 {
                self.changed().await;
                continue;
            }
            let request = ClaimRequest {
                worker_id,
                queues,
                free_slots,
                wait_ms: LONG_POLL.as_millis() as u64,
                tries: Vec::new(),
            };
            let claimed = tokio::select! {
                claimed = self.0.api.claim(request) => claimed,
                // Other queues, or none. What was on its way here is offered again.
                _ = setup.changed() => continue,
            };
            match claimed {
                Ok(workloads) => {
                    backoff = Backoff::for_requests();
                    denied = 0;
                    // What is claimed stays queued until it is started, so the server may name it twice.
                    let named = workloads.len();
                    let new = workloads.into_iter().filter(|workload| self.submit(workload.clone())).count();
                    if named > 0 && new == 0 {
                        tokio::time::sleep(SETTLE).await;
                    }
                }
                // A token that is just being replaced is refused for a moment.
                Err(error) if error.code == ErrorCode::Denied && denied >= 5 => return error,
                Err(error) => {
                    denied += u32::from(error.code == ErrorCode::Denied);
                    tracing::warn!(%error, "cannot claim tries; trying again");
                    backoff.wait().await;
                }
            }
        }
    }
}
