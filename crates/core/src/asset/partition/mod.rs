//! Partitions: which runs a partition key of an asset's event is for, and when a run's partitions are complete.
//!
//! The rules are those of Airflow 3.2 and 3.3 (`airflow.sdk` partition mappers); a mapper is data here.

mod format;
mod temporal;
mod window;

use std::collections::BTreeSet;

use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

use super::AssetKey;
use crate::time::Timestamp;
pub use temporal::{Grain, Temporal};
pub use window::{Direction, Window};

/// Keys that one event may be for, unless its mapper or `[scheduler] partition_mapper_max_downstream_keys` say otherwise.
pub const MAX_DOWNSTREAM_KEYS: usize = 1000;

/// From a partition key of an event to the keys of the runs that it is for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mapper {
    /// How.
    #[serde(flatten)]
    pub kind: MapperKind,
    /// More keys than this are refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_downstream_keys: Option<usize>,
}

/// The kinds of [`Mapper`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum MapperKind {
    /// The same key.
    Identity,
    /// The same key, if it is one of these.
    AllowedKey {
        /// These.
        allowed_keys: Vec<String>,
    },
    /// Always the same key.
    FixedKey {
        /// It.
        downstream_key: String,
    },
    /// The start of the hour, day, week … that the key's instant is in.
    Temporal(Temporal),
    /// A key of several segments, each with its own mapper.
    Product {
        /// By segment.
        mappers: Vec<Mapper>,
        /// Between segments.
        #[serde(default = "bar")]
        delimiter: String,
    },
    /// One mapper after the other.
    Chain {
        /// In order.
        mappers: Vec<Mapper>,
    },
    /// Many keys make one run, which waits for a window of them.
    Rollup {
        /// From each key to the run's.
        upstream_mapper: Box<Mapper>,
        /// Which keys a run is made of.
        window: Window,
        /// How many of them it waits for.
        #[serde(default)]
        wait_policy: WaitPolicy,
    },
    /// One key makes a run for each member of a window.
    FanOut {
        /// To the window's start.
        upstream_mapper: Box<Mapper>,
        /// The members.
        window: Window,
        /// Names the members.
        downstream_mapper: Box<Mapper>,
    },
}

/// When enough keys of a rollup's window have come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum WaitPolicy {
    /// All of them.
    #[default]
    WaitForAll,
    /// So many; a negative number: all but so many.
    MinimumCount {
        /// Not 0.
        n: i64,
    },
}

/// The mappers of a schedule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Partitions {
    /// For assets that have none of their own.
    pub default_mapper: Mapper,
    /// By asset.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mappers: Vec<AssetMapper>,
}

/// An asset's own mapper.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AssetMapper {
    /// Its name; empty: any.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Its URI; empty: any.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub uri: String,
    /// The mapper.
    pub mapper: Mapper,
}

/// Why a key can't be mapped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The key does not have the form that the mapper reads.
    #[error("the partition key '{key}' does not have the form '{format}'")]
    Form {
        /// The key.
        key: String,
        /// What was expected.
        format: String,
    },
    /// The key is not one of the mapper's.
    #[error("the partition key '{0}' is not one of the allowed keys")]
    NotAllowed(String),
    /// The key has another number of segments than there are mappers.
    #[error("the partition key '{key}' has {found} segments, not {expected}")]
    Segments {
        /// The key.
        key: String,
        /// How many it has.
        found: usize,
        /// How many there are mappers for.
        expected: usize,
    },
    /// A mapper gave several keys where one is needed.
    #[error("the mapper gave several keys for '{0}' where one is needed")]
    SeveralKeys(String),
    /// More keys than allowed.
    #[error("the partition key '{key}' is for {found} runs, more than max_downstream_keys ({allowed})")]
    TooMany {
        /// The key.
        key: String,
        /// How many.
        found: usize,
        /// How many are allowed.
        allowed: usize,
    },
    /// A mapper's format that can't be used.
    #[error("the format '{0}' can't be used here: {1}")]
    Format(String, String),
    /// A window over keys that are not instants.
    #[error("the window needs instants, and its mapper gives the text '{0}'")]
    NotAnInstant(String),
    /// A month-wise window that does not begin on a first.
    #[error("the window begins on the first of a month, not at {0}")]
    NotTheFirst(DateTime),
}

/// What a run's key, or a member of a window, is about.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Decoded {
    Instant(DateTime),
    Text(String),
}

impl Partitions {
    /// The mapper of an asset.
    pub fn mapper(&self, asset: &AssetKey) -> &Mapper {
        let fits = |own: &&AssetMapper| {
            (own.name.is_empty() || own.name == asset.name) && (own.uri.is_empty() || own.uri == asset.uri)
        };
        self.mappers.iter().find(fits).map_or(&self.default_mapper, |own| &own.mapper)
    }

    /// Keys of the runs that an event is for: at most so many, if its mapper does not say otherwise.
    ///
    /// # Errors
    /// [`Error`] with the reason why there are none.
    pub fn runs_of(&self, asset: &AssetKey, key: &str, most: usize) -> Result<Vec<String>, Error> {
        let mapper = self.mapper(asset);
        let mut keys = mapper.to_downstream(key)?;
        let allowed = mapper.max_downstream_keys.unwrap_or(most);
        if keys.len() > allowed {
            return Err(Error::TooMany { key: key.to_owned(), found: keys.len(), allowed });
        }
        let mut seen = BTreeSet::new();
        keys.retain(|key| seen.insert(key.clone()));
        Ok(keys)
    }

    /// Whether what has come of an asset is enough for the run with that key: one event, or a rollup's window.
    ///
    /// # Errors
    /// When the mapper can't say what it waits for.
    pub fn is_complete(&self, asset: &AssetKey, run_key: &str, came: &BTreeSet<String>) -> Result<bool, Error> {
        match &self.mapper(asset).kind {
            MapperKind::Rollup { upstream_mapper, window, wait_policy } => {
                let expected = upstream_mapper.window_of(window, run_key)?;
                Ok(wait_policy.is_satisfied(expected.intersection(came).count(), expected.len()))
            }
            _ => Ok(!came.is_empty()),
        }
    }

    /// The instant that a run's key is about, if the mappers of its assets agree on one. `carried`: what the producing
    /// runs were about, for keys that are passed on as they are.
    pub fn date_of<'a>(
        &self,
        assets: impl IntoIterator<Item = &'a AssetKey>,
        run_key: &str,
        carried: &BTreeSet<Timestamp>,
    ) -> Option<Timestamp> {
        let mut dates = BTreeSet::new();
        let mut passed_on = false;
        for asset in assets {
            let mapper = self.mapper(asset);
            passed_on |= mapper.kind == MapperKind::Identity;
            dates.extend(mapper.to_date(run_key).ok()?);
        }
        let only = |dates: &BTreeSet<Timestamp>| (dates.len() == 1).then(|| dates.first().copied()).flatten();
        if dates.is_empty() && passed_on { only(carried) } else { only(&dates) }
    }
}

impl Mapper {
    /// The mapper that is used when a schedule names none.
    pub const fn identity() -> Self {
        Self { kind: MapperKind::Identity, max_downstream_keys: None }
    }

    fn to_downstream(&self, key: &str) -> Result<Vec<String>, Error> {
        Ok(match &self.kind {
            MapperKind::Identity => vec![key.to_owned()],
            MapperKind::AllowedKey { allowed_keys } => match allowed_keys.iter().any(|allowed| allowed == key) {
                true => vec![key.to_owned()],
                false => return Err(Error::NotAllowed(key.to_owned())),
            },
            MapperKind::FixedKey { downstream_key } => vec![downstream_key.clone()],
            MapperKind::Temporal(temporal) => vec![temporal.to_downstream(key)?],
            MapperKind::Product { mappers, delimiter } => {
                let segments = split(key, delimiter, mappers.len())?;
                let parts: Result<Vec<String>, Error> =
                    mappers.iter().zip(segments).map(|(mapper, segment)| mapper.to_one(segment)).collect();
                vec![parts?.join(delimiter)]
            }
            MapperKind::Chain { mappers } => {
                let mut keys = vec![key.to_owned()];
                for mapper in mappers {
                    let mut next = Vec::new();
                    for key in &keys {
                        next.extend(mapper.to_downstream(key)?);
                    }
                    keys = next;
                }
                keys
            }
            MapperKind::Rollup { upstream_mapper, .. } => upstream_mapper.to_downstream(key)?,
            MapperKind::FanOut { upstream_mapper, window, downstream_mapper } => {
                let start = upstream_mapper.decode(&upstream_mapper.to_one(key)?)?;
                window.members(&start)?.iter().map(|member| downstream_mapper.name(member)).collect::<Result<_, _>>()?
            }
        })
    }

    fn to_one(&self, key: &str) -> Result<String, Error> {
        let mut keys = self.to_downstream(key)?;
        match keys.len() {
            1 => Ok(keys.swap_remove(0)),
            _ => Err(Error::SeveralKeys(key.to_owned())),
        }
    }

    /// What a run's key is about.
    fn decode(&self, run_key: &str) -> Result<Decoded, Error> {
        match &self.kind {
            MapperKind::Temporal(temporal) => temporal.decode(run_key).map(Decoded::Instant),
            _ => Ok(Decoded::Text(run_key.to_owned())),
        }
    }

    /// The upstream keys that a rollup's run is made of.
    fn window_of(&self, window: &Window, run_key: &str) -> Result<BTreeSet<String>, Error> {
        let members = window.members(&self.decode(run_key)?)?;
        members
            .into_iter()
            .map(|member| match (member, &self.kind) {
                (Decoded::Instant(at), MapperKind::Temporal(temporal)) => temporal.encode_upstream(at),
                (Decoded::Instant(at), _) => Ok(at.to_string()),
                (Decoded::Text(text), _) => Ok(text),
            })
            .collect()
    }

    /// A member of a fanned-out window as a run's key.
    fn name(&self, member: &Decoded) -> Result<String, Error> {
        match (member, &self.kind) {
            (Decoded::Instant(at), MapperKind::Temporal(temporal)) => temporal.format(*at),
            (Decoded::Instant(at), _) => Ok(at.to_string()),
            (Decoded::Text(text), _) => Ok(text.clone()),
        }
    }

    /// The instant that a run's key is about; `None`: it is about none, or about several.
    fn to_date(&self, run_key: &str) -> Result<Option<Timestamp>, Error> {
        match &self.kind {
            MapperKind::Temporal(temporal) => temporal.to_date(run_key).map(Some),
            MapperKind::Product { mappers, delimiter } => {
                let Ok(segments) = split(run_key, delimiter, mappers.len()) else { return Ok(None) };
                let mut dates = Vec::new();
                for (mapper, segment) in mappers.iter().zip(segments) {
                    dates.extend(mapper.to_date(segment)?);
                }
                Ok(if dates.len() == 1 { dates.pop() } else { None })
            }
            MapperKind::Chain { mappers } => mappers.last().map_or(Ok(None), |last| last.to_date(run_key)),
            MapperKind::Rollup { upstream_mapper, .. } => upstream_mapper.to_date(run_key),
            MapperKind::FanOut { downstream_mapper, .. } => downstream_mapper.to_date(run_key),
            MapperKind::Identity | MapperKind::AllowedKey { .. } | MapperKind::FixedKey { .. } => Ok(None),
        }
    }
}

impl WaitPolicy {
    fn is_satisfied(self, came: usize, expected: usize) -> bool {
        let (came, expected) = (came as i64, expected as i64);
        match self {
            Self::WaitForAll => came == expected,
            Self::MinimumCount { n } if n > 0 => came >= n,
            Self::MinimumCount { n } => came >= (expected + n).max(0),
        }
    }
}

fn split<'k>(key: &'k str, delimiter: &str, expected: usize) -> Result<Vec<&'k str>, Error> {
    let segments: Vec<&str> = key.split(delimiter).collect();
    if segments.len() == expected {
        return Ok(segments);
    }
    Err(Error::Segments { key: key.to_owned(), found: segments.len(), expected })
}

fn bar() -> String {
    "|".into()
}

#[cfg(test)]
mod tests;
