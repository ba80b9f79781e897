//! Tries whose worker is lost.

use tradewind_core::plan::plan_recovery;
use tradewind_core::{Duration, TaskState, Timestamp, TryId};
use tradewind_store::FinishTry;

use super::{Error, Scheduler};
use crate::clock::Clock;
use crate::dead_jobs::is_gone;

impl<C: Clock> Scheduler<C> {
    /// Ends tries that nobody runs any more, as failed and to be repeated if tries are left.
    pub(super) async fn recover_lost_tries(&mut self, now: Timestamp) -> Result<(), Error> {
        let in_flight = self.store.running_tries().await?;
        let tries: Vec<_> = in_flight.iter().map(|one| one.in_flight.clone()).collect();
        self.tries.look(tries.iter().map(|one| (one.ti_id, one.heartbeat_at)), self.gap(), now);
        let (lost, wake_at) = plan_recovery(&tries, &self.tries, self.config.task_heartbeat_timeout, now);
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
                    silent_since: Some(one.heartbeat_at + Duration::from_micros(1)),
                    ..FinishTry::new(TryId { ti_id: one.ti_id, try_number: row.try_number }, TaskState::UpForRetry, now)
                })
                .await?;
        }
        if let Some(at) = wake_at {
            self.next_heartbeat = self.next_heartbeat.min(at);
        }
        Ok(())
    }

    /// Ends the jobs of schedulers that are dead: silent for long, or processes of this machine that are gone. What
    /// they owned is free then.
    pub(super) async fn end_dead_schedulers(&mut self, now: Timestamp) -> Result<(), Error> {
        let others = self.store.live_jobs("SchedulerJob", Timestamp::from_micros(0)).await?;
        let others = others.iter().filter(|job| job.id != self.id);
        self.schedulers.look(others.clone().map(|job| (job.id, job.heartbeat_at)), self.gap(), now);
        for (id, heartbeat_at) in self.schedulers.lost(self.config.dead_after, now) {
            if self.store.end_silent_job(id, heartbeat_at).await? {
                tracing::warn!(job.id = id, "a scheduler is silent; its runs go on here");
            }
        }
        for job in others.filter(|job| is_gone(job, &self.config.hostname)) {
            if self.store.end_silent_job(job.id, job.heartbeat_at).await? {
                tracing::info!(job.id, job.pid, "ended the job of a scheduler that is gone");
            }
        }
        Ok(())
    }

    /// Whoever did not look for longer than this was stopped, or its clock jumped: it knows nothing of others then.
    fn gap(&self) -> Duration {
        Duration::from_micros(self.config.heartbeat.as_micros() * 3)
    }
}
