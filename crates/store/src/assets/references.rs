//! What DAGs say about assets: their schedules, and the outlets and inlets of their tasks.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use tradewind_core::asset::{AliasSpec, AssetExpr, AssetKey, AssetSpec, LooseRef};

use crate::sql::{Batch, Rows, Statement, names};
use crate::{Error, FileResult, Tx};

/// A DAG mentions an asset, an alias or a reference.
#[derive(Clone, Debug)]
pub struct AssetUse {
    /// Where.
    pub kind: AssetUseKind,
    /// The task; empty for schedules.
    pub task_id: String,
    /// What: no condition.
    pub what: AssetExpr,
}

/// Where a DAG mentions an asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AssetUseKind {
    /// The schedule waits for it.
    Schedule,
    /// A task updates it.
    Outlet,
    /// A task reads it.
    Inlet,
}

impl AssetUseKind {
    /// Its name in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Schedule => "schedule",
            Self::Outlet => "outlet",
            Self::Inlet => "inlet",
        }
    }
}

const ASSETS: Batch = Batch(&[("name", "text"), ("uri", "text"), ("asset_group", "text"), ("extra", "text")]);
static UPSERT_ASSETS: Statement = Statement::new(
    "INSERT INTO asset (name, uri, asset_group, extra, created_at, updated_at)
     SELECT name, uri, asset_group, extra, $2, $2 FROM {rows} AS w WHERE TRUE
     ON CONFLICT (name, uri) DO UPDATE SET asset_group = excluded.asset_group, extra = excluded.extra,
        updated_at = excluded.updated_at
     WHERE asset.asset_group <> excluded.asset_group OR asset.extra <> excluded.extra",
)
.rows(ASSETS);
const KEYS: Batch = Batch(&[("name", "text"), ("uri", "text")]);
static ASSET_IDS: Statement =
    Statement::new("SELECT a.name, a.uri, a.id FROM {rows} AS w JOIN asset AS a ON a.name = w.name AND a.uri = w.uri")
        .rows(KEYS);

const ALIASES: Batch = Batch(&[("name", "text"), ("alias_group", "text")]);
static UPSERT_ALIASES: Statement = Statement::new(
    "INSERT INTO asset_alias (name, alias_group) SELECT name, alias_group FROM {rows} AS w WHERE TRUE
     ON CONFLICT (name) DO UPDATE SET alias_group = excluded.alias_group
     WHERE asset_alias.alias_group <> excluded.alias_group",
)
.rows(ALIASES);

const REFERENCES: Batch = Batch(&[("dag_id", "text"), ("kind", "text"), ("task_id", "text"), ("id", "bigint")]);
static DROP_ASSETS: Statement = Statement::new(
    "DELETE FROM asset_reference WHERE dag_id IN {names:2} AND NOT EXISTS (SELECT 1 FROM {rows} AS w
        WHERE w.dag_id = asset_reference.dag_id AND w.kind = asset_reference.kind
            AND w.task_id = asset_reference.task_id AND w.id = asset_reference.asset_id)",
)
.rows(REFERENCES);
static ADD_ASSETS: Statement = Statement::new(
    "INSERT INTO asset_reference (dag_id, kind, task_id, asset_id, created_at, updated_at)
     SELECT dag_id, kind, task_id, id, $2, $2 FROM {rows} AS w WHERE TRUE ON CONFLICT DO NOTHING",
)
.rows(REFERENCES);
static DROP_ALIASES: Statement = Statement::new(
    "DELETE FROM asset_alias_reference WHERE dag_id IN {names:2} AND NOT EXISTS (SELECT 1 FROM {rows} AS w
        WHERE w.dag_id = asset_alias_reference.dag_id AND w.kind = asset_alias_reference.kind
            AND w.task_id = asset_alias_reference.task_id AND w.id = asset_alias_reference.alias_id)",
)
.rows(REFERENCES);
static ADD_ALIASES: Statement = Statement::new(
    "INSERT INTO asset_alias_reference (dag_id, kind, task_id, alias_id, created_at, updated_at)
     SELECT dag_id, kind, task_id, id, $2, $2 FROM {rows} AS w WHERE TRUE ON CONFLICT DO NOTHING",
)
.rows(REFERENCES);
const LOOSE: Batch =
    Batch(&[("dag_id", "text"), ("kind", "text"), ("task_id", "text"), ("name", "text"), ("uri", "text")]);
static DROP_LOOSE: Statement = Statement::new("DELETE FROM asset_loose_reference WHERE dag_id IN {names}");
static ADD_LOOSE: Statement = Statement::new(
    "INSERT INTO asset_loose_reference (dag_id, kind, task_id, name, uri)
     SELECT dag_id, kind, task_id, name, uri FROM {rows} AS w WHERE TRUE ON CONFLICT DO NOTHING",
)
.rows(LOOSE);

/// DAGs that mention assets now or did so before.
static MENTIONING: Statement = Statement::new(
    "SELECT dag_id FROM asset_reference WHERE dag_id IN {names}
     UNION SELECT dag_id FROM asset_alias_reference WHERE dag_id IN {names}
     UNION SELECT dag_id FROM asset_loose_reference WHERE dag_id IN {names}",
);
const PARTITIONED: Batch = Batch(&[("dag_id", "text"), ("is_partitioned", "boolean")]);
static SET_PARTITIONED: Statement = Statement::new(
    "UPDATE dag SET is_partitioned = w.is_partitioned FROM {rows} AS w
     WHERE dag.dag_id = w.dag_id AND dag.is_partitioned <> w.is_partitioned",
)
.rows(PARTITIONED);
/// What a schedule does not wait for any more is not kept for it.
static FORGET_QUEUED: Statement = Statement::new(
    "DELETE FROM asset_queue WHERE dag_id IN {names}
        AND NOT EXISTS (SELECT 1 FROM asset_reference AS r WHERE r.dag_id = asset_queue.dag_id
            AND r.kind = 'schedule' AND r.asset_id = asset_queue.asset_id)
        AND NOT EXISTS (SELECT 1 FROM asset_alias_reference AS r
            JOIN asset_alias_asset AS m ON m.alias_id = r.alias_id
            WHERE r.dag_id = asset_queue.dag_id AND r.kind = 'schedule' AND m.asset_id = asset_queue.asset_id)
        AND NOT EXISTS (SELECT 1 FROM asset_loose_reference AS r JOIN asset AS a ON a.name = r.name OR a.uri = r.uri
            WHERE r.dag_id = asset_queue.dag_id AND r.kind = 'schedule' AND a.id = asset_queue.asset_id)",
);

/// What a file's DAGs mention.
#[derive(Default)]
struct Mentions<'f> {
    assets: BTreeMap<&'f AssetKey, &'f AssetSpec>,
    aliases: BTreeMap<&'f str, &'f AliasSpec>,
}

impl Tx {
    /// Stores what the DAGs of a file say about assets.
    pub(crate) async fn store_asset_references(&mut self, file: &FileResult) -> Result<(), Error> {
        let dag_ids = || names(file.dags.iter().map(|dag| &dag.dag_id));
        let mut concerned: BTreeSet<String> =
            file.dags.iter().filter(|dag| !dag.assets.is_empty()).map(|dag| dag.dag_id.clone()).collect();
        if !file.dags.is_empty() {
            let mentioned = MENTIONING.bind(dag_ids()).all::<(String,)>(self).await?;
            concerned.extend(mentioned.into_iter().map(|(dag_id,)| dag_id));
        }
        if concerned.is_empty() {
            return Ok(());
        }
        let mut mentions = Mentions::default();
        for used in file.dags.iter().flat_map(|dag| &dag.assets) {
            match &used.what {
                AssetExpr::Asset(asset) => {
                    // The same asset with an `extra` says more than without.
                    let known = mentions.assets.entry(&asset.key).or_insert(asset);
                    if known.extra.is_empty() {
                        *known = asset;
                    }
                }
                AssetExpr::Alias(alias) => {
                    mentions.aliases.insert(&alias.name, alias);
                }
                _ => {}
            }
        }
        let assets = self.register_assets(mentions.assets.values().copied()).await?;
        let aliases = self.register_aliases(mentions.aliases.values().copied()).await?;

        let (mut to_assets, mut to_aliases, mut loose) =
            (Rows::new(REFERENCES), Rows::new(REFERENCES), Rows::new(LOOSE));
        let mut partitioned = Rows::new(PARTITIONED);
        for dag in file.dags.iter().filter(|dag| concerned.contains(&dag.dag_id)) {
            partitioned.push([(&dag.dag_id).into(), dag.is_partitioned.into()]);
            for used in &dag.assets {
                let place = || ((&dag.dag_id).into(), used.kind.as_str().into(), (&used.task_id).into());
                let (dag_id, kind, task_id) = place();
                match &used.what {
                    AssetExpr::Asset(asset) => {
                        if let Some(id) = assets.get(&asset.key) {
                            to_assets.push([dag_id, kind, task_id, (*id).into()]);
                        }
                    }
                    AssetExpr::Alias(alias) => {
                        if let Some(id) = aliases.get(&alias.name) {
                            to_aliases.push([dag_id, kind, task_id, (*id).into()]);
                        }
                    }
                    AssetExpr::AssetRef(LooseRef::Name(name)) => {
                        loose.push([dag_id, kind, task_id, name.into(), "".into()]);
                    }
                    AssetExpr::AssetRef(LooseRef::Uri(uri)) => {
                        loose.push([dag_id, kind, task_id, "".into(), uri.into()]);
                    }
                    AssetExpr::Any(_) | AssetExpr::All(_) => {}
                }
            }
        }
        let at = file.parsed_at;
        DROP_ASSETS.bind(to_assets.clone()).bind(names(&concerned)).run(self).await?;
        ADD_ASSETS.bind(to_assets).bind(at).run(self).await?;
        DROP_ALIASES.bind(to_aliases.clone()).bind(names(&concerned)).run(self).await?;
        ADD_ALIASES.bind(to_aliases).bind(at).run(self).await?;
        DROP_LOOSE.bind(names(&concerned)).run(self).await?;
        if loose.len() > 0 {
            ADD_LOOSE.bind(loose).run(self).await?;
        }
        SET_PARTITIONED.bind(partitioned).run(self).await?;
        FORGET_QUEUED.bind(names(&concerned)).run(self).await?;
        self.store_watchers(file, &concerned, &assets).await?;
        self.wake_asset_dags(concerned.iter()).await
    }

    /// Makes assets known; answers their numbers.
    pub(super) async fn register_assets<'a>(
        &mut self,
        assets: impl Iterator<Item = &'a AssetSpec>,
    ) -> Result<HashMap<AssetKey, i64>, Error> {
        let mut rows = Rows::new(ASSETS);
        let mut keys = Rows::new(KEYS);
        let mut specs: Vec<&AssetSpec> = assets.collect();
        for asset in &specs {
            let AssetKey { name, uri } = &asset.key;
            let extra = serde_json::Value::Object(asset.extra.clone()).to_string();
            rows.push([name.into(), uri.into(), (&asset.group).into(), extra.into()]);
            keys.push([name.into(), uri.into()]);
        }
        if rows.len() == 0 {
            return Ok(HashMap::new());
        }
        let before = self.asset_ids(keys.clone()).await?;
        UPSERT_ASSETS.bind(rows).bind(crate::now()).run(self).await?;
        specs.retain(|asset| !before.contains_key(&asset.key));
        self.tell_of_new_assets(&specs).await?;
        self.asset_ids(keys).await
    }

    async fn asset_ids(&mut self, keys: Rows) -> Result<HashMap<AssetKey, i64>, Error> {
        let found = ASSET_IDS.bind(keys).all::<(String, String, i64)>(self).await?;
        Ok(found.into_iter().map(|(name, uri, id)| (AssetKey { name, uri }, id)).collect())
    }

    /// Numbers of the assets that are known among these.
    pub(super) async fn known_assets(
        &mut self,
        keys: impl Iterator<Item = &AssetKey>,
    ) -> Result<HashMap<AssetKey, i64>, Error> {
        let mut rows = Rows::new(KEYS);
        for key in keys {
            rows.push([(&key.name).into(), (&key.uri).into()]);
        }
        self.asset_ids(rows).await
    }

    /// Makes aliases known; answers their numbers.
    pub(super) async fn register_aliases<'a>(
        &mut self,
        aliases: impl Iterator<Item = &'a AliasSpec>,
    ) -> Result<HashMap<String, i64>, Error> {
        let mut rows = Rows::new(ALIASES);
        let mut specs: Vec<&AliasSpec> = aliases.collect();
        if specs.is_empty() {
            return Ok(HashMap::new());
        }
        for alias in &specs {
            rows.push([(&alias.name).into(), (&alias.group).into()]);
        }
        let all: Vec<&String> = specs.iter().map(|alias| &alias.name).collect();
        let before = self.known_aliases(all.iter().map(|name| name.as_str())).await?;
        UPSERT_ALIASES.bind(rows).run(self).await?;
        specs.retain(|alias| !before.contains_key(&alias.name));
        self.tell_of_new_aliases(&specs).await?;
        self.known_aliases(all.iter().map(|name| name.as_str())).await
    }
}
