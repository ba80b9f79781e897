//! What the pages of the web interface need and REST does not have in one piece.

use tradewind_core::{RunState, RunType, TaskState, Timestamp};

use super::exec::select;
use crate::row::row;
use crate::sql::{Bind, Dialect};
use crate::{Error, Store};

row! {
    /// A run as a small square beside its DAG.
    pub struct RunDot {
        /// DAG.
        pub dag_id: String = "r.dag_id",
        /// The user's id.
        pub run_id: String = "r.run_id",
        /// Where it stands.
        pub state: RunState = "r.state",
        /// Due time.
        pub run_after: Timestamp = "r.run_after",
        /// When it began.
        pub start_date: Option<Timestamp> = "r.start_date",
        /// When it ended.
        pub end_date: Option<Timestamp> = "r.end_date",
        /// Why it exists.
        pub run_type: RunType = "r.run_type",
    }
}

row! {
    /// A task instance as a cell of the grid; the instances of a mapped task with one state are one row.
    pub struct GridCell {
        /// Its run's number.
        pub run_key: i64 = "ti.run_key",
        /// Task.
        pub task_id: String = "ti.task_id",
        /// Where it stands.
        pub state: Option<TaskState> = "ti.state",
        /// Number of instances.
        pub instances: i64 = "COUNT(*)",
        /// The smallest map index: -1 when the task is not mapped.
        pub map_index: i32 = "MIN(ti.map_index)",
        /// When the first began.
        pub start_date: Option<Timestamp> = "MIN(ti.start_date)",
        /// When the last ended.
        pub end_date: Option<Timestamp> = "MAX(ti.end_date)",
        /// The greatest try number.
        pub try_number: i32 = "MAX(ti.try_number)",
    }
}

row! {
    /// A run that changed.
    pub struct RunChange {
        /// Database number.
        pub id: i64 = "r.id",
        /// DAG.
        pub dag_id: String = "r.dag_id",
        /// The user's id.
        pub run_id: String = "r.run_id",
        /// Where it stands.
        pub state: RunState = "r.state",
        /// Due time.
        pub run_after: Timestamp = "r.run_after",
        /// When it was written.
        pub updated_at: Timestamp = "r.updated_at",
        /// JSON object: task instance state to number.
        pub state_counts: String = "r.state_counts",
        /// When one of its task instances was written, as far as the run is not over.
        pub touched_at: Option<Timestamp> = "(SELECT MAX(ti.updated_at) FROM task_instance ti WHERE ti.run_key = r.id AND r.end_date IS NULL)",
    }
}

impl Store {
    /// The newest runs of each of some DAGs, newest first, at most `each` of a DAG.
    ///
    /// # Errors
    /// The database's.
    pub async fn newest_runs(&self, dag_ids: &[String], each: i64) -> Result<Vec<RunDot>, Error> {
        let mut f = self.filter();
        let wanted = f.list_of_texts(dag_ids);
        let limit = f.bind(each.into());
        // The inner query walks dag_run_newest_of_dag and stops after `each` rows, DAG by DAG.
        let newest =
            format!("FROM dag_run n WHERE n.dag_id = w.item ORDER BY n.run_after DESC, n.id DESC LIMIT {limit}");
        let select = select::<RunDot>();
        let sql = match self.dialect() {
            Dialect::Sqlite => format!(
                "{select} FROM {wanted} AS w JOIN dag_run r ON r.id IN (SELECT n.id {newest}) \
                 ORDER BY r.dag_id, r.run_after DESC, r.id DESC"
            ),
            // Which would look at every run for every DAG if it were asked in SQLite's words.
            Dialect::Postgres => format!("{select} FROM {wanted} AS w CROSS JOIN LATERAL (SELECT n.* {newest}) AS r"),
        };
        let mut runs: Vec<RunDot> = self.rows(sql, &f.args).await?;
        // Texts are compared here in a fraction of the time that a database needs for it.
        runs.sort_by(|a, b| a.dag_id.cmp(&b.dag_id).then(b.run_after.cmp(&a.run_after)));
        Ok(runs)
    }

    /// Cells of the grid for some runs.
    ///
    /// # Errors
    /// The database's.
    pub async fn grid_cells(&self, run_keys: &[i64]) -> Result<Vec<GridCell>, Error> {
        if run_keys.is_empty() {
            return Ok(Vec::new());
        }
        let mut f = self.filter();
        f.any_int("ti.run_key", run_keys);
        let sql = format!(
            "{} FROM task_instance ti{} GROUP BY ti.run_key, ti.task_id, ti.state",
            select::<GridCell>(),
            f.text
        );
        self.rows(sql, &f.args).await
    }

    /// Runs that were written, or whose task instances were, since an instant; oldest change first.
    ///
    /// # Errors
    /// The database's.
    pub async fn changed_runs(&self, since: Timestamp, limit: i64) -> Result<Vec<RunChange>, Error> {
        let args: [Bind; 2] = [since.into(), limit.into()];
        let select = select::<RunChange>();
        let sql = format!(
            "{select} FROM dag_run r WHERE r.updated_at >= $1 UNION \
             {select} FROM dag_run r WHERE r.state IN ('queued', 'running') AND EXISTS \
             (SELECT 1 FROM task_instance ti WHERE ti.run_key = r.id AND ti.updated_at >= $1) \
             ORDER BY 6 LIMIT $2"
        );
        self.rows(sql, &args).await
    }

    /// DAGs that were written since an instant.
    ///
    /// # Errors
    /// The database's.
    pub async fn changed_dags(&self, since: Timestamp, limit: i64) -> Result<Vec<(String, Timestamp)>, Error> {
        let args: [Bind; 2] = [since.into(), limit.into()];
        let sql = "SELECT d.dag_id, d.updated_at FROM dag d WHERE d.updated_at >= $1 ORDER BY d.updated_at LIMIT $2";
        self.rows(sql.into(), &args).await
    }

    /// Number, greatest id and newest time of the import errors: changes when they do.
    ///
    /// # Errors
    /// The database's.
    pub async fn import_error_mark(&self) -> Result<(i64, i64, i64), Error> {
        let sql = "SELECT COUNT(*), COALESCE(MAX(id), 0), COALESCE(MAX(at), 0) FROM import_error";
        Ok(self.first(sql.into(), &[]).await?.unwrap_or_default())
    }
}
