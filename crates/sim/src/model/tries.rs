//! Starting, ending and watching tries.

use tradewind_core::asset::AssetKey;
use tradewind_core::plan::InFlight;
use tradewind_core::{Duration, TaskState, Timestamp, TryId};

use super::Model;
use super::waiting::is_waiting;

/// The end of a try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finish {
    /// Which.
    pub try_id: TryId,
    /// `up_for_retry`: failed; repeat it if tries are left.
    pub state: TaskState,
    /// When.
    pub at: Timestamp,
    /// For people.
    pub reason: Option<String>,
    /// `up_for_reschedule`: not before.
    pub retry_at: Option<Timestamp>,
    /// Tasks to skip.
    pub skip: Vec<String>,
    /// Length of the result.
    pub map_length: Option<u32>,
    /// Only if it was not heard of since then.
    pub silent_since: Option<Timestamp>,
    /// `deferred`: waits no longer than this.
    pub timeout: Option<Duration>,
    /// Assets that it updated; they count if it succeeded.
    pub updates: Vec<AssetKey>,
}

impl Finish {
    /// An end without anything besides.
    pub fn new(try_id: TryId, state: TaskState, at: Timestamp) -> Self {
        Self {
            try_id,
            state,
            at,
            reason: None,
            retry_at: None,
            skip: Vec::new(),
            map_length: None,
            silent_since: None,
            timeout: None,
            updates: Vec::new(),
        }
    }
}

impl Model {
    /// A worker wants to run a try; answers whether it may. The very same request again gets the same answer.
    pub fn start_try(&mut self, try_id: TryId, worker: i64, at: Timestamp) -> bool {
        let Some(ti) = self.ti_mut(try_id.ti_id) else { return false };
        if ti.try_number != try_id.try_number || ti.state != Some(TaskState::Queued) {
            // A try that has waited keeps the start of its first part.
            let same = ti.worker_id == Some(worker) && (ti.start_date == Some(at) || ti.heartbeat_at == Some(at));
            return same && ti.try_number == try_id.try_number && ti.state == Some(TaskState::Running);
        }
        ti.state = Some(TaskState::Running);
        ti.fence += 1;
        ti.start_date.get_or_insert(at);
        ti.end_date = None;
        ti.first_started_at.get_or_insert(at);
        ti.retry_at = None;
        ti.reason = None;
        ti.worker_id = Some(worker);
        ti.heartbeat_at = Some(at);
        true
    }

    /// A try is over; answers whether that counts.
    pub fn finish_try(&mut self, finish: &Finish) -> bool {
        // A report that comes again must not end the next part of its try.
        let again = self.reported.get(&finish.try_id.ti_id) == Some(&(finish.try_id.try_number, finish.at));
        let Some(ti) = self.ti_mut(finish.try_id.ti_id) else { return false };
        let heard = |since: Timestamp| ti.heartbeat_at.is_some_and(|at| at >= since);
        let this = ti.try_number == finish.try_id.try_number && !finish.silent_since.is_some_and(heard);
        let this = this && !again;
        let (run_key, id) = (ti.run_key, ti.id);
        match ti.state {
            Some(TaskState::Running) if this => {
                ti.state = Some(match finish.state {
                    TaskState::UpForRetry if ti.try_number > ti.max_tries => TaskState::Failed,
                    other => other,
                });
                ti.fence += 1;
                let waits = is_waiting(Some(finish.state));
                ti.end_date = (!waits).then_some(finish.at);
                ti.reason.clone_from(&finish.reason);
                ti.retry_at = match finish.state {
                    TaskState::Deferred => finish.timeout.map(|timeout| finish.at + timeout),
                    TaskState::AwaitingInput => None,
                    _ => finish.retry_at,
                };
                ti.reschedule_count += i32::from(finish.state == TaskState::UpForReschedule);
                ti.skip.clone_from(&finish.skip);
                ti.map_length = finish.map_length;
                self.reported.insert(id, (finish.try_id.try_number, finish.at));
                if waits {
                    self.defer(finish.try_id);
                }
                if finish.state == TaskState::Success {
                    self.emit(&finish.updates, finish.at, (id, finish.try_id.try_number));
                }
                self.add_to_inbox(run_key, Some(id));
                true
            }
            Some(TaskState::Restarting) if this => {
                ti.state = None;
                ti.fence += 1;
                ti.scheduled_at = None;
                ti.queued_at = None;
                ti.start_date = None;
                ti.end_date = None;
                ti.retry_at = None;
                ti.reason = None;
                ti.skip = Vec::new();
                ti.map_length = None;
                self.add_to_inbox(run_key, Some(id));
                false
            }
            // The very same report again.
            _ => ti.try_number == finish.try_id.try_number && (again || ti.end_date == Some(finish.at)),
        }
    }

    /// A worker runs these; answers those that are not its any more.
    pub fn heartbeat_tries(&mut self, worker: i64, tries: &[TryId], now: Timestamp) -> Vec<TryId> {
        let mut gone = Vec::new();
        for try_id in tries {
            match self.ti_mut(try_id.ti_id) {
                Some(ti)
                    if ti.try_number == try_id.try_number
                        && ti.state == Some(TaskState::Running)
                        && ti.worker_id == Some(worker) =>
                {
                    ti.heartbeat_at = Some(now);
                }
                _ => gone.push(*try_id),
            }
        }
        gone
    }

    /// Every try that some worker said it runs, with the number of the try.
    pub fn running_tries(&self) -> Vec<(InFlight, i32)> {
        let running = |state| matches!(state, Some(TaskState::Running | TaskState::Restarting));
        self.tis
            .values()
            .filter(|ti| running(ti.state))
            .map(|ti| {
                let worker = ti.worker_id.unwrap_or_default();
                let ended = self.jobs.get(&worker).is_some_and(|job| !job.running);
                let in_flight = InFlight {
                    ti_id: ti.id,
                    hostname: "host".into(),
                    pid: worker,
                    heartbeat_at: ti.heartbeat_at.or(ti.start_date).unwrap_or_default(),
                    worker_ended: ended,
                };
                (in_flight, ti.try_number)
            })
            .collect()
    }

    /// Tries that wait for a worker.
    pub fn queued_tries(&self) -> Vec<TryId> {
        let queued = self.tis.values().filter(|ti| ti.state == Some(TaskState::Queued));
        queued.map(|ti| TryId { ti_id: ti.id, try_number: ti.try_number }).collect()
    }
}
