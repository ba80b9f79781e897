//! A cron timetable whose runs are about partitions instead of data intervals.

use super::trigger::{self, CronTrigger, Trigger as _};
use super::{DataInterval, Error, NextRun, Restriction};
use crate::time::Timestamp;

/// Fires by a cron expression; each run has the key of a partition.
#[derive(Clone, Debug)]
pub(super) struct CronPartition {
    pub trigger: CronTrigger,
    /// Which partition a run is about, in fires of the expression after it; negative: before it.
    pub run_offset: i32,
    /// `strftime` format of keys, in the expression's zone.
    pub key_format: String,
}

impl CronPartition {
    pub(super) fn next_run(
        &self,
        last: Option<&DataInterval>,
        restriction: &Restriction,
        now: Timestamp,
    ) -> Option<NextRun> {
        let run = trigger::next_run(&self.trigger, last, restriction, now)?;
        Some(NextRun {
            logical_date: None,
            data_interval: DataInterval::exact(run.run_after),
            run_after: run.run_after,
        })
    }

    /// # Errors
    /// When keys can't be written with the format.
    pub(super) fn check(&self) -> Result<(), Error> {
        let at = Timestamp::from_secs(0).to_jiff().to_zoned(self.trigger.cron.time_zone().clone());
        jiff::fmt::strtime::format(self.key_format.replace("%f", "%6f"), &at)
            .map(|_| ())
            .map_err(|error| Error::KeyFormat(self.key_format.clone(), error.to_string()))
    }

    /// The partition of the run that fires at an instant, and its key.
    pub(super) fn partition(&self, run_after: Timestamp) -> Option<(String, Timestamp)> {
        let mut date = run_after;
        for _ in 0..self.run_offset.unsigned_abs() {
            date = if self.run_offset > 0 { self.trigger.next(date)? } else { self.trigger.cron.prev(date)? };
        }
        let local = date.to_jiff().to_zoned(self.trigger.cron.time_zone().clone());
        let key = jiff::fmt::strtime::format(self.key_format.replace("%f", "%6f"), &local).ok()?;
        Some((key, date))
    }
}
