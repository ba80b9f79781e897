//! Pools with their usage, variables and connections as REST lists them (secrets stay encrypted here).

use super::exec::select;
use super::query::{Column, Listed, Match, OrderBy, Page, column, nullable};
use crate::row::row;
use crate::{Error, Store, Usage};

row! {
    /// A pool.
    pub struct PoolView {
        /// Name.
        pub name: String = "p.name",
        /// Slots; -1: no limit.
        pub slots: i32 = "p.slots",
        /// For people.
        pub description: Option<String> = "p.description",
        /// Deferred tasks keep their slots.
        pub include_deferred: bool = "p.include_deferred",
    }
}

/// What `order_by` may name for pools.
pub const POOL_COLUMNS: &[Column] = &[
    column("id", "p.name"),
    column("name", "p.name"),
    column("pool", "p.name"),
    column("slots", "p.slots"),
    nullable("description", "p.description"),
    column("include_deferred", "p.include_deferred"),
];

/// What `order_by` may name for variables.
pub const VARIABLE_COLUMNS: &[Column] = &[
    column("id", "v.key"),
    column("key", "v.key"),
    column("_val", "v.val"),
    nullable("description", "v.description"),
    column("is_encrypted", "v.is_encrypted"),
];

/// What `order_by` may name for connections.
pub const CONNECTION_COLUMNS: &[Column] = &[
    column("id", "c.conn_id"),
    column("connection_id", "c.conn_id"),
    column("conn_id", "c.conn_id"),
    column("conn_type", "c.conn_type"),
    nullable("description", "c.description"),
    nullable("host", "c.host"),
    nullable("port", "c.port"),
];

impl Store {
    /// A page of pools.
    ///
    /// # Errors
    /// The database's.
    pub async fn list_pools(&self, name: &Match, order: &OrderBy, page: Page) -> Result<Listed<PoolView>, Error> {
        let mut f = self.filter();
        f.matches("p.name", name);
        let total = self.total(format!("SELECT COUNT(*) FROM pool p{}", f.text), &f.args).await?;
        let sql = format!("{} FROM pool p{}{}", select::<PoolView>(), f.text, order.sql("p.name"));
        let limit = f.page(page);
        Ok(Listed { rows: self.rows(sql + &limit, &f.args).await?, total })
    }

    /// One pool.
    ///
    /// # Errors
    /// The database's.
    pub async fn find_pool(&self, name: &str) -> Result<Option<PoolView>, Error> {
        let mut f = self.filter();
        f.eq("p.name", name);
        self.first(format!("{} FROM pool p{}", select::<PoolView>(), f.text), &f.args).await
    }

    /// Slots by pool and state of the task instances that are scheduled or in flight: `(pool, state, slots)`.
    ///
    /// # Errors
    /// The database's.
    pub async fn pool_usage(&self) -> Result<Vec<(String, String, i64)>, Error> {
        // The casts make both databases answer a whole number of one width.
        let sql = "SELECT pool, state, CAST(SUM(pool_slots) AS BIGINT) FROM task_instance \
                   WHERE state IN ('queued', 'running', 'restarting', 'deferred', 'awaiting_input') \
                   GROUP BY pool, state \
                   UNION ALL \
                   SELECT ti.pool, ti.state, CAST(SUM(ti.pool_slots) AS BIGINT) FROM task_instance ti \
                   JOIN dag_run r ON r.id = ti.run_key AND r.state IN ('queued', 'running') \
                   WHERE ti.state = 'scheduled' GROUP BY ti.pool, ti.state";
        self.rows(sql.into(), &[]).await
    }

    /// What is in use and the sizes of pools, to explain what tasks wait for. Takes no lock: the scheduler's own look,
    /// which decides, may see more.
    ///
    /// # Errors
    /// The database's.
    pub async fn current_usage(&self) -> Result<Usage, Error> {
        let pools = "SELECT name, CAST(slots AS BIGINT), include_deferred FROM pool ORDER BY name";
        let rows = "SELECT state IN ('queued', 'running', 'restarting'), pool, dag_id, run_key, task_id, executor, \
                    COUNT(*), CAST(SUM(pool_slots) AS BIGINT) FROM task_instance \
                    WHERE state IN ('queued', 'running', 'restarting', 'deferred', 'awaiting_input') \
                    GROUP BY 1, 2, 3, 4, 5, 6";
        Ok(Usage { pools: self.rows(pools.into(), &[]).await?, rows: self.rows(rows.into(), &[]).await? })
    }

    /// A page of the keys of variables.
    ///
    /// # Errors
    /// The database's.
    pub async fn list_variable_keys(&self, key: &Match, order: &OrderBy, page: Page) -> Result<Listed<String>, Error> {
        let mut f = self.filter();
        f.matches("v.key", key);
        let total = self.total(format!("SELECT COUNT(*) FROM variable v{}", f.text), &f.args).await?;
        let sql = format!("SELECT v.key FROM variable v{}{}", f.text, order.sql("v.key"));
        let limit = f.page(page);
        let rows = self.rows::<(String,)>(sql + &limit, &f.args).await?;
        Ok(Listed { rows: rows.into_iter().map(|(key,)| key).collect(), total })
    }

    /// A page of the ids of connections.
    ///
    /// # Errors
    /// The database's.
    pub async fn list_connection_ids(&self, id: &Match, order: &OrderBy, page: Page) -> Result<Listed<String>, Error> {
        let mut f = self.filter();
        f.matches("c.conn_id", id);
        let total = self.total(format!("SELECT COUNT(*) FROM connection c{}", f.text), &f.args).await?;
        let sql = format!("SELECT c.conn_id FROM connection c{}{}", f.text, order.sql("c.conn_id"));
        let limit = f.page(page);
        let rows = self.rows::<(String,)>(sql + &limit, &f.args).await?;
        Ok(Listed { rows: rows.into_iter().map(|(id,)| id).collect(), total })
    }
}
