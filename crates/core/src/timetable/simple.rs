//! `@once` and `@continuous`.

use super::{DataInterval, NextRun, Restriction};
use crate::time::Timestamp;

/// One run at the start date, whether it has passed or not; at once without a start date.
pub(super) fn once(last: Option<&DataInterval>, restriction: &Restriction, now: Timestamp) -> Option<NextRun> {
    if last.is_some() {
        return None;
    }
    let at = restriction.earliest.unwrap_or(now);
    restriction.latest.is_none_or(|latest| at <= latest).then(|| NextRun::interval(DataInterval::exact(at)))
}

/// The next run as soon as one is over; it covers the time since the last one's interval ended.
pub(super) fn continuous(last: Option<&DataInterval>, restriction: &Restriction, now: Timestamp) -> Option<NextRun> {
    let begin = restriction.earliest.unwrap_or(now);
    let interval = match last {
        None => DataInterval { start: begin, end: begin.max(now) },
        // The last interval ends in the future: the start date was moved there.
        Some(last) if last.end > now => DataInterval { start: begin, end: begin + (last.end - last.start) },
        Some(last) => DataInterval { start: last.end, end: now },
    };
    restriction.latest.is_none_or(|latest| interval.end <= latest).then(|| NextRun::interval(interval))
}
