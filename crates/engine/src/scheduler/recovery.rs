//! Tries whose worker is lost.

use tradewind_core::plan::plan_recovery;
use tradewind_core::{TaskState, Timestamp, TryId};
use tradewind_store::FinishTry;

use super::{Error, Scheduler};
use crate::clock::Clock;

impl<C: Clock> Scheduler<C> {
    /// Ends tries that nobody runs any more, as failed and to be repeated if tries are left.
    pub(super) async fn recover_lost_tries(&mut self, now: Timestamp) -> Result<(), Error> {
        let in_flight = self.store.running_tries().await?;
        let tries: Vec<_> = in_flight.iter().map(|one| one.in_flight.clone()).collect();
        let (lost, wake_at) = plan_recovery(&tries, self.config.task_heartbeat_timeout, now);
        for one in lost {
            let Some(row) = in_flight.iter().find(|row| row.in_flight.ti_id == one.ti_id) else { continue };
            tracing::warn!(
                dag.id = row.dag_id,
                run.key = row.run_key,
                task.id = row.task_id,
                attempt = row.try_number,
                reason = one.reason,
                "a running try was lost"
            );
            self.store
                .finish_try(FinishTry {
                    reason: Some(one.reason),
                    ..FinishTry::new(TryId { ti_id: one.ti_id, try_number: row.try_number }, TaskState::UpForRetry, now)
                })
                .await?;
        }
        if let Some(at) = wake_at {
            self.next_heartbeat = self.next_heartbeat.min(at);
        }
        Ok(())
    }
}
