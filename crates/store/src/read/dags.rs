//! DAGs as REST and UI list them.

use std::collections::HashMap;

use tradewind_core::Timestamp;

use super::exec::select;
use super::query::{Column, Filter, Listed, Match, OrderBy, Page, Span, column, nullable};
use crate::row::row;
use crate::sql::Dialect;
use crate::{Error, Store};

row! {
    /// A DAG's row.
    pub struct DagView {
        /// Id.
        pub dag_id: String = "d.dag_id",
        /// Shown instead of the id.
        pub display_name: Option<String> = "d.display_name",
        /// Bundle that has the file.
        pub bundle_name: String = "d.bundle_name",
        /// File, relative to the bundle.
        pub relative_fileloc: String = "d.relative_fileloc",
        /// File, absolute.
        pub fileloc: String = "d.fileloc",
        /// No scheduled runs are made, none are started.
        pub is_paused: bool = "d.is_paused",
        /// The file does not have it any more.
        pub is_stale: bool = "d.is_stale",
        /// One line.
        pub description: Option<String> = "d.description",
        /// JSON array of names.
        pub owners: String = "d.owners",
        /// JSON of the timetable.
        pub timetable: String = "d.timetable",
        /// For people: `0 0 * * *`.
        pub timetable_summary: Option<String> = "d.timetable_summary",
        /// For people: `At 00:00`.
        pub timetable_description: Option<String> = "d.timetable_description",
        /// First logical date.
        pub start_date: Option<Timestamp> = "d.start_date",
        /// Last logical date.
        pub end_date: Option<Timestamp> = "d.end_date",
        /// Create the runs that were missed.
        pub catchup: bool = "d.catchup",
        /// Limit of running runs.
        pub max_active_runs: i32 = "d.max_active_runs",
        /// Types of runs that it may have; empty: all.
        pub allowed_run_types: Vec<String> = "d.allowed_run_types",
        /// Limit of task instances of a run.
        pub max_active_tasks: i32 = "d.max_active_tasks",
        /// Pause after so many failures in a row.
        pub max_consecutive_failed_dag_runs: i32 = "d.max_consecutive_failed_dag_runs",
        /// The file has an import error.
        pub has_import_errors: bool = "d.has_import_errors",
        /// Next scheduled run.
        pub next_logical_date: Option<Timestamp> = "d.next_logical_date",
        /// Its data interval's start.
        pub next_interval_start: Option<Timestamp> = "d.next_interval_start",
        /// Its data interval's end.
        pub next_interval_end: Option<Timestamp> = "d.next_interval_end",
        /// When it is due.
        pub next_run_after: Option<Timestamp> = "d.next_run_after",
        /// When the file was last parsed.
        pub last_parsed_at: Option<Timestamp> = "d.last_parsed_at",
        /// How long that took.
        pub last_parse_ms: Option<i64> = "d.last_parse_ms",
        /// Its newest version.
        pub latest_version_id: Option<i64> = "d.latest_version_id",
    }
}

/// Which DAGs.
#[derive(Clone, Debug, Default)]
pub struct DagFilter {
    /// By id.
    pub dag_id: Match,
    /// By display name (the id where there is none).
    pub display_name: Match,
    /// Id or display name contains this text, whatever the case.
    pub search: Option<String>,
    /// With these tags.
    pub tags: Vec<String>,
    /// With all of the tags instead of any.
    pub all_tags: bool,
    /// Owned by any of these.
    pub owners: Vec<String>,
    /// Also those that are gone from their files.
    pub include_stale: bool,
    /// Paused or not.
    pub paused: Option<bool>,
    /// The file has an import error or not.
    pub has_import_errors: Option<bool>,
    /// The schedule waits for assets or not.
    pub has_asset_schedule: Option<bool>,
    /// Of an asset that the schedule waits for: its name or URI.
    pub asset: Match,
    /// State of the newest run.
    pub last_run_state: Option<String>,
    /// By bundle.
    pub bundle_name: Option<String>,
    /// By the newest version's bundle version.
    pub bundle_version: Option<String>,
    /// The user whose favourites are meant, and whether these or the others.
    pub favorite_of: Option<(String, bool)>,
    /// Kinds of timetables, as `core::timetable::TimetableSpec` names them; none: any.
    pub timetable_kinds: Vec<String>,
    /// With a run in one of these states, and with these bounds.
    pub run_states: Vec<String>,
    /// Start of that run.
    pub run_start: Span<i64>,
    /// End of that run.
    pub run_end: Span<i64>,
}

/// What `order_by` may name.
pub const DAG_COLUMNS: &[Column] = &[
    column("dag_id", "d.dag_id"),
    column("dag_display_name", "COALESCE(d.display_name, d.dag_id)"),
    nullable("next_dagrun", "d.next_logical_date"),
    nullable("next_dagrun_run_after", "d.next_run_after"),
    nullable(
        "last_run_state",
        "(SELECT r.state FROM dag_run r WHERE r.dag_id = d.dag_id ORDER BY r.run_after DESC, r.id DESC LIMIT 1)",
    ),
    nullable(
        "last_run_start_date",
        "(SELECT r.start_date FROM dag_run r WHERE r.dag_id = d.dag_id ORDER BY r.run_after DESC, r.id DESC LIMIT 1)",
    ),
    nullable(
        "last_run_run_after",
        "(SELECT r.run_after FROM dag_run r WHERE r.dag_id = d.dag_id ORDER BY r.run_after DESC, r.id DESC LIMIT 1)",
    ),
];

impl DagFilter {
    fn apply(&self, f: &mut Filter) {
        f.visible("d.dag_id");
        f.matches("d.dag_id", &self.dag_id);
        f.matches("COALESCE(d.display_name, d.dag_id)", &self.display_name);
        if let Some(search) = &self.search {
            let escaped = search.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_").replace('|', "_");
            let by = Match { pattern: Some(format!("%{escaped}%")), prefix: None };
            f.matches("d.dag_id || ' ' || COALESCE(d.display_name, '')", &by);
        }
        if !self.tags.is_empty() {
            let among = f.one_of("t.name", &self.tags);
            let from = format!("FROM dag_tag t WHERE t.dag_id = d.dag_id AND {among}");
            if self.all_tags {
                let mut wanted = self.tags.clone();
                wanted.sort();
                wanted.dedup();
                f.and(&format!("(SELECT COUNT(*) {from}) = {}", wanted.len()));
            } else {
                f.and(&format!("EXISTS (SELECT 1 {from})"));
            }
        }
        if !self.owners.is_empty() {
            // `owners` is a JSON array of plain names, so a quoted name is found as text.
            let any: Vec<String> = self
                .owners
                .iter()
                .map(|owner| {
                    let quoted = serde_json::Value::from(owner.as_str()).to_string();
                    let place = f.bind(quoted.into());
                    format!("{} > 0", f.position("d.owners", &place))
                })
                .collect();
            f.and(&any.join(" OR "));
        }
        if !self.include_stale {
            f.and("NOT d.is_stale");
        }
        f.eq_bool("d.is_paused", self.paused);
        f.eq_bool("d.has_import_errors", self.has_import_errors);
        f.eq_some("d.bundle_name", self.bundle_name.as_deref());
        f.eq_some(
            "(SELECT v.bundle_version FROM dag_version v WHERE v.id = d.latest_version_id)",
            self.bundle_version.as_deref(),
        );
        if let Some((username, wanted)) = &self.favorite_of {
            let place = f.bind(username.into());
            let not = if *wanted { "" } else { "NOT " };
            f.and(&format!(
                "{not}EXISTS (SELECT 1 FROM dag_favorite o WHERE o.dag_id = d.dag_id AND o.username = {place})"
            ));
        }
        let kind = match f.dialect {
            Dialect::Sqlite => "(d.timetable ->> 'type')",
            Dialect::Postgres => "(d.timetable::json ->> 'type')",
        };
        f.any_text(kind, &self.timetable_kinds);
        f.eq_some(
            "(SELECT r.state FROM dag_run r WHERE r.dag_id = d.dag_id ORDER BY r.run_after DESC, r.id DESC LIMIT 1)",
            self.last_run_state.as_deref(),
        );
        if let Some(wanted) = self.has_asset_schedule {
            let not = if wanted { "" } else { "NOT " };
            let tables = ["asset_reference", "asset_alias_reference", "asset_loose_reference"];
            let waits = tables.map(|table| {
                format!("EXISTS (SELECT 1 FROM {table} AS s WHERE s.dag_id = d.dag_id AND s.kind = 'schedule')")
            });
            f.and(&format!("{not}({})", waits.join(" OR ")));
        }
        f.matches_asset(
            "asset_reference AS s JOIN asset AS a ON a.id = s.asset_id",
            "s.dag_id = d.dag_id AND s.kind = 'schedule'",
            &self.asset,
        );
        self.with_run(f);
    }

    /// One run must fit all conditions on runs.
    fn with_run(&self, f: &mut Filter) {
        let mut inner = Filter { dialect: f.dialect, text: String::new(), args: std::mem::take(&mut f.args) };
        inner.any_text("r.state", &self.run_states);
        inner.within("r.start_date", &self.run_start);
        inner.within("r.end_date", &self.run_end);
        f.args = inner.args;
        if !inner.text.is_empty() {
            f.and(&format!("d.dag_id IN (SELECT r.dag_id FROM dag_run r{})", inner.text));
        }
    }
}

impl Store {
    /// A page of DAGs.
    ///
    /// # Errors
    /// The database's.
    pub async fn list_dags(&self, by: &DagFilter, order: &OrderBy, page: Page) -> Result<Listed<DagView>, Error> {
        let mut f = self.filter();
        by.apply(&mut f);
        let total = self.total(format!("SELECT COUNT(*) FROM dag d{}", f.text), &f.args).await?;
        let sql = format!("{} FROM dag d{}{}", select::<DagView>(), f.text, order.sql("d.dag_id"));
        let limit = f.page(page);
        Ok(Listed { rows: self.rows(sql + &limit, &f.args).await?, total })
    }

    /// One DAG, also when it is gone from its file.
    ///
    /// # Errors
    /// The database's.
    pub async fn find_dag(&self, dag_id: &str) -> Result<Option<DagView>, Error> {
        let mut f = self.filter();
        f.eq("d.dag_id", dag_id);
        f.visible("d.dag_id");
        self.first(format!("{} FROM dag d{}", select::<DagView>(), f.text), &f.args).await
    }

    /// Ids of all DAGs that fit, in order; for bulk changes.
    ///
    /// # Errors
    /// The database's.
    pub async fn dag_ids(&self, by: &DagFilter) -> Result<Vec<String>, Error> {
        let mut f = self.filter();
        by.apply(&mut f);
        let sql = format!("SELECT d.dag_id FROM dag d{} ORDER BY d.dag_id", f.text);
        Ok(self.rows::<(String,)>(sql, &f.args).await?.into_iter().map(|(id,)| id).collect())
    }

    /// Number of queued and running runs of a DAG.
    ///
    /// # Errors
    /// The database's.
    pub async fn active_run_count(&self, dag_id: &str) -> Result<i64, Error> {
        let mut f = self.filter();
        f.eq("dag_id", dag_id);
        f.and("state IN ('queued', 'running')");
        self.number(format!("SELECT COUNT(*) FROM dag_run{}", f.text), &f.args).await
    }

    /// Sorted tags of some DAGs.
    ///
    /// # Errors
    /// The database's.
    pub async fn tags_of(&self, dag_ids: &[String]) -> Result<HashMap<String, Vec<String>>, Error> {
        let mut by_dag: HashMap<String, Vec<String>> = HashMap::new();
        if dag_ids.is_empty() {
            return Ok(by_dag);
        }
        let mut f = self.filter();
        f.any_text("dag_id", dag_ids);
        let sql = format!("SELECT dag_id, name FROM dag_tag{} ORDER BY dag_id, name", f.text);
        for (dag_id, name) in self.rows::<(String, String)>(sql, &f.args).await? {
            by_dag.entry(dag_id).or_default().push(name);
        }
        Ok(by_dag)
    }

    /// A page of the names of all tags in use, and how many there are.
    ///
    /// # Errors
    /// The database's.
    pub async fn list_tags(&self, name: &Match, order: &OrderBy, page: Page) -> Result<Listed<String>, Error> {
        let mut f = self.filter();
        f.matches("t.name", name);
        f.visible("t.dag_id");
        let total = self.total(format!("SELECT COUNT(DISTINCT t.name) FROM dag_tag t{}", f.text), &f.args).await?;
        let sql = format!("SELECT DISTINCT t.name FROM dag_tag t{}{}", f.text, order.sql("t.name"));
        let limit = f.page(page);
        let rows = self.rows::<(String,)>(sql + &limit, &f.args).await?;
        Ok(Listed { rows: rows.into_iter().map(|(name,)| name).collect(), total })
    }
}

/// What `order_by` may name for tags.
pub const TAG_COLUMNS: &[Column] = &[column("name", "t.name")];
