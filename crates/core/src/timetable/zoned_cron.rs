//! A cron expression in a time zone: the instants at which it fires, whatever the clocks there do.
//!
//! * An expression with fixed hours (`30 2 * * *`) fires once for every wall-clock time that it names. A time that
//!   is skipped when clocks go forward fires as much later as was skipped; one that comes twice fires the second time.
//! * An expression that fires in every hour (`*/15 * * * *`) means "every so many minutes": it fires whenever the
//!   wall clock shows a matching time, so in both of two equal hours, and never in a skipped one.
//!
//! That is what Airflow means to do. Its arithmetic strays where this module does not: `0 * * * 1-5` over a weekend
//! that changes the clocks fires an hour off, and asking for the time before an instant close to a change may
//! answer with a later one, which can skip a run.

use std::sync::Arc;

use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp as Instant, ToSpan};

use super::cron::Cron;
use crate::time::Timestamp;

/// Wall clocks are never further apart than this.
const WIDEST_SHIFT: SignedDuration = SignedDuration::from_hours(50);

/// See the module.
#[derive(Clone, Debug)]
pub struct ZonedCron {
    cron: Arc<Cron>,
    zone: TimeZone,
    follows_clock: bool,
}

/// A stretch of time between two changes of a zone's offset.
struct Segment {
    start: Option<Instant>,
    end: Option<Instant>,
    before: Offset,
    offset: Offset,
    after: Offset,
}

impl ZonedCron {
    /// The expression on the zone's wall clock.
    pub fn new(cron: Cron, zone: TimeZone) -> Self {
        let follows_clock = cron.every_hour();
        Self { cron: Arc::new(cron), zone, follows_clock }
    }

    /// Whose wall clock counts.
    pub fn time_zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The expression alone.
    pub fn cron(&self) -> &Cron {
        &self.cron
    }

    /// The first time it fires after `after`; none if that is more than 50 years away.
    pub fn next(&self, after: Timestamp) -> Option<Timestamp> {
        let mut from = instant(after)?;
        // Later segments are searched from their first instant on, which itself counts.
        let mut including = false;
        loop {
            let segment = self.segment(from);
            let back = if including { 1.second() } else { 0.seconds() };
            let local = segment.offset.to_datetime(from).checked_sub(back).ok()?;
            let named = self.cron.next(local);
            let end = segment.local_end(self.follows_clock);
            let in_segment = named.filter(|named| end.is_none_or(|end| *named < end));
            let mut found = in_segment.and_then(|named| segment.offset.to_timestamp(named).ok());
            if let Some((gap_start, gap_end)) = self.gap(&segment) {
                let local = segment.before.to_datetime(from).checked_sub(back).ok()?;
                let skipped = self.cron.next(local.max(gap_start.checked_sub(1.second()).ok()?));
                if let Some(skipped) = skipped.filter(|skipped| *skipped < gap_end) {
                    let fires = segment.before.to_timestamp(skipped).ok()?;
                    found = Some(found.map_or(fires, |at| at.min(fires)));
                }
            }
            if let Some(found) = found {
                return Some(Timestamp::from_jiff(found));
            }
            from = segment.end?;
            if including {
                // Nothing is named up to then; no need to look at each year's changes on the way.
                let near = segment.offset.to_timestamp(named?).ok()?.checked_sub(WIDEST_SHIFT).ok()?;
                from = from.max(near);
            }
            including = true;
        }
    }

    /// The last time it fired before `before`; none if that is more than 50 years ago.
    pub fn prev(&self, before: Timestamp) -> Option<Timestamp> {
        let mut until = instant(before)?;
        let mut again = false;
        loop {
            let segment = self.segment(until.checked_sub(1.microsecond()).ok()?);
            let mut local = segment.offset.to_datetime(until);
            if let Some(end) = segment.local_end(self.follows_clock) {
                local = local.min(end);
            }
            let named = self.cron.prev(local);
            let start = segment.local_start();
            let in_segment = named.filter(|named| start.is_none_or(|start| *named >= start));
            let mut found = in_segment.and_then(|named| segment.offset.to_timestamp(named).ok());
            if let Some((gap_start, gap_end)) = self.gap(&segment) {
                let skipped = self.cron.prev(segment.before.to_datetime(until).min(gap_end));
                if let Some(skipped) = skipped.filter(|skipped| *skipped >= gap_start) {
                    let fires = segment.before.to_timestamp(skipped).ok()?;
                    found = Some(found.map_or(fires, |at| at.max(fires)));
                }
            }
            if let Some(found) = found {
                return Some(Timestamp::from_jiff(found));
            }
            until = segment.start?;
            if again {
                let near = segment.offset.to_timestamp(named?).ok()?.checked_add(WIDEST_SHIFT).ok()?;
                until = until.min(near);
            }
            again = true;
        }
    }

    /// `at` if it fires then, else the next time.
    pub fn at_or_next(&self, at: Timestamp) -> Option<Timestamp> {
        self.next(at - crate::Duration::from_micros(1))
    }

    /// `at` if it fires then, else the time before.
    pub fn at_or_prev(&self, at: Timestamp) -> Option<Timestamp> {
        self.prev(at + crate::Duration::from_micros(1))
    }

    /// The wall-clock times that were skipped at the segment's start, when those fire at all.
    fn gap(&self, segment: &Segment) -> Option<(DateTime, DateTime)> {
        if self.follows_clock || segment.offset <= segment.before {
            return None;
        }
        let start = segment.start?;
        Some((segment.before.to_datetime(start), segment.offset.to_datetime(start)))
    }

    fn segment(&self, at: Instant) -> Segment {
        let offset = self.zone.to_offset(at);
        let just_after = at.checked_add(1.nanosecond()).unwrap_or(at);
        let start = self.zone.preceding(just_after).next().map(|change| change.timestamp());
        let end = self.zone.following(at).next();
        let before = start.and_then(|start| start.checked_sub(1.nanosecond()).ok());
        Segment {
            start,
            before: before.map_or(offset, |at| self.zone.to_offset(at)),
            offset,
            after: end.as_ref().map_or(offset, |change| change.offset()),
            end: end.map(|change| change.timestamp()),
        }
    }
}

impl Segment {
    fn local_start(&self) -> Option<DateTime> {
        Some(self.offset.to_datetime(self.start?))
    }

    /// End of the wall-clock times that count as this segment's: those that come again belong to the next one,
    /// unless every showing of the clock counts.
    fn local_end(&self, follows_clock: bool) -> Option<DateTime> {
        let end = self.end?;
        let offset = if follows_clock { self.offset } else { self.offset.min(self.after) };
        Some(offset.to_datetime(end))
    }
}

fn instant(at: Timestamp) -> Option<Instant> {
    Instant::from_microsecond(at.as_micros()).ok()
}
