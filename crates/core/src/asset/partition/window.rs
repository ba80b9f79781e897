//! Windows: the members of a period, in the form that a mapper decodes keys to.

use jiff::Span;
use jiff::ToSpan as _;
use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

use super::{Decoded, Error};

/// Which members make up a period. Steps are on the calendar, without a time zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Window {
    /// 60 minutes.
    Hour {
        /// Where to.
        #[serde(default)]
        direction: Direction,
    },
    /// 24 hours.
    Day {
        /// Where to.
        #[serde(default)]
        direction: Direction,
    },
    /// 7 days.
    Week {
        /// Where to.
        #[serde(default)]
        direction: Direction,
    },
    /// The days of a month.
    Month {
        /// Where to.
        #[serde(default)]
        direction: Direction,
    },
    /// 3 months.
    Quarter {
        /// Where to.
        #[serde(default)]
        direction: Direction,
    },
    /// 12 months.
    Year {
        /// Where to.
        #[serde(default)]
        direction: Direction,
    },
    /// A fixed set of keys.
    Segment {
        /// They.
        segments: Vec<String>,
    },
}

/// Whether a period begins or ends with its anchor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Begins.
    #[default]
    Forward,
    /// Ends.
    Backward,
}

impl Window {
    /// The members of the period at `anchor`, in order.
    pub(super) fn members(&self, anchor: &Decoded) -> Result<Vec<Decoded>, Error> {
        let (direction, count, step): (Direction, i64, fn(i64) -> Span) = match self {
            Self::Segment { segments } => {
                let mut members = segments.clone();
                members.sort();
                members.dedup();
                return Ok(members.into_iter().map(Decoded::Text).collect());
            }
            Self::Hour { direction } => (*direction, 60, |n| n.minutes()),
            Self::Day { direction } => (*direction, 24, |n| n.hours()),
            Self::Week { direction } => (*direction, 7, |n| n.days()),
            Self::Month { direction } => return month(first_of_month(anchor)?, *direction),
            Self::Quarter { direction } => (*direction, 3, |n| n.months()),
            Self::Year { direction } => (*direction, 12, |n| n.months()),
        };
        let start = match self {
            Self::Quarter { .. } | Self::Year { .. } => first_of_month(anchor)?,
            _ => instant(anchor)?,
        };
        let first = match direction {
            Direction::Forward => 0,
            Direction::Backward => 1 - count,
        };
        (first..first + count).map(|n| add(start, step(n))).collect()
    }
}

/// The days of the month that begins at `start`, or those after the previous first up to it.
fn month(start: DateTime, direction: Direction) -> Result<Vec<Decoded>, Error> {
    let (from, to, shift) = match direction {
        Direction::Forward => (start, step(start, 1.month())?, 0),
        Direction::Backward => (step(start, (-1).month())?, start, 1),
    };
    let days = to.date().since(from.date()).map_err(|error| out_of_range(from, &error))?.get_days();
    (0..i64::from(days)).map(|n| add(from, (n + shift).days())).collect()
}

fn add(at: DateTime, span: Span) -> Result<Decoded, Error> {
    step(at, span).map(Decoded::Instant)
}

fn step(at: DateTime, span: Span) -> Result<DateTime, Error> {
    at.checked_add(span).map_err(|error| out_of_range(at, &error))
}

fn out_of_range(at: DateTime, error: &jiff::Error) -> Error {
    Error::Format(at.to_string(), error.to_string())
}

fn instant(anchor: &Decoded) -> Result<DateTime, Error> {
    match anchor {
        Decoded::Instant(at) => Ok(*at),
        Decoded::Text(text) => Err(Error::NotAnInstant(text.clone())),
    }
}

fn first_of_month(anchor: &Decoded) -> Result<DateTime, Error> {
    let at = instant(anchor)?;
    if at.day() == 1 { Ok(at) } else { Err(Error::NotTheFirst(at)) }
}
