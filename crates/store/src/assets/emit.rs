//! Events: written once, queued for every DAG that waits for their asset.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::{Map, Value};
use tradewind_core::Timestamp;
use tradewind_core::asset::{AliasSpec, AssetExpr, AssetKey, AssetSpec, AssetUpdate, LooseRef};

use crate::row::row;
use crate::sql::{Batch, Bind, Rows, Statement, ids};
use crate::{Error, Tx};

/// An update of an asset.
#[derive(Clone, Debug)]
pub struct NewAssetEvent {
    /// The asset, or a reference to it by name or URI. An asset that nobody has mentioned before becomes known.
    pub asset: AssetExpr,
    /// When.
    pub at: Timestamp,
    /// Whatever the producer says about it.
    pub extra: Map<String, Value>,
    /// Aliases that it came by way of; the asset belongs to them from now on.
    pub aliases: Vec<String>,
    /// Which task did it, if one did.
    pub source: Option<AssetEventSource>,
    /// The partition that was updated.
    pub partition_key: Option<String>,
    /// The instant that the partition stands for.
    pub partition_date: Option<Timestamp>,
}

/// Who updated an asset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssetEventSource {
    /// Its DAG.
    pub dag_id: String,
    /// Its run.
    pub run_id: String,
    /// The task.
    pub task_id: String,
    /// -1 when not mapped.
    pub map_index: i32,
}

row! {
    /// What an event says of the run that it comes from.
    pub struct EventRun {
        /// The database's number of the run.
        pub run_key: i64 = "id",
        /// Its DAG.
        pub dag_id: String = "dag_id",
        /// The user's id of the run.
        pub run_id: String = "run_id",
        /// The partition that it is about.
        pub partition_key: Option<String> = "partition_key",
        /// The instant that the partition stands for.
        pub partition_date: Option<Timestamp> = "partition_date",
    }
}
static RUNS: Statement = Statement::new("SELECT {columns} FROM dag_run WHERE id IN {ids}").reads::<EventRun>();

impl EventRun {
    /// The event of an update by one of the run's tasks.
    pub fn event(&self, update: &AssetUpdate, task_id: &str, map_index: i32, at: Timestamp) -> NewAssetEvent {
        let own = update.partition_key.is_some();
        NewAssetEvent {
            asset: update.asset.clone(),
            at,
            extra: update.extra.clone(),
            aliases: update.aliases.clone(),
            source: Some(AssetEventSource {
                dag_id: self.dag_id.clone(),
                run_id: self.run_id.clone(),
                task_id: task_id.to_owned(),
                map_index,
            }),
            partition_key: update.partition_key.clone().or_else(|| self.partition_key.clone()),
            partition_date: if own { None } else { self.partition_date },
        }
    }
}

const EVENTS: Batch = Batch(&[
    ("asset_id", "bigint"),
    ("at", "bigint"),
    ("extra", "text"),
    ("source_dag_id", "text"),
    ("source_task_id", "text"),
    ("source_run_id", "text"),
    ("source_map_index", "integer"),
    ("partition_key", "text"),
    ("partition_date", "bigint"),
]);
static ADD_EVENTS: Statement = Statement::new(
    "INSERT INTO asset_event (asset_id, at, extra, source_dag_id, source_task_id, source_run_id, source_map_index,
        partition_key, partition_date)
     SELECT asset_id, at, extra, source_dag_id, source_task_id, source_run_id, source_map_index,
        partition_key, partition_date
     FROM {rows} AS w
     RETURNING id",
)
.rows(EVENTS);
const PAIRS: Batch = Batch(&[("alias_id", "bigint"), ("other_id", "bigint")]);
static ADD_MEMBERS: Statement = Statement::new(
    "INSERT INTO asset_alias_asset (alias_id, asset_id) SELECT alias_id, other_id FROM {rows} AS w WHERE TRUE
     ON CONFLICT DO NOTHING",
)
.rows(PAIRS);
static ADD_EVENT_ALIASES: Statement = Statement::new(
    "INSERT INTO asset_event_alias (event_id, alias_id) SELECT other_id, alias_id FROM {rows} AS w WHERE TRUE
     ON CONFLICT DO NOTHING",
)
.rows(PAIRS);
static BY_NAME: Statement =
    Statement::new("SELECT name, uri FROM asset WHERE name = $1 ORDER BY updated_at DESC, id DESC LIMIT 1");
static BY_URI: Statement =
    Statement::new("SELECT name, uri FROM asset WHERE uri = $1 ORDER BY updated_at DESC, id DESC LIMIT 1");
/// As in Airflow, events of partitions are for DAGs that wait for partitions, and others are not.
static ENQUEUE: Statement = Statement::new(include_str!("enqueue.sql"));
static MISSING_KEY: Statement = Statement::new(include_str!("missing_key.sql"));

impl Tx {
    /// Runs that events come from.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn event_runs(&mut self, run_keys: impl Iterator<Item = i64>) -> Result<HashMap<i64, EventRun>, Error> {
        let rows = RUNS.bind(ids(run_keys)).all::<EventRun>(self).await?;
        Ok(rows.into_iter().map(|run| (run.run_key, run)).collect())
    }

    /// Records updates of assets and queues them for whoever waits. Answers the events' numbers, in order; none for a
    /// reference to an asset that there is not.
    ///
    /// # Errors
    /// Those of the database; [`Error::Invalid`] for conditions and aliases, which are no assets.
    pub async fn emit_asset_events(&mut self, events: &[NewAssetEvent]) -> Result<Vec<Option<i64>>, Error> {
        if events.is_empty() {
            return Ok(Vec::new());
        }
        let mut keys: Vec<Option<AssetKey>> = Vec::with_capacity(events.len());
        let mut specs: BTreeMap<AssetKey, AssetSpec> = BTreeMap::new();
        for event in events {
            keys.push(match &event.asset {
                AssetExpr::Asset(asset) => {
                    specs.entry(asset.key.clone()).or_insert_with(|| asset.clone());
                    Some(asset.key.clone())
                }
                AssetExpr::AssetRef(loose) => self.find_loose(loose).await?,
                _ => return Err(Error::Invalid("an event is about one asset, not a condition or an alias".into())),
            });
        }
        let mut assets = self.known_assets(keys.iter().flatten()).await?;
        specs.retain(|key, _| !assets.contains_key(key));
        assets.extend(self.register_assets(specs.values()).await?);

        let mut rows = Rows::new(EVENTS);
        for (event, key) in events.iter().zip(&keys) {
            let Some(id) = key.as_ref().and_then(|key| assets.get(key)) else { continue };
            let source = event.source.as_ref();
            rows.push([
                (*id).into(),
                event.at.into(),
                Value::Object(event.extra.clone()).to_string().into(),
                source.map(|source| &source.dag_id).into(),
                source.map(|source| &source.task_id).into(),
                source.map(|source| &source.run_id).into(),
                Bind::Int(source.map(|source| i64::from(source.map_index))),
                event.partition_key.as_ref().into(),
                event.partition_date.into(),
            ]);
        }
        if rows.len() == 0 {
            return Ok(vec![None; events.len()]);
        }
        let mut added = ADD_EVENTS.bind(rows).all::<(i64,)>(self).await?.into_iter();
        let numbers: Vec<Option<i64>> =
            keys.iter().map(|key| key.as_ref().and_then(|_| added.next()).map(|(id,)| id)).collect();
        self.store_aliases(events, &keys, &assets, &numbers).await?;
        let new = || ids(numbers.iter().flatten().copied());
        let waiting = ENQUEUE.bind(new()).all::<(String,)>(self).await?;
        let waiting: BTreeSet<String> = waiting.into_iter().map(|(dag_id,)| dag_id).collect();
        if events.iter().any(|event| event.partition_key.is_none()) {
            MISSING_KEY.bind(new()).bind(crate::now()).run(self).await?;
        }
        self.wake_dags(waiting.iter()).await?;
        Ok(numbers)
    }

    async fn find_loose(&mut self, loose: &LooseRef) -> Result<Option<AssetKey>, Error> {
        let query = match loose {
            LooseRef::Name(name) => BY_NAME.bind(name),
            LooseRef::Uri(uri) => BY_URI.bind(uri),
        };
        let found = query.optional::<(String, String)>(self).await?;
        if found.is_none() {
            tracing::warn!(?loose, "a task updated an asset by a reference, and there is no such asset");
        }
        Ok(found.map(|(name, uri)| AssetKey { name, uri }))
    }

    /// An asset belongs to the aliases that it was updated by way of.
    async fn store_aliases(
        &mut self,
        events: &[NewAssetEvent],
        keys: &[Option<AssetKey>],
        assets: &HashMap<AssetKey, i64>,
        numbers: &[Option<i64>],
    ) -> Result<(), Error> {
        let names: BTreeSet<&String> = events.iter().flat_map(|event| &event.aliases).collect();
        if names.is_empty() {
            return Ok(());
        }
        let mut aliases = self.known_aliases(names.iter().map(|name| name.as_str())).await?;
        let unknown: Vec<AliasSpec> = names
            .into_iter()
            .filter(|name| !aliases.contains_key(*name))
            .map(|name| AliasSpec { name: name.clone(), group: "asset".into() })
            .collect();
        aliases.extend(self.register_aliases(unknown.iter()).await?);
        let (mut members, mut ways) = (Rows::new(PAIRS), Rows::new(PAIRS));
        for ((event, key), number) in events.iter().zip(keys).zip(numbers) {
            let (Some(asset_id), Some(number)) = (key.as_ref().and_then(|key| assets.get(key)), number) else {
                continue;
            };
            for alias in event.aliases.iter().filter_map(|name| aliases.get(name)) {
                members.push([(*alias).into(), (*asset_id).into()]);
                ways.push([(*alias).into(), (*number).into()]);
            }
        }
        if members.len() > 0 {
            ADD_MEMBERS.bind(members).run(self).await?;
            ADD_EVENT_ALIASES.bind(ways).run(self).await?;
        }
        Ok(())
    }
}
