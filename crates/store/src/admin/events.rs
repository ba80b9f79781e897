//! The log of what people did.

use tradewind_core::Timestamp;

use crate::sql::Statement;
use crate::{Error, Store, Topic, Tx};

/// Something that somebody did.
#[derive(Clone, Copy, Debug)]
pub struct NewEvent<'e> {
    /// When.
    pub at: Timestamp,
    /// What: `trigger_dag_run`, `clear`, `login` …
    pub event: &'e str,
    /// To which DAG.
    pub dag_id: Option<&'e str>,
    /// To which run.
    pub run_id: Option<&'e str>,
    /// To which task.
    pub task_id: Option<&'e str>,
    /// To which map index.
    pub map_index: Option<i32>,
    /// To which try.
    pub try_number: Option<i32>,
    /// Who.
    pub username: Option<&'e str>,
    /// Details: JSON.
    pub extra: Option<&'e str>,
}

static ADD: Statement = Statement::new(
    "INSERT INTO event_log (at, event, dag_id, run_id, task_id, map_index, try_number, username, extra)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id",
);

impl Store {
    /// Writes an event; answers its number.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn log_event(&self, event: NewEvent<'_>) -> Result<i64, Error> {
        let mut tx = self.begin().await?;
        let id = tx.log_event(event).await?;
        tx.commit().await?;
        Ok(id)
    }
}

impl Tx {
    /// Writes an event; answers its number.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn log_event(&mut self, event: NewEvent<'_>) -> Result<i64, Error> {
        let (id,) = ADD
            .bind(event.at)
            .bind(event.event)
            .bind(event.dag_id)
            .bind(event.run_id)
            .bind(event.task_id)
            .bind(event.map_index)
            .bind(event.try_number)
            .bind(event.username)
            .bind(event.extra)
            .one::<(i64,)>(self)
            .await?;
        self.notify(Topic::Ui);
        Ok(id)
    }
}
