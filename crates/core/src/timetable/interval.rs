//! Timetables whose runs cover one interval after the other, each created when its interval is over.

use super::{DataInterval, Delta, NextRun, Restriction, ZonedCron};
use crate::time::Timestamp;

/// Where intervals begin and end.
pub(super) trait Boundaries {
    /// The boundary after `at`.
    fn next(&self, at: Timestamp) -> Option<Timestamp>;
    /// The boundary before `at`.
    fn prev(&self, at: Timestamp) -> Option<Timestamp>;
    /// `at` if an interval may begin there, else the next boundary.
    fn at_or_next(&self, at: Timestamp) -> Option<Timestamp>;
    /// `at` if an interval may end there, else the boundary before.
    fn at_or_prev(&self, at: Timestamp) -> Option<Timestamp>;
    /// Start of the latest interval that is over at `now`; the first run's, when missed runs are not made up for.
    fn latest_start(&self, now: Timestamp, earliest: Option<Timestamp>) -> Option<Timestamp>;
}

pub(super) fn next_run(
    boundaries: &impl Boundaries,
    last: Option<&DataInterval>,
    restriction: &Restriction,
    now: Timestamp,
) -> Option<NextRun> {
    let mut earliest = match restriction.earliest {
        Some(earliest) => Some(boundaries.at_or_next(earliest)?),
        None => None,
    };
    if !restriction.catchup {
        // No interval is over yet (the expression names years to come): begin with the first that begins.
        let latest = boundaries.latest_start(now, restriction.earliest).or_else(|| boundaries.at_or_next(now));
        earliest = Some(latest?.max(earliest.unwrap_or(Timestamp::from_micros(i64::MIN))));
    }
    let start = match last {
        None => earliest?,
        Some(last) => {
            // The boundaries may be others than those of the last run, when the schedule was changed.
            let end = boundaries.at_or_prev(last.end).unwrap_or(last.end);
            let start = earliest.map_or(end, |earliest| earliest.max(end));
            if start > last.start { start } else { boundaries.next(start).filter(|start| *start > last.start)? }
        }
    };
    if restriction.latest.is_some_and(|latest| start > latest) {
        return None;
    }
    Some(NextRun::interval(DataInterval { start, end: boundaries.next(start)? }))
}

/// The latest whole interval before `run_after`.
pub(super) fn infer_manual(boundaries: &impl Boundaries, run_after: Timestamp) -> DataInterval {
    let end = boundaries.at_or_prev(run_after).unwrap_or(run_after);
    DataInterval { start: boundaries.prev(end).unwrap_or(end), end }
}

impl Boundaries for ZonedCron {
    fn next(&self, at: Timestamp) -> Option<Timestamp> {
        self.next(at)
    }

    fn prev(&self, at: Timestamp) -> Option<Timestamp> {
        self.prev(at)
    }

    fn at_or_next(&self, at: Timestamp) -> Option<Timestamp> {
        self.at_or_next(at)
    }

    fn at_or_prev(&self, at: Timestamp) -> Option<Timestamp> {
        self.at_or_prev(at)
    }

    fn latest_start(&self, now: Timestamp, _earliest: Option<Timestamp>) -> Option<Timestamp> {
        self.prev(self.at_or_prev(now)?)
    }
}

/// Intervals of one length, from wherever the first one begins.
impl Boundaries for Delta {
    fn next(&self, at: Timestamp) -> Option<Timestamp> {
        self.after(at)
    }

    fn prev(&self, at: Timestamp) -> Option<Timestamp> {
        self.before(at)
    }

    fn at_or_next(&self, at: Timestamp) -> Option<Timestamp> {
        Some(at)
    }

    fn at_or_prev(&self, at: Timestamp) -> Option<Timestamp> {
        Some(at)
    }

    fn latest_start(&self, now: Timestamp, earliest: Option<Timestamp>) -> Option<Timestamp> {
        let end = if self.has_months() {
            // Months have no fixed length: count them from the start date, one by one, as catching up would.
            let mut end = earliest.unwrap_or(now);
            while let Some(next) = self.after(end).filter(|next| *next <= now && *next > end) {
                end = next;
            }
            end
        } else {
            // Full hours, days and so on since 1970.
            let length = self.nominal_micros().max(1);
            Timestamp::from_micros(now.as_micros() - now.as_micros().rem_euclid(length))
        };
        self.before(end)
    }
}
