//! What the operators of an installation look at: import errors, event log, jobs.

use tradewind_core::Timestamp;

use super::exec::select;
use super::query::{Column, Listed, Match, OrderBy, Page, Span, column, nullable};
use crate::row::row;
use crate::{Error, Store};

row! {
    /// What is wrong with a file.
    pub struct ImportErrorView {
        /// Database number.
        pub id: i64 = "e.id",
        /// When it was found.
        pub at: Timestamp = "e.at",
        /// Bundle.
        pub bundle_name: String = "e.bundle_name",
        /// File, relative to the bundle.
        pub relative_fileloc: String = "e.relative_fileloc",
        /// File, absolute.
        pub fileloc: String = "e.fileloc",
        /// One line.
        pub message: String = "e.message",
        /// Line of the file.
        pub line: Option<i32> = "e.line",
        /// Python's words.
        pub traceback: String = "e.traceback",
    }
}

row! {
    /// Somebody did something.
    pub struct EventView {
        /// Database number.
        pub id: i64 = "l.id",
        /// When.
        pub at: Timestamp = "l.at",
        /// What: `trigger_dag_run`, …
        pub event: String = "l.event",
        /// To which DAG.
        pub dag_id: Option<String> = "l.dag_id",
        /// To which run.
        pub run_id: Option<String> = "l.run_id",
        /// To which task.
        pub task_id: Option<String> = "l.task_id",
        /// To which map index.
        pub map_index: Option<i32> = "l.map_index",
        /// To which try.
        pub try_number: Option<i32> = "l.try_number",
        /// Who.
        pub username: Option<String> = "l.username",
        /// Details, JSON.
        pub extra: Option<String> = "l.extra",
        /// Date of the run.
        pub logical_date: Option<Timestamp> = "r.logical_date",
        /// Display name of the DAG, or its id.
        pub dag_display_name: Option<String> = "COALESCE(d.display_name, l.dag_id)",
    }
}

row! {
    /// A long-lived process or part of one.
    pub struct JobView {
        /// Database number.
        pub id: i64 = "j.id",
        /// `scheduler`, `worker`, …
        pub kind: String = "j.kind",
        /// Where it runs.
        pub hostname: String = "j.hostname",
        /// Process id.
        pub pid: i64 = "j.pid",
        /// `running`, `ended`
        pub state: String = "j.state",
        /// When it began.
        pub started_at: Timestamp = "j.started_at",
        /// When it last said that it lives.
        pub heartbeat_at: Timestamp = "j.heartbeat_at",
        /// When it ended.
        pub ended_at: Option<Timestamp> = "j.ended_at",
        /// JSON object.
        pub details: String = "j.details",
    }
}

/// What `order_by` may name for import errors.
pub const IMPORT_ERROR_COLUMNS: &[Column] = &[
    column("id", "e.id"),
    column("import_error_id", "e.id"),
    column("timestamp", "e.at"),
    column("filename", "e.relative_fileloc"),
    column("bundle_name", "e.bundle_name"),
    column("stacktrace", "e.traceback"),
];

/// What `order_by` may name for the event log.
pub const EVENT_COLUMNS: &[Column] = &[
    column("id", "l.id"),
    column("event_log_id", "l.id"),
    column("when", "l.at"),
    column("dttm", "l.at"),
    column("event", "l.event"),
    nullable("dag_id", "l.dag_id"),
    nullable("task_id", "l.task_id"),
    nullable("run_id", "l.run_id"),
    nullable("owner", "l.username"),
    nullable("extra", "l.extra"),
];

/// What `order_by` may name for jobs.
pub const JOB_COLUMNS: &[Column] = &[
    column("id", "j.id"),
    column("state", "j.state"),
    column("job_type", "j.kind"),
    column("start_date", "j.started_at"),
    nullable("end_date", "j.ended_at"),
    column("latest_heartbeat", "j.heartbeat_at"),
    column("hostname", "j.hostname"),
];

/// Which import errors.
#[derive(Clone, Debug, Default)]
pub struct ImportErrorFilter {
    /// Of exactly this file.
    pub filename: Option<String>,
    /// By file.
    pub filename_match: Match,
    /// Of this bundle.
    pub bundle_name: Option<String>,
}

/// Which events.
#[derive(Clone, Debug, Default)]
pub struct EventFilter {
    /// Exact values.
    pub dag_id: Option<String>,
    /// Exact.
    pub run_id: Option<String>,
    /// Exact.
    pub task_id: Option<String>,
    /// Exact.
    pub map_index: Option<i64>,
    /// Exact.
    pub try_number: Option<i64>,
    /// Exact.
    pub username: Option<String>,
    /// Exact.
    pub event: Option<String>,
    /// Only these events; none: any.
    pub included: Vec<String>,
    /// Not these events.
    pub excluded: Vec<String>,
    /// When.
    pub at: Span<i64>,
    /// By DAG.
    pub dag_match: Match,
    /// By run.
    pub run_match: Match,
    /// By task.
    pub task_match: Match,
    /// By user.
    pub user_match: Match,
    /// By event.
    pub event_match: Match,
}

/// Which jobs.
#[derive(Clone, Debug, Default)]
pub struct JobFilter {
    /// In this state.
    pub state: Option<String>,
    /// Of this kind.
    pub kind: Option<String>,
    /// On this host.
    pub hostname: Option<String>,
    /// Heard of after this instant and running (or the opposite).
    pub alive_since: Option<(i64, bool)>,
    /// Bounds.
    pub started_at: Span<i64>,
    /// Bounds.
    pub ended_at: Span<i64>,
}

const EVENTS: &str = " FROM event_log l LEFT JOIN dag d ON d.dag_id = l.dag_id \
    LEFT JOIN dag_run r ON r.dag_id = l.dag_id AND r.run_id = l.run_id";

impl Store {
    /// A page of import errors.
    ///
    /// # Errors
    /// The database's.
    pub async fn list_import_errors(
        &self,
        by: &ImportErrorFilter,
        order: &OrderBy,
        page: Page,
    ) -> Result<Listed<ImportErrorView>, Error> {
        let mut f = self.filter();
        if let Some(filename) = &by.filename {
            let place = f.bind(filename.into());
            f.and(&format!("e.fileloc = {place} OR e.relative_fileloc = {place}"));
        }
        f.matches("e.relative_fileloc", &by.filename_match);
        f.eq_some("e.bundle_name", by.bundle_name.as_deref());
        f.visible_files("e");
        let total = self.total(format!("SELECT COUNT(*) FROM import_error e{}", f.text), &f.args).await?;
        let sql = format!("{} FROM import_error e{}{}", select::<ImportErrorView>(), f.text, order.sql("e.id"));
        let limit = f.page(page);
        Ok(Listed { rows: self.rows(sql + &limit, &f.args).await?, total })
    }

    /// One import error.
    ///
    /// # Errors
    /// The database's.
    pub async fn find_import_error(&self, id: i64) -> Result<Option<ImportErrorView>, Error> {
        let mut f = self.filter();
        f.eq_int("e.id", Some(id));
        f.visible_files("e");
        self.first(format!("{} FROM import_error e{}", select::<ImportErrorView>(), f.text), &f.args).await
    }

    /// A page of the event log.
    ///
    /// # Errors
    /// The database's.
    pub async fn list_events(&self, by: &EventFilter, order: &OrderBy, page: Page) -> Result<Listed<EventView>, Error> {
        let mut f = self.filter();
        f.eq_some("l.dag_id", by.dag_id.as_deref());
        f.visible_or_none("l.dag_id");
        f.eq_some("l.run_id", by.run_id.as_deref());
        f.eq_some("l.task_id", by.task_id.as_deref());
        f.eq_int("l.map_index", by.map_index);
        f.eq_int("l.try_number", by.try_number);
        f.eq_some("l.username", by.username.as_deref());
        f.eq_some("l.event", by.event.as_deref());
        f.any_text("l.event", &by.included);
        if !by.excluded.is_empty() {
            let among = f.one_of("l.event", &by.excluded);
            f.and(&format!("NOT ({among})"));
        }
        f.within("l.at", &by.at);
        f.matches("l.dag_id", &by.dag_match);
        f.matches("l.run_id", &by.run_match);
        f.matches("l.task_id", &by.task_match);
        f.matches("l.username", &by.user_match);
        f.matches("l.event", &by.event_match);
        let total = self.total(format!("SELECT COUNT(*) FROM event_log l{}", f.text), &f.args).await?;
        let sql = format!("{}{EVENTS}{}{}", select::<EventView>(), f.text, order.sql("l.id"));
        let limit = f.page(page);
        Ok(Listed { rows: self.rows(sql + &limit, &f.args).await?, total })
    }

    /// One event.
    ///
    /// # Errors
    /// The database's.
    pub async fn find_event(&self, id: i64) -> Result<Option<EventView>, Error> {
        let mut f = self.filter();
        f.eq_int("l.id", Some(id));
        f.visible_or_none("l.dag_id");
        self.first(format!("{}{EVENTS}{}", select::<EventView>(), f.text), &f.args).await
    }

    /// A page of jobs.
    ///
    /// # Errors
    /// The database's.
    pub async fn list_jobs(&self, by: &JobFilter, order: &OrderBy, page: Page) -> Result<Listed<JobView>, Error> {
        let mut f = self.filter();
        f.eq_some("j.state", by.state.as_deref());
        f.eq_some("j.kind", by.kind.as_deref());
        if by.kind.is_none() {
            // Airflow has no such job: who asks whether anything lives means those who do the work.
            f.and("j.kind <> 'ApiServerJob'");
        }
        f.eq_some("j.hostname", by.hostname.as_deref());
        if let Some((since, alive)) = by.alive_since {
            let place = f.bind(since.into());
            let not = if alive { "" } else { "NOT " };
            f.and(&format!("{not}(j.state = 'running' AND j.heartbeat_at >= {place})"));
        }
        f.within("j.started_at", &by.started_at);
        f.within("j.ended_at", &by.ended_at);
        let total = self.total(format!("SELECT COUNT(*) FROM job j{}", f.text), &f.args).await?;
        let sql = format!("{} FROM job j{}{}", select::<JobView>(), f.text, order.sql("j.id"));
        let limit = f.page(page);
        Ok(Listed { rows: self.rows(sql + &limit, &f.args).await?, total })
    }

    /// Kind and newest heartbeat of every kind of job that says that it runs.
    ///
    /// # Errors
    /// The database's.
    pub async fn newest_heartbeats(&self) -> Result<Vec<(String, Timestamp)>, Error> {
        let sql = "SELECT kind, MAX(heartbeat_at) FROM job WHERE state = 'running' GROUP BY kind ORDER BY kind";
        self.rows(sql.into(), &[]).await
    }
}
