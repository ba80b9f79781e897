//! Watchers: triggers outside tasks, whose every event is an event of the assets that they watch.
//!
//! A trigger runs while some DAG that is scheduled by a watched asset is there and not paused. Watchers with the same
//! class and arguments share one trigger.

use std::collections::{BTreeSet, HashMap};

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use tradewind_core::Timestamp;
use tradewind_core::asset::{AssetExpr, AssetKey, AssetSpec, WatcherSpec};

use crate::row::row;
use crate::sql::{Batch, Rows, Statement, names};
use crate::{Error, FileResult, NewAssetEvent, Store, Topic, Tx};

const WATCHERS: Batch = Batch(&[
    ("dag_id", "text"),
    ("asset_id", "bigint"),
    ("name", "text"),
    ("watcher", "text"),
    ("classpath", "text"),
    ("kwargs", "text"),
]);
static DROP: Statement = Statement::new(
    "DELETE FROM asset_watcher WHERE dag_id IN {names:2} AND NOT EXISTS (SELECT 1 FROM {rows} AS w
        WHERE w.dag_id = asset_watcher.dag_id AND w.asset_id = asset_watcher.asset_id AND w.name = asset_watcher.name)",
)
.rows(WATCHERS);
static ADD: Statement = Statement::new(
    "INSERT INTO asset_watcher (dag_id, asset_id, name, watcher, classpath, kwargs, created_at)
     SELECT dag_id, asset_id, name, watcher, classpath, kwargs, $2 FROM {rows} AS w WHERE TRUE
     ON CONFLICT (dag_id, asset_id, name) DO UPDATE SET watcher = excluded.watcher, classpath = excluded.classpath,
        kwargs = excluded.kwargs
     WHERE asset_watcher.watcher <> excluded.watcher",
)
.rows(WATCHERS);

static DROP_UNWANTED: Statement = Statement::new(concat!(
    "DELETE FROM trigger WHERE watcher IS NOT NULL AND NOT EXISTS (SELECT 1 FROM asset_watcher AS w
        WHERE w.watcher = trigger.watcher AND ",
    include_str!("watched.sql"),
    ")"
));
static ADD_WANTED: Statement = Statement::new(concat!(
    "INSERT INTO trigger (kind, classpath, kwargs, created_at, watcher)
     SELECT 'python', MIN(w.classpath), MIN(w.kwargs), $1, w.watcher FROM asset_watcher AS w
     WHERE NOT EXISTS (SELECT 1 FROM trigger AS g WHERE g.watcher = w.watcher) AND ",
    include_str!("watched.sql"),
    " GROUP BY w.watcher ORDER BY w.watcher ON CONFLICT DO NOTHING"
));

row! {
    struct Watched {
        watcher: String = "w.watcher",
        name: String = "a.name",
        uri: String = "a.uri",
        group: String = "a.asset_group",
    }
}
static WATCHED: Statement = Statement::new(
    "SELECT DISTINCT {columns} FROM asset_watcher AS w JOIN asset AS a ON a.id = w.asset_id
     JOIN dag AS d ON d.dag_id = w.dag_id
     WHERE w.watcher IN {names} AND NOT d.is_stale
     ORDER BY a.name, a.uri",
)
.reads::<Watched>();

impl Store {
    /// The assets that these watchers watch, by watcher.
    pub(crate) async fn watched_assets(&self, watchers: &[&String]) -> Result<HashMap<String, Vec<AssetKey>>, Error> {
        let mut found: HashMap<String, Vec<AssetKey>> = HashMap::new();
        if !watchers.is_empty() {
            let rows = WATCHED.bind(names(watchers)).all::<Watched>(&mut self.db().reader().await?).await?;
            for Watched { watcher, name, uri, .. } in rows {
                found.entry(watcher).or_default().push(AssetKey { name, uri });
            }
        }
        Ok(found)
    }
}

impl Tx {
    /// Stores the watchers of the assets that a file's DAGs mention. `concerned`: DAGs that mention assets, or did.
    pub(super) async fn store_watchers(
        &mut self,
        file: &FileResult,
        concerned: &BTreeSet<String>,
        assets: &HashMap<AssetKey, i64>,
    ) -> Result<(), Error> {
        let mut rows = Rows::new(WATCHERS);
        for dag in file.dags.iter().filter(|dag| concerned.contains(&dag.dag_id)) {
            let mut seen: BTreeSet<(&AssetKey, &str)> = BTreeSet::new();
            for used in &dag.assets {
                let AssetExpr::Asset(asset) = &used.what else { continue };
                let Some(asset_id) = assets.get(&asset.key) else { continue };
                for watcher in asset.watchers.iter().filter(|one| seen.insert((&asset.key, one.name.as_str()))) {
                    rows.push([
                        (&dag.dag_id).into(),
                        (*asset_id).into(),
                        (&watcher.name).into(),
                        identity(watcher).into(),
                        (&watcher.classpath).into(),
                        self.sealed(&watcher.kwargs).into(),
                    ]);
                }
            }
        }
        DROP.bind(rows.clone()).bind(names(concerned)).run(self).await?;
        if rows.len() > 0 {
            ADD.bind(rows).bind(file.parsed_at).run(self).await?;
        }
        Ok(())
    }

    /// Brings the triggers in line with the watchers that are wanted: after DAGs changed, came, went, were paused or
    /// unpaused.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn settle_watchers(&mut self, at: Timestamp) -> Result<(), Error> {
        let dropped = DROP_UNWANTED.query().run(self).await?;
        let added = ADD_WANTED.bind(at).run(self).await?;
        if dropped + added > 0 {
            self.notify(Topic::Triggers);
        }
        Ok(())
    }

    /// Makes events of assets from what their watchers' triggers said: `(watcher, payload)`.
    pub(crate) async fn emit_watcher_events(&mut self, said: &[(&str, &Value)], at: Timestamp) -> Result<(), Error> {
        if said.is_empty() {
            return Ok(());
        }
        let watched = WATCHED.bind(names(said.iter().map(|(watcher, _)| watcher))).all::<Watched>(self).await?;
        let mut events = Vec::new();
        for (watcher, payload) in said {
            for asset in watched.iter().filter(|asset| asset.watcher == *watcher) {
                // As Airflow marks them.
                let mut extra = Map::new();
                extra.insert("from_trigger".into(), Value::Bool(true));
                extra.insert("payload".into(), (*payload).clone());
                events.push(NewAssetEvent {
                    asset: AssetExpr::Asset(AssetSpec {
                        key: AssetKey { name: asset.name.clone(), uri: asset.uri.clone() },
                        group: asset.group.clone(),
                        extra: Map::new(),
                        watchers: Vec::new(),
                    }),
                    at,
                    extra,
                    aliases: Vec::new(),
                    source: None,
                    partition_key: None,
                    partition_date: None,
                });
            }
        }
        self.emit_asset_events(&events).await?;
        self.tell_of_asset_events(&events).await
    }
}

/// The same text for the same trigger. Keys of objects are sorted, so the JSON is canonical.
fn identity(watcher: &WatcherSpec) -> String {
    let mut hash = Sha256::new();
    hash.update(watcher.classpath.as_bytes());
    hash.update([0]);
    hash.update(Value::Object(watcher.kwargs.clone()).to_string());
    format!("{:x}", hash.finalize())
}
