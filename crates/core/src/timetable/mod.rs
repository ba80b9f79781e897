//! Timetables: when runs are due and which interval of data they cover.

mod cron;
mod zoned_cron;

pub use cron::{Cron, CronError};
pub use zoned_cron::ZonedCron;

use crate::time::Timestamp;

/// The span of data that a run covers: `start <= t < end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct DataInterval {
    /// First instant.
    pub start: Timestamp,
    /// First instant after it.
    pub end: Timestamp,
}

/// A run that a timetable asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct NextRun {
    /// The instant that names the run; none for runs that are not about a moment.
    pub logical_date: Option<Timestamp>,
    /// The data it covers.
    pub data_interval: DataInterval,
    /// Not to be created before.
    pub run_after: Timestamp,
}
