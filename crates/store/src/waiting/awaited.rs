//! Noticing that what somebody waits for has changed, at no cost where nobody waits.
//!
//! Statements that end runs or task instances answer the DAG's id if any trigger awaits that DAG. Those ids are kept
//! in the same transaction, and whoever looks at waiting triggers takes them from there.

use std::collections::BTreeSet;

use crate::sql::{Statement, names};
use crate::{Error, Topic, Tx};

static NOTE: Statement = Statement::new(
    "INSERT INTO awaited_change (dag_id) SELECT d.value FROM json_each($1) AS d -- sqlite
     INSERT INTO awaited_change (dag_id) SELECT d.value FROM json_array_elements_text($1::json) AS d(value) -- pg",
);

impl Tx {
    /// Runs or task instances of these DAGs ended, and are waited for (`None`: they are not).
    pub(crate) async fn note_awaited(&mut self, dags: impl IntoIterator<Item = Option<String>>) -> Result<(), Error> {
        let dags: BTreeSet<String> = dags.into_iter().flatten().collect();
        if dags.is_empty() {
            return Ok(());
        }
        NOTE.bind(names(&dags)).run(self).await?;
        self.notify(Topic::Triggers);
        Ok(())
    }
}
