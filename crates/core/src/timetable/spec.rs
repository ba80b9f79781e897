//! A timetable as data: what the python package writes into a serialized DAG.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::fmt::temporal::DateTimeParser;
use jiff::tz::{Offset, TimeZone};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::events::Events;
use super::external::External;
use super::partition::CronPartition;
use super::trigger::{CronTrigger, DeltaTrigger, RunImmediately};
use super::{Cron, CronError, Delta, Kind, Timetable, ZonedCron};
use crate::asset::AssetExpr;
use crate::asset::partition::{self, Grain, Partitions, Temporal};
use crate::time::{Duration, Timestamp};

/// A timetable as data, for instance `{"type":"cron_data_interval","cron":"0 0 * * *","timezone":"Europe/Berlin"}`.
///
/// Time zones are IANA names or offsets (`+02:00`, or seconds as a number); UTC when absent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum TimetableSpec {
    /// Never (`schedule=None`).
    Null,
    /// `@once`
    Once,
    /// `@continuous`
    Continuous,
    /// A cron expression cuts time into intervals.
    CronDataInterval {
        /// Expression or preset.
        cron: String,
        /// Whose wall clock counts.
        #[serde(default = "utc", deserialize_with = "zone_text")]
        timezone: String,
    },
    /// Intervals of one length: `{"type":"delta_data_interval","seconds":3600}` or `{…,"months":1}`.
    DeltaDataInterval(Delta),
    /// A cron expression says when runs are created.
    CronTrigger {
        /// Expression or preset.
        cron: String,
        /// Whose wall clock counts.
        #[serde(default = "utc", deserialize_with = "zone_text")]
        timezone: String,
        /// What a run covers, up to its creation.
        #[serde(default, alias = "interval_seconds", skip_serializing_if = "Delta::is_zero")]
        interval: Delta,
        /// `true`, `false`, `null` or a number of seconds.
        #[serde(default)]
        run_immediately: RunImmediately,
    },
    /// A run every so often.
    DeltaTrigger {
        /// Time between runs.
        delta: Delta,
        /// What a run covers, up to its creation.
        #[serde(default, alias = "interval_seconds", skip_serializing_if = "Delta::is_zero")]
        interval: Delta,
    },
    /// Several cron expressions say when runs are created.
    MultipleCronTrigger {
        /// Expressions or presets.
        crons: Vec<String>,
        /// Whose wall clock counts.
        #[serde(default = "utc", deserialize_with = "zone_text")]
        timezone: String,
        /// What a run covers, up to its creation.
        #[serde(default, alias = "interval_seconds", skip_serializing_if = "Delta::is_zero")]
        interval: Delta,
        /// `true`, `false`, `null` or a number of seconds.
        #[serde(default)]
        run_immediately: RunImmediately,
    },
    /// Runs at listed instants.
    Events {
        /// In any order.
        dates: Vec<Timestamp>,
        /// A manual run belongs to the event before it.
        #[serde(default)]
        restrict_to_events: bool,
        /// Shown instead of the number of events.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        description: Option<String>,
    },
    /// When assets were updated.
    AssetTriggered {
        /// Which.
        assets: AssetExpr,
    },
    /// When assets were updated, and when another timetable says so.
    AssetOrTime {
        /// The other.
        timetable: Box<TimetableSpec>,
        /// Which assets.
        assets: AssetExpr,
    },
    /// When partitions of assets are complete.
    PartitionedAsset {
        /// Which assets.
        assets: AssetExpr,
        /// From keys of their events to keys of runs.
        #[serde(flatten)]
        partitions: Partitions,
    },
    /// A cron expression says when runs are created; each is about a partition.
    CronPartition {
        /// Expression or preset.
        cron: String,
        /// Whose wall clock counts.
        #[serde(default = "utc", deserialize_with = "zone_text")]
        timezone: String,
        /// `true`, `false`, `null` or a number of seconds.
        #[serde(default)]
        run_immediately: RunImmediately,
        /// Which partition a run is about, in fires of the expression after it; negative: before it.
        #[serde(default)]
        run_offset: i32,
        /// `strftime` format of keys.
        key_format: String,
    },
    /// Never; whoever triggers a run says which partition it is about.
    PartitionedAtRuntime,
    /// A class of the user's own: its code is asked, and what it answers is kept as [`super::Answers`].
    External {
        /// Module that has the class; none: the DAG's own file.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        module: Option<String>,
        /// Qualified name in the module.
        class: String,
        /// What `serialize` gave and `deserialize` takes.
        #[serde(default)]
        data: serde_json::Value,
        /// A few words for lists.
        summary: String,
        /// A sentence for people.
        #[serde(default)]
        description: String,
        /// Whether it ever creates runs by itself.
        #[serde(default = "yes", skip_serializing_if = "is_yes")]
        can_be_scheduled: bool,
        /// Whether it creates runs again and again.
        #[serde(default = "yes", skip_serializing_if = "is_yes")]
        periodic: bool,
        /// How many runs may be active at most, whatever the DAG says.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        active_runs_limit: Option<u32>,
    },
}

/// What a schedule waits for besides the clock.
#[derive(Clone, Copy, Debug)]
pub struct AssetSchedule<'s> {
    /// The condition.
    pub condition: &'s AssetExpr,
    /// Runs are about partitions.
    pub partitions: Option<&'s Partitions>,
}

/// Why a timetable cannot work.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// See [`CronError`].
    #[error(transparent)]
    Cron(#[from] CronError),
    /// The zone is not known.
    #[error("'{0}' is not a time zone; write an IANA name such as Europe/Berlin, or an offset such as +02:00")]
    Zone(String),
    /// The delta leads nowhere.
    #[error("schedule interval must be positive, not {0}")]
    NotPositive(String),
    /// A multiple cron timetable without an expression.
    #[error("at least one cron expression is needed")]
    NoCron,
    /// An asset timetable in another one.
    #[error("the timetable beside assets can't be about assets itself")]
    Nested,
    /// The format of partition keys can't be written.
    #[error("key_format '{0}' can't be used: {1}")]
    KeyFormat(String, String),
}

impl TimetableSpec {
    /// Parses expressions and finds the time zone, once.
    ///
    /// # Errors
    /// [`Error`] for bad cron expressions, unknown time zones and deltas that lead nowhere.
    pub fn compile(&self) -> Result<Timetable, Error> {
        let trigger = |cron: &String, timezone: &String, interval: &Delta, run_immediately: &RunImmediately| {
            Ok::<_, Error>(CronTrigger {
                cron: zoned(cron, timezone)?,
                interval: interval.clone(),
                run_immediately: *run_immediately,
            })
        };
        Ok(Timetable(match self {
            Self::Null => Kind::Null,
            Self::Once => Kind::Once,
            Self::Continuous => Kind::Continuous,
            Self::CronDataInterval { cron, timezone } => Kind::CronDataInterval(zoned(cron, timezone)?),
            Self::DeltaDataInterval(delta) => Kind::DeltaDataInterval(positive(delta)?),
            Self::CronTrigger { cron, timezone, interval, run_immediately } => {
                Kind::CronTrigger(trigger(cron, timezone, interval, run_immediately)?)
            }
            Self::DeltaTrigger { delta, interval } => {
                Kind::DeltaTrigger(DeltaTrigger { delta: positive(delta)?, interval: interval.clone() })
            }
            Self::MultipleCronTrigger { crons, timezone, interval, run_immediately } => {
                if crons.is_empty() {
                    return Err(Error::NoCron);
                }
                let triggers: Result<Vec<_>, _> =
                    crons.iter().map(|cron| trigger(cron, timezone, interval, run_immediately)).collect();
                Kind::MultipleCronTrigger(triggers?.into())
            }
            Self::Events { dates, restrict_to_events, description } => {
                let mut dates = dates.clone();
                dates.sort_unstable();
                let restrict_to_events = *restrict_to_events;
                Kind::Events(Arc::new(Events { dates, restrict_to_events, description: description.clone() }))
            }
            Self::AssetTriggered { .. } => Kind::AssetTriggered,
            Self::PartitionedAsset { .. } => Kind::PartitionedAsset,
            Self::PartitionedAtRuntime => Kind::PartitionedAtRuntime,
            Self::AssetOrTime { timetable, .. } => {
                if timetable.asset_schedule().is_some() {
                    return Err(Error::Nested);
                }
                Kind::AssetOrTime(Arc::new(timetable.compile()?))
            }
            Self::CronPartition { cron, timezone, run_immediately, run_offset, key_format } => {
                let trigger = trigger(cron, timezone, &Delta::default(), run_immediately)?;
                let partition = CronPartition { trigger, run_offset: *run_offset, key_format: key_format.clone() };
                partition.check()?;
                Kind::CronPartition(Arc::new(partition))
            }
            Self::External {
                module,
                class,
                data: _,
                summary,
                description,
                can_be_scheduled,
                periodic,
                active_runs_limit,
            } => Kind::External(External {
                class: module.as_ref().map_or_else(|| class.clone(), |module| format!("{module}.{class}")).into(),
                summary: summary.as_str().into(),
                description: description.as_str().into(),
                can_be_scheduled: *can_be_scheduled,
                periodic: *periodic,
                active_runs_limit: *active_runs_limit,
                answers: None,
                foresees: false,
            }),
        }))
    }

    /// The instant that a partition stands for, if the timetable knows.
    ///
    /// # Errors
    /// When the key does not have the form of the timetable's keys.
    pub fn partition_date(&self, key: &str) -> Result<Option<Timestamp>, partition::Error> {
        match self {
            Self::CronPartition { timezone, key_format, .. } => {
                let day = Temporal {
                    grain: Grain::Instant,
                    timezone: timezone.clone(),
                    input_format: key_format.clone(),
                    output_format: key_format.clone(),
                };
                day.to_date(key).map(Some)
            }
            Self::PartitionedAsset { assets, partitions } => {
                let keys = assets.leaves().into_iter().filter_map(|leaf| match leaf {
                    AssetExpr::Asset(asset) => Some(&asset.key),
                    _ => None,
                });
                Ok(partitions.date_of(keys, key, &BTreeSet::new()))
            }
            _ => Ok(None),
        }
    }

    /// What the schedule waits for besides the clock.
    pub fn asset_schedule(&self) -> Option<AssetSchedule<'_>> {
        match self {
            Self::AssetTriggered { assets } | Self::AssetOrTime { assets, .. } => {
                Some(AssetSchedule { condition: assets, partitions: None })
            }
            Self::PartitionedAsset { assets, partitions } => {
                Some(AssetSchedule { condition: assets, partitions: Some(partitions) })
            }
            _ => None,
        }
    }
}

fn zoned(cron: &str, timezone: &str) -> Result<ZonedCron, Error> {
    Ok(ZonedCron::new(Cron::parse(cron)?, time_zone(timezone)?))
}

fn positive(delta: &Delta) -> Result<Delta, Error> {
    if delta.is_positive() { Ok(delta.clone()) } else { Err(Error::NotPositive(delta.to_string())) }
}

/// An IANA name, `+02:00` (also `UTC+02:00`, as Python names fixed offsets) or seconds.
///
/// # Errors
/// [`Error::Zone`] for anything else.
pub(crate) fn time_zone(text: &str) -> Result<TimeZone, Error> {
    if text.eq_ignore_ascii_case("utc") {
        return Ok(TimeZone::UTC);
    }
    let unknown = || Error::Zone(text.to_owned());
    if let Ok(seconds) = text.parse::<i32>()
        && !text.starts_with('+')
    {
        return Offset::from_seconds(seconds).map(TimeZone::fixed).map_err(|_| unknown());
    }
    let offset = text.strip_prefix("UTC").unwrap_or(text);
    if offset.starts_with(['+', '-']) {
        return DateTimeParser::new().parse_time_zone(offset).map_err(|_| unknown());
    }
    TimeZone::get(text).map_err(|_| unknown())
}

fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_yes(flag: &bool) -> bool {
    *flag
}

fn utc() -> String {
    "UTC".to_owned()
}

fn zone_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    match serde_json::Value::deserialize(deserializer)? {
        serde_json::Value::String(name) => Ok(name),
        serde_json::Value::Number(seconds) => Ok(seconds.to_string()),
        serde_json::Value::Null => Ok(utc()),
        other => Err(de::Error::custom(format!("timezone is {other}, must be a name or a number of seconds"))),
    }
}

impl Serialize for RunImmediately {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Yes => serializer.serialize_bool(true),
            Self::IfRecent => serializer.serialize_bool(false),
            Self::Within(span) => span.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for RunImmediately {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::Bool(true) => Ok(Self::Yes),
            serde_json::Value::Bool(false) | serde_json::Value::Null => Ok(Self::IfRecent),
            serde_json::Value::Number(seconds) => {
                Ok(Self::Within(Duration::from_secs_f64(seconds.as_f64().unwrap_or_default())))
            }
            other => Err(de::Error::custom(format!(
                "run_immediately is {other}, must be true, false, null or a number of seconds"
            ))),
        }
    }
}
