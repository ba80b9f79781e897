//! Backfills as REST and CLI list them.

use serde_json::Value;
use tradewind_core::{Reprocess, Timestamp};

use super::exec::select;
use super::query::{Column, Listed, OrderBy, Page, column, nullable};
use crate::row::row;
use crate::{Error, Store};

row! {
    /// A backfill.
    pub struct BackfillView {
        /// Its number.
        pub id: i64 = "b.id",
        /// Its DAG.
        pub dag_id: String = "b.dag_id",
        /// Display name of the DAG, or its id.
        pub dag_display_name: String = "COALESCE(d.display_name, b.dag_id)",
        /// First logical date.
        pub from_date: Timestamp = "b.from_date",
        /// Last logical date.
        pub to_date: Timestamp = "b.to_date",
        /// Configuration of its runs.
        pub dag_run_conf: Option<Value> = "b.dag_run_conf",
        /// No run of it begins.
        pub is_paused: bool = "b.is_paused",
        /// What happens to dates that have a run.
        pub reprocess_behavior: Reprocess = "b.reprocess_behavior",
        /// Runs at once.
        pub max_active_runs: u32 = "b.max_active_runs",
        /// When it was made.
        pub created_at: Timestamp = "b.created_at",
        /// When it was over, or cancelled.
        pub completed_at: Option<Timestamp> = "b.completed_at",
        /// When it was last changed.
        pub updated_at: Timestamp = "b.updated_at",
    }
}

row! {
    /// What became of one date of a backfill.
    pub struct BackfillDateView {
        /// Order of starting, from 1.
        pub ordinal: i32 = "x.ordinal",
        /// The date.
        pub logical_date: Option<Timestamp> = "x.logical_date",
        /// The run, unless it was left out or deleted.
        pub run_id: Option<String> = "r.run_id",
        /// Its state.
        pub state: Option<tradewind_core::RunState> = "r.state",
        /// Why it was left out: `in flight`, `already exists`.
        pub exception_reason: Option<String> = "x.exception_reason",
    }
}

const FROM: &str = " FROM backfill b LEFT JOIN dag d ON d.dag_id = b.dag_id";

/// What `order_by` may name.
pub const BACKFILL_COLUMNS: &[Column] = &[
    column("id", "b.id"),
    column("dag_id", "b.dag_id"),
    column("from_date", "b.from_date"),
    column("to_date", "b.to_date"),
    column("is_paused", "b.is_paused"),
    column("reprocess_behavior", "b.reprocess_behavior"),
    column("max_active_runs", "b.max_active_runs"),
    column("created_at", "b.created_at"),
    nullable("completed_at", "b.completed_at"),
    column("updated_at", "b.updated_at"),
];

impl Store {
    /// A page of the backfills of a DAG.
    ///
    /// # Errors
    /// The database's.
    pub async fn list_backfills(
        &self,
        dag_id: &str,
        order: &OrderBy,
        page: Page,
    ) -> Result<Listed<BackfillView>, Error> {
        let mut f = self.filter();
        f.eq("b.dag_id", dag_id);
        f.visible("b.dag_id");
        let total = self.total(format!("SELECT COUNT(*){FROM}{}", f.text), &f.args).await?;
        let sql = format!("{}{FROM}{}{}", select::<BackfillView>(), f.text, order.sql("b.id"));
        let limit = f.page(page);
        Ok(Listed { rows: self.rows(sql + &limit, &f.args).await?, total })
    }

    /// One backfill.
    ///
    /// # Errors
    /// The database's.
    pub async fn find_backfill(&self, id: i64) -> Result<Option<BackfillView>, Error> {
        let mut f = self.filter();
        f.eq_int("b.id", Some(id));
        f.visible("b.dag_id");
        self.first(format!("{}{FROM}{}", select::<BackfillView>(), f.text), &f.args).await
    }

    /// What became of the dates of a backfill, in the order of starting.
    ///
    /// # Errors
    /// The database's.
    pub async fn backfill_dates(&self, id: i64) -> Result<Vec<BackfillDateView>, Error> {
        let mut f = self.filter();
        f.eq_int("x.backfill_id", Some(id));
        let from = " FROM backfill_dag_run x LEFT JOIN dag_run r ON r.id = x.run_key";
        let sql = format!("{}{from}{} ORDER BY x.ordinal", select::<BackfillDateView>(), f.text);
        self.rows(sql, &f.args).await
    }
}
