//! Waking DAGs that wait for assets, and what somebody empties queues by hand.

use std::collections::HashMap;

use crate::sql::{Batch, Rows, Statement, names};
use crate::{Error, Topic, Tx};

const DAGS: Batch = Batch(&[("dag_id", "text")]);
static WAKE: Statement =
    Statement::new("INSERT INTO inbox (run_key, dag_id) SELECT 0, dag_id FROM {rows} AS w").rows(DAGS);
static WITH_QUEUE: Statement = Statement::new("SELECT DISTINCT dag_id FROM asset_queue WHERE dag_id IN {names}");
static KNOWN_ALIASES: Statement = Statement::new("SELECT name, id FROM asset_alias WHERE name IN {names}");

impl Tx {
    /// Tells schedulers to look at what these DAGs wait for.
    pub(crate) async fn wake_dags(&mut self, dag_ids: impl Iterator<Item = &String>) -> Result<(), Error> {
        let mut rows = Rows::new(DAGS);
        for dag_id in dag_ids {
            rows.push([dag_id.into()]);
        }
        if rows.len() > 0 {
            WAKE.bind(rows).run(self).await?;
            self.notify(Topic::Scheduler);
            self.notify(Topic::Ui);
        }
        Ok(())
    }

    /// The same for those among them that have something in their queue: their conditions changed, or they were
    /// unpaused.
    pub(crate) async fn wake_asset_dags(&mut self, dag_ids: impl Iterator<Item = &String>) -> Result<(), Error> {
        let waiting = WITH_QUEUE.bind(names(dag_ids)).all::<(String,)>(self).await?;
        let waiting: Vec<String> = waiting.into_iter().map(|(dag_id,)| dag_id).collect();
        self.wake_dags(waiting.iter()).await
    }

    /// Numbers of the aliases that are known among these.
    pub(super) async fn known_aliases<'n>(
        &mut self,
        aliases: impl Iterator<Item = &'n str>,
    ) -> Result<HashMap<String, i64>, Error> {
        Ok(KNOWN_ALIASES.bind(names(aliases)).all::<(String, i64)>(self).await?.into_iter().collect())
    }
}
