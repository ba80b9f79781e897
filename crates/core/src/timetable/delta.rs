//! A span of time between runs: seconds (`timedelta`) or calendar units (`relativedelta`).

use std::fmt;

use jiff::civil::{Date, DateTime};
use jiff::{SignedDuration, ToSpan};
use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};

use super::isoformat::write_seconds;
use crate::time::Timestamp;

/// What is added to get from one run to the next. Calendar arithmetic happens in UTC.
///
/// In JSON a number of seconds, or an object with those fields of `dateutil.relativedelta` that are not zero.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Delta {
    #[serde(skip_serializing_if = "is_default")]
    years: i32,
    #[serde(skip_serializing_if = "is_default")]
    months: i32,
    #[serde(skip_serializing_if = "is_default")]
    days: i64,
    #[serde(skip_serializing_if = "is_default")]
    hours: i64,
    #[serde(skip_serializing_if = "is_default")]
    minutes: i64,
    #[serde(skip_serializing_if = "is_default")]
    seconds: f64,
    #[serde(skip_serializing_if = "is_default")]
    microseconds: i64,
    /// Days to add when the result lies after February of a leap year.
    #[serde(skip_serializing_if = "is_default")]
    leapdays: i64,
    #[serde(skip_serializing_if = "is_default")]
    year: Option<i16>,
    #[serde(skip_serializing_if = "is_default")]
    month: Option<i8>,
    #[serde(skip_serializing_if = "is_default")]
    day: Option<i8>,
    #[serde(skip_serializing_if = "is_default")]
    hour: Option<i8>,
    #[serde(skip_serializing_if = "is_default")]
    minute: Option<i8>,
    #[serde(skip_serializing_if = "is_default")]
    second: Option<i8>,
    #[serde(skip_serializing_if = "is_default")]
    microsecond: Option<i32>,
    /// Then on to the n-th such day of the week: `[0 (Monday) to 6, n]`; a negative n goes back.
    #[serde(skip_serializing_if = "is_default")]
    weekday: Option<Weekday>,
}

/// `[day]` or `[day, n]`.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Weekday {
    day: i8,
    nth: Option<i8>,
}

impl Delta {
    /// That many seconds.
    pub fn seconds(seconds: f64) -> Self {
        Self { seconds, ..Self::default() }
    }

    /// No time at all.
    pub fn is_zero(&self) -> bool {
        *self == Self::default()
    }

    /// `at` plus this; none when that leaves the years that exist (1 to 9999).
    pub fn after(&self, at: Timestamp) -> Option<Timestamp> {
        self.shift(at, 1)
    }

    /// `at` minus this; none when that leaves the years that exist (1 to 9999).
    pub fn before(&self, at: Timestamp) -> Option<Timestamp> {
        self.shift(at, -1)
    }

    /// Its length in microseconds with months of 30 and years of 365 days; how Airflow rounds such deltas.
    pub fn nominal_micros(&self) -> i64 {
        let days = i64::from(self.years) * 365 + i64::from(self.months) * 30 + self.days;
        days.saturating_mul(86_400_000_000).saturating_add(self.time_micros())
    }

    /// Whether its length depends on the calendar.
    pub fn has_months(&self) -> bool {
        self.years != 0 || self.months != 0
    }

    /// Whether it leads forward from everywhere: no schedule may stand still.
    pub fn is_positive(&self) -> bool {
        // A leap day, month ends and the turn of a year: where relative dates clamp.
        ["2024-02-29", "2023-01-31", "2023-12-31T23:59:59", "2024-07-15T12:00:00"]
            .iter()
            .all(|at| at.parse::<Timestamp>().ok().and_then(|at| self.after(at).map(|next| next > at)).unwrap_or(false))
    }

    /// Hours and less.
    fn time_micros(&self) -> i64 {
        let whole = self.hours.saturating_mul(3600).saturating_add(self.minutes.saturating_mul(60));
        let seconds = crate::Duration::from_secs_f64(self.seconds).as_micros();
        whole.saturating_mul(1_000_000).saturating_add(seconds).saturating_add(self.microseconds)
    }

    fn is_timedelta(&self) -> bool {
        *self == Self::seconds(self.seconds)
    }

    fn shift(&self, at: Timestamp, sign: i64) -> Option<Timestamp> {
        let utc = jiff::tz::Offset::UTC;
        let from = utc.to_datetime(jiff::Timestamp::from_microsecond(at.as_micros()).ok()?);
        let months = sign * (i64::from(self.years) * 12 + i64::from(self.months));
        let month = self.month.unwrap_or(from.month());
        let months = i64::from(self.year.unwrap_or(from.year())) * 12 + i64::from(month) - 1 + months;
        let first = Date::new(i16::try_from(months.div_euclid(12)).ok()?, months.rem_euclid(12) as i8 + 1, 1).ok()?;
        let day = self.day.unwrap_or(from.day()).min(first.days_in_month());
        let date = Date::new(first.year(), first.month(), day).ok()?;
        let nanosecond = self.microsecond.map_or(from.subsec_nanosecond(), |micros| micros * 1000);
        let second = self.second.unwrap_or(from.second());
        let replaced = DateTime::new(
            date.year(),
            date.month(),
            date.day(),
            self.hour.unwrap_or(from.hour()),
            self.minute.unwrap_or(from.minute()),
            second,
            nanosecond,
        )
        .ok()?;
        let mut days = sign * self.days;
        if date.month() > 2 && date.in_leap_year() {
            days += self.leapdays;
        }
        let mut result = replaced
            .checked_add(SignedDuration::from_hours(days.checked_mul(24)?))
            .and_then(|at| at.checked_add(SignedDuration::from_micros(sign * self.time_micros())))
            .ok()?;
        if let Some(Weekday { day, nth }) = self.weekday {
            let nth = nth.unwrap_or(1);
            let today = result.weekday().to_monday_zero_offset();
            let whole = (i64::from(nth).abs() - 1) * 7;
            let jump = if nth > 0 {
                whole + i64::from((7 - today + day) % 7)
            } else {
                -(whole + i64::from((today - day).rem_euclid(7)))
            };
            result = result.checked_add(jump.days()).ok()?;
        }
        (result.year() >= 1).then_some(())?;
        Some(Timestamp::from_jiff(utc.to_timestamp(result).ok()?))
    }
}

impl fmt::Display for Delta {
    /// As Python prints it: `1 day, 0:00:00` or `relativedelta(months=+1)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_timedelta() {
            return write_seconds(f, self.time_micros());
        }
        let mut parts = Vec::new();
        for (name, n) in [
            ("years", i64::from(self.years)),
            ("months", i64::from(self.months)),
            ("days", self.days),
            ("leapdays", self.leapdays),
            ("hours", self.hours),
            ("minutes", self.minutes),
        ] {
            if n != 0 {
                parts.push(format!("{name}={n:+}"));
            }
        }
        if self.seconds != 0.0 {
            parts.push(format!("seconds={:+}", self.seconds));
        }
        if self.microseconds != 0 {
            parts.push(format!("microseconds={:+}", self.microseconds));
        }
        let mut absolute = |name: &str, value: Option<i32>| {
            parts.extend(value.map(|value| format!("{name}={value}")));
        };
        absolute("year", self.year.map(i32::from));
        absolute("month", self.month.map(i32::from));
        absolute("day", self.day.map(i32::from));
        if let Some(Weekday { day, nth }) = self.weekday {
            let name = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"][day as usize];
            parts.push(format!("weekday={name}{}", nth.map(|nth| format!("({nth:+})")).unwrap_or_default()));
        }
        let mut absolute = |name: &str, value: Option<i32>| {
            parts.extend(value.map(|value| format!("{name}={value}")));
        };
        absolute("hour", self.hour.map(i32::from));
        absolute("minute", self.minute.map(i32::from));
        absolute("second", self.second.map(i32::from));
        absolute("microsecond", self.microsecond);
        write!(f, "relativedelta({})", parts.join(", "))
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl Serialize for Weekday {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.nth {
            Some(nth) => [self.day, nth].serialize(serializer),
            None => [self.day].serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Delta {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberOrFields;
        impl<'de> Visitor<'de> for NumberOrFields {
            type Value = Delta;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a number of seconds or an object with months, days and so on")
            }

            fn visit_f64<E: de::Error>(self, seconds: f64) -> Result<Delta, E> {
                Ok(Delta::seconds(seconds))
            }

            fn visit_i64<E: de::Error>(self, seconds: i64) -> Result<Delta, E> {
                Ok(Delta::seconds(seconds as f64))
            }

            fn visit_u64<E: de::Error>(self, seconds: u64) -> Result<Delta, E> {
                Ok(Delta::seconds(seconds as f64))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Delta, A::Error> {
                read_fields(map)
            }
        }
        deserializer.deserialize_any(NumberOrFields)
    }
}

fn read_fields<'de, A: MapAccess<'de>>(mut map: A) -> Result<Delta, A::Error> {
    let mut delta = Delta::default();
    while let Some(key) = map.next_key::<String>()? {
        match key.as_str() {
            "years" => delta.years = map.next_value()?,
            "months" => delta.months = map.next_value()?,
            "weeks" => delta.days += 7 * map.next_value::<i64>()?,
            "days" => delta.days += map.next_value::<i64>()?,
            "hours" => delta.hours = map.next_value()?,
            "minutes" => delta.minutes = map.next_value()?,
            "seconds" => delta.seconds = map.next_value()?,
            "microseconds" => delta.microseconds = map.next_value()?,
            "leapdays" => delta.leapdays = map.next_value()?,
            "year" => delta.year = map.next_value()?,
            "month" => delta.month = within(map.next_value()?, 1, 12, "month")?,
            "day" => delta.day = within(map.next_value()?, 1, 31, "day")?,
            "hour" => delta.hour = within(map.next_value()?, 0, 23, "hour")?,
            "minute" => delta.minute = within(map.next_value()?, 0, 59, "minute")?,
            "second" => delta.second = within(map.next_value()?, 0, 59, "second")?,
            "microsecond" => delta.microsecond = within(map.next_value()?, 0, 999_999, "microsecond")?,
            "weekday" => {
                delta.weekday = match map.next_value::<Option<Vec<i8>>>()?.as_deref() {
                    None => None,
                    Some([day @ 0..=6]) => Some(Weekday { day: *day, nth: None }),
                    Some([day @ 0..=6, nth]) if *nth != 0 => Some(Weekday { day: *day, nth: Some(*nth) }),
                    Some(_) => return Err(de::Error::custom("weekday is [0 (Monday) to 6] or [0 to 6, n]")),
                }
            }
            _ => {
                return Err(de::Error::unknown_field(
                    &key,
                    &[
                        "years",
                        "months",
                        "weeks",
                        "days",
                        "hours",
                        "minutes",
                        "seconds",
                        "microseconds",
                        "leapdays",
                        "year",
                        "month",
                        "day",
                        "hour",
                        "minute",
                        "second",
                        "microsecond",
                        "weekday",
                    ],
                ));
            }
        }
    }
    Ok(delta)
}

fn within<T: PartialOrd + Copy + fmt::Display, E: de::Error>(
    value: Option<T>,
    low: T,
    high: T,
    name: &str,
) -> Result<Option<T>, E> {
    match value {
        Some(n) if n < low || n > high => Err(E::custom(format!("{name} is {n}, must be {low} to {high}"))),
        _ => Ok(value),
    }
}
