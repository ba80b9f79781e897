//! State stores: what a task instance remembers between its tries, and what tasks remember of an asset.

use serde_json::Value;
use tradewind_core::Timestamp;

use crate::row::row;
use crate::sql::Statement;
use crate::{Error, Store};

/// Whose state: one task instance of one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskScope {
    /// The run.
    pub run_key: i64,
    /// The task.
    pub task_id: String,
    /// -1 when not mapped.
    pub map_index: i32,
}

row! {
    /// What a task instance remembers under a key.
    pub struct TaskStateRow {
        /// The key.
        pub key: String,
        /// JSON.
        pub value: Value,
        /// When it was written.
        pub updated_at: Timestamp,
        /// Forgotten then; `None`: never.
        pub expires_at: Option<Timestamp>,
    }
}

row! {
    /// What is remembered of an asset under a key.
    pub struct AssetStateRow {
        /// The key.
        pub key: String,
        /// JSON.
        pub value: Value,
        /// When it was written.
        pub updated_at: Timestamp,
        /// By whom: `task`, `watcher` or `api`.
        pub writer: String,
        /// The task's DAG.
        pub dag_id: Option<String>,
        /// The task's run.
        pub run_id: Option<String>,
        /// The task.
        pub task_id: Option<String>,
        /// Its map index.
        pub map_index: Option<i32>,
    }
}

/// Who writes of an asset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AssetWriter {
    /// A client.
    Api,
    /// A trigger that watches the asset.
    Watcher,
    /// A task: DAG, run, task, map index.
    Task(String, String, String, i32),
}

static TASK_LIST: Statement = Statement::new(
    "SELECT {columns} FROM task_state_store
     WHERE run_key = $1 AND task_id = $2 AND map_index = $3 AND (expires_at IS NULL OR expires_at > $4) ORDER BY key",
)
.reads::<TaskStateRow>();
static TASK_GET: Statement = Statement::new(
    "SELECT {columns} FROM task_state_store WHERE run_key = $1 AND task_id = $2 AND map_index = $3 AND key = $4
        AND (expires_at IS NULL OR expires_at > $5)",
)
.reads::<TaskStateRow>();
static TASK_SET: Statement = Statement::new(
    "INSERT INTO task_state_store (run_key, task_id, map_index, key, updated_at, expires_at, value)
     SELECT id, $2, $3, $4, $5, $6, $7 FROM dag_run WHERE id = $1
     ON CONFLICT (run_key, task_id, map_index, key) DO UPDATE SET updated_at = excluded.updated_at,
        expires_at = excluded.expires_at, value = excluded.value",
);
static TASK_DELETE: Statement =
    Statement::new("DELETE FROM task_state_store WHERE run_key = $1 AND task_id = $2 AND map_index = $3 AND key = $4");
static TASK_CLEAR: Statement =
    Statement::new("DELETE FROM task_state_store WHERE run_key = $1 AND task_id = $2 AND ($4 OR map_index = $3)");
static EXPIRED: Statement = Statement::new(
    "SELECT r.dag_id, r.run_id, s.task_id, s.map_index, s.key FROM task_state_store AS s
     JOIN dag_run AS r ON r.id = s.run_key
     WHERE s.expires_at IS NOT NULL AND s.expires_at <= $1 ORDER BY 1, 2, 3, 4, 5",
);
static CLEAN: Statement = Statement::new(
    "DELETE FROM task_state_store WHERE (run_key, task_id, map_index, key) IN (
        SELECT run_key, task_id, map_index, key FROM task_state_store
        WHERE expires_at IS NOT NULL AND expires_at <= $1 LIMIT $2)",
);

static ASSET_LIST: Statement =
    Statement::new("SELECT {columns} FROM asset_state_store WHERE asset_id = $1 ORDER BY key").reads::<AssetStateRow>();
static ASSET_GET: Statement =
    Statement::new("SELECT {columns} FROM asset_state_store WHERE asset_id = $1 AND key = $2").reads::<AssetStateRow>();
static ASSET_SET: Statement = Statement::new(
    "INSERT INTO asset_state_store (asset_id, key, updated_at, writer, dag_id, run_id, task_id, map_index, value)
     SELECT id, $2, $3, $4, $5, $6, $7, $8, $9 FROM asset WHERE id = $1
     ON CONFLICT (asset_id, key) DO UPDATE SET updated_at = excluded.updated_at, writer = excluded.writer,
        dag_id = excluded.dag_id, run_id = excluded.run_id, task_id = excluded.task_id,
        map_index = excluded.map_index, value = excluded.value",
);
static ASSET_DELETE: Statement = Statement::new("DELETE FROM asset_state_store WHERE asset_id = $1 AND key = $2");
static ASSET_CLEAR: Statement = Statement::new("DELETE FROM asset_state_store WHERE asset_id = $1");

impl Store {
    /// Everything that a task instance remembers, by key.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn task_states_of(&self, of: &TaskScope, now: Timestamp) -> Result<Vec<TaskStateRow>, Error> {
        let query = TASK_LIST.bind(of.run_key).bind(&of.task_id).bind(of.map_index).bind(now);
        query.all(&mut self.db().reader().await?).await
    }

    /// What a task instance remembers under a key.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn task_state(&self, of: &TaskScope, key: &str, now: Timestamp) -> Result<Option<TaskStateRow>, Error> {
        let query = TASK_GET.bind(of.run_key).bind(&of.task_id).bind(of.map_index).bind(key).bind(now);
        query.optional(&mut self.db().reader().await?).await
    }

    /// Remembers a value until then; answers whether there is such a run.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn set_task_state(
        &self,
        of: &TaskScope,
        key: &str,
        value: &Value,
        expires_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let mut tx = self.begin().await?;
        let written = TASK_SET
            .bind(of.run_key)
            .bind(&of.task_id)
            .bind(of.map_index)
            .bind(key)
            .bind(now)
            .bind(expires_at)
            .bind(value.to_string().replace("\\u0000", "\\ufffd"))
            .run(&mut tx)
            .await?;
        tx.commit().await?;
        Ok(written > 0)
    }

    /// Forgets a key; answers whether it was there.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn delete_task_state(&self, of: &TaskScope, key: &str) -> Result<bool, Error> {
        let mut tx = self.begin().await?;
        let query = TASK_DELETE.bind(of.run_key).bind(&of.task_id).bind(of.map_index).bind(key);
        let deleted = query.run(&mut tx).await?;
        tx.commit().await?;
        Ok(deleted > 0)
    }

    /// Forgets everything of a task instance, or of all instances of its task in the run.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn clear_task_state(&self, of: &TaskScope, all_map_indexes: bool) -> Result<u64, Error> {
        let mut tx = self.begin().await?;
        let query = TASK_CLEAR.bind(of.run_key).bind(&of.task_id).bind(of.map_index).bind(all_map_indexes);
        let deleted = query.run(&mut tx).await?;
        tx.commit().await?;
        Ok(deleted)
    }

    /// Expired entries: DAG, run, task, map index, key.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn expired_task_states(
        &self,
        now: Timestamp,
    ) -> Result<Vec<(String, String, String, i32, String)>, Error> {
        EXPIRED.bind(now).all(&mut self.db().reader().await?).await
    }

    /// Deletes expired entries, so many in one transaction; answers how many there were.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn clean_task_states(&self, now: Timestamp, at_once: i64) -> Result<u64, Error> {
        let mut all = 0;
        loop {
            let mut tx = self.begin().await?;
            let deleted = CLEAN.bind(now).bind(at_once.max(1)).run(&mut tx).await?;
            tx.commit().await?;
            all += deleted;
            if deleted == 0 {
                return Ok(all);
            }
        }
    }

    /// Everything that is remembered of an asset, by key.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn asset_states(&self, asset_id: i64) -> Result<Vec<AssetStateRow>, Error> {
        ASSET_LIST.bind(asset_id).all(&mut self.db().reader().await?).await
    }

    /// What is remembered of an asset under a key.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn asset_state(&self, asset_id: i64, key: &str) -> Result<Option<AssetStateRow>, Error> {
        ASSET_GET.bind(asset_id).bind(key).optional(&mut self.db().reader().await?).await
    }

    /// Remembers a value of an asset; answers whether there is such an asset.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn set_asset_state(
        &self,
        asset_id: i64,
        key: &str,
        value: &Value,
        writer: &AssetWriter,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let (kind, place) = match writer {
            AssetWriter::Api => ("api", None),
            AssetWriter::Watcher => ("watcher", None),
            AssetWriter::Task(dag_id, run_id, task_id, map_index) => {
                ("task", Some((dag_id, run_id, task_id, *map_index)))
            }
        };
        let mut tx = self.begin().await?;
        let written = ASSET_SET
            .bind(asset_id)
            .bind(key)
            .bind(now)
            .bind(kind)
            .bind(place.map(|(dag_id, ..)| dag_id.clone()))
            .bind(place.map(|(_, run_id, ..)| run_id.clone()))
            .bind(place.map(|(_, _, task_id, _)| task_id.clone()))
            .bind(place.map(|(.., map_index)| map_index))
            .bind(value.to_string().replace("\\u0000", "\\ufffd"))
            .run(&mut tx)
            .await?;
        tx.commit().await?;
        Ok(written > 0)
    }

    /// Forgets a key of an asset; answers whether it was there.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn delete_asset_state(&self, asset_id: i64, key: &str) -> Result<bool, Error> {
        let mut tx = self.begin().await?;
        let deleted = ASSET_DELETE.bind(asset_id).bind(key).run(&mut tx).await?;
        tx.commit().await?;
        Ok(deleted > 0)
    }

    /// Forgets everything of an asset.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn clear_asset_state(&self, asset_id: i64) -> Result<u64, Error> {
        let mut tx = self.begin().await?;
        let deleted = ASSET_CLEAR.bind(asset_id).run(&mut tx).await?;
        tx.commit().await?;
        Ok(deleted)
    }
}
