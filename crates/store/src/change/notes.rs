//! What is written beside task instances and runs: notes, rendered fields.

use tradewind_core::TryId;

use crate::sql::{Statement, ids};
use crate::{Error, Store, Topic};

static RUN_NOTE: Statement = Statement::new("UPDATE dag_run SET note = $2, updated_at = $3 WHERE id = $1");
static TI_NOTES: Statement = Statement::new("UPDATE task_instance SET note = $2, updated_at = $3 WHERE id IN {ids}");
static FORGET_PARTITIONS: Statement =
    Statement::new("UPDATE dag_run SET partition_key = NULL, partition_date = NULL, updated_at = $2 WHERE id IN {ids}");
static RENDERED: Statement = Statement::new(
    "UPDATE task_instance SET rendered_fields = $3
     WHERE id = $1 AND try_number = $2 AND state IN ('running', 'restarting')",
);
static RENDERED_MAP_INDEX: Statement = Statement::new(
    "UPDATE task_instance SET rendered_map_index = $3
     WHERE id = $1 AND try_number = $2 AND state IN ('running', 'restarting')",
);

impl Store {
    /// Writes (or, with `None`, removes) a run's note; answers whether there is such a run.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn set_run_note(&self, run_key: i64, note: Option<&str>) -> Result<bool, Error> {
        let mut tx = self.begin().await?;
        let written = RUN_NOTE.bind(run_key).bind(note).bind(crate::now()).run(&mut tx).await?;
        tx.notify(Topic::Ui);
        tx.commit().await?;
        Ok(written > 0)
    }

    /// Writes (or, with `None`, removes) the note of task instances; answers how many there are.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn set_ti_notes(&self, ti_ids: &[i64], note: Option<&str>) -> Result<u64, Error> {
        let mut tx = self.begin().await?;
        let written = TI_NOTES.bind(ids(ti_ids.iter().copied())).bind(note).bind(crate::now()).run(&mut tx).await?;
        tx.notify(Topic::Ui);
        tx.commit().await?;
        Ok(written)
    }

    /// Lets runs forget which partition they are about; answers how many there are.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn forget_partitions(&self, run_keys: &[i64]) -> Result<u64, Error> {
        let mut tx = self.begin().await?;
        let written = FORGET_PARTITIONS.bind(ids(run_keys.iter().copied())).bind(crate::now()).run(&mut tx).await?;
        tx.notify(Topic::Ui);
        tx.commit().await?;
        Ok(written)
    }

    /// Template fields of a running try after rendering (a JSON object); answers whether it still runs.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn set_rendered_fields(&self, try_id: TryId, fields: &str) -> Result<bool, Error> {
        let mut tx = self.begin().await?;
        let written = RENDERED.bind(try_id.ti_id).bind(try_id.try_number).bind(fields).run(&mut tx).await?;
        tx.commit().await?;
        Ok(written > 0)
    }

    /// The name that a running try of a mapped task gave itself; answers whether it still runs.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn set_rendered_map_index(&self, try_id: TryId, name: &str) -> Result<bool, Error> {
        let mut tx = self.begin().await?;
        let written = RENDERED_MAP_INDEX.bind(try_id.ti_id).bind(try_id.try_number).bind(name).run(&mut tx).await?;
        tx.notify(Topic::Ui);
        tx.commit().await?;
        Ok(written > 0)
    }
}
