//! What listeners of plugins are told of assets: that they came to be known, and of events that no task's own process
//! tells of (REST, watchers, triggers that end tasks).
//!
//! A notice is written with what it tells of. A dag-processor, whose Python environment has the plugins, takes it.

use serde_json::{Value, json};
use tradewind_core::asset::{AliasSpec, AssetSpec};

use super::emit::NewAssetEvent;
use crate::sql::{Batch, Rows, Statement};
use crate::{Error, PythonQuestion, Topic, Tx};

const NOTICES: Batch = Batch(&[("question", "text"), ("is_encrypted", "boolean")]);
static ADD: Statement = Statement::new(
    "INSERT INTO python_question (kind, question, is_encrypted, asked_at)
     SELECT $2, question, is_encrypted, $3 FROM {rows} AS w",
)
.rows(NOTICES);

impl Tx {
    /// Assets that nobody had mentioned before.
    pub(super) async fn tell_of_new_assets(&mut self, assets: &[&AssetSpec]) -> Result<(), Error> {
        self.tell(assets.iter().map(|asset| json!({"hook": "on_asset_created", "asset": spec(asset)}))).await
    }

    /// Aliases that nobody had mentioned before.
    pub(super) async fn tell_of_new_aliases(&mut self, aliases: &[&AliasSpec]) -> Result<(), Error> {
        let alias = |alias: &&AliasSpec| json!({"name": alias.name, "group": alias.group});
        self.tell(aliases.iter().map(|one| json!({"hook": "on_asset_alias_created", "alias": alias(one)}))).await
    }

    /// Events that were recorded, and that no process of a task tells its listeners of.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn tell_of_asset_events(&mut self, events: &[NewAssetEvent]) -> Result<(), Error> {
        let told = events.iter().map(|event| {
            json!({
                "hook": "on_asset_changed",
                "update": {
                    "asset": event.asset,
                    "extra": event.extra,
                    "aliases": event.aliases,
                    "partition_key": event.partition_key,
                },
                "source": event.source.as_ref().map(|source| json!({
                    "dag_id": source.dag_id,
                    "run_id": source.run_id,
                    "task_id": source.task_id,
                    "map_index": source.map_index,
                })),
            })
        });
        self.tell(told).await
    }

    async fn tell(&mut self, notices: impl Iterator<Item = Value>) -> Result<(), Error> {
        let mut rows = Rows::new(NOTICES);
        for notice in notices {
            let (text, is_encrypted) = self.fernet().encrypt(&notice.to_string());
            rows.push([text.into(), is_encrypted.into()]);
        }
        if rows.len() == 0 {
            return Ok(());
        }
        ADD.bind(rows).bind(PythonQuestion::NOTICE).bind(crate::now()).run(self).await?;
        self.notify(Topic::Timetables);
        Ok(())
    }
}

fn spec(asset: &AssetSpec) -> Value {
    json!({"name": asset.key.name, "uri": asset.key.uri, "group": asset.group, "extra": asset.extra})
}
