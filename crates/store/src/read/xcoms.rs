//! XComs as REST lists them.

use tradewind_core::Timestamp;

use super::exec::select;
use super::query::{Column, Listed, Match, OrderBy, Page, Span, column};
use crate::row::row;
use crate::{Error, Store};

row! {
    /// An XCom with what a client sees of its run and DAG.
    pub struct XComView {
        /// Key.
        pub key: String = "x.key",
        /// When it was pushed.
        pub created_at: Timestamp = "x.created_at",
        /// Date of its run.
        pub logical_date: Option<Timestamp> = "r.logical_date",
        /// Due time of its run.
        pub run_after: Timestamp = "r.run_after",
        /// Map index of its task.
        pub map_index: i32 = "x.map_index",
        /// Task.
        pub task_id: String = "x.task_id",
        /// DAG.
        pub dag_id: String = "x.dag_id",
        /// Run.
        pub run_id: String = "r.run_id",
        /// Display name of the DAG, or its id.
        pub dag_display_name: String = "COALESCE(d.display_name, x.dag_id)",
        /// Version of the DAG that the run uses.
        pub dag_version_id: Option<i64> = "r.dag_version_id",
    }
}

const FROM: &str = " FROM xcom x JOIN dag_run r ON r.id = x.run_key LEFT JOIN dag d ON d.dag_id = x.dag_id";

/// Which XComs.
#[derive(Clone, Debug, Default)]
pub struct XComFilter {
    /// Of this DAG.
    pub dag_id: Option<String>,
    /// Of this run.
    pub run_id: Option<String>,
    /// Of this task.
    pub task_id: Option<String>,
    /// Of these map indexes; none: any.
    pub map_indexes: Vec<i64>,
    /// With this key.
    pub key: Option<String>,
    /// By key.
    pub key_match: Match,
    /// By task.
    pub task_match: Match,
    /// By run.
    pub run_match: Match,
    /// By display name of the DAG.
    pub dag_match: Match,
    /// Bounds.
    pub logical_date: Span<i64>,
    /// Bounds.
    pub run_after: Span<i64>,
}

/// What `order_by` may name.
pub const XCOM_COLUMNS: &[Column] = &[
    column("dag_id", "x.dag_id"),
    column("task_id", "x.task_id"),
    column("run_id", "r.run_id"),
    column("map_index", "x.map_index"),
    column("key", "x.key"),
    column("timestamp", "x.created_at"),
    column("run_after", "r.run_after"),
];

impl Store {
    /// A page of XComs, without their values.
    ///
    /// # Errors
    /// The database's.
    pub async fn list_xcoms(&self, by: &XComFilter, order: &OrderBy, page: Page) -> Result<Listed<XComView>, Error> {
        let mut f = self.filter();
        f.eq_some("r.dag_id", by.dag_id.as_deref());
        f.eq_some("r.run_id", by.run_id.as_deref());
        f.eq_some("x.task_id", by.task_id.as_deref());
        f.any_int("x.map_index", &by.map_indexes);
        f.eq_some("x.key", by.key.as_deref());
        f.visible("x.dag_id");
        f.matches("x.key", &by.key_match);
        f.matches("x.task_id", &by.task_match);
        f.matches("r.run_id", &by.run_match);
        f.matches("COALESCE(d.display_name, x.dag_id)", &by.dag_match);
        f.within("r.logical_date", &by.logical_date);
        f.within("r.run_after", &by.run_after);
        let total = self.total(format!("SELECT COUNT(*){FROM}{}", f.text), &f.args).await?;
        let order = order.sql("x.run_key");
        let sql = format!("{}{FROM}{}{order}, x.task_id, x.map_index, x.key", select::<XComView>(), f.text);
        let limit = f.page(page);
        Ok(Listed { rows: self.rows(sql + &limit, &f.args).await?, total })
    }

    /// One XCom and its JSON value.
    ///
    /// # Errors
    /// The database's.
    pub async fn find_xcom(
        &self,
        dag_id: &str,
        run_id: &str,
        task_id: &str,
        map_index: i32,
        key: &str,
    ) -> Result<Option<(XComView, String)>, Error> {
        let mut f = self.filter();
        f.eq("r.dag_id", dag_id);
        f.eq("r.run_id", run_id);
        f.eq("x.task_id", task_id);
        f.eq_int("x.map_index", Some(i64::from(map_index)));
        f.eq("x.key", key);
        f.visible("x.dag_id");
        let Some(view) = self.first::<XComView>(format!("{}{FROM}{}", select::<XComView>(), f.text), &f.args).await?
        else {
            return Ok(None);
        };
        let value = self.first::<(String,)>(format!("SELECT x.value{FROM}{}", f.text), &f.args).await?;
        Ok(value.map(|(value,)| (view, value)))
    }
}
