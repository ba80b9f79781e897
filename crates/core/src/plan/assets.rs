//! `plan_asset_runs`: which runs a DAG gets of the events that it has not consumed.

use std::collections::{BTreeMap, BTreeSet};

use crate::asset::partition::{Error, Partitions};
use crate::asset::{Arrived, AssetKey};
use crate::time::Timestamp;
use crate::timetable::AssetSchedule;

/// A DAG that waits for assets.
#[derive(Clone, Debug)]
pub struct AssetConsumer<'s> {
    /// What for.
    pub schedule: AssetSchedule<'s>,
    /// Alias to the assets that it was given to.
    pub aliases: BTreeMap<String, BTreeSet<AssetKey>>,
    /// What it has not consumed.
    pub queue: Vec<QueuedEvent>,
    /// Runs that one event of a partition may be for, if its mapper does not say.
    pub most_keys: usize,
}

/// An event that a DAG has not consumed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueuedEvent {
    /// The event.
    pub event_id: i64,
    /// Of which asset.
    pub asset: AssetKey,
    /// When.
    pub at: Timestamp,
    /// The partition that it is about.
    pub partition_key: Option<String>,
    /// The instant that the partition stands for, if the run that emitted it knew.
    pub partition_date: Option<Timestamp>,
    /// The partition of the run that it is for, once that was worked out.
    pub run_key: Option<String>,
}

/// What to do about a DAG's queue.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AssetPlan {
    /// Runs to create, each with the events that it consumes.
    pub runs: Vec<AssetRun>,
    /// Events whose runs were worked out: put them back into the queue once for each of these keys. None: all of them
    /// go into `runs`.
    pub mapped: Vec<(i64, Vec<String>)>,
    /// Events that are for no run, and why.
    pub refused: Vec<(i64, Error)>,
}

/// A run that consumes events.
#[derive(Clone, Debug, PartialEq)]
pub struct AssetRun {
    /// When the last of them came.
    pub run_after: Timestamp,
    /// The partition that it is about.
    pub partition_key: Option<String>,
    /// The instant that the partition stands for.
    pub partition_date: Option<Timestamp>,
    /// What it consumes, in order. Never empty.
    pub events: Vec<i64>,
}

impl AssetRun {
    /// The run's id: `asset_triggered__2024-01-01T00:00:00+00:00_4fQx09aZ`. The last part makes runs of one instant
    /// distinct; it comes from what the run consumes, so that no two schedulers can make the same run twice.
    pub fn run_id(&self) -> String {
        let name = crate::timetable::run_id(crate::RunType::AssetTriggered, self.run_after);
        let mut seed: u64 = 0xcbf2_9ce4_8422_2325;
        let last = self.events.last().copied().unwrap_or_default();
        let key = self.partition_key.as_deref().unwrap_or_default();
        for byte in last.to_le_bytes().iter().chain(key.as_bytes()) {
            seed = (seed ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        const LETTERS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        let mut suffix = String::with_capacity(8);
        for _ in 0..8 {
            suffix.push(char::from(LETTERS[(seed % 62) as usize]));
            seed /= 62;
        }
        format!("{name}_{suffix}")
    }
}

/// Decides which runs a DAG gets now.
///
/// As in Airflow: as soon as the condition is met there is a run, and it consumes everything that is queued, also
/// what the condition did not need and what came several times. With partitions that holds for the events of each
/// run's partition. What is not consumed stays queued.
pub fn plan_asset_runs(consumer: &AssetConsumer<'_>) -> AssetPlan {
    match consumer.schedule.partitions {
        None => {
            let mut plan = AssetPlan::default();
            let arrived = consumer.arrived(consumer.queue.iter().map(|event| &event.asset));
            if consumer.schedule.condition.is_met(&arrived) {
                plan.runs.extend(consumer.run(consumer.queue.iter(), None, None));
            }
            plan
        }
        Some(partitions) => consumer.plan_partitions(partitions),
    }
}

impl AssetConsumer<'_> {
    fn plan_partitions(&self, partitions: &Partitions) -> AssetPlan {
        let mut plan = AssetPlan::default();
        let mut by_key: BTreeMap<String, Vec<&QueuedEvent>> = BTreeMap::new();
        let mut fresh = Vec::new();
        for event in &self.queue {
            match (&event.run_key, &event.partition_key) {
                (Some(run_key), _) => by_key.entry(run_key.clone()).or_default().push(event),
                // Emission leaves these out; a schedule that has just become partitioned may have some.
                (None, None) => {}
                (None, Some(key)) => match partitions.runs_of(&event.asset, key, self.most_keys) {
                    Ok(run_keys) => {
                        for run_key in &run_keys {
                            by_key.entry(run_key.clone()).or_default().push(event);
                        }
                        fresh.push((event.event_id, run_keys));
                    }
                    Err(error) => plan.refused.push((event.event_id, error)),
                },
            }
        }
        let mut done = BTreeSet::new();
        for (run_key, mut events) in by_key {
            events.sort_by_key(|event| event.event_id);
            if let Some(run) = self.run_of_partition(partitions, &run_key, &events) {
                done.insert(run_key);
                plan.runs.push(run);
            }
        }
        plan.mapped = fresh
            .into_iter()
            .map(|(event_id, keys)| (event_id, keys.into_iter().filter(|key| !done.contains(key)).collect()))
            .collect();
        plan
    }

    fn run_of_partition(&self, partitions: &Partitions, run_key: &str, events: &[&QueuedEvent]) -> Option<AssetRun> {
        let mut came: BTreeMap<&AssetKey, BTreeSet<String>> = BTreeMap::new();
        for event in events {
            came.entry(&event.asset).or_default().extend(event.partition_key.clone());
        }
        // A mapper that can't say what it waits for waits on; the plan of another asset may still be met.
        let complete = came
            .iter()
            .filter(|(asset, keys)| partitions.is_complete(asset, run_key, keys).unwrap_or(false))
            .map(|(asset, _)| *asset);
        if !self.schedule.condition.is_met(&self.arrived(complete)) {
            return None;
        }
        let carried = events.iter().filter_map(|event| event.partition_date).collect();
        let date = partitions.date_of(came.keys().copied(), run_key, &carried);
        self.run(events.iter().copied(), Some(run_key.to_owned()), date)
    }

    fn run<'e>(
        &self,
        events: impl Iterator<Item = &'e QueuedEvent>,
        partition_key: Option<String>,
        partition_date: Option<Timestamp>,
    ) -> Option<AssetRun> {
        let (mut run_after, mut ids) = (None, BTreeSet::new());
        for event in events {
            run_after = run_after.max(Some(event.at));
            ids.insert(event.event_id);
        }
        Some(AssetRun { run_after: run_after?, partition_key, partition_date, events: ids.into_iter().collect() })
    }

    fn arrived<'e>(&self, assets: impl Iterator<Item = &'e AssetKey>) -> Arrived {
        Arrived { assets: assets.cloned().collect(), aliases: self.aliases.clone() }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::timetable::TimetableSpec;

    fn event(event_id: i64, asset: &str, key: Option<&str>) -> QueuedEvent {
        QueuedEvent {
            event_id,
            asset: AssetKey { name: asset.into(), uri: asset.into() },
            at: Timestamp::from_secs(event_id),
            partition_key: key.map(Into::into),
            partition_date: None,
            run_key: None,
        }
    }

    fn plan(spec: Value, queue: Vec<QueuedEvent>) -> AssetPlan {
        let spec: TimetableSpec = serde_json::from_value(spec).unwrap();
        spec.compile().unwrap();
        plan_asset_runs(&AssetConsumer {
            schedule: spec.asset_schedule().unwrap(),
            aliases: BTreeMap::new(),
            queue,
            most_keys: 2,
        })
    }

    fn both() -> Value {
        json!({"all": [{"asset": {"name": "a", "uri": "a"}}, {"asset": {"name": "b", "uri": "b"}}]})
    }

    #[test]
    fn a_run_consumes_everything_that_is_queued_once_the_condition_is_met() {
        let spec = json!({"type": "asset_triggered", "assets": both()});
        let waiting = plan(spec.clone(), vec![event(1, "a", None), event(2, "a", None)]);
        assert_eq!(waiting, AssetPlan::default());
        let met = plan(spec, vec![event(3, "b", None), event(1, "a", None), event(2, "a", None)]);
        assert_eq!(met.runs.len(), 1);
        assert_eq!((met.runs[0].events.as_slice(), met.runs[0].run_after), (&[1, 2, 3][..], Timestamp::from_secs(3)));
        let id = met.runs[0].run_id();
        assert!(id.starts_with("asset_triggered__1970-01-01T00:00:03+00:00_") && id.len() == 51, "{id}");
    }

    #[test]
    fn each_partition_has_its_own_run() {
        let spec = json!({"type": "partitioned_asset", "assets": both(), "default_mapper": {"type": "identity"}});
        let queue = vec![
            event(1, "a", Some("x")),
            event(2, "a", Some("y")),
            event(3, "b", Some("y")),
            event(4, "b", Some("y")),
        ];
        let plan = plan(spec, queue);
        assert_eq!(plan.runs.len(), 1);
        assert_eq!(
            (plan.runs[0].partition_key.as_deref(), plan.runs[0].events.as_slice()),
            (Some("y"), &[2, 3, 4][..])
        );
        assert_eq!(plan.mapped, [(1, vec!["x".to_owned()]), (2, vec![]), (3, vec![]), (4, vec![])]);
    }

    #[test]
    fn keys_that_cannot_be_mapped_are_told_and_hold_up_nothing() {
        let spec = json!({"type": "partitioned_asset", "assets": {"asset": {"name": "a", "uri": "a"}},
            "default_mapper": {"type": "allowed_key", "allowed_keys": ["x"]}});
        let plan = plan(spec, vec![event(1, "a", Some("z")), event(2, "a", Some("x"))]);
        assert_eq!(plan.refused, [(1, Error::NotAllowed("z".into()))]);
        assert_eq!(plan.runs.len(), 1);
        assert_eq!(plan.runs[0].events, [2]);
    }
}
