//! What the scheduler asks besides the rows of its runs: the run before, other schedulers' runs, who runs what.

use std::collections::HashMap;

use tradewind_core::plan::InFlight;
use tradewind_core::{RunState, Timestamp};

use crate::row::row;
use crate::sql::{Statement, names};
use crate::{Error, Store};

/// What a run needs to know of its DAG's row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DagStatus {
    /// Nothing of it starts.
    pub is_paused: bool,
    /// The newest version.
    pub latest_version_id: Option<i64>,
}

row! {
    /// The run before another one of the same DAG.
    pub struct PreviousRun {
        /// The database's number.
        pub run_key: i64,
        /// The user's id.
        pub run_id: String,
        /// Where it stands.
        pub state: RunState,
    }
}

row! {
    /// Runs of a DAG that are not over: those of one backfill, or those of none.
    #[derive(PartialEq, Eq)]
    pub struct RunningRuns {
        /// The DAG.
        pub dag_id: String,
        /// The backfill.
        pub backfill_id: Option<i64>,
        /// How many are running.
        pub runs: i64,
        /// The first place of the backfill that is due and waits for its turn.
        pub next_ordinal: Option<i32>,
    }
}

/// What limits the runs of a backfill that is not over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackfillLimit {
    /// The backfill.
    pub id: i64,
    /// Runs of it at once.
    pub max_active_runs: u32,
    /// No run of it begins.
    pub is_paused: bool,
}

/// How the instances of a task stand in one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaskOutcome {
    /// All of them.
    pub instances: i64,
    /// Those that have neither succeeded nor been skipped.
    pub unsuccessful: i64,
}

/// A try that some worker said it runs.
#[derive(Clone, Debug)]
pub struct RunningTry {
    /// For the planner.
    pub in_flight: InFlight,
    /// The run.
    pub run_key: i64,
    /// Its DAG.
    pub dag_id: String,
    /// Its task.
    pub task_id: String,
    /// Number of the try.
    pub try_number: i32,
}

row! {
    struct RunningRow {
        id: i64 = "t.id",
        run_key: i64 = "t.run_key",
        dag_id: String = "t.dag_id",
        task_id: String = "t.task_id",
        try_number: i32 = "t.try_number",
        hostname: Option<String> = "t.hostname",
        pid: Option<i64> = "t.pid",
        started_at: Option<Timestamp> = "t.start_date",
        heartbeat_at: Option<Timestamp> = "t.heartbeat_at",
        worker_state: Option<String> = "j.state",
    }
}

static DAG_STATUS: Statement = Statement::new("SELECT is_paused, latest_version_id FROM dag WHERE dag_id = $1");

static PREVIOUS_RUN: Statement = Statement::new(
    "SELECT p.id, p.run_id, p.state FROM dag_run r
     JOIN dag d ON d.dag_id = r.dag_id
     JOIN dag_run p ON p.dag_id = r.dag_id AND p.logical_date < r.logical_date
        AND (NOT d.catchup OR p.run_type IN ('backfill', 'scheduled'))
     WHERE r.id = $1 ORDER BY p.logical_date DESC LIMIT 1",
);

static TASK_OUTCOMES: Statement = Statement::new(
    "SELECT task_id, COUNT(*), SUM(CASE WHEN state IN ('success', 'skipped') THEN 0 ELSE 1 END)
     FROM task_instance WHERE run_key = $1 GROUP BY task_id",
);

static EARLIER_INSTANCES: Statement = Statement::new(
    "SELECT n.value FROM json_each($2) AS n -- sqlite
     SELECT n.value FROM json_array_elements_text($2::json) AS n(value) -- pg
     WHERE EXISTS (SELECT 1 FROM dag_run r
        JOIN dag_run p ON p.dag_id = r.dag_id AND p.logical_date < r.logical_date
        JOIN task_instance t ON t.run_key = p.id AND t.task_id = n.value
        WHERE r.id = $1)",
);

static RUNNING_OF_OTHERS: Statement = Statement::new(
    "SELECT dag_id, backfill_id, COUNT(CASE WHEN state = 'running' THEN 1 END) AS runs,
        MIN(CASE WHEN state = 'queued' AND run_after <= $3 THEN backfill_ordinal END) AS next_ordinal FROM dag_run
     WHERE state IN ('queued', 'running') AND dag_id IN {names:2} AND (owner IS NULL OR owner <> $1)
     GROUP BY dag_id, backfill_id",
);
static BACKFILL_LIMITS: Statement = Statement::new(
    "SELECT id, max_active_runs, is_paused FROM backfill WHERE completed_at IS NULL AND dag_id IN {names}",
);

static RUNNING_TRIES: Statement = Statement::new(
    "SELECT {columns} FROM task_instance t LEFT JOIN job j ON j.id = t.worker_id
     WHERE t.state IN ('queued', 'running', 'restarting', 'deferred', 'awaiting_input')
        AND t.state IN ('running', 'restarting')",
)
.reads::<RunningRow>();

impl Store {
    /// What a run needs to know of its DAG's row; `None`: there is no such DAG.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn dag_status(&self, dag_id: &str) -> Result<Option<DagStatus>, Error> {
        let row: Option<(bool, Option<i64>)> = DAG_STATUS.bind(dag_id).optional(&mut self.db().reader().await?).await?;
        Ok(row.map(|(is_paused, latest_version_id)| DagStatus { is_paused, latest_version_id }))
    }

    /// The newest run with an earlier logical date; with `catchup` only scheduled and backfill runs count, as in
    /// Airflow.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn previous_run(&self, run_key: i64) -> Result<Option<PreviousRun>, Error> {
        PREVIOUS_RUN.bind(run_key).optional(&mut self.db().reader().await?).await
    }

    /// How each task of a run stands.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn task_outcomes(&self, run_key: i64) -> Result<HashMap<String, TaskOutcome>, Error> {
        let rows: Vec<(String, i64, i64)> = TASK_OUTCOMES.bind(run_key).all(&mut self.db().reader().await?).await?;
        Ok(rows
            .into_iter()
            .map(|(task_id, instances, unsuccessful)| (task_id, TaskOutcome { instances, unsuccessful }))
            .collect())
    }

    /// Which of these tasks have instances in any run with an earlier logical date.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn tasks_with_earlier_instances(&self, run_key: i64, task_ids: &[String]) -> Result<Vec<String>, Error> {
        let query = EARLIER_INSTANCES.bind(run_key).bind(names(task_ids));
        let rows: Vec<(String,)> = query.all(&mut self.db().reader().await?).await?;
        Ok(rows.into_iter().map(|(task_id,)| task_id).collect())
    }

    /// Runs of these DAGs that another scheduler plans: how many are running, and which of a backfill comes next.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn running_runs_of_others(
        &self,
        scheduler: i64,
        dag_ids: &[String],
        now: Timestamp,
    ) -> Result<Vec<RunningRuns>, Error> {
        let rows: Vec<RunningRuns> = RUNNING_OF_OTHERS
            .bind(scheduler)
            .bind(names(dag_ids))
            .bind(now)
            .all(&mut self.db().reader().await?)
            .await?;
        Ok(rows)
    }

    /// Limits of the backfills of these DAGs that are not over.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn backfill_limits(&self, dag_ids: &[String]) -> Result<Vec<BackfillLimit>, Error> {
        let rows = BACKFILL_LIMITS.bind(names(dag_ids)).all::<(i64, u32, bool)>(&mut self.db().reader().await?).await?;
        let limit = |(id, max_active_runs, is_paused)| BackfillLimit { id, max_active_runs, is_paused };
        Ok(rows.into_iter().map(limit).collect())
    }

    /// Every try that is running or restarting, with its last sign of life: a worker that lives but does not name the
    /// try among those that it runs (its start was recorded, but the answer got lost) does not count.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn running_tries(&self) -> Result<Vec<RunningTry>, Error> {
        let rows: Vec<RunningRow> = RUNNING_TRIES.query().all(&mut self.db().reader().await?).await?;
        Ok(rows
            .into_iter()
            .map(|row| RunningTry {
                in_flight: InFlight {
                    ti_id: row.id,
                    hostname: row.hostname.unwrap_or_default(),
                    pid: row.pid.unwrap_or_default(),
                    heartbeat_at: row.heartbeat_at.or(row.started_at).unwrap_or_default(),
                    worker_ended: row.worker_state.as_deref() == Some("ended"),
                },
                run_key: row.run_key,
                dag_id: row.dag_id,
                task_id: row.task_id,
                try_number: row.try_number,
            })
            .collect())
    }
}
