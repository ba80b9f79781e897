//! Cron expressions on a plain wall clock: which date-times match, and the next and previous one.
//!
//! The semantics are croniter's. A clock that jumps is the business of [`super::ZonedCron`].

mod days;
mod parse;

use jiff::ToSpan;
use jiff::civil::{Date, DateTime};

use days::{DayRule, Side};

/// Matches further away than this many years are not looked for.
const HORIZON_YEARS: i16 = 50;

/// A parsed cron expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cron {
    expression: String,
    has_seconds: bool,
    seconds: u64,
    minutes: u64,
    hours: u64,
    months: u64,
    /// Sorted; `None` is every year.
    years: Option<Vec<i16>>,
    days: DayRule,
}

/// What is wrong with a cron expression: names the field and what it may hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cron expression '{expression}': {problem}")]
pub struct CronError {
    /// The expression as written.
    pub expression: String,
    /// Field, offending text and what is allowed.
    pub problem: String,
}

impl Cron {
    /// Parses five fields (minute hour day-of-month month day-of-week), six (and second) or seven (and year), or
    /// one of `@hourly @daily @midnight @weekly @monthly @quarterly @yearly @annually`.
    ///
    /// # Errors
    /// [`CronError`] when a field holds something that it may not.
    pub fn parse(expression: &str) -> Result<Self, CronError> {
        parse::parse(expression)
    }

    /// The expression as shown to people; Airflow's presets are replaced by their five fields.
    pub fn expression(&self) -> &str {
        &self.expression
    }

    /// Whether the expression has a field for seconds (six or seven fields).
    pub fn has_seconds(&self) -> bool {
        self.has_seconds
    }

    /// Whether it may fire in every hour of a day: such an expression means "every so many minutes".
    pub fn every_hour(&self) -> bool {
        self.hours == (1 << 24) - 1
    }

    /// The first match after `after`, if there is one in the next 50 years.
    pub fn next(&self, after: DateTime) -> Option<DateTime> {
        let from = floor_second(after).checked_add(1.second()).ok()?;
        self.by_side(|side| self.first_from(from, side), Ord::min)
    }

    /// The last match before `before`, if there is one in the last 50 years.
    pub fn prev(&self, before: DateTime) -> Option<DateTime> {
        let whole = floor_second(before);
        let from = if whole < before { whole } else { whole.checked_sub(1.second()).ok()? };
        self.by_side(|side| self.last_until(from, side), Ord::max)
    }

    fn by_side(
        &self,
        search: impl Fn(Side) -> Option<DateTime>,
        better: fn(DateTime, DateTime) -> DateTime,
    ) -> Option<DateTime> {
        if self.days.must_both_occur() {
            // As croniter: if one side of the "or" never occurs, neither does the whole.
            Some(better(search(Side::DayOfMonth)?, search(Side::DayOfWeek)?))
        } else {
            search(Side::Either)
        }
    }

    fn first_from(&self, from: DateTime, side: Side) -> Option<DateTime> {
        let limit = from.year().checked_add(HORIZON_YEARS)?;
        let date = self.date_from(from.date(), limit, side)?;
        if date == from.date() {
            if let Some(found) = self.time_from(from) {
                return Some(found);
            }
            return self.date_from(date.tomorrow().ok()?, limit, side).map(|date| self.first_of(date));
        }
        Some(self.first_of(date))
    }

    fn last_until(&self, from: DateTime, side: Side) -> Option<DateTime> {
        let limit = from.year().checked_sub(HORIZON_YEARS)?;
        let date = self.date_until(from.date(), limit, side)?;
        if date == from.date() {
            if let Some(found) = self.time_until(from) {
                return Some(found);
            }
            return self.date_until(date.yesterday().ok()?, limit, side).map(|date| self.last_of(date));
        }
        Some(self.last_of(date))
    }

    /// The first matching date at or after `from`.
    fn date_from(&self, from: Date, limit: i16, side: Side) -> Option<Date> {
        let (mut year, mut month, mut day) = (from.year(), from.month(), from.day());
        while year <= limit {
            let skip = match &self.years {
                Some(years) => *years.get(years.partition_point(|y| *y < year))?,
                None => year,
            };
            if skip > year {
                (year, month, day) = (skip, 1, 1);
                continue;
            }
            if has(self.months, month) {
                let rule = self.days.in_month(year, month, side);
                if let Some(found) = (day..=rule.last_day()).find(|d| rule.matches(*d)) {
                    return Date::new(year, month, found).ok();
                }
            }
            (year, month, day) = if month == 12 { (year.checked_add(1)?, 1, 1) } else { (year, month + 1, 1) };
        }
        None
    }

    /// The last matching date at or before `from`.
    fn date_until(&self, from: Date, limit: i16, side: Side) -> Option<Date> {
        let (mut year, mut month, mut day) = (from.year(), from.month(), from.day());
        while year >= limit {
            let skip = match &self.years {
                Some(years) => years[..years.partition_point(|y| *y <= year)].last().copied()?,
                None => year,
            };
            if skip < year {
                (year, month, day) = (skip, 12, 31);
                continue;
            }
            if has(self.months, month) {
                let rule = self.days.in_month(year, month, side);
                if let Some(found) = (1..=day.min(rule.last_day())).rev().find(|d| rule.matches(*d)) {
                    return Date::new(year, month, found).ok();
                }
            }
            (year, month, day) = if month == 1 { (year.checked_sub(1)?, 12, 31) } else { (year, month - 1, 31) };
        }
        None
    }

    fn first_of(&self, date: Date) -> DateTime {
        date.at(lowest(self.hours), lowest(self.minutes), lowest(self.seconds), 0)
    }

    fn last_of(&self, date: Date) -> DateTime {
        date.at(highest(self.hours), highest(self.minutes), highest(self.seconds), 0)
    }

    /// The first matching time of the same day at or after `from`.
    fn time_from(&self, from: DateTime) -> Option<DateTime> {
        let (date, hour, minute) = (from.date(), from.hour(), from.minute());
        if has(self.hours, hour) {
            if has(self.minutes, minute)
                && let Some(second) = at_or_after(self.seconds, from.second())
            {
                return Some(date.at(hour, minute, second, 0));
            }
            if let Some(minute) = at_or_after(self.minutes, minute + 1) {
                return Some(date.at(hour, minute, lowest(self.seconds), 0));
            }
        }
        let hour = at_or_after(self.hours, hour + 1)?;
        Some(date.at(hour, lowest(self.minutes), lowest(self.seconds), 0))
    }

    /// The last matching time of the same day at or before `from`.
    fn time_until(&self, from: DateTime) -> Option<DateTime> {
        let (date, hour, minute) = (from.date(), from.hour(), from.minute());
        if has(self.hours, hour) {
            if has(self.minutes, minute)
                && let Some(second) = before(self.seconds, from.second() + 1)
            {
                return Some(date.at(hour, minute, second, 0));
            }
            if let Some(minute) = before(self.minutes, minute) {
                return Some(date.at(hour, minute, highest(self.seconds), 0));
            }
        }
        let hour = before(self.hours, hour)?;
        Some(date.at(hour, highest(self.minutes), highest(self.seconds), 0))
    }
}

fn floor_second(at: DateTime) -> DateTime {
    at.date().at(at.hour(), at.minute(), at.second(), 0)
}

// Sets of small numbers are bit masks: bit n is set when n is in. None is ever empty.

fn has(set: u64, n: i8) -> bool {
    set >> n & 1 == 1
}

fn lowest(set: u64) -> i8 {
    set.trailing_zeros() as i8
}

fn highest(set: u64) -> i8 {
    (63 - set.leading_zeros()) as i8
}

fn at_or_after(set: u64, n: i8) -> Option<i8> {
    let rest = set & (u64::MAX << n);
    (rest != 0).then(|| lowest(rest))
}

fn before(set: u64, n: i8) -> Option<i8> {
    let rest = set & ((1 << n) - 1);
    (rest != 0).then(|| highest(rest))
}
