//! Deadlines of runs and service levels of tasks: when each is due, and which of them were missed.

use crate::time::{Duration, Timestamp};

/// From where a deadline is counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reference {
    /// The run's logical date; a run without one has no such deadline.
    LogicalDate,
    /// When the run was queued; a run that is queued again is measured again.
    QueuedAt,
    /// An instant that the author gave.
    Fixed(Timestamp),
    /// Now plus what the newest runs took on average; none while fewer than `min_runs` have ended.
    AverageRuntime {
        /// So many of the newest runs count.
        max_runs: u32,
        /// At least so many must have ended.
        min_runs: u32,
    },
}

/// What is known of a run when its deadlines are worked out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RunFacts {
    /// Its logical date.
    pub logical_date: Option<Timestamp>,
    /// When it was queued.
    pub queued_at: Timestamp,
    /// How many of the runs before have ended, `max_runs` at most, and what they took on average.
    pub before: (u32, Duration),
}

/// The instant by which a run is to have ended; `None`: it has no such deadline.
pub fn due_at(reference: &Reference, interval: Duration, run: &RunFacts) -> Option<Timestamp> {
    let from = match reference {
        Reference::LogicalDate => run.logical_date?,
        Reference::QueuedAt => run.queued_at,
        Reference::Fixed(at) => *at,
        Reference::AverageRuntime { min_runs, .. } => {
            let (ended, average) = run.before;
            if ended < (*min_runs).max(1) {
                return None;
            }
            run.queued_at + average
        }
    };
    Some(from + interval)
}

/// Something that is to be done by an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watched {
    /// Its number.
    pub id: i64,
    /// By when.
    pub due_at: Timestamp,
    /// When it was done, if it was.
    pub done_at: Option<Timestamp>,
}

/// What became of watched things.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeadlinePlan {
    /// Not done in time.
    pub missed: Vec<i64>,
    /// Done in time: nothing to watch any more.
    pub met: Vec<i64>,
    /// The next one is due then.
    pub wake_at: Option<Timestamp>,
}

/// Decides which deadlines were missed. One that is done at the very instant was met.
pub fn plan_deadlines(watched: &[Watched], now: Timestamp) -> DeadlinePlan {
    let mut plan = DeadlinePlan::default();
    for one in watched {
        match one.done_at {
            Some(done) if done <= one.due_at => plan.met.push(one.id),
            _ if one.due_at <= now => plan.missed.push(one.id),
            _ => plan.wake_at = Some(plan.wake_at.map_or(one.due_at, |at| at.min(one.due_at))),
        }
    }
    plan
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_secs(seconds)
    }

    #[test]
    fn a_deadline_is_an_interval_after_its_reference() {
        let hour = Duration::from_secs(3600);
        let run = RunFacts { logical_date: Some(at(100)), queued_at: at(500), before: (3, Duration::from_secs(60)) };
        let none = RunFacts { logical_date: None, ..run };
        let average = |min_runs| Reference::AverageRuntime { max_runs: 10, min_runs };
        for (reference, run, due) in [
            (Reference::LogicalDate, run, Some(at(3700))),
            (Reference::LogicalDate, none, None),
            (Reference::QueuedAt, none, Some(at(4100))),
            (Reference::Fixed(at(7)), none, Some(at(3607))),
            (average(3), run, Some(at(4160))),
            (average(4), run, None),
        ] {
            assert_eq!(due_at(&reference, hour, &run), due, "{reference:?}");
        }
        assert_eq!(due_at(&Reference::Fixed(at(7200)), Duration::from_secs(-3600), &run), Some(at(3600)));
    }

    #[test]
    fn what_is_not_done_at_its_instant_is_missed() {
        let one = |id, due, done: Option<i64>| Watched { id, due_at: at(due), done_at: done.map(at) };
        let watched = [
            one(1, 10, None),
            one(2, 10, Some(10)),
            one(3, 10, Some(11)),
            one(4, 21, None),
            one(5, 20, None),
            one(6, 30, Some(3)),
        ];
        let plan = plan_deadlines(&watched, at(19));
        assert_eq!((plan.missed, plan.met, plan.wake_at), (vec![1, 3], vec![2, 6], Some(at(20))));
        // Waking at that instant finds something to do, and not a microsecond before.
        assert_eq!(plan_deadlines(&watched[3..5], at(20)).missed, [5]);
        assert!(plan_deadlines(&watched[3..5], Timestamp::from_micros(19_999_999)).missed.is_empty());
    }
}
