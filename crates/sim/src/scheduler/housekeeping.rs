//! Heartbeat, adoption of runs that nobody plans, and lost tries.

use std::collections::BTreeSet;

use tradewind_core::plan::plan_recovery;
use tradewind_core::{Duration, TaskState, TryId};

use super::{DEAD_AFTER, GAP, HEARTBEAT, LOST_AFTER, Scheduler};
use crate::model::{Finish, Model};

impl Scheduler {
    pub(super) fn housekeeping(&mut self, model: &mut Model) {
        let now = self.now;
        model.heartbeat_job(self.id, now);
        let others = model.jobs.iter().filter(|(id, job)| **id != self.id && job.scheduler && job.running);
        let beats: Vec<_> = others.map(|(id, job)| (*id, job.heartbeat_at)).collect();
        self.schedulers.look(beats, GAP, now);
        for (id, heartbeat_at) in self.schedulers.lost(DEAD_AFTER, now) {
            self.busy |= model.end_silent_job(id, heartbeat_at);
        }
        let owned: BTreeSet<i64> = model.adopt_runs(self.id).into_iter().collect();
        self.to_load.extend(owned.iter().filter(|key| !self.runs.contains_key(key)));
        self.to_load.extend(self.runs.keys().filter(|key| !owned.contains(key)));
        self.busy |= !model.complete_backfills().is_empty();
        let running = model.running_tries();
        let tries: Vec<_> = running.iter().map(|(one, _)| one.clone()).collect();
        self.tries.look(tries.iter().map(|one| (one.ti_id, one.heartbeat_at)), GAP, now);
        let (lost, wake_at) = plan_recovery(&tries, &self.tries, LOST_AFTER, now);
        for one in lost {
            let try_number = running.iter().find(|(try_, _)| try_.ti_id == one.ti_id).map_or(0, |(_, number)| *number);
            let try_id = TryId { ti_id: one.ti_id, try_number };
            model.finish_try(&Finish {
                reason: Some(one.reason),
                silent_since: Some(one.heartbeat_at + Duration::from_micros(1)),
                ..Finish::new(try_id, TaskState::UpForRetry, now)
            });
            self.busy = true;
        }
        self.next_heartbeat = wake_at.map_or(now + HEARTBEAT, |at| at.min(now + HEARTBEAT));
    }
}
