//! Marking: a person decides how task instances or runs ended.

use tradewind_core::{RunState, TaskState, Timestamp};

use crate::sql::{Statement, ids, names};
use crate::{Error, Store, Tx};

/// What became of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunStateOutcome {
    /// It has the state.
    Set,
    /// Its tasks are marked; the run goes on until the tasks that were to be left alone (teardowns) are over.
    Waits,
    /// There is no such run.
    Missing,
}

static MARK: Statement = Statement::new(
    "UPDATE task_instance SET state = $2, fence = fence + 1, start_date = COALESCE(start_date, $3),
        end_date = CASE WHEN end_date IS NULL OR state IS NULL
            OR state IN ('scheduled', 'queued', 'running', 'restarting', 'deferred', 'awaiting_input', 'up_for_retry',
                'up_for_reschedule') THEN $3 ELSE end_date END,
        retry_at = NULL, reason = $4, updated_at = $3
     WHERE id IN {ids} AND state IS DISTINCT FROM $2
     RETURNING id, run_key, CASE WHEN EXISTS (SELECT 1 FROM trigger AS a
        WHERE a.awaited_dag = task_instance.dag_id) THEN task_instance.dag_id END",
);
/// For a run that is marked: which of its instances change.
static OF_RUN: Statement =
    Statement::new("SELECT id, state FROM task_instance WHERE run_key = $2 AND task_id NOT IN {names} ORDER BY id");
static UNFINISHED: Statement = Statement::new(
    "SELECT COUNT(*) FROM task_instance WHERE run_key = $1
        AND (state IS NULL OR state NOT IN ('success', 'failed', 'skipped', 'upstream_failed', 'removed'))",
);
/// The owner stays: it has tries to stop, and is told so by its inbox.
static END_RUN: Statement = Statement::new(
    "UPDATE dag_run SET state = $2, start_date = COALESCE(start_date, $3), end_date = $3, updated_at = $3
     WHERE id = $1
     RETURNING CASE WHEN EXISTS (SELECT 1 FROM trigger AS a WHERE a.awaited_dag = dag_run.dag_id)
        THEN dag_run.dag_id END",
);
static QUEUE_RUN: Statement = Statement::new(
    "UPDATE dag_run SET state = 'queued', queued_at = $2, start_date = NULL, end_date = NULL, updated_at = $2
     WHERE id = $1",
);
static RUN_EXISTS: Statement = Statement::new("SELECT COUNT(*) FROM dag_run WHERE id = $1");

impl Store {
    /// Marks task instances as `success`, `failed` or `skipped`. What runs is ended by its worker. Answers those that
    /// changed.
    ///
    /// # Errors
    /// [`Error::Invalid`] for another state; those of the database.
    pub async fn set_ti_state(&self, ti_ids: &[i64], state: TaskState, at: Timestamp) -> Result<Vec<i64>, Error> {
        if !matches!(state, TaskState::Success | TaskState::Failed | TaskState::Skipped) {
            return Err(Error::Invalid(format!(
                "a task instance can be marked as success, failed or skipped, not as {state}"
            )));
        }
        let mut tx = self.begin().await?;
        let changed = tx.mark(ti_ids, state, at, &format!("marked as {state}")).await?;
        let mut run_keys: Vec<i64> = changed.iter().map(|(_, run_key)| *run_key).collect();
        run_keys.sort_unstable();
        run_keys.dedup();
        tx.runs_were_changed(&run_keys).await?;
        tx.commit().await?;
        let mut changed: Vec<i64> = changed.into_iter().map(|(ti_id, _)| ti_id).collect();
        changed.sort_unstable();
        Ok(changed)
    }

    /// Marks a run. `success`: so do all its task instances. `failed`: what runs fails, what has not begun is
    /// skipped. `queued`: it is planned again, with its task instances as they are. Instances of `leave_alone`
    /// (teardowns) are not touched.
    ///
    /// # Errors
    /// [`Error::Invalid`] for `running`; those of the database.
    pub async fn set_run_state(
        &self,
        run_key: i64,
        state: RunState,
        at: Timestamp,
        leave_alone: &[String],
    ) -> Result<RunStateOutcome, Error> {
        let mut tx = self.begin().await?;
        if RUN_EXISTS.bind(run_key).one::<(i64,)>(&mut tx).await? == (0,) {
            return Ok(RunStateOutcome::Missing);
        }
        let reason = format!("the run was marked as {state}");
        match state {
            RunState::Queued => {
                QUEUE_RUN.bind(run_key).bind(at).run(&mut tx).await?;
                tx.runs_were_requeued(&[run_key]).await?;
                tx.runs_were_changed(&[run_key]).await?;
                tx.commit().await?;
                return Ok(RunStateOutcome::Set);
            }
            RunState::Running => {
                return Err(Error::Invalid("a run can be marked as queued, success or failed, not as running".into()));
            }
            RunState::Success => {
                let tis = tx.instances(run_key, leave_alone).await?;
                let all: Vec<i64> = tis.into_iter().map(|(ti_id, _)| ti_id).collect();
                tx.mark(&all, TaskState::Success, at, &reason).await?;
            }
            RunState::Failed => {
                let tis = tx.instances(run_key, leave_alone).await?;
                let chosen = |wanted: fn(Option<TaskState>) -> bool| {
                    tis.iter().filter(|(_, state)| wanted(*state)).map(|(ti_id, _)| *ti_id).collect::<Vec<_>>()
                };
                let failed = chosen(|state| state.is_some_and(has_begun));
                let skipped = chosen(|state| state.is_none_or(|state| !state.is_finished() && !has_begun(state)));
                tx.mark(&failed, TaskState::Failed, at, &reason).await?;
                tx.mark(&skipped, TaskState::Skipped, at, &reason).await?;
            }
        }
        let (unfinished,) = UNFINISHED.bind(run_key).one::<(i64,)>(&mut tx).await?;
        if unfinished == 0 {
            let ended = END_RUN.bind(run_key).bind(state).bind(at).all::<(Option<String>,)>(&mut tx).await?;
            tx.note_awaited(ended.into_iter().map(|(awaited,)| awaited)).await?;
        }
        tx.runs_were_changed(&[run_key]).await?;
        tx.commit().await?;
        Ok(if unfinished == 0 { RunStateOutcome::Set } else { RunStateOutcome::Waits })
    }
}

fn has_begun(state: TaskState) -> bool {
    use TaskState as S;
    matches!(state, S::Running | S::Restarting | S::Deferred | S::UpForReschedule | S::AwaitingInput)
}

impl Tx {
    async fn instances(
        &mut self,
        run_key: i64,
        leave_alone: &[String],
    ) -> Result<Vec<(i64, Option<TaskState>)>, Error> {
        OF_RUN.bind(names(leave_alone)).bind(run_key).all(self).await
    }

    pub(super) async fn mark(
        &mut self,
        ti_ids: &[i64],
        state: TaskState,
        at: Timestamp,
        reason: &str,
    ) -> Result<Vec<(i64, i64)>, Error> {
        if ti_ids.is_empty() {
            return Ok(Vec::new());
        }
        let query = MARK.bind(ids(ti_ids.iter().copied())).bind(state).bind(at).bind(reason);
        let marked = query.all::<(i64, i64, Option<String>)>(self).await?;
        self.note_awaited(marked.iter().map(|(.., awaited)| awaited.clone())).await?;
        Ok(marked.into_iter().map(|(ti_id, run_key, _)| (ti_id, run_key)).collect())
    }
}
