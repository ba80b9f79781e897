//! Which days of a month a cron expression means: day-of-month, day-of-week, `L`, `W` and `#` together.

use jiff::civil::Date;

use super::has;

/// The day-of-month and day-of-week fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct DayRule {
    /// The day-of-month field restricts nothing.
    pub any_day: bool,
    /// Days of the month, 1 to 31.
    pub days: u64,
    /// The last day of the month too.
    pub last: bool,
    /// `15W`: the weekday (Monday to Friday) nearest to that day; 0 is none.
    pub nearest_weekday: i8,
    /// The day-of-week field restricts nothing.
    pub any_weekday: bool,
    /// Days of the week, 0 (Sunday) to 6.
    pub weekdays: u64,
    /// For each day of the week: bits 1 to 5 are the first to the fifth in the month, bit [`LAST_WEEK`] the last.
    pub nth: [u8; 7],
}

/// The bit of [`DayRule::nth`] that means the last one in the month.
pub(super) const LAST_WEEK: u8 = 6;

/// When both day fields restrict, one that matches is enough. This says which one is asked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    DayOfMonth,
    DayOfWeek,
    Either,
}

/// A [`DayRule`] in one month.
pub(super) struct InMonth<'a> {
    rule: &'a DayRule,
    side: Side,
    last_day: i8,
    /// Day of the week of the first, 0 is Sunday.
    first_weekday: i8,
}

impl DayRule {
    fn has_nth(&self) -> bool {
        self.nth != [0; 7]
    }

    fn is_or(&self) -> bool {
        !self.any_day && !self.any_weekday
    }

    /// `#` and `W` are part of both sides of the "or", and croniter gives up when one of the sides never occurs.
    pub fn must_both_occur(&self) -> bool {
        self.is_or() && (self.has_nth() || self.nearest_weekday != 0)
    }

    /// The rule for the days of one month.
    pub fn in_month(&self, year: i16, month: i8, side: Side) -> InMonth<'_> {
        let first = Date::constant(year, month, 1);
        InMonth {
            rule: self,
            side,
            last_day: first.days_in_month(),
            first_weekday: first.weekday().to_sunday_zero_offset(),
        }
    }
}

impl InMonth<'_> {
    /// 28 to 31.
    pub fn last_day(&self) -> i8 {
        self.last_day
    }

    /// Whether the day is meant.
    pub fn matches(&self, day: i8) -> bool {
        let rule = self.rule;
        let weekday = self.weekday(day);
        let by_day = if rule.nearest_weekday != 0 {
            day == self.nearest_weekday(rule.nearest_weekday)
        } else {
            rule.any_day || has(rule.days, day) || rule.last && day == self.last_day
        };
        let by_weekday = if rule.has_nth() {
            let nth = rule.nth[weekday as usize];
            nth >> ((day - 1) / 7 + 1) & 1 == 1 || nth >> LAST_WEEK & 1 == 1 && day + 7 > self.last_day
        } else {
            rule.any_weekday || has(rule.weekdays, weekday)
        };
        if !rule.is_or() {
            return by_day && by_weekday;
        }
        let day_side = by_day && (!rule.has_nth() || by_weekday);
        let weekday_side = by_weekday && (rule.nearest_weekday == 0 || by_day);
        match self.side {
            Side::DayOfMonth => day_side,
            Side::DayOfWeek => weekday_side,
            Side::Either => day_side || weekday_side,
        }
    }

    fn weekday(&self, day: i8) -> i8 {
        (self.first_weekday + day - 1) % 7
    }

    /// The Monday to Friday nearest to `day` without leaving the month.
    fn nearest_weekday(&self, day: i8) -> i8 {
        let day = day.min(self.last_day);
        match self.weekday(day) {
            6 if day > 1 => day - 1,
            6 => day + 2,
            0 if day < self.last_day => day + 1,
            0 => day - 2,
            _ => day,
        }
    }
}
