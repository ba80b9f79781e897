//! Timetables that create a run when they fire; the run's data interval ends then and may be empty.

use super::{DataInterval, Delta, NextRun, Restriction, ZonedCron};
use crate::time::{Duration, Timestamp};

/// Whether a DAG without a start date begins with the time that has passed last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RunImmediately {
    /// Always.
    Yes,
    /// If it has passed no longer ago.
    Within(Duration),
    /// If it has passed no longer ago than a tenth of the time between two runs, and at least five minutes.
    /// That is what Airflow does for `False` and `None` alike.
    #[default]
    IfRecent,
}

/// When a trigger timetable fires.
pub(super) trait Trigger {
    /// The first time after `at`, as counted from a time at which it fired.
    fn next(&self, at: Timestamp) -> Option<Timestamp>;
    /// `at` if it may fire then, else the next time.
    fn at_or_next(&self, at: Timestamp) -> Option<Timestamp>;
    /// `at` if it may fire then, else the time before.
    fn at_or_prev(&self, at: Timestamp) -> Option<Timestamp>;
    /// When it first fires for a DAG without a start date.
    fn first(&self, now: Timestamp) -> Option<Timestamp>;
    /// What a run that is created then covers.
    fn interval(&self) -> &Delta;
}

pub(super) fn next_run(
    trigger: &impl Trigger,
    last: Option<&DataInterval>,
    restriction: &Restriction,
    now: Timestamp,
) -> Option<NextRun> {
    let fires = match (last, restriction.earliest) {
        (Some(last), _) => trigger.next(last.end)?,
        (None, Some(earliest)) => trigger.at_or_next(earliest)?,
        (None, None) => trigger.first(now)?,
    };
    let fires = if restriction.catchup {
        fires
    } else {
        let begin = restriction.earliest.and_then(|earliest| trigger.at_or_next(earliest));
        [trigger.at_or_prev(now), begin].into_iter().flatten().fold(fires, Ord::max)
    };
    if restriction.latest.is_some_and(|latest| latest < fires) {
        return None;
    }
    Some(NextRun::interval(DataInterval { start: trigger.interval().before(fires)?, end: fires }))
}

pub(super) fn infer_manual(trigger: &impl Trigger, run_after: Timestamp) -> DataInterval {
    DataInterval { start: trigger.interval().before(run_after).unwrap_or(run_after), end: run_after }
}

/// Fires by a cron expression.
#[derive(Clone, Debug)]
pub(super) struct CronTrigger {
    pub cron: ZonedCron,
    pub interval: Delta,
    pub run_immediately: RunImmediately,
}

impl Trigger for CronTrigger {
    fn next(&self, at: Timestamp) -> Option<Timestamp> {
        self.cron.next(at)
    }

    fn at_or_next(&self, at: Timestamp) -> Option<Timestamp> {
        self.cron.at_or_next(at)
    }

    fn at_or_prev(&self, at: Timestamp) -> Option<Timestamp> {
        self.cron.at_or_prev(at)
    }

    fn first(&self, now: Timestamp) -> Option<Timestamp> {
        let (Some(past), next) = (self.cron.at_or_prev(now), self.cron.at_or_next(now)) else {
            return self.cron.at_or_next(now);
        };
        let Some(next) = next else { return Some(past) };
        let patience = match self.run_immediately {
            RunImmediately::Yes => return Some(past),
            RunImmediately::Within(span) => span,
            RunImmediately::IfRecent => {
                Duration::from_micros((next - past).as_micros() / 10).max(Duration::from_secs(300))
            }
        };
        Some(if now - past <= patience { past } else { next })
    }

    fn interval(&self) -> &Delta {
        &self.interval
    }
}

/// Fires every so often.
#[derive(Clone, Debug)]
pub(super) struct DeltaTrigger {
    pub delta: Delta,
    pub interval: Delta,
}

impl Trigger for DeltaTrigger {
    fn next(&self, at: Timestamp) -> Option<Timestamp> {
        self.delta.after(at)
    }

    fn at_or_next(&self, at: Timestamp) -> Option<Timestamp> {
        Some(at)
    }

    fn at_or_prev(&self, at: Timestamp) -> Option<Timestamp> {
        Some(at)
    }

    fn first(&self, now: Timestamp) -> Option<Timestamp> {
        Some(now)
    }

    fn interval(&self) -> &Delta {
        &self.interval
    }
}

/// Several cron triggers at once: the next run of any of them.
pub(super) fn next_of_many(
    triggers: &[CronTrigger],
    last: Option<&DataInterval>,
    restriction: &Restriction,
    now: Timestamp,
) -> Option<NextRun> {
    let runs = triggers.iter().filter_map(|trigger| next_run(trigger, last, restriction, now));
    if restriction.catchup {
        return runs.min_by_key(|run| run.run_after);
    }
    // Without catching up: the latest that is due, else the earliest to come. (Airflow goes by logical dates, so that
    // with an interval a run to come hides those that are due.)
    runs.min_by_key(|run| {
        let at = run.run_after.as_micros();
        if run.run_after <= now { (false, -at) } else { (true, at) }
    })
}
