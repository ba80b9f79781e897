//! Task instances that go on with another version of their DAG: the row takes over what the task says there.

use crate::sql::{Batch, Rows, Statement};
use crate::{Error, Tx};

/// What a task instance's row takes from its task.
#[derive(Clone, Debug)]
pub struct TiDefinition {
    /// Which.
    pub ti_id: i64,
    /// Class name.
    pub operator: String,
    /// Pool.
    pub pool: String,
    /// At least 1.
    pub pool_slots: i64,
    /// Queue.
    pub queue: String,
    /// Effective priority of the next try.
    pub priority: i64,
    /// Executor, when not the default one.
    pub executor: Option<String>,
    /// Version of the DAG.
    pub dag_version_id: Option<i64>,
}

const DEFINITIONS: Batch = Batch(&[
    ("ti_id", "bigint"),
    ("operator", "text"),
    ("pool", "text"),
    ("pool_slots", "integer"),
    ("queue", "text"),
    ("priority", "integer"),
    ("executor", "text"),
    ("dag_version_id", "bigint"),
]);
/// What is in a worker's hands stays as it was handed over.
static REDEFINE: Statement = Statement::new(
    "UPDATE task_instance SET operator = w.operator, pool = w.pool, pool_slots = w.pool_slots, queue = w.queue,
        priority = w.priority, executor = w.executor, dag_version_id = w.dag_version_id
     FROM {rows} AS w
     WHERE task_instance.id = w.ti_id
        AND (task_instance.state IS NULL OR task_instance.state NOT IN ('running', 'restarting', 'deferred'))",
)
.rows(DEFINITIONS);

impl Tx {
    /// Writes what these task instances take from their tasks. The same transaction must write (and so guard) them.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn redefine_tis(&mut self, tis: &[TiDefinition]) -> Result<(), Error> {
        if tis.is_empty() {
            return Ok(());
        }
        let mut rows = Rows::new(DEFINITIONS);
        for ti in tis {
            rows.push([
                ti.ti_id.into(),
                (&ti.operator).into(),
                (&ti.pool).into(),
                ti.pool_slots.into(),
                (&ti.queue).into(),
                ti.priority.into(),
                ti.executor.as_ref().into(),
                ti.dag_version_id.into(),
            ]);
        }
        REDEFINE.bind(rows).run(self).await?;
        Ok(())
    }
}
