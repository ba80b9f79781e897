//! DAG runs as REST and UI list them.

use tradewind_core::{RunState, RunType, Timestamp};

use super::exec::select;
use super::query::{Column, Cursor, Cut, Filter, Listed, Match, OrderBy, Page, Span, column, nullable};
use crate::row::row;
use crate::{Error, Store};

row! {
    /// A run with what a client sees of its DAG.
    pub struct RunView {
        /// Database number.
        pub id: i64 = "r.id",
        /// DAG.
        pub dag_id: String = "r.dag_id",
        /// The user's id.
        pub run_id: String = "r.run_id",
        /// Why it exists.
        pub run_type: RunType = "r.run_type",
        /// What made it: `rest_api`, `timetable`, …
        pub triggered_by: String = "r.triggered_by",
        /// Who made it.
        pub triggering_user: Option<String> = "r.triggering_user",
        /// The instant that names it.
        pub logical_date: Option<Timestamp> = "r.logical_date",
        /// Start of the data.
        pub data_interval_start: Option<Timestamp> = "r.data_interval_start",
        /// End of the data.
        pub data_interval_end: Option<Timestamp> = "r.data_interval_end",
        /// Not before.
        pub run_after: Timestamp = "r.run_after",
        /// When it was created or cleared.
        pub queued_at: Option<Timestamp> = "r.queued_at",
        /// When it began.
        pub start_date: Option<Timestamp> = "r.start_date",
        /// When it ended.
        pub end_date: Option<Timestamp> = "r.end_date",
        /// Where it stands.
        pub state: RunState = "r.state",
        /// JSON object.
        pub conf: String = "r.conf",
        /// For people.
        pub note: Option<String> = "r.note",
        /// The partition that it is about.
        pub partition_key: Option<String> = "r.partition_key",
        /// The instant that the partition stands for.
        pub partition_date: Option<Timestamp> = "r.partition_date",
        /// When it was last written.
        pub updated_at: Timestamp = "r.updated_at",
        /// JSON object: task instance state to number.
        pub state_counts: String = "r.state_counts",
        /// Version of the DAG.
        pub dag_version_id: Option<i64> = "r.dag_version_id",
        /// Its number.
        pub version_number: Option<i32> = "v.version_number",
        /// Its bundle.
        pub version_bundle: Option<String> = "v.bundle_name",
        /// Its bundle's version.
        pub bundle_version: Option<String> = "r.bundle_version",
        /// When it was made.
        pub version_created_at: Option<Timestamp> = "v.created_at",
        /// Display name of the DAG, or its id.
        pub dag_display_name: String = "COALESCE(d.display_name, r.dag_id)",
    }
}

const FROM: &str =
    " FROM dag_run r LEFT JOIN dag d ON d.dag_id = r.dag_id LEFT JOIN dag_version v ON v.id = r.dag_version_id";

/// Which runs.
#[derive(Clone, Debug, Default)]
pub struct RunFilter {
    /// Of these DAGs; none: any.
    pub dag_ids: Vec<String>,
    /// With these ids; none: any.
    pub run_ids: Vec<String>,
    /// By DAG id.
    pub dag_id: Match,
    /// By run id.
    pub run_id: Match,
    /// By partition.
    pub partition_key: Match,
    /// By user.
    pub triggering_user: Match,
    /// Of an asset whose event they consumed: its name or URI.
    pub consumed_asset: Match,
    /// In these states; none: any.
    pub states: Vec<String>,
    /// Of these types; none: any.
    pub run_types: Vec<String>,
    /// With these numbers of the DAG's version; none: any.
    pub version_numbers: Vec<i64>,
    /// By the bundle's version.
    pub bundle_version: Option<String>,
    /// Of this partition.
    pub partition_key_is: Option<String>,
    /// Bounds of the instant that the partition stands for.
    pub partition_date: Span<i64>,
    /// `conf`, as JSON text, contains this.
    pub conf_contains: Option<String>,
    /// With these logical dates; none: any.
    pub logical_dates: Vec<i64>,
    /// Bounds.
    pub run_after: Span<i64>,
    /// Bounds.
    pub logical_date: Span<i64>,
    /// Bounds.
    pub start_date: Span<i64>,
    /// Bounds.
    pub end_date: Span<i64>,
    /// Bounds.
    pub updated_at: Span<i64>,
    /// Bounds in seconds.
    pub duration: Span<f64>,
}

/// What `order_by` may name.
pub const RUN_COLUMNS: &[Column] = &[
    column("id", "r.id"),
    column("dag_id", "r.dag_id"),
    column("run_id", "r.run_id"),
    column("dag_run_id", "r.run_id"),
    nullable("logical_date", "r.logical_date"),
    column("run_after", "r.run_after"),
    nullable("start_date", "r.start_date"),
    nullable("end_date", "r.end_date"),
    column("updated_at", "r.updated_at"),
    column("state", "r.state"),
    column("run_type", "r.run_type"),
    column("conf", "r.conf"),
    nullable("duration", "(r.end_date - r.start_date)"),
    nullable("queued_at", "r.queued_at"),
];

impl RunFilter {
    fn apply(&self, f: &mut Filter) {
        f.visible("r.dag_id");
        f.any_text("r.dag_id", &self.dag_ids);
        f.any_text("r.run_id", &self.run_ids);
        f.matches("r.dag_id", &self.dag_id);
        f.matches("r.run_id", &self.run_id);
        f.matches("r.partition_key", &self.partition_key);
        f.matches("r.triggering_user", &self.triggering_user);
        f.matches_asset(
            "dag_run_asset_event AS c JOIN asset_event AS e ON e.id = c.event_id JOIN asset AS a ON a.id = e.asset_id",
            "c.run_key = r.id",
            &self.consumed_asset,
        );
        f.any_text("r.state", &self.states);
        if self.states == ["failed"] {
            f.and("r.state = 'failed'");
        }
        if !self.states.is_empty() && self.states.iter().all(|state| state == "queued" || state == "running") {
            // Says to the planner of either database that the small index of active runs is enough.
            f.and("r.state IN ('queued', 'running')");
        }
        f.any_text("r.run_type", &self.run_types);
        f.any_int("v.version_number", &self.version_numbers);
        f.eq_some("r.bundle_version", self.bundle_version.as_deref());
        if let Some(part) = &self.conf_contains {
            let place = f.bind(part.into());
            let position = f.position("r.conf", &place);
            f.and(&format!("{position} > 0"));
        }
        f.eq_some("r.partition_key", self.partition_key_is.as_deref());
        f.within("r.partition_date", &self.partition_date);
        f.within("r.run_after", &self.run_after);
        f.any_int("r.logical_date", &self.logical_dates);
        f.within("r.logical_date", &self.logical_date);
        f.within("r.start_date", &self.start_date);
        f.within("r.end_date", &self.end_date);
        f.within("r.updated_at", &self.updated_at);
        f.within_seconds("(r.end_date - r.start_date)", &self.duration);
    }
}

impl Store {
    /// A page of runs.
    ///
    /// # Errors
    /// The database's.
    pub async fn list_runs(&self, by: &RunFilter, order: &OrderBy, page: Page) -> Result<Listed<RunView>, Error> {
        let mut f = self.filter();
        by.apply(&mut f);
        let from = if f.asks(&["v"]) { FROM } else { " FROM dag_run r" };
        let total = self.total(format!("SELECT COUNT(*){from}{}", f.text), &f.args).await?;
        if total <= page.offset {
            return Ok(Listed { rows: Vec::new(), total });
        }
        let sql = format!("{}{FROM}{}{}", select::<RunView>(), f.text, order.sql("r.id"));
        let limit = f.page(page);
        Ok(Listed { rows: self.rows(sql + &limit, &f.args).await?, total })
    }

    /// A page of runs beyond a run.
    ///
    /// # Errors
    /// The database's.
    pub async fn cut_runs(
        &self,
        by: &RunFilter,
        order: &OrderBy,
        cursor: Cursor,
        limit: i64,
    ) -> Result<Cut<RunView>, Error> {
        let mut f = self.filter();
        by.apply(&mut f);
        self.cut(FROM, &f, order, "r.id", cursor, limit).await
    }

    /// How many runs fit.
    ///
    /// # Errors
    /// The database's.
    pub async fn count_runs(&self, by: &RunFilter) -> Result<i64, Error> {
        let mut f = self.filter();
        by.apply(&mut f);
        self.number(format!("SELECT COUNT(*){FROM}{}", f.text), &f.args).await
    }

    /// One run by the user's id.
    ///
    /// # Errors
    /// The database's.
    pub async fn find_run(&self, dag_id: &str, run_id: &str) -> Result<Option<RunView>, Error> {
        let mut f = self.filter();
        f.eq("r.dag_id", dag_id);
        f.eq("r.run_id", run_id);
        f.visible("r.dag_id");
        self.first(format!("{}{FROM}{}", select::<RunView>(), f.text), &f.args).await
    }

    /// One run by the database's number.
    ///
    /// # Errors
    /// The database's.
    pub async fn find_run_by_key(&self, run_key: i64) -> Result<Option<RunView>, Error> {
        let mut f = self.filter();
        f.eq_int("r.id", Some(run_key));
        f.visible("r.dag_id");
        self.first(format!("{}{FROM}{}", select::<RunView>(), f.text), &f.args).await
    }

    /// Number of runs of each of some DAGs that are queued or running: `(dag_id, state, number)`.
    ///
    /// # Errors
    /// The database's.
    pub async fn active_run_counts(&self, dag_ids: &[String]) -> Result<Vec<(String, RunState, i64)>, Error> {
        if dag_ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut f = self.filter();
        f.any_text("r.dag_id", dag_ids);
        f.and("r.state IN ('queued', 'running')");
        let sql = format!("SELECT r.dag_id, r.state, COUNT(*) FROM dag_run r{} GROUP BY r.dag_id, r.state", f.text);
        self.rows(sql, &f.args).await
    }

    /// Number of runs of each DAG in each state: `(dag_id, display name, state, number)`, ordered by DAG.
    ///
    /// # Errors
    /// The database's.
    pub async fn run_counts(&self, dag_ids: &[String]) -> Result<Vec<(String, String, RunState, i64)>, Error> {
        let mut f = self.filter();
        f.any_text("r.dag_id", dag_ids);
        f.visible("r.dag_id");
        let sql = format!(
            "SELECT r.dag_id, COALESCE(d.display_name, r.dag_id), r.state, COUNT(*) \
             FROM dag_run r JOIN dag d ON d.dag_id = r.dag_id{} \
             GROUP BY r.dag_id, COALESCE(d.display_name, r.dag_id), r.state ORDER BY 1, 3",
            f.text
        );
        self.rows(sql, &f.args).await
    }
}
