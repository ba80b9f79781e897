//! Tries that begin to wait, and triggers that are not wanted any more.

use tradewind_core::waiting::Wait;
use tradewind_core::{Deferral, Timestamp, TryId};

use crate::sql::{Batch, Rows, Statement, ids};
use crate::{Error, Topic, Tx};

/// A try that was just recorded as deferred or awaiting input.
pub(crate) struct Deferred<'d> {
    pub(crate) try_id: TryId,
    pub(crate) run_key: i64,
    pub(crate) at: Timestamp,
    pub(crate) deferral: &'d Deferral,
}

const DEFERRALS: Batch = Batch(&[
    ("ti_id", "bigint"),
    ("this_try", "integer"),
    ("next_method", "text"),
    ("next_kwargs", "text"),
    ("ends", "text"),
    ("asset_updates", "text"),
]);
static REMEMBER: Statement = Statement::new(
    "INSERT INTO deferral (ti_id, try_number, next_method, next_kwargs, ends, asset_updates)
     SELECT ti_id, this_try, next_method, next_kwargs, ends, asset_updates FROM {rows} AS w WHERE TRUE
     ON CONFLICT (ti_id) DO UPDATE SET try_number = excluded.try_number, next_method = excluded.next_method,
        next_kwargs = excluded.next_kwargs, ends = excluded.ends, asset_updates = excluded.asset_updates,
        outcome = NULL",
)
.rows(DEFERRALS);

const TRIGGERS: Batch = Batch(&[
    ("kind", "text"),
    ("classpath", "text"),
    ("kwargs", "text"),
    ("queue", "text"),
    ("created_at", "bigint"),
    ("due_at", "bigint"),
    ("awaited_dag", "text"),
    ("run_key", "bigint"),
    ("ti_id", "bigint"),
    ("this_try", "integer"),
]);
static ADD: Statement = Statement::new(
    "INSERT INTO trigger (kind, classpath, kwargs, queue, created_at, due_at, awaited_dag, run_key, ti_id, try_number)
     SELECT kind, classpath, kwargs, queue, created_at, due_at, awaited_dag, run_key, ti_id, this_try
     FROM {rows} AS w WHERE TRUE",
)
.rows(TRIGGERS);
static DROP_OF_TIS: Statement = Statement::new("DELETE FROM trigger WHERE ti_id IN {ids}");
/// Triggers of these runs whose try does not wait any more.
static DROP_STALE: Statement = Statement::new(
    "DELETE FROM trigger WHERE run_key IN {ids} AND NOT EXISTS (SELECT 1 FROM task_instance AS t
        WHERE t.id = trigger.ti_id AND t.try_number = trigger.try_number AND t.state IN ('deferred', 'awaiting_input'))",
);

impl Tx {
    /// Remembers how these tries go on, and what wakes them.
    pub(crate) async fn defer(&mut self, deferred: &[Deferred<'_>]) -> Result<(), Error> {
        if deferred.is_empty() {
            return Ok(());
        }
        let mut deferrals = Rows::new(DEFERRALS);
        let mut triggers = Rows::new(TRIGGERS);
        for one in deferred {
            let Deferral { classpath, kwargs, next_method, next_kwargs, timeout, queue, ends, asset_updates } =
                one.deferral;
            let next_kwargs = serde_json::Value::Object(next_kwargs.clone()).to_string();
            let ends = ends.as_ref().map(|ends| serde_json::to_string(ends).unwrap_or_default());
            let updates = (!asset_updates.is_empty()).then(|| serde_json::to_string(asset_updates).unwrap_or_default());
            deferrals.push([
                one.try_id.ti_id.into(),
                one.try_id.try_number.into(),
                next_method.into(),
                next_kwargs.into(),
                ends.into(),
                updates.into(),
            ]);
            let wait = Wait::of(classpath, kwargs);
            let (due_at, awaited) = match &wait {
                Wait::Time { at, .. } => (Some(*at), None),
                Wait::External(external) => (None, Some(external.dag_id.clone())),
                Wait::Input => (timeout.map(|timeout| one.at + timeout), None),
                Wait::Python => (None, None),
            };
            triggers.push([
                wait.kind().into(),
                classpath.into(),
                self.sealed(kwargs).into(),
                queue.as_ref().into(),
                one.at.into(),
                due_at.into(),
                awaited.into(),
                one.run_key.into(),
                one.try_id.ti_id.into(),
                one.try_id.try_number.into(),
            ]);
        }
        DROP_OF_TIS.bind(ids(deferred.iter().map(|one| one.try_id.ti_id))).run(self).await?;
        REMEMBER.bind(deferrals).run(self).await?;
        ADD.bind(triggers).run(self).await?;
        self.notify(Topic::Triggers);
        Ok(())
    }

    /// After task instances left a waiting state: nobody needs their triggers.
    pub(crate) async fn drop_triggers_of(&mut self, ti_ids: impl IntoIterator<Item = i64>) -> Result<(), Error> {
        if DROP_OF_TIS.bind(ids(ti_ids)).run(self).await? > 0 {
            self.notify(Topic::Triggers);
        }
        Ok(())
    }

    /// After task instances of these runs were changed by a person.
    pub(crate) async fn drop_stale_triggers(&mut self, run_keys: &[i64]) -> Result<(), Error> {
        if DROP_STALE.bind(ids(run_keys.iter().copied())).run(self).await? > 0 {
            self.notify(Topic::Triggers);
        }
        Ok(())
    }

    /// Arguments may hold secrets: they are kept like those of connections.
    pub(crate) fn sealed(&self, kwargs: &serde_json::Map<String, serde_json::Value>) -> String {
        self.fernet().encrypt(&serde_json::Value::Object(kwargs.clone()).to_string()).0
    }
}
