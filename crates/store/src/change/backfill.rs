//! Backfills: made, paused, cancelled, finished.

use std::collections::HashMap;

use serde_json::Value;
use tradewind_core::plan::{BackfillStep, LeftOut, backfill_step};
use tradewind_core::timetable::NextRun;
use tradewind_core::{Reprocess, RunState, TaskState, Timestamp};

use super::clear::ClearTis;
use crate::sql::{Batch, Rows, Statement, ids, names};
use crate::{Error, Store, Topic, Tx};

/// A backfill to make.
#[derive(Clone, Debug)]
pub struct NewBackfill {
    /// Its DAG.
    pub dag_id: String,
    /// First logical date.
    pub from: Timestamp,
    /// Last logical date.
    pub to: Timestamp,
    /// Configuration of the runs; `None`: nothing, and runs that run again keep theirs.
    pub conf: Option<Value>,
    /// The latest date goes first.
    pub run_backwards: bool,
    /// What happens to dates that have a run.
    pub reprocess: Reprocess,
    /// Runs at once.
    pub max_active_runs: u32,
    /// Who.
    pub triggering_user: Option<String>,
    /// Runs that run again do so with the newest version of the DAG.
    pub latest_version: bool,
    /// See [`ClearTis::default_retries`].
    pub default_retries: u32,
    /// What it is about, in the order of starting.
    pub runs: Vec<NewBackfillRun>,
    /// Now.
    pub at: Timestamp,
}

/// One date of a backfill, and the run that it gets if it has none.
#[derive(Clone, Debug)]
pub struct NewBackfillRun {
    /// What the timetable says.
    pub run: NextRun,
    /// The id of the new run.
    pub run_id: String,
}

/// What became of a request for a backfill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackfillOutcome {
    /// Its id.
    Created(i64),
    /// The DAG has one that is not over: this one.
    Running(i64),
}

/// What became of a change of a backfill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackfillChange {
    /// It is so now.
    Done,
    /// It is over, so nothing changes.
    Completed,
    /// There is no such backfill.
    Missing,
}

static LOCK_DAG: Statement = Statement::new(
    "SELECT dag_id FROM dag WHERE dag_id = $1
     FOR UPDATE -- pg",
);
static CREATE: Statement = Statement::new(
    "INSERT INTO backfill (dag_id, from_date, to_date, dag_run_conf, run_backwards, reprocess_behavior, max_active_runs,
        triggering_user, created_at, updated_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)
     RETURNING id",
);
static ACTIVE: Statement = Statement::new("SELECT id FROM backfill WHERE dag_id = $1 AND completed_at IS NULL");
static EXISTING: Statement = Statement::new(
    "SELECT logical_date, id, state FROM dag_run WHERE dag_id = $2 AND logical_date IN {ids} ORDER BY id
     FOR UPDATE -- pg",
);
static IDS_TAKEN: Statement = Statement::new("SELECT run_id FROM dag_run WHERE dag_id = $2 AND run_id IN {names}");

const RUNS: Batch = Batch(&[
    ("run_id", "text"),
    ("logical_date", "bigint"),
    ("interval_start", "bigint"),
    ("interval_end", "bigint"),
    ("run_after", "bigint"),
    ("ordinal", "integer"),
]);
static CREATE_RUNS: Statement = Statement::new(
    "INSERT INTO dag_run (dag_id, run_id, run_type, triggered_by, triggering_user, logical_date, data_interval_start,
        data_interval_end, run_after, queued_at, dag_version_id, bundle_version, conf, state, backfill_id,
        backfill_ordinal, created_at, updated_at)
     SELECT $2, w.run_id, 'backfill', 'backfill', $3, w.logical_date, w.interval_start, w.interval_end, w.run_after, $4,
        v.id, d.bundle_version, $5, 'queued', $6, w.ordinal, $4, $4
     FROM {rows} AS w CROSS JOIN dag AS d LEFT JOIN dag_version AS v ON v.id = d.latest_version_id
     WHERE d.dag_id = $2
     ON CONFLICT DO NOTHING
     RETURNING id, backfill_ordinal",
)
.rows(RUNS);

const AGAIN: Batch = Batch(&[("run_key", "bigint"), ("ordinal", "integer")]);
static RUN_AGAIN: Statement = Statement::new(
    "UPDATE dag_run SET run_type = 'backfill', triggered_by = 'backfill', triggering_user = COALESCE($3, triggering_user),
        conf = COALESCE($4, conf), backfill_id = $2, backfill_ordinal = w.ordinal, updated_at = $5
     FROM {rows} AS w WHERE dag_run.id = w.run_key",
)
.rows(AGAIN);
static TIS_OF_RUNS: Statement =
    Statement::new("SELECT id FROM task_instance WHERE run_key IN {ids} AND state IS NOT NULL ORDER BY id");

const DATES: Batch =
    Batch(&[("ordinal", "integer"), ("logical_date", "bigint"), ("run_key", "bigint"), ("exception_reason", "text")]);
static RECORD: Statement = Statement::new(
    "INSERT INTO backfill_dag_run (backfill_id, ordinal, logical_date, run_key, exception_reason)
     SELECT $2, ordinal, logical_date, run_key, exception_reason FROM {rows} AS w",
)
.rows(DATES);

static SET_PAUSED: Statement = Statement::new(
    "UPDATE backfill SET is_paused = $2, updated_at = $3 WHERE id = $1 AND completed_at IS NULL RETURNING id",
);
static CANCEL: Statement = Statement::new(
    "UPDATE backfill SET is_paused = TRUE, completed_at = $2, updated_at = $2
     WHERE id = $1 AND completed_at IS NULL RETURNING id",
);
static NOTHING_TO_DO: Statement =
    Statement::new("UPDATE backfill SET completed_at = $2, updated_at = $2 WHERE id = $1");
static EXISTS: Statement = Statement::new("SELECT COUNT(*) FROM backfill WHERE id = $1");
static QUEUED: Statement = Statement::new(
    "SELECT id FROM dag_run WHERE backfill_id = $1 AND state = 'queued' ORDER BY id
     FOR UPDATE -- pg",
);
/// One queued run of each scheduler: looking at it, it looks at all that it has of the DAG.
static ONE_OF_EACH: Statement = Statement::new(
    "SELECT MIN(id) FROM dag_run WHERE backfill_id = $1 AND state = 'queued' GROUP BY COALESCE(owner, 0)",
);
static OPEN: Statement = Statement::new(
    "SELECT id FROM task_instance WHERE run_key IN {ids}
        AND (state IS NULL OR state NOT IN ('success', 'failed', 'skipped', 'upstream_failed', 'removed')) ORDER BY id",
);
/// The owner stays: it is told by its inbox, and lets go of the run.
static FAIL_RUNS: Statement = Statement::new(
    "UPDATE dag_run SET state = 'failed', end_date = $2, updated_at = $2 WHERE id IN {ids} AND state = 'queued'",
);
static COMPLETE: Statement = Statement::new(
    "UPDATE backfill SET completed_at = $1, updated_at = $1
     WHERE completed_at IS NULL AND NOT EXISTS (SELECT 1 FROM dag_run AS r
        WHERE r.backfill_id = backfill.id AND r.state IN ('queued', 'running'))
     RETURNING id",
);
/// Most of the time no backfill is there.
static ANY_ACTIVE: Statement = Statement::new("SELECT COUNT(*) FROM backfill WHERE completed_at IS NULL");

impl Store {
    /// Makes a backfill with all its runs, which are queued, in one transaction. Runs that are to run again are
    /// cleared.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such DAG; those of the database.
    pub async fn create_backfill(&self, new: &NewBackfill) -> Result<BackfillOutcome, Error> {
        let mut tx = self.begin().await?;
        if LOCK_DAG.bind(&new.dag_id).optional::<(String,)>(&mut tx).await?.is_none() {
            return Err(Error::NotFound(format!("there is no DAG '{}'", new.dag_id)));
        }
        if let Some((id,)) = ACTIVE.bind(&new.dag_id).optional::<(i64,)>(&mut tx).await? {
            return Ok(BackfillOutcome::Running(id));
        }
        let id = tx.create_backfill(new).await?;
        // The schedule goes on after the latest date of either kind.
        for topic in [Topic::Dags, Topic::Scheduler, Topic::Ui] {
            tx.notify(topic);
        }
        tx.commit().await?;
        Ok(BackfillOutcome::Created(id))
    }

    /// What a backfill would do with each of these dates.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn backfill_steps(
        &self,
        dag_id: &str,
        dates: &[Timestamp],
        reprocess: Reprocess,
    ) -> Result<Vec<BackfillStep>, Error> {
        let mut tx = self.begin().await?;
        let existing = tx.runs_at(dag_id, dates).await?;
        Ok(dates.iter().map(|date| backfill_step(existing.get(date).map(|(_, state)| *state), reprocess)).collect())
    }

    /// Pauses or unpauses a backfill: whether its queued runs begin. What runs goes on.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn set_backfill_paused(&self, id: i64, paused: bool, at: Timestamp) -> Result<BackfillChange, Error> {
        let mut tx = self.begin().await?;
        if SET_PAUSED.bind(id).bind(paused).bind(at).optional::<(i64,)>(&mut tx).await?.is_none() {
            return tx.unchanged_backfill(id).await;
        }
        let owners = ONE_OF_EACH.bind(id).all::<(i64,)>(&mut tx).await?;
        tx.add_to_inbox(owners.into_iter().map(|(run_key,)| (run_key, None))).await?;
        tx.notify(Topic::Scheduler);
        tx.notify(Topic::Ui);
        tx.commit().await?;
        Ok(BackfillChange::Done)
    }

    /// Ends a backfill: its queued runs fail, those that run go on to their end.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn cancel_backfill(&self, id: i64, at: Timestamp) -> Result<BackfillChange, Error> {
        let mut tx = self.begin().await?;
        if CANCEL.bind(id).bind(at).optional::<(i64,)>(&mut tx).await?.is_none() {
            return tx.unchanged_backfill(id).await;
        }
        let queued: Vec<i64> = QUEUED.bind(id).all::<(i64,)>(&mut tx).await?.into_iter().map(|(key,)| key).collect();
        let open = OPEN.bind(ids(queued.iter().copied())).all::<(i64,)>(&mut tx).await?;
        let open: Vec<i64> = open.into_iter().map(|(ti_id,)| ti_id).collect();
        tx.mark(&open, TaskState::Skipped, at, "the backfill was cancelled").await?;
        FAIL_RUNS.bind(ids(queued.iter().copied())).bind(at).run(&mut tx).await?;
        tx.runs_were_changed(&queued).await?;
        tx.notify(Topic::Ui);
        tx.commit().await?;
        Ok(BackfillChange::Done)
    }

    /// Ends every backfill whose runs are all over; answers which.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn complete_backfills(&self, at: Timestamp) -> Result<Vec<i64>, Error> {
        if ANY_ACTIVE.query().one::<(i64,)>(&mut self.db().reader().await?).await? == (0,) {
            return Ok(Vec::new());
        }
        let mut tx = self.begin().await?;
        let completed = COMPLETE.bind(at).all::<(i64,)>(&mut tx).await?;
        if !completed.is_empty() {
            tx.notify(Topic::Ui);
        }
        tx.commit().await?;
        Ok(completed.into_iter().map(|(id,)| id).collect())
    }
}

impl Tx {
    async fn unchanged_backfill(&mut self, id: i64) -> Result<BackfillChange, Error> {
        let found = EXISTS.bind(id).one::<(i64,)>(self).await? != (0,);
        Ok(if found { BackfillChange::Completed } else { BackfillChange::Missing })
    }

    /// The newest run at each of these dates, locked: run key and state.
    async fn runs_at(
        &mut self,
        dag_id: &str,
        dates: &[Timestamp],
    ) -> Result<HashMap<Timestamp, (i64, RunState)>, Error> {
        let rows = EXISTING
            .bind(ids(dates.iter().map(|date| date.as_micros())))
            .bind(dag_id)
            .all::<(Timestamp, i64, RunState)>(self)
            .await?;
        Ok(rows.into_iter().map(|(date, run_key, state)| (date, (run_key, state))).collect())
    }

    async fn create_backfill(&mut self, new: &NewBackfill) -> Result<i64, Error> {
        let conf = new.conf.as_ref().map(Value::to_string);
        let (id,) = CREATE
            .bind(&new.dag_id)
            .bind(new.from)
            .bind(new.to)
            .bind(conf.clone())
            .bind(new.run_backwards)
            .bind(new.reprocess)
            .bind(new.max_active_runs)
            .bind(new.triggering_user.clone())
            .bind(new.at)
            .one::<(i64,)>(self)
            .await?;
        let dates: Vec<Timestamp> = new.runs.iter().filter_map(|date| date.run.logical_date).collect();
        let existing = self.runs_at(&new.dag_id, &dates).await?;
        let taken = IDS_TAKEN.bind(names(new.runs.iter().map(|date| &date.run_id))).bind(&new.dag_id);
        let taken: Vec<String> = taken.all::<(String,)>(self).await?.into_iter().map(|(run_id,)| run_id).collect();

        // By ordinal, from 1: the run, or why there is none.
        let mut became: Vec<Result<i64, LeftOut>> = vec![Err(LeftOut::InFlight); new.runs.len()];
        let (mut create, mut again) = (Rows::new(RUNS), Vec::new());
        for (index, NewBackfillRun { run, run_id }) in new.runs.iter().enumerate() {
            let there = run.logical_date.and_then(|date| existing.get(&date)).copied();
            match (backfill_step(there.map(|(_, state)| state), new.reprocess), there) {
                (BackfillStep::LeaveOut(reason), _) => became[index] = Err(reason),
                (BackfillStep::Reprocess, Some((run_key, _))) => again.push((index, run_key)),
                // A person gave this id to a run for another date.
                _ if taken.contains(run_id) => became[index] = Err(LeftOut::AlreadyExists),
                _ => create.push([
                    run_id.into(),
                    run.logical_date.into(),
                    run.data_interval.start.into(),
                    run.data_interval.end.into(),
                    run.run_after.into(),
                    ordinal(index).into(),
                ]),
            }
        }
        let created = CREATE_RUNS
            .bind(create)
            .bind(&new.dag_id)
            .bind(new.triggering_user.clone())
            .bind(new.at)
            .bind(conf.clone().unwrap_or_else(|| "{}".into()))
            .bind(id)
            .all::<(i64, i32)>(self)
            .await?;
        for (run_key, ordinal) in &created {
            became[usize::try_from(ordinal - 1).unwrap_or_default()] = Ok(*run_key);
        }
        self.run_again(new, id, conf, &again).await?;
        for (index, run_key) in again {
            became[index] = Ok(run_key);
        }
        let mut rows = Rows::new(DATES);
        for (index, became) in became.iter().enumerate() {
            let date = new.runs[index].run.logical_date;
            let reason = became.err().map(LeftOut::as_str);
            rows.push([ordinal(index).into(), date.into(), became.ok().into(), reason.into()]);
        }
        RECORD.bind(rows).bind(id).run(self).await?;
        if became.iter().all(Result::is_err) {
            NOTHING_TO_DO.bind(id).bind(new.at).run(self).await?;
        }
        self.add_to_inbox(created.into_iter().map(|(run_key, _)| (run_key, None))).await?;
        Ok(id)
    }

    /// Clears runs that are over and gives them to the backfill.
    async fn run_again(
        &mut self,
        new: &NewBackfill,
        id: i64,
        conf: Option<String>,
        again: &[(usize, i64)],
    ) -> Result<(), Error> {
        if again.is_empty() {
            return Ok(());
        }
        let mut rows = Rows::new(AGAIN);
        for (index, run_key) in again {
            rows.push([(*run_key).into(), ordinal(*index).into()]);
        }
        let run_keys: Vec<i64> = again.iter().map(|(_, run_key)| *run_key).collect();
        let tis = TIS_OF_RUNS.bind(ids(run_keys.iter().copied())).all::<(i64,)>(self).await?;
        let clear = ClearTis {
            tis: tis.into_iter().map(|(ti_id,)| ti_id).collect(),
            reopen_runs: true,
            also_runs: run_keys,
            latest_version: new.latest_version,
            default_retries: new.default_retries,
            at: new.at,
        };
        self.clear_tis(&clear).await?;
        RUN_AGAIN.bind(rows).bind(id).bind(new.triggering_user.clone()).bind(conf).bind(new.at).run(self).await?;
        Ok(())
    }
}

fn ordinal(index: usize) -> i32 {
    i32::try_from(index + 1).unwrap_or(i32::MAX)
}
