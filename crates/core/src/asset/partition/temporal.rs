//! Mappers to the start of the hour, day, week, month, quarter or year that a key's instant is in.

use jiff::ToSpan as _;
use jiff::civil::{DateTime, Time};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::{Error, format};
use crate::time::Timestamp;
use crate::timetable::time_zone;

/// Maps instants to starts of periods.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Temporal {
    /// The period.
    pub grain: Grain,
    /// Whose wall clock counts.
    #[serde(default = "utc")]
    pub timezone: String,
    /// How keys of events are written.
    #[serde(default = "seconds")]
    pub input_format: String,
    /// How keys of runs are written.
    pub output_format: String,
}

/// A period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grain {
    /// An hour.
    Hour,
    /// A day.
    Day,
    /// A week, from Monday.
    Week,
    /// A month.
    Month,
    /// Three months.
    Quarter,
    /// A year.
    Year,
    /// None: the very instant.
    Instant,
}

impl Temporal {
    /// The key of the run that an event's key is for.
    pub(super) fn to_downstream(&self, key: &str) -> Result<String, Error> {
        let (at, offset) = format::parse(key, &self.input_format)?;
        let zone = self.zone()?;
        let local = match offset {
            None => at,
            Some(offset) => {
                let instant = offset.to_timestamp(at).map_err(|error| self.impossible(&error))?;
                instant.to_zoned(zone).datetime()
            }
        };
        self.format(self.normalize(local)?)
    }

    /// What a run's key is about.
    pub(super) fn decode(&self, run_key: &str) -> Result<DateTime, Error> {
        format::parse(run_key, &self.output_format).map(|(at, _)| at)
    }

    /// A key as producers write it.
    pub(super) fn encode_upstream(&self, at: DateTime) -> Result<String, Error> {
        self.write(at, &self.input_format)
    }

    /// A key as runs have it.
    pub(super) fn format(&self, at: DateTime) -> Result<String, Error> {
        self.write(at, &self.output_format)
    }

    /// The instant that a run's key is about.
    pub(crate) fn to_date(&self, run_key: &str) -> Result<Timestamp, Error> {
        let at = self.normalize(self.decode(run_key)?)?;
        let zoned = at.to_zoned(self.zone()?).map_err(|error| self.impossible(&error))?;
        Ok(Timestamp::from_jiff(zoned.timestamp()))
    }

    fn write(&self, at: DateTime, layout: &str) -> Result<String, Error> {
        let zoned = at.to_zoned(self.zone()?).map_err(|error| self.impossible(&error))?;
        format::format(&zoned, layout)
    }

    fn zone(&self) -> Result<TimeZone, Error> {
        time_zone(&self.timezone).map_err(|error| Error::Format(self.timezone.clone(), error.to_string()))
    }

    fn impossible(&self, error: &jiff::Error) -> Error {
        Error::Format(self.output_format.clone(), error.to_string())
    }

    fn normalize(&self, at: DateTime) -> Result<DateTime, Error> {
        let date = at.date();
        let first = |month: i8| date.with().month(month).day(1).build();
        let day = match self.grain {
            Grain::Instant => return Ok(at),
            Grain::Hour => return Ok(date.to_datetime(Time::constant(at.hour(), 0, 0, 0))),
            Grain::Day => Ok(date),
            Grain::Week => date.checked_sub(i64::from(date.weekday().to_monday_zero_offset()).days()),
            Grain::Month => first(date.month()),
            Grain::Quarter => first((date.month() - 1) / 3 * 3 + 1),
            Grain::Year => first(1),
        };
        Ok(day.map_err(|error| self.impossible(&error))?.to_datetime(Time::midnight()))
    }
}

fn utc() -> String {
    "UTC".into()
}

fn seconds() -> String {
    "%Y-%m-%dT%H:%M:%S".into()
}
