//! Task instances: many at once, each guarded.

use std::collections::HashSet;

use tradewind_core::TaskState;

use crate::models::{NewTi, TiWrite};
use crate::sql::{Batch, Rows, Statement};
use crate::{Error, Tx};

const NEW_TIS: Batch = Batch(&[
    ("run_key", "bigint"),
    ("dag_id", "text"),
    ("task_id", "text"),
    ("map_index", "integer"),
    ("state", "text"),
    ("try_number", "integer"),
    ("max_tries", "integer"),
    ("scheduled_at", "bigint"),
    ("queued_at", "bigint"),
    ("start_date", "bigint"),
    ("end_date", "bigint"),
    ("operator", "text"),
    ("pool", "text"),
    ("pool_slots", "integer"),
    ("queue", "text"),
    ("priority", "integer"),
    ("executor", "text"),
    ("dag_version_id", "bigint"),
    ("reason", "text"),
]);
static INSERT: Statement = Statement::new(include_str!("insert_tis.sql")).rows(NEW_TIS);

const TI_WRITES: Batch = Batch(&[
    ("ti_id", "bigint"),
    ("expect_state", "text"),
    ("expect_fence", "bigint"),
    ("new_state", "text"),
    ("new_map_index", "integer"),
    ("new_try", "integer"),
    ("max_tries", "integer"),
    ("scheduled_at", "bigint"),
    ("queued_at", "bigint"),
    ("start_date", "bigint"),
    ("end_date", "bigint"),
    ("retry_at", "bigint"),
    ("reason", "text"),
]);
static WRITE: Statement = Statement::new(include_str!("write_tis.sql")).rows(TI_WRITES);
/// Moves rows between map indexes as well. Apart, because writing a column of the unique key costs SQLite a
/// rewrite of that index.
static WRITE_MAPPED: Statement = Statement::new(include_str!("write_tis_mapped.sql")).rows(TI_WRITES);
/// Keeps what a new try is about to overwrite.
static KEEP_OLD_TRIES: Statement = Statement::new(include_str!("keep_old_tries.sql")).rows(TI_WRITES);
/// A new try starts without the XComs of the one before, and what is removed leaves none.
static FORGET_XCOMS: Statement = Statement::new(include_str!("forget_xcoms.sql")).rows(TI_WRITES);

/// Rows that go in one statement: their text must not grow with a mapped task of a hundred thousand instances.
const AT_ONCE: usize = 4_096;

impl Tx {
    /// Inserts task instances; answers their ids in the same order. Whoever gets [`Error::Exists`] drops the
    /// transaction: another scheduler has made some of them meanwhile.
    ///
    /// # Errors
    /// [`Error::Exists`]; those of the database.
    pub async fn insert_tis(&mut self, tis: &[NewTi]) -> Result<Vec<i64>, Error> {
        let mut ids = Vec::with_capacity(tis.len());
        for some in tis.chunks(AT_ONCE) {
            ids.extend(self.insert_some(some).await?);
        }
        Ok(ids)
    }

    async fn insert_some(&mut self, tis: &[NewTi]) -> Result<Vec<i64>, Error> {
        let mut rows = Rows::new(NEW_TIS);
        for ti in tis {
            rows.push([
                ti.run_key.into(),
                (&ti.dag_id).into(),
                (&ti.task_id).into(),
                ti.map_index.into(),
                ti.state.into(),
                ti.try_number.into(),
                ti.max_tries.into(),
                ti.scheduled_at.into(),
                ti.queued_at.into(),
                ti.start_date.into(),
                ti.end_date.into(),
                (&ti.operator).into(),
                (&ti.pool).into(),
                ti.pool_slots.into(),
                (&ti.queue).into(),
                ti.priority.into(),
                ti.executor.as_ref().into(),
                ti.dag_version_id.into(),
                ti.reason.as_ref().into(),
            ]);
        }
        let inserted = INSERT.bind(rows).bind(crate::now()).all::<(i64, Option<String>)>(self).await?;
        self.note_awaited(inserted.iter().map(|(_, awaited)| awaited.clone())).await?;
        let mut ids: Vec<i64> = inserted.into_iter().map(|(id, _)| id).collect();
        // Numbers are given out in the order of the batch; the order of RETURNING is nobody's promise.
        ids.sort_unstable();
        if ids.len() < tis.len() {
            return Err(Error::Exists(format!("{} of {} task instances", tis.len() - ids.len(), tis.len())));
        }
        Ok(ids)
    }

    /// Writes task instances; answers which were still as expected.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn write_tis(&mut self, writes: &[TiWrite]) -> Result<Vec<bool>, Error> {
        let mut applied = Vec::with_capacity(writes.len());
        for some in writes.chunks(AT_ONCE) {
            applied.extend(self.write_some(some).await?);
        }
        Ok(applied)
    }

    async fn write_some(&mut self, writes: &[TiWrite]) -> Result<Vec<bool>, Error> {
        let now = crate::now();
        let rows = |chosen: &dyn Fn(&TiWrite) -> bool| {
            let mut rows = Rows::new(TI_WRITES);
            for write in writes.iter().filter(|write| chosen(write)) {
                rows.push([
                    write.ti_id.into(),
                    write.expect_state.into(),
                    write.expect_fence.into(),
                    write.state.into(),
                    write.map_index.into(),
                    write.try_number.into(),
                    write.max_tries.into(),
                    write.scheduled_at.into(),
                    write.queued_at.into(),
                    write.start_date.into(),
                    write.end_date.into(),
                    write.retry_at.into(),
                    write.reason.as_ref().into(),
                ]);
            }
            rows
        };
        let may_end_a_try = |write: &TiWrite| {
            write.try_number > 1
                || (write.expect_state == Some(TaskState::UpForRetry) && write.state != Some(TaskState::UpForRetry))
        };
        if writes.iter().any(may_end_a_try) {
            KEEP_OLD_TRIES.bind(rows(&may_end_a_try)).run(self).await?;
        }
        let by_task = self.store().tries_forget_xcoms();
        let forgets = |write: &TiWrite| (write.try_number > 1 && !by_task) || write.state == Some(TaskState::Removed);
        if writes.iter().any(forgets) {
            FORGET_XCOMS.bind(rows(&forgets)).run(self).await?;
        }
        let mut applied = HashSet::with_capacity(writes.len());
        for (statement, mapped) in [(&WRITE, false), (&WRITE_MAPPED, true)] {
            let rows = rows(&|write| (write.map_index >= 0) == mapped);
            if rows.len() > 0 {
                let written = statement.bind(rows).bind(now).all::<(i64, Option<String>)>(self).await?;
                self.note_awaited(written.iter().map(|(_, awaited)| awaited.clone())).await?;
                applied.extend(written.into_iter().map(|(id, _)| id));
            }
        }
        let waited = |write: &&TiWrite| {
            matches!(write.expect_state, Some(TaskState::Deferred | TaskState::AwaitingInput))
                && write.state != write.expect_state
                && applied.contains(&write.ti_id)
        };
        let waited: Vec<i64> = writes.iter().filter(waited).map(|write| write.ti_id).collect();
        if !waited.is_empty() {
            self.drop_triggers_of(waited).await?;
        }
        Ok(writes.iter().map(|write| applied.contains(&write.ti_id)).collect())
    }
}
