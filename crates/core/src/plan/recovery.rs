//! Tries whose worker is lost: noticed by missing heartbeats, ended with a reason that a person understands.

use crate::time::{Duration, Timestamp};

/// A try that some worker said it runs.
#[derive(Clone, Debug)]
pub struct InFlight {
    /// `task_instance.id`
    pub ti_id: i64,
    /// Where it ran.
    pub hostname: String,
    /// Process id of the worker.
    pub pid: i64,
    /// The worker's last heartbeat.
    pub heartbeat_at: Timestamp,
    /// The worker said goodbye, or is known to be gone (its process does not exist any more).
    pub worker_ended: bool,
}

/// What to do about a lost try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovery {
    /// `task_instance.id`
    pub ti_id: i64,
    /// One line for people.
    pub reason: String,
}

/// Finds the tries that are lost. The answer's second half is when the next one could be, if no heartbeat comes.
pub fn plan_recovery(live: &[InFlight], timeout: Duration, now: Timestamp) -> (Vec<Recovery>, Option<Timestamp>) {
    let mut lost = Vec::new();
    let mut wake_at: Option<Timestamp> = None;
    for one in live {
        let due = one.heartbeat_at + timeout;
        if one.worker_ended {
            let reason = format!(
                "the worker that ran this try (process {} on {}) ended without reporting a result",
                one.pid, one.hostname
            );
            lost.push(Recovery { ti_id: one.ti_id, reason });
        } else if due <= now {
            let silent = now.saturating_since(one.heartbeat_at).as_secs_f64();
            let reason = format!(
                "no heartbeat from the worker (process {} on {}) for {silent:.0} s; \
                 [scheduler] task_instance_heartbeat_timeout is {:.0} s",
                one.pid,
                one.hostname,
                timeout.as_secs_f64()
            );
            lost.push(Recovery { ti_id: one.ti_id, reason });
        } else {
            wake_at = Some(wake_at.map_or(due, |at| at.min(due)));
        }
    }
    (lost, wake_at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silent_and_ended_workers_lose_their_tries_and_others_do_not() {
        let try_of = |ti_id, heartbeat: i64, worker_ended| InFlight {
            ti_id,
            hostname: "h".into(),
            pid: 7,
            heartbeat_at: Timestamp::from_secs(heartbeat),
            worker_ended,
        };
        let live = [try_of(1, 100, false), try_of(2, 399, false), try_of(3, 400, true), try_of(4, 110, false)];
        let (lost, wake_at) = plan_recovery(&live, Duration::from_secs(300), Timestamp::from_secs(400));
        assert_eq!(lost.iter().map(|l| l.ti_id).collect::<Vec<_>>(), [1, 3]);
        assert!(lost[0].reason.contains("for 300 s"), "{}", lost[0].reason);
        assert_eq!(wake_at, Some(Timestamp::from_secs(410)));
    }
}
