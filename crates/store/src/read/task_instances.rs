//! Task instances and their tries as REST and UI list them.

use tradewind_core::{TaskState, Timestamp};

use super::exec::select;
use super::query::{Column, Cursor, Cut, Filter, Listed, Match, OrderBy, Page, Span, column, nullable};
use crate::row::row;
use crate::{Error, Store};

row! {
    /// A task instance with what a client sees of its run, DAG and version.
    pub struct TiView {
        /// Database number.
        pub id: i64 = "ti.id",
        /// Its run's number.
        pub run_key: i64 = "ti.run_key",
        /// DAG.
        pub dag_id: String = "ti.dag_id",
        /// Task.
        pub task_id: String = "ti.task_id",
        /// -1 when not mapped.
        pub map_index: i32 = "ti.map_index",
        /// Where it stands; `None`: not looked at yet.
        pub state: Option<TaskState> = "ti.state",
        /// Number of the current or last try.
        pub try_number: i32 = "ti.try_number",
        /// Attempts allowed in all.
        pub max_tries: i32 = "ti.max_tries",
        /// When it was found ready.
        pub scheduled_at: Option<Timestamp> = "ti.scheduled_at",
        /// When it was given to an executor.
        pub queued_at: Option<Timestamp> = "ti.queued_at",
        /// When the try started.
        pub start_date: Option<Timestamp> = "ti.start_date",
        /// When it ended.
        pub end_date: Option<Timestamp> = "ti.end_date",
        /// When the next try or poke is due.
        pub retry_at: Option<Timestamp> = "ti.retry_at",
        /// Class name.
        pub operator: String = "ti.operator",
        /// Pool.
        pub pool: String = "ti.pool",
        /// Slots.
        pub pool_slots: i32 = "ti.pool_slots",
        /// Queue.
        pub queue: String = "ti.queue",
        /// Effective priority.
        pub priority: i32 = "ti.priority",
        /// Executor, when not the default one.
        pub executor: Option<String> = "ti.executor",
        /// Where the try ran.
        pub hostname: Option<String> = "ti.hostname",
        /// Its worker's process.
        pub pid: Option<i64> = "ti.pid",
        /// For people.
        pub note: Option<String> = "ti.note",
        /// Why it ended.
        pub reason: Option<String> = "ti.reason",
        /// Peak memory.
        pub max_rss_kb: Option<i64> = "ti.max_rss_kb",
        /// Processor time.
        pub cpu_ms: Option<i64> = "ti.cpu_ms",
        /// Label of a mapped instance.
        pub rendered_map_index: Option<String> = "ti.rendered_map_index",
        /// JSON object: template fields after rendering.
        pub rendered_fields: Option<String> = "ti.rendered_fields",
        /// Raised by every write.
        pub fence: i64 = "ti.fence",
        /// When it was last written.
        pub updated_at: Timestamp = "ti.updated_at",
        /// Its run's user id.
        pub run_id: String = "r.run_id",
        /// Its run's date.
        pub logical_date: Option<Timestamp> = "r.logical_date",
        /// Its run's due time.
        pub run_after: Timestamp = "r.run_after",
        /// Version of the DAG.
        pub dag_version_id: Option<i64> = "v.id",
        /// Its number.
        pub version_number: Option<i32> = "v.version_number",
        /// Its bundle.
        pub version_bundle: Option<String> = "v.bundle_name",
        /// Its bundle's version.
        pub bundle_version: Option<String> = "v.bundle_version",
        /// When it was made.
        pub version_created_at: Option<Timestamp> = "v.created_at",
        /// Display name of the DAG, or its id.
        pub dag_display_name: String = "COALESCE(d.display_name, ti.dag_id)",
    }
}

row! {
    /// One try: an earlier one from the history, or the present one.
    pub struct TryView {
        /// Number of the try.
        pub try_number: i32 = "h.try_number",
        /// How it ended, or where it stands.
        pub state: Option<TaskState> = "h.state",
        /// Attempts allowed in all, then.
        pub max_tries: i32 = "h.max_tries",
        /// When it was found ready.
        pub scheduled_at: Option<Timestamp> = "h.scheduled_at",
        /// When it was given to an executor.
        pub queued_at: Option<Timestamp> = "h.queued_at",
        /// When it started.
        pub start_date: Option<Timestamp> = "h.start_date",
        /// When it ended.
        pub end_date: Option<Timestamp> = "h.end_date",
        /// Class name.
        pub operator: String = "h.operator",
        /// Pool.
        pub pool: String = "h.pool",
        /// Slots.
        pub pool_slots: i32 = "h.pool_slots",
        /// Queue.
        pub queue: String = "h.queue",
        /// Effective priority.
        pub priority: i32 = "h.priority",
        /// Executor, when not the default one.
        pub executor: Option<String> = "h.executor",
        /// Where it ran.
        pub hostname: Option<String> = "h.hostname",
        /// Its worker's process.
        pub pid: Option<i64> = "h.pid",
        /// Why it ended.
        pub reason: Option<String> = "h.reason",
        /// Peak memory.
        pub max_rss_kb: Option<i64> = "h.max_rss_kb",
        /// Processor time.
        pub cpu_ms: Option<i64> = "h.cpu_ms",
        /// Version of the DAG.
        pub dag_version_id: Option<i64> = "v.id",
        /// Its number.
        pub version_number: Option<i32> = "v.version_number",
        /// Its bundle.
        pub version_bundle: Option<String> = "v.bundle_name",
        /// Its bundle's version.
        pub bundle_version: Option<String> = "v.bundle_version",
        /// When it was made.
        pub version_created_at: Option<Timestamp> = "v.created_at",
    }
}

const FROM: &str = " FROM task_instance ti JOIN dag_run r ON r.id = ti.run_key LEFT JOIN dag d ON d.dag_id = ti.dag_id \
    LEFT JOIN dag_version v ON v.id = COALESCE(ti.dag_version_id, r.dag_version_id)";

/// Which task instances.
#[derive(Clone, Debug, Default)]
pub struct TiFilter {
    /// Of these DAGs; none: any.
    pub dag_ids: Vec<String>,
    /// Of these runs (numbers); none: any.
    pub run_keys: Vec<i64>,
    /// Of these runs (users' ids); none: any.
    pub run_ids: Vec<String>,
    /// Of these tasks; none: any.
    pub task_ids: Vec<String>,
    /// By DAG id.
    pub dag_id: Match,
    /// By run id.
    pub run_id: Match,
    /// By task id.
    pub task_id: Match,
    /// By the name that people see.
    pub task_display_name: Match,
    /// Tasks (`DAG/task`) with a name of their own for people, and whether that one matches.
    pub display_names: Vec<(String, bool)>,
    /// In these states; "none" is no state at all. None: any.
    pub states: Vec<String>,
    /// In these pools.
    pub pools: Vec<String>,
    /// By pool.
    pub pool: Match,
    /// In these queues.
    pub queues: Vec<String>,
    /// By queue.
    pub queue: Match,
    /// On these executors.
    pub executors: Vec<String>,
    /// With these numbers of the DAG's version.
    pub version_numbers: Vec<i64>,
    /// With these try numbers.
    pub try_numbers: Vec<i64>,
    /// Of these operators.
    pub operators: Vec<String>,
    /// By operator.
    pub operator: Match,
    /// With these map indexes.
    pub map_indexes: Vec<i64>,
    /// By the label of mapped instances.
    pub rendered_map_index: Match,
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
pub const TI_COLUMNS: &[Column] = &[
    column("id", "ti.id"),
    column("map_index", "ti.map_index"),
    column("task_id", "ti.task_id"),
    column("task_display_name", "ti.task_id"),
    column("dag_id", "ti.dag_id"),
    column("run_id", "r.run_id"),
    column("dag_run_id", "r.run_id"),
    nullable("state", "ti.state"),
    nullable("duration", "(ti.end_date - ti.start_date)"),
    nullable("start_date", "ti.start_date"),
    nullable("end_date", "ti.end_date"),
    nullable("logical_date", "r.logical_date"),
    column("run_after", "r.run_after"),
    nullable("data_interval_start", "r.data_interval_start"),
    nullable("data_interval_end", "r.data_interval_end"),
    nullable("rendered_map_index", "ti.rendered_map_index"),
    column("operator", "ti.operator"),
    column("operator_name", "ti.operator"),
    column("pool", "ti.pool"),
    column("queue", "ti.queue"),
    column("try_number", "ti.try_number"),
    nullable("queued_when", "ti.queued_at"),
    nullable("scheduled_when", "ti.scheduled_at"),
    column("priority_weight", "ti.priority"),
    column("updated_at", "ti.updated_at"),
];

impl TiFilter {
    fn apply(&self, f: &mut Filter) {
        f.visible("ti.dag_id");
        f.any_int("ti.run_key", &self.run_keys);
        f.any_text("ti.dag_id", &self.dag_ids);
        f.any_text("r.run_id", &self.run_ids);
        f.any_text("ti.task_id", &self.task_ids);
        f.matches("ti.dag_id", &self.dag_id);
        f.matches("r.run_id", &self.run_id);
        f.matches("ti.task_id", &self.task_id);
        let (names, shown) = (&self.display_names, &self.task_display_name);
        f.matches_named("(ti.dag_id || '/' || ti.task_id)", "ti.task_id", shown, names);
        self.in_states(f);
        f.any_text("ti.pool", &self.pools);
        f.matches("ti.pool", &self.pool);
        f.any_text("ti.queue", &self.queues);
        f.matches("ti.queue", &self.queue);
        f.any_text("ti.executor", &self.executors);
        f.any_int("v.version_number", &self.version_numbers);
        f.any_int("ti.try_number", &self.try_numbers);
        f.any_text("ti.operator", &self.operators);
        f.matches("ti.operator", &self.operator);
        f.any_int("ti.map_index", &self.map_indexes);
        f.matches("ti.rendered_map_index", &self.rendered_map_index);
        f.within("r.run_after", &self.run_after);
        f.within("r.logical_date", &self.logical_date);
        f.within("ti.start_date", &self.start_date);
        f.within("ti.end_date", &self.end_date);
        f.within("ti.updated_at", &self.updated_at);
        f.within_seconds("(ti.end_date - ti.start_date)", &self.duration);
    }

    fn in_states(&self, f: &mut Filter) {
        let named: Vec<String> = self.states.iter().filter(|state| *state != "none").cloned().collect();
        if named.len() == self.states.len() {
            if named == ["failed"] {
                // Says to the planner of either database that the small index of failed ones is enough.
                f.and("ti.state = 'failed'");
            }
            return f.any_text("ti.state", &named);
        }
        let among = f.one_of("ti.state", &named);
        f.and(&format!("ti.state IS NULL OR {among}"));
    }
}

/// Lists over many runs are too long to be sorted for one page; those of one run, or of chosen indexes, are short.
fn is_long(by: &TiFilter) -> bool {
    by.run_keys.is_empty() && by.map_indexes.is_empty()
}

impl Store {
    /// A page of task instances.
    ///
    /// # Errors
    /// The database's.
    pub async fn list_tis(&self, by: &TiFilter, order: &OrderBy, page: Page) -> Result<Listed<TiView>, Error> {
        let mut f = self.filter();
        by.apply(&mut f);
        // A task instance always has a run, so counting joins only what conditions are about.
        let from = if f.asks(&["r", "v"]) { FROM } else { " FROM task_instance ti" };
        let total = self.total(format!("SELECT COUNT(*){from}{}", f.text), &f.args).await?;
        if total <= page.offset {
            return Ok(Listed { rows: Vec::new(), total });
        }
        if order.is_only("map_index") && is_long(by) {
            // Nearly all task instances are not mapped and come first in this order, by id: walking along the ids
            // finds a page of them without sorting the table.
            let mut unmapped = f.clone();
            unmapped.and("ti.map_index = -1");
            let limit = unmapped.page(page);
            let sql = format!("{}{FROM}{} ORDER BY ti.id{limit}", select::<TiView>(), unmapped.text);
            let rows = self.rows::<TiView>(sql, &unmapped.args).await?;
            if i64::try_from(rows.len()).is_ok_and(|rows| rows == page.limit) {
                return Ok(Listed { rows, total });
            }
        }
        if let Some(direction) = order.only_direction("start_date")
            && is_long(by)
        {
            // Those that have not started come last: without them an index has the order.
            let mut started = f.clone();
            started.and("ti.start_date IS NOT NULL");
            let limit = started.page(page);
            let sorted = format!(" ORDER BY ti.start_date{direction}, ti.id{direction}{limit}");
            let sql = format!("{}{FROM}{}{sorted}", select::<TiView>(), started.text);
            let rows = self.rows::<TiView>(sql, &started.args).await?;
            if i64::try_from(rows.len()).is_ok_and(|rows| rows == page.limit) {
                return Ok(Listed { rows, total });
            }
        }
        let sql = format!("{}{FROM}{}{}", select::<TiView>(), f.text, order.sql("ti.id"));
        let limit = f.page(page);
        Ok(Listed { rows: self.rows(sql + &limit, &f.args).await?, total })
    }

    /// A page of task instances beyond one of them.
    ///
    /// # Errors
    /// The database's.
    pub async fn cut_tis(
        &self,
        by: &TiFilter,
        order: &OrderBy,
        cursor: Cursor,
        limit: i64,
    ) -> Result<Cut<TiView>, Error> {
        let mut f = self.filter();
        by.apply(&mut f);
        self.cut(FROM, &f, order, "ti.id", cursor, limit).await
    }

    /// One task instance by names.
    ///
    /// # Errors
    /// The database's.
    pub async fn find_ti(
        &self,
        dag_id: &str,
        run_id: &str,
        task_id: &str,
        map_index: i32,
    ) -> Result<Option<TiView>, Error> {
        let mut f = self.filter();
        f.eq("r.dag_id", dag_id);
        f.eq("r.run_id", run_id);
        f.eq("ti.task_id", task_id);
        f.eq_int("ti.map_index", Some(i64::from(map_index)));
        f.visible("ti.dag_id");
        self.first(format!("{}{FROM}{}", select::<TiView>(), f.text), &f.args).await
    }

    /// One task instance by number.
    ///
    /// # Errors
    /// The database's.
    pub async fn find_ti_by_id(&self, ti_id: i64) -> Result<Option<TiView>, Error> {
        let mut f = self.filter();
        f.eq_int("ti.id", Some(ti_id));
        f.visible("ti.dag_id");
        self.first(format!("{}{FROM}{}", select::<TiView>(), f.text), &f.args).await
    }

    /// Number of instances of a task in a run: more than one, or one with an index, if it is mapped.
    ///
    /// # Errors
    /// The database's.
    pub async fn count_map_indexes(&self, dag_id: &str, run_id: &str, task_id: &str) -> Result<i64, Error> {
        let mut f = self.filter();
        f.eq("r.dag_id", dag_id);
        f.eq("r.run_id", run_id);
        f.eq("ti.task_id", task_id);
        f.and("ti.map_index >= 0");
        f.visible("ti.dag_id");
        self.number(
            format!("SELECT COUNT(*) FROM task_instance ti JOIN dag_run r ON r.id = ti.run_key{}", f.text),
            &f.args,
        )
        .await
    }

    /// The earlier tries of a task instance, oldest first. The present one is its own row.
    ///
    /// # Errors
    /// The database's.
    pub async fn earlier_tries(&self, ti_id: i64) -> Result<Vec<TryView>, Error> {
        let mut f = self.filter();
        f.eq_int("h.ti_id", Some(ti_id));
        let sql = format!(
            "{} FROM task_try h LEFT JOIN dag_version v ON v.id = h.dag_version_id{} ORDER BY h.try_number",
            select::<TryView>(),
            f.text
        );
        self.rows(sql, &f.args).await
    }
}
