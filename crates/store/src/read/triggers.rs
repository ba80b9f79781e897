//! What tries wait for, as REST shows it.

use std::collections::HashMap;

use tradewind_core::Timestamp;

use super::exec::select;
use super::operations::JobView;
use crate::row::row;
use crate::{Error, Store};

row! {
    /// The trigger of a task instance that waits.
    pub struct TriggerView {
        /// Database number.
        pub id: i64 = "g.id",
        /// Who waits.
        pub ti_id: i64 = "g.ti_id",
        /// Path of its class.
        pub classpath: String = "g.classpath",
        /// Queue of triggerers.
        pub queue: Option<String> = "g.queue",
        /// Since when.
        pub created_at: Timestamp = "g.created_at",
        /// The triggerer that runs it, if it needs one.
        pub triggerer_id: Option<i64> = "g.triggerer_id",
    }
}

impl Store {
    /// What these task instances wait for, with the job of the triggerer that runs it; by task instance.
    ///
    /// # Errors
    /// The database's.
    pub async fn triggers_of_tis(&self, ti_ids: &[i64]) -> Result<HashMap<i64, (TriggerView, Option<JobView>)>, Error> {
        if ti_ids.is_empty() {
            return Ok(HashMap::new());
        }
        let mut f = self.filter();
        f.any_int("g.ti_id", ti_ids);
        let text = format!("{} FROM trigger g{} ORDER BY g.id", select::<TriggerView>(), f.text);
        let triggers = self.rows::<TriggerView>(text, &f.args).await?;
        let mut triggerers: Vec<i64> = triggers.iter().filter_map(|trigger| trigger.triggerer_id).collect();
        triggerers.sort_unstable();
        triggerers.dedup();
        let mut jobs: HashMap<i64, JobView> = HashMap::new();
        if !triggerers.is_empty() {
            let mut f = self.filter();
            f.any_int("j.id", &triggerers);
            let text = format!("{} FROM job j{} ORDER BY j.id", select::<JobView>(), f.text);
            jobs.extend(self.rows::<JobView>(text, &f.args).await?.into_iter().map(|job| (job.id, job)));
        }
        let with_job = |trigger: TriggerView| {
            let job = trigger.triggerer_id.and_then(|id| jobs.get(&id)).cloned();
            (trigger.ti_id, (trigger, job))
        };
        Ok(triggers.into_iter().map(with_job).collect())
    }
}
