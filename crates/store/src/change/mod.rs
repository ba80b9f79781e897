//! What people change: clearing, marking, backfilling, triggering, deleting, notes. Each tells the run's scheduler by its inbox.

mod backfill;
mod clear;
mod mark;
mod notes;
mod retries;
mod trigger;

pub use backfill::{BackfillChange, BackfillOutcome, NewBackfill, NewBackfillRun};
pub use clear::{ClearOutcome, ClearTis};
pub use mark::RunStateOutcome;
pub use trigger::TriggerOutcome;

use crate::sql::{Statement, ids};
use crate::{Error, Topic, Tx};

static RECOUNT: Statement = Statement::new(include_str!("recount.sql"));

impl Tx {
    /// After task instances of these runs were changed by a person: keeps the runs' counts right, and tells their
    /// schedulers to load them afresh.
    async fn runs_were_changed(&mut self, run_keys: &[i64]) -> Result<(), Error> {
        if run_keys.is_empty() {
            return Ok(());
        }
        self.drop_stale_triggers(run_keys).await?;
        RECOUNT.bind(ids(run_keys.iter().copied())).bind(crate::now()).run(self).await?;
        self.add_to_inbox(run_keys.iter().map(|run_key| (*run_key, None))).await?;
        self.notify(Topic::Scheduler);
        self.notify(Topic::Ui);
        Ok(())
    }
}
