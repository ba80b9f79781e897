//! Runs: creating them, writing their state, and what comes next for a DAG.

use std::collections::{HashMap, HashSet};

use tradewind_core::timetable::NextRun;
use tradewind_core::{RunState, Timestamp};

use crate::callbacks::QueuedRun;
use crate::models::{CreateOutcome, NewRun, RunWrite};
use crate::sql::{Batch, Rows, Statement, ids, names};
use crate::{Error, Topic, Tx};

static CREATE: Statement = Statement::new(include_str!("create_run.sql"));

const RUN_WRITES: Batch = Batch(&[
    ("run_key", "bigint"),
    ("expect_state", "text"),
    ("expect_fence", "bigint"),
    ("owner", "bigint"),
    ("state", "text"),
    ("start_date", "bigint"),
    ("end_date", "bigint"),
    ("dag_version_id", "bigint"),
    ("state_counts", "text"),
    ("updated_at", "bigint"),
]);
static WRITE: Statement = Statement::new(include_str!("write_runs.sql")).rows(RUN_WRITES);

static SET_NEXT: Statement = Statement::new(
    "UPDATE dag SET next_logical_date = $3, next_interval_start = $4, next_interval_end = $5, next_run_after = $6,
        next_version_id = $2
     WHERE dag_id = $1 AND latest_version_id IS NOT DISTINCT FROM $2",
);

static NEWEST: Statement = Statement::new(
    "SELECT dag_id, (SELECT MAX(r.logical_date) FROM dag_run r
        WHERE r.dag_id = dag.dag_id AND r.run_type IN ('backfill', 'scheduled'))
     FROM dag WHERE dag_id IN {names}",
);

/// DAGs of these runs that pause by themselves, and after how many failures.
static MAY_PAUSE: Statement = Statement::new(
    "SELECT dag_id, max_consecutive_failed_dag_runs FROM dag
     WHERE NOT is_paused AND max_consecutive_failed_dag_runs > 0
        AND dag_id IN (SELECT dag_id FROM dag_run WHERE id IN {ids})
     ORDER BY dag_id",
);
static NEWEST_ENDS: Statement = Statement::new(
    "SELECT state FROM dag_run WHERE dag_id = $1 AND state IN ('success', 'failed')
     ORDER BY run_after DESC, id DESC LIMIT $2",
);
static TELL_OTHERS: Statement = Statement::new(
    "INSERT INTO inbox (run_key, ti_id)
     SELECT MIN(id), 0 FROM dag_run
     WHERE state IN ('queued', 'running') AND dag_id IN {names:2} AND owner <> $1
     GROUP BY dag_id, owner",
);
static PAUSE: Statement = Statement::new("UPDATE dag SET is_paused = TRUE, updated_at = $2 WHERE dag_id = $1");

impl Tx {
    /// Creates a run, unless its run id or logical date is taken. Without an owner it goes to the schedulers' inbox:
    /// the first that is woken plans it.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn create_run(&mut self, run: NewRun) -> Result<CreateOutcome, Error> {
        let is_free = run.owner.is_none();
        let mut queued = QueuedRun {
            run_key: 0,
            dag_id: run.dag_id.clone(),
            run_type: run.run_type,
            dag_version_id: None,
            logical_date: run.logical_date,
            data_interval_end: run.data_interval_end,
            queued_at: run.queued_at,
        };
        let created = CREATE
            .bind(run.dag_id)
            .bind(run.run_id)
            .bind(run.run_type)
            .bind(run.triggered_by.unwrap_or_else(|| "unknown".into()))
            .bind(run.triggering_user)
            .bind(run.logical_date)
            .bind(run.data_interval_start)
            .bind(run.data_interval_end)
            .bind(run.run_after)
            .bind(run.queued_at)
            .bind(run.owner)
            .bind(run.dag_version_id)
            .bind(run.note)
            .bind(run.conf.to_string())
            .optional::<(i64, Option<i64>)>(self)
            .await?;
        let Some((run_key, version)) = created else { return Ok(CreateOutcome::Exists) };
        if is_free {
            self.add_to_inbox([(run_key, None)]).await?;
        }
        (queued.run_key, queued.dag_version_id) = (run_key, version);
        self.watch_run(&queued, false).await?;
        Ok(CreateOutcome::Created(run_key))
    }

    /// The newest logical date of a run that a schedule or a backfill made, of each of these DAGs that has one.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn newest_automated_runs(&mut self, dag_ids: &[String]) -> Result<HashMap<String, Timestamp>, Error> {
        let rows = NEWEST.bind(names(dag_ids)).all::<(String, Option<Timestamp>)>(self).await?;
        Ok(rows.into_iter().filter_map(|(dag_id, newest)| Some((dag_id, newest?))).collect())
    }

    /// Writes runs; answers which were still as expected.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn write_runs(&mut self, writes: &[RunWrite]) -> Result<Vec<bool>, Error> {
        if writes.is_empty() {
            return Ok(Vec::new());
        }
        let mut rows = Rows::new(RUN_WRITES);
        for write in writes {
            let counts = serde_json::to_string(&write.state_counts).unwrap_or_else(|_| "{}".into());
            rows.push([
                write.run_key.into(),
                write.expect_state.into(),
                write.expect_fence.into(),
                write.owner.into(),
                write.state.into(),
                write.start_date.into(),
                write.end_date.into(),
                write.dag_version_id.into(),
                counts.into(),
                write.updated_at.into(),
            ]);
        }
        let written = WRITE.bind(rows).all::<(i64, Option<String>)>(self).await?;
        self.note_awaited(written.iter().map(|(_, awaited)| awaited.clone())).await?;
        let applied: HashSet<i64> = written.into_iter().map(|(run_key, _)| run_key).collect();
        Ok(writes.iter().map(|write| applied.contains(&write.run_key)).collect())
    }

    /// Stores what comes next for a DAG, worked out with the version `planned_with` of it; answers whether that is
    /// still its latest version. `None`: nothing ever again.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn set_next_run(
        &mut self,
        dag_id: &str,
        planned_with: Option<i64>,
        next: Option<NextRun>,
    ) -> Result<bool, Error> {
        let written = SET_NEXT
            .bind(dag_id)
            .bind(planned_with)
            .bind(next.and_then(|next| next.logical_date))
            .bind(next.map(|next| next.data_interval.start))
            .bind(next.map(|next| next.data_interval.end))
            .bind(next.map(|next| next.run_after))
            .run(self)
            .await?;
        Ok(written > 0)
    }

    /// Tells other schedulers that something happened around their active runs of these DAGs: a run ended and left its
    /// place, or a task ended that a later run waits for. The hint names one run of each and task instance 0: nothing
    /// of the run itself changed.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn tell_others(&mut self, scheduler: i64, dag_ids: &[String]) -> Result<(), Error> {
        if !dag_ids.is_empty() && TELL_OTHERS.bind(scheduler).bind(names(dag_ids)).run(self).await? > 0 {
            self.notify(Topic::Scheduler);
        }
        Ok(())
    }

    /// For runs that just failed: pauses their DAGs if `max_consecutive_failed_dag_runs` of them failed in a row.
    /// Answers the ids of the DAGs that were paused.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn pause_failing_dags(&mut self, failed_runs: &[i64]) -> Result<Vec<String>, Error> {
        if failed_runs.is_empty() {
            return Ok(Vec::new());
        }
        let mut paused = Vec::new();
        let candidates = MAY_PAUSE.bind(ids(failed_runs.iter().copied())).all::<(String, i32)>(self).await?;
        for (dag_id, limit) in candidates {
            let newest = NEWEST_ENDS.bind(&dag_id).bind(limit).all::<(RunState,)>(self).await?;
            let failed = newest.iter().filter(|(state,)| *state == RunState::Failed).count();
            if i32::try_from(failed) == Ok(limit) {
                PAUSE.bind(&dag_id).bind(crate::now()).run(self).await?;
                self.notify(Topic::Dags);
                paused.push(dag_id);
            }
        }
        if !paused.is_empty() {
            self.settle_watchers(crate::now()).await?;
        }
        Ok(paused)
    }
}
