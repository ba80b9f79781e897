//! Tries whose worker is lost: noticed by missing heartbeats, ended with a reason that a person understands.

use std::collections::HashMap;

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
    /// The heartbeat that was the last one: if there is a newer one by now, the try is not lost.
    pub heartbeat_at: Timestamp,
    /// One line for people.
    pub reason: String,
}

/// Who was heard of when, as one observer saw it with its own eyes.
///
/// Clocks of different machines differ, and a clock may jump. So nobody is given up because of what two clocks say
/// alone: the observer must have looked for a while without seeing a new sign of life. When it did not look itself
/// (its process was stopped, or its clock jumped), it begins to look anew.
#[derive(Clone, Debug, Default)]
pub struct Watch {
    seen: HashMap<i64, Seen>,
    looked_at: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    /// The last sign of life, by the clock of whoever gave it.
    heartbeat_at: Timestamp,
    /// Since when the observer has seen no newer one, by its own clock.
    since: Timestamp,
}

impl Watch {
    /// Takes in the newest signs of life of everybody who is watched; others are forgotten. An observer that has not
    /// looked for longer than `gap` knows nothing.
    pub fn look(&mut self, heartbeats: impl IntoIterator<Item = (i64, Timestamp)>, gap: Duration, now: Timestamp) {
        let attentive = self.looked_at.is_some_and(|at| at <= now && now - at <= gap);
        let before = std::mem::take(&mut self.seen);
        for (id, heartbeat_at) in heartbeats {
            let since = match before.get(&id) {
                Some(seen) if attentive && seen.heartbeat_at == heartbeat_at => seen.since,
                _ => now,
            };
            self.seen.insert(id, Seen { heartbeat_at, since });
        }
        self.looked_at = Some(now);
    }

    /// When somebody is to be given up if no sign of life comes: a third of `timeout` must have been watched, and the
    /// rest may be what the clocks say. `None`: not watched.
    pub fn lost_at(&self, id: i64, timeout: Duration) -> Option<Timestamp> {
        let seen = self.seen.get(&id)?;
        let third = Duration::from_micros(timeout.as_micros() / 3);
        Some((seen.heartbeat_at + timeout).max(seen.since + third).min(seen.since + timeout))
    }

    /// Those that are to be given up now.
    pub fn lost(&self, timeout: Duration, now: Timestamp) -> Vec<(i64, Timestamp)> {
        let is_lost = |id: &i64| self.lost_at(*id, timeout).is_some_and(|at| at <= now);
        let mut lost: Vec<_> =
            self.seen.iter().filter(|(id, _)| is_lost(id)).map(|(id, seen)| (*id, seen.heartbeat_at)).collect();
        lost.sort_unstable();
        lost
    }
}

/// Finds the tries that are lost, given who was watched. The answer's second half is when the next one could be, if
/// no heartbeat comes.
pub fn plan_recovery(
    live: &[InFlight],
    watch: &Watch,
    timeout: Duration,
    now: Timestamp,
) -> (Vec<Recovery>, Option<Timestamp>) {
    let mut lost = Vec::new();
    let mut wake_at: Option<Timestamp> = None;
    for one in live {
        let due = watch.lost_at(one.ti_id, timeout);
        if one.worker_ended {
            let reason = format!(
                "the worker that ran this try (process {} on {}) ended without reporting a result",
                one.pid, one.hostname
            );
            lost.push(Recovery { ti_id: one.ti_id, heartbeat_at: one.heartbeat_at, reason });
        } else if due.is_some_and(|due| due <= now) {
            let silent = now.saturating_since(one.heartbeat_at).as_secs_f64();
            let reason = format!(
                "no heartbeat from the worker (process {} on {}) for {silent:.0} s; \
                 [scheduler] task_instance_heartbeat_timeout is {:.0} s",
                one.pid,
                one.hostname,
                timeout.as_secs_f64()
            );
            lost.push(Recovery { ti_id: one.ti_id, heartbeat_at: one.heartbeat_at, reason });
        } else {
            wake_at = [wake_at, due].into_iter().flatten().min();
        }
    }
    (lost, wake_at)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(300);
    const GAP: Duration = Duration::from_secs(100);

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_secs(seconds)
    }

    #[test]
    fn silent_and_ended_workers_lose_their_tries_and_others_do_not() {
        let try_of = |ti_id, heartbeat: i64, worker_ended| InFlight {
            ti_id,
            hostname: "h".into(),
            pid: 7,
            heartbeat_at: at(heartbeat),
            worker_ended,
        };
        let live = [try_of(1, 100, false), try_of(2, 399, false), try_of(3, 400, true), try_of(4, 110, false)];
        let mut watch = Watch::default();
        for now in [300, 400] {
            watch.look(live.iter().map(|one| (one.ti_id, one.heartbeat_at)), GAP, at(now));
        }
        let (lost, wake_at) = plan_recovery(&live, &watch, TIMEOUT, at(400));
        assert_eq!(lost.iter().map(|l| l.ti_id).collect::<Vec<_>>(), [1, 3]);
        assert!(lost[0].reason.contains("for 300 s"), "{}", lost[0].reason);
        assert_eq!(wake_at, Some(at(410)));
    }

    #[test]
    fn an_observer_that_just_began_waits_a_while_before_it_gives_somebody_up() {
        let mut watch = Watch::default();
        watch.look([(1, at(0))], GAP, at(10_000));
        assert_eq!(watch.lost_at(1, TIMEOUT), Some(at(10_100)), "silent for long by the clocks");
        watch.look([(1, at(99_999))], GAP, at(10_050));
        assert_eq!(watch.lost_at(1, TIMEOUT), Some(at(10_350)), "a clock that is ahead does not keep the dead alive");
        watch.look([(1, at(99_999))], GAP, at(10_150));
        assert_eq!(watch.lost_at(1, TIMEOUT), Some(at(10_350)));
        assert_eq!(watch.lost(TIMEOUT, at(10_349)), []);
        assert_eq!(watch.lost(TIMEOUT, at(10_350)), [(1, at(99_999))]);
        watch.look([], GAP, at(10_160));
        assert_eq!(watch.lost_at(1, TIMEOUT), None);
    }

    #[test]
    fn a_pause_or_a_jump_of_the_observer_is_nobodys_silence() {
        let mut watch = Watch::default();
        watch.look([(1, at(0))], GAP, at(0));
        watch.look([(1, at(0))], GAP, at(5_000));
        assert_eq!(watch.lost_at(1, TIMEOUT), Some(at(5_100)));
        watch.look([(1, at(0))], GAP, at(1_000));
        assert_eq!(watch.lost_at(1, TIMEOUT), Some(at(1_100)), "back again");
    }
}
