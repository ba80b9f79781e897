//! Deadlines of runs, for people.

use tradewind_core::Timestamp;

use super::exec::select;
use super::query::{Column, Listed, OrderBy, Page, Span, column};
use crate::row::row;
use crate::{Error, Store};

row! {
    /// A deadline of a run.
    pub struct DeadlineView {
        /// Its id: a UUID.
        pub uuid: String = "d.uuid",
        /// DAG.
        pub dag_id: String = "d.dag_id",
        /// Run.
        pub run_id: String = "r.run_id",
        /// By when the run was to have succeeded.
        pub due_at: Timestamp = "d.due_at",
        /// It had not.
        pub missed: bool = "d.missed",
        /// When the deadline was made.
        pub created_at: Timestamp = "d.created_at",
        /// Position among the DAG's alerts.
        pub alert: i32 = "d.alert",
        /// Version of the DAG that has the alert.
        pub dag_version_id: Option<i64> = "d.dag_version_id",
    }
}

/// Which deadlines.
#[derive(Clone, Debug, Default)]
pub struct DeadlineFilter {
    /// Exact.
    pub dag_id: Option<String>,
    /// Exact.
    pub run_id: Option<String>,
    /// Only those that were missed, or were not.
    pub missed: Option<bool>,
    /// When they are due.
    pub due_at: Span<i64>,
    /// When they were last written.
    pub updated_at: Span<i64>,
}

/// What `order_by` may name for deadlines.
pub const DEADLINE_COLUMNS: &[Column] = &[
    column("id", "d.id"),
    column("deadline_time", "d.due_at"),
    column("created_at", "d.created_at"),
    column("last_updated_at", "d.updated_at"),
];

const FROM: &str = " FROM deadline AS d JOIN dag_run AS r ON r.id = d.run_key";

impl Store {
    /// A page of deadlines, with the names of their alerts.
    ///
    /// # Errors
    /// The database's.
    pub async fn list_deadlines(
        &self,
        by: &DeadlineFilter,
        order: &OrderBy,
        page: Page,
    ) -> Result<Listed<(DeadlineView, Option<String>)>, Error> {
        let mut f = self.filter();
        f.eq("d.kind", "deadline");
        f.eq_some("d.dag_id", by.dag_id.as_deref());
        f.visible("d.dag_id");
        f.eq_some("r.run_id", by.run_id.as_deref());
        f.eq_bool("d.missed", by.missed);
        f.within("d.due_at", &by.due_at);
        f.within("d.updated_at", &by.updated_at);
        let total = self.total(format!("SELECT COUNT(*){FROM}{}", f.text), &f.args).await?;
        let sql = format!("{}{FROM}{}{}", select::<DeadlineView>(), f.text, order.sql("d.id"));
        let limit = f.page(page);
        let found: Vec<DeadlineView> = self.rows(sql + &limit, &f.args).await?;
        let mut rows = Vec::with_capacity(found.len());
        for deadline in found {
            let name = self.deadline_name(deadline.dag_version_id, deadline.alert).await?;
            rows.push((deadline, name));
        }
        Ok(Listed { rows, total })
    }
}
