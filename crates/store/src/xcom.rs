//! XComs: what tasks leave for other tasks.

use tradewind_core::Timestamp;

use crate::sql::Statement;
use crate::{Error, Store, Topic};

/// The name of an XCom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct XComKey {
    /// The run.
    pub run_key: i64,
    /// The task.
    pub task_id: String,
    /// -1 when not mapped.
    pub map_index: i32,
    /// `return_value` for what a task returned.
    pub key: String,
}

static GET: Statement =
    Statement::new("SELECT value FROM xcom WHERE run_key = $1 AND task_id = $2 AND map_index = $3 AND key = $4");
static GET_ALL: Statement = Statement::new(
    "SELECT map_index, value FROM xcom WHERE run_key = $1 AND task_id = $2 AND key = $3 ORDER BY map_index",
);
static GET_SOME: Statement = Statement::new(
    "SELECT map_index, value FROM xcom WHERE run_key = $1 AND task_id = $2 AND key = $3
     ORDER BY map_index LIMIT $4 OFFSET $5",
);
static KEYS: Statement =
    Statement::new("SELECT key FROM xcom WHERE run_key = $1 AND task_id = $2 AND map_index = $3 ORDER BY key");
static COUNT: Statement = Statement::new("SELECT COUNT(*) FROM xcom WHERE run_key = $1 AND task_id = $2 AND key = $3");
static GET_PRIOR: Statement = Statement::new(
    "SELECT x.value FROM dag_run AS r
     JOIN dag_run AS p ON p.dag_id = r.dag_id AND p.logical_date <= r.logical_date
     JOIN xcom AS x ON x.run_key = p.id AND x.task_id = $2 AND x.map_index = $3 AND x.key = $4
     WHERE r.id = $1
     ORDER BY p.logical_date DESC
     LIMIT 1",
);
static SET: Statement = Statement::new(
    "INSERT INTO xcom (run_key, task_id, map_index, key, dag_id, created_at, value)
     SELECT id, $2, $3, $4, dag_id, $5, $6 FROM dag_run WHERE id = $1
     ON CONFLICT (run_key, task_id, map_index, key)
     DO UPDATE SET value = excluded.value, created_at = excluded.created_at",
);
static DELETE: Statement =
    Statement::new("DELETE FROM xcom WHERE run_key = $1 AND task_id = $2 AND map_index = $3 AND key = $4");

impl Store {
    /// An XCom's JSON value.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn xcom_get(&self, xcom: &XComKey) -> Result<Option<String>, Error> {
        let query = GET.bind(xcom.run_key).bind(&xcom.task_id).bind(xcom.map_index).bind(&xcom.key);
        Ok(query.optional::<(String,)>(&mut self.db().reader().await?).await?.map(|(value,)| value))
    }

    /// The values of all map indexes of a task, in order: `(map_index, JSON)`.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn xcom_get_all(&self, run_key: i64, task_id: &str, key: &str) -> Result<Vec<(i32, String)>, Error> {
        GET_ALL.bind(run_key).bind(task_id).bind(key).all(&mut self.db().reader().await?).await
    }

    /// Like [`Store::xcom_get_all`], without the first `start`, and no more than `limit`.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn xcom_get_some(
        &self,
        run_key: i64,
        task_id: &str,
        key: &str,
        start: u32,
        limit: Option<u32>,
    ) -> Result<Vec<(i32, String)>, Error> {
        let (limit, start) = (limit.map_or(i64::MAX, i64::from), i64::from(start));
        let query = GET_SOME.bind(run_key).bind(task_id).bind(key).bind(limit).bind(start);
        query.all(&mut self.db().reader().await?).await
    }

    /// How many values [`Store::xcom_get_all`] has.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn xcom_count(&self, run_key: i64, task_id: &str, key: &str) -> Result<i64, Error> {
        let query = COUNT.bind(run_key).bind(task_id).bind(key);
        Ok(query.optional::<(i64,)>(&mut self.db().reader().await?).await?.map_or(0, |(count,)| count))
    }

    /// The keys that a task instance has, sorted.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn xcom_keys(&self, run_key: i64, task_id: &str, map_index: i32) -> Result<Vec<String>, Error> {
        let query = KEYS.bind(run_key).bind(task_id).bind(map_index);
        let keys = query.all::<(String,)>(&mut self.db().reader().await?).await?;
        Ok(keys.into_iter().map(|(key,)| key).collect())
    }

    /// The newest value in the run or in one before it, by logical date.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn xcom_get_prior(&self, xcom: &XComKey) -> Result<Option<String>, Error> {
        let query = GET_PRIOR.bind(xcom.run_key).bind(&xcom.task_id).bind(xcom.map_index).bind(&xcom.key);
        Ok(query.optional::<(String,)>(&mut self.db().reader().await?).await?.map(|(value,)| value))
    }

    /// Stores an XCom's JSON value; answers whether there is such a run.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn xcom_set(&self, xcom: &XComKey, value: &str, at: Timestamp) -> Result<bool, Error> {
        let mut tx = self.begin().await?;
        let written = SET
            .bind(xcom.run_key)
            .bind(&xcom.task_id)
            .bind(xcom.map_index)
            .bind(&xcom.key)
            .bind(at)
            .bind(value)
            .run(&mut tx)
            .await?;
        tx.notify(Topic::Ui);
        tx.commit().await?;
        Ok(written > 0)
    }

    /// Forgets an XCom; answers whether there was one.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn xcom_delete(&self, xcom: &XComKey) -> Result<bool, Error> {
        let mut tx = self.begin().await?;
        let query = DELETE.bind(xcom.run_key).bind(&xcom.task_id).bind(xcom.map_index).bind(&xcom.key);
        let deleted = query.run(&mut tx).await?;
        tx.notify(Topic::Ui);
        tx.commit().await?;
        Ok(deleted > 0)
    }
}
