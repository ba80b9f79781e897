//! Instants and durations: whole microseconds, UTC.

use std::fmt;
use std::ops::{Add, Sub};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// An instant: microseconds since the Unix epoch, UTC. RFC 3339 in JSON, `BIGINT` in the database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// A span of time in microseconds; may be negative. Seconds as a float in JSON.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duration(i64);

impl Timestamp {
    /// The instant that many microseconds after the Unix epoch.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since the Unix epoch.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// The instant that many whole seconds after the Unix epoch.
    pub const fn from_secs(secs: i64) -> Self {
        Self(secs * 1_000_000)
    }

    /// As a `jiff` timestamp, for calendar arithmetic.
    ///
    /// # Panics
    /// Never for instants that came from `jiff` or RFC 3339 text (years -9999 to 9999).
    pub fn to_jiff(self) -> jiff::Timestamp {
        jiff::Timestamp::from_microsecond(self.0).expect("instant within the years that jiff knows")
    }

    /// From a `jiff` timestamp; nanoseconds are cut off.
    pub fn from_jiff(at: jiff::Timestamp) -> Self {
        Self(at.as_microsecond())
    }

    /// `self - earlier`, never below zero.
    pub fn saturating_since(self, earlier: Timestamp) -> Duration {
        Duration((self.0 - earlier.0).max(0))
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 with `Z`; microseconds only when there are any.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.to_jiff();
        if self.0 % 1_000_000 == 0 { write!(f, "{at:.0}") } else { write!(f, "{at:.6}") }
    }
}

impl FromStr for Timestamp {
    type Err = jiff::Error;

    /// RFC 3339, or an ISO 8601 date or date-time without an offset, which then means UTC.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        // A '+' in a query string arrives as a space.
        let fixed;
        let text = match text.rfind(' ') {
            Some(at) if at > 10 && text.is_char_boundary(at) => {
                fixed = format!("{}+{}", &text[..at], &text[at + 1..]);
                &fixed
            }
            _ => text,
        };
        match text.parse::<jiff::Timestamp>() {
            Ok(at) => Ok(Self::from_jiff(at)),
            Err(error) => match text.parse::<jiff::civil::DateTime>() {
                Ok(civil) => Ok(Self::from_jiff(civil.to_zoned(jiff::tz::TimeZone::UTC)?.timestamp())),
                Err(_) => Err(error),
            },
        }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(|error| de::Error::custom(format!("'{text}' is not a date-time: {error}")))
    }
}

impl Duration {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// That many microseconds.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// That many whole seconds.
    pub const fn from_secs(secs: i64) -> Self {
        Self(secs * 1_000_000)
    }

    /// That many seconds, rounded to microseconds; saturates.
    pub fn from_secs_f64(secs: f64) -> Self {
        Self((secs * 1e6).round() as i64)
    }

    /// Microseconds.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Seconds.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// For timers; negative spans become zero.
    pub fn to_std(self) -> std::time::Duration {
        std::time::Duration::from_micros(self.0.max(0) as u64)
    }
}

impl Serialize for Duration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.as_secs_f64())
    }
}

impl<'de> Deserialize<'de> for Duration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::from_secs_f64(f64::deserialize(deserializer)?))
    }
}

impl Add<Duration> for Timestamp {
    type Output = Timestamp;
    fn add(self, span: Duration) -> Timestamp {
        Timestamp(self.0.saturating_add(span.0))
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Timestamp;
    fn sub(self, span: Duration) -> Timestamp {
        Timestamp(self.0.saturating_sub(span.0))
    }
}

impl Sub for Timestamp {
    type Output = Duration;
    fn sub(self, earlier: Timestamp) -> Duration {
        Duration(self.0.saturating_sub(earlier.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_and_reads_rfc_3339() {
        for (text, printed) in [
            ("2024-01-01T00:00:00Z", "2024-01-01T00:00:00Z"),
            ("2024-01-01T02:00:00.5+02:00", "2024-01-01T00:00:00.500000Z"),
            ("2024-01-01T02:00:00 02:00", "2024-01-01T00:00:00Z"),
            ("2024-01-01", "2024-01-01T00:00:00Z"),
            ("2024-01-01 10:00:00", "2024-01-01T10:00:00Z"),
            ("2024-01-01T10:00", "2024-01-01T10:00:00Z"),
        ] {
            assert_eq!(text.parse::<Timestamp>().unwrap().to_string(), printed, "{text}");
        }
        assert!("yesterday".parse::<Timestamp>().is_err());
    }
}
