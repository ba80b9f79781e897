//! Timetables: when runs are due and which interval of data they cover.
//!
//! [`TimetableSpec`] is the data form, [`Timetable`] what answers questions. The rules are those of Airflow 3, one
//! file per family (`interval`, `trigger`, `simple`, `events`); the clock is always an argument. What users' own
//! timetables answer comes as data (`external`).

mod cron;
mod delta;
mod describe;
mod events;
mod external;
mod interval;
mod isoformat;
mod partition;
mod simple;
mod spec;
mod trigger;
mod zoned_cron;

use std::sync::Arc;

use crate::time::Timestamp;
pub use cron::{Cron, CronError};
pub use delta::Delta;
use events::Events;
pub use external::Answers;
use external::External;
pub use isoformat::{isoformat, run_id};
use partition::CronPartition;
pub(crate) use spec::time_zone;
pub use spec::{AssetSchedule, Error, TimetableSpec};
pub use trigger::RunImmediately;
use trigger::{CronTrigger, DeltaTrigger};
pub use zoned_cron::ZonedCron;

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

/// The limits that a DAG sets to its timetable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Restriction {
    /// Earliest logical date: the earliest start date of the DAG and its tasks.
    pub earliest: Option<Timestamp>,
    /// Latest logical date.
    pub latest: Option<Timestamp>,
    /// Make up for every run that was missed, instead of going on with the latest one.
    pub catchup: bool,
}

/// A timetable that is ready to answer. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Timetable(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Null,
    Once,
    Continuous,
    CronDataInterval(ZonedCron),
    DeltaDataInterval(Delta),
    CronTrigger(CronTrigger),
    DeltaTrigger(DeltaTrigger),
    MultipleCronTrigger(Arc<[CronTrigger]>),
    Events(Arc<Events>),
    AssetTriggered,
    AssetOrTime(Arc<Timetable>),
    PartitionedAsset,
    CronPartition(Arc<CronPartition>),
    PartitionedAtRuntime,
    External(External),
}

impl Timetable {
    /// The run after the one that covered `last` (the last scheduled or backfilled run's interval; `None` before the
    /// first). `None`: no run, as far as can be seen now.
    ///
    /// With `catchup` the answer depends on `now` only where a DAG has no start date.
    pub fn next_run(&self, last: Option<&DataInterval>, restriction: &Restriction, now: Timestamp) -> Option<NextRun> {
        match &self.0 {
            Kind::Null => None,
            Kind::Once => simple::once(last, restriction, now),
            Kind::Continuous => simple::continuous(last, restriction, now),
            Kind::CronDataInterval(cron) => interval::next_run(cron, last, restriction, now),
            Kind::DeltaDataInterval(delta) => interval::next_run(delta, last, restriction, now),
            Kind::CronTrigger(trigger) => trigger::next_run(trigger, last, restriction, now),
            Kind::DeltaTrigger(trigger) => trigger::next_run(trigger, last, restriction, now),
            Kind::MultipleCronTrigger(triggers) => trigger::next_of_many(triggers, last, restriction, now),
            Kind::Events(events) => events.next_run(last, restriction, now),
            Kind::AssetTriggered | Kind::PartitionedAsset | Kind::PartitionedAtRuntime => None,
            Kind::AssetOrTime(timetable) => timetable.next_run(last, restriction, now),
            Kind::CronPartition(partition) => partition.next_run(last, restriction, now),
            Kind::External(external) => external.next_run(last),
        }
    }

    /// The partition that the run due at an instant is about, and the instant that it stands for; `None` for timetables
    /// whose runs have none.
    pub fn partition(&self, run_after: Timestamp) -> Option<(String, Timestamp)> {
        match &self.0 {
            Kind::CronPartition(partition) => partition.partition(run_after),
            _ => None,
        }
    }

    /// The data interval of a run that somebody asks for, to run at `run_after`. Of a timetable that Python computes
    /// ([`Timetable::is_external`]) only its author's code knows; it has to be asked, and here the interval is empty.
    pub fn infer_manual_interval(&self, run_after: Timestamp) -> DataInterval {
        match &self.0 {
            Kind::Null
            | Kind::Once
            | Kind::Continuous
            | Kind::AssetTriggered
            | Kind::PartitionedAsset
            | Kind::PartitionedAtRuntime
            | Kind::CronPartition(_)
            | Kind::External(_) => DataInterval::exact(run_after),
            Kind::AssetOrTime(timetable) => timetable.infer_manual_interval(run_after),
            Kind::CronDataInterval(cron) => interval::infer_manual(cron, run_after),
            Kind::DeltaDataInterval(delta) => interval::infer_manual(delta, run_after),
            Kind::CronTrigger(trigger) => trigger::infer_manual(trigger, run_after),
            Kind::DeltaTrigger(trigger) => trigger::infer_manual(trigger, run_after),
            Kind::MultipleCronTrigger(triggers) => {
                let intervals = triggers.iter().map(|trigger| trigger::infer_manual(trigger, run_after));
                intervals.min_by_key(|interval| interval.start).unwrap_or(DataInterval::exact(run_after))
            }
            Kind::Events(events) => events.infer_manual(run_after),
        }
    }

    /// The next `n` runs after `last`, if every one is created on time.
    pub fn preview(
        &self,
        last: Option<&DataInterval>,
        restriction: &Restriction,
        now: Timestamp,
        n: usize,
    ) -> Vec<NextRun> {
        let mut runs: Vec<NextRun> = Vec::new();
        while runs.len() < n {
            let last = runs.last().map(|run| &run.data_interval).or(last);
            match self.next_run(last, restriction, now) {
                // `@continuous` cannot say more than one run in advance.
                Some(run) if runs.last().is_none_or(|last| run.run_after > last.run_after) => runs.push(run),
                _ => break,
            }
        }
        runs
    }

    /// A few words for lists: the cron expression, `1 day, 0:00:00`, `@once`, `None`.
    pub fn summary(&self) -> String {
        match &self.0 {
            Kind::Null => "None".into(),
            Kind::Once => "@once".into(),
            Kind::Continuous => "@continuous".into(),
            Kind::CronDataInterval(cron) => cron.cron().expression().into(),
            Kind::DeltaDataInterval(delta) => delta.to_string(),
            Kind::CronTrigger(trigger) => trigger.cron.cron().expression().into(),
            Kind::DeltaTrigger(trigger) => trigger.delta.to_string(),
            Kind::MultipleCronTrigger(triggers) => {
                let crons: Vec<&str> = triggers.iter().map(|trigger| trigger.cron.cron().expression()).collect();
                crons.join(", ")
            }
            Kind::Events(events) => events.summary(),
            Kind::AssetTriggered => "Asset".into(),
            Kind::AssetOrTime(timetable) => format!("Asset or {}", timetable.summary()),
            Kind::PartitionedAsset => "Partitioned Asset".into(),
            Kind::CronPartition(partition) => partition.trigger.cron.cron().expression().into(),
            Kind::PartitionedAtRuntime => "PartitionedAtRuntime".into(),
            Kind::External(external) => external.summary.to_string(),
        }
    }

    /// A sentence for people, such as `At 00:00, only on Monday`; a cron expression itself where it is too intricate.
    pub fn description(&self) -> String {
        match &self.0 {
            Kind::Null => "Never, external triggers only".into(),
            Kind::Once => "Once, as soon as possible".into(),
            Kind::Continuous => "As frequently as possible, but only one run at a time.".into(),
            Kind::CronDataInterval(cron) => describe::describe(cron.cron()),
            Kind::CronTrigger(trigger) => describe::describe(trigger.cron.cron()),
            Kind::DeltaDataInterval(_) | Kind::DeltaTrigger(_) => String::new(),
            Kind::MultipleCronTrigger(triggers) => {
                let texts: Vec<String> =
                    triggers.iter().map(|trigger| describe::describe(trigger.cron.cron())).collect();
                texts.join(", ")
            }
            Kind::Events(events) => events.description(),
            Kind::AssetTriggered | Kind::PartitionedAsset => "Triggered by assets".into(),
            Kind::AssetOrTime(timetable) => format!("Triggered by assets or {}", timetable.description()),
            Kind::CronPartition(partition) => describe::describe(partition.trigger.cron.cron()),
            Kind::PartitionedAtRuntime => "Never, partition key(s) set at runtime".into(),
            Kind::External(external) => external.description.to_string(),
        }
    }

    /// The class that Airflow names it by: `timetable_type` in the API.
    pub fn type_name(&self) -> &str {
        match &self.0 {
            Kind::Null => "NullTimetable",
            Kind::Once => "OnceTimetable",
            Kind::Continuous => "ContinuousTimetable",
            Kind::CronDataInterval(_) => "CronDataIntervalTimetable",
            Kind::DeltaDataInterval(_) => "DeltaDataIntervalTimetable",
            Kind::CronTrigger(_) => "CronTriggerTimetable",
            Kind::DeltaTrigger(_) => "DeltaTriggerTimetable",
            Kind::MultipleCronTrigger(_) => "MultipleCronTriggerTimetable",
            Kind::Events(_) => "EventsTimetable",
            Kind::AssetTriggered => "AssetTriggeredTimetable",
            Kind::AssetOrTime(_) => "AssetOrTimeSchedule",
            Kind::PartitionedAsset => "PartitionedAssetTimetable",
            Kind::CronPartition(_) => "CronPartitionTimetable",
            Kind::PartitionedAtRuntime => "PartitionedAtRuntime",
            Kind::External(external) => &external.class,
        }
    }

    /// Whether it ever creates runs by itself.
    pub fn can_be_scheduled(&self) -> bool {
        match &self.0 {
            Kind::Null | Kind::PartitionedAtRuntime => false,
            Kind::External(external) => external.can_be_scheduled,
            _ => true,
        }
    }

    /// Whether it creates runs again and again.
    pub fn is_periodic(&self) -> bool {
        match &self.0 {
            Kind::AssetOrTime(timetable) => timetable.is_periodic(),
            Kind::External(external) => external.periodic,
            kind => !matches!(
                kind,
                Kind::Null
                    | Kind::Once
                    | Kind::Continuous
                    | Kind::AssetTriggered
                    | Kind::PartitionedAsset
                    | Kind::PartitionedAtRuntime
            ),
        }
    }

    /// How many runs may be active at most, whatever the DAG says.
    pub fn active_runs_limit(&self) -> Option<u32> {
        match &self.0 {
            Kind::Continuous => Some(1),
            Kind::AssetOrTime(timetable) => timetable.active_runs_limit(),
            Kind::External(external) => external.active_runs_limit,
            _ => None,
        }
    }

    /// Whether a run comes as soon as the one before it has ended.
    pub fn follows_runs(&self) -> bool {
        match &self.0 {
            Kind::Continuous => true,
            Kind::AssetOrTime(timetable) => timetable.follows_runs(),
            _ => false,
        }
    }

    /// Whether runs come when assets were updated.
    pub fn waits_for_assets(&self) -> bool {
        matches!(self.0, Kind::AssetTriggered | Kind::AssetOrTime(_) | Kind::PartitionedAsset)
    }

    /// Whether its author's code, in Python, computes it.
    pub fn is_external(&self) -> bool {
        match &self.0 {
            Kind::External(_) => true,
            Kind::AssetOrTime(timetable) => timetable.is_external(),
            _ => false,
        }
    }

    /// A timetable that Python computes, with what it answered; others stay as they are.
    #[must_use]
    pub fn with_answers(mut self, answers: Option<Answers>) -> Self {
        match &mut self.0 {
            Kind::External(external) => external.answers = answers.map(Arc::new),
            Kind::AssetOrTime(timetable) => *timetable = Arc::new(Self::clone(timetable).with_answers(answers)),
            _ => {}
        }
        self
    }

    /// A timetable that Python computes, with its forecasts taken for answers; others stay as they are.
    #[must_use]
    pub fn foreseeing(mut self) -> Self {
        match &mut self.0 {
            Kind::External(external) => external.foresees = true,
            Kind::AssetOrTime(timetable) => *timetable = Arc::new(Self::clone(timetable).foreseeing()),
            _ => {}
        }
        self
    }

    /// Whether Python has to be asked before the run after `last` is known.
    pub fn is_unanswered(&self, last: Option<&DataInterval>) -> bool {
        match &self.0 {
            Kind::External(external) => external.is_unanswered(last),
            Kind::AssetOrTime(timetable) => timetable.is_unanswered(last),
            _ => false,
        }
    }
}

impl DataInterval {
    /// The empty interval at an instant.
    pub const fn exact(at: Timestamp) -> Self {
        Self { start: at, end: at }
    }
}

impl NextRun {
    /// A run that is named by the start of its interval and created at the end.
    pub const fn interval(data_interval: DataInterval) -> Self {
        Self { logical_date: Some(data_interval.start), data_interval, run_after: data_interval.end }
    }
}
