//! Who runs which callback: claims with a lease, their ends.

use serde_json::{Value, json};
use tradewind_core::{Duration, Timestamp};

use crate::admin::NewEvent;
use crate::row::row;
use crate::sql::{Statement, names};
use crate::{Error, Store, Topic};

/// A callback that was claimed so often, and whose process died each time, is given up.
const ATTEMPTS: i32 = 3;

row! {
    /// A callback that this process is to run now.
    pub struct ClaimedCallback {
        /// Its number.
        pub id: i64,
        /// `task`, `dag`, `deadline`, `sla` or `reference`.
        pub kind: String,
        /// Its DAG.
        pub dag_id: String,
        /// The run that it is about.
        pub run_key: Option<i64>,
        /// The task instance that it is about.
        pub ti_id: Option<i64>,
        /// Bundle with its file.
        pub bundle_name: String,
        /// The commit that its run stays with, if any.
        pub bundle_version: Option<String> = "(SELECT r.bundle_version FROM dag_run AS r WHERE r.id = callback.run_key)",
        /// The file, relative to the bundle's root.
        pub relative_fileloc: String,
        /// When what it tells of happened.
        pub created_at: Timestamp,
        /// How often it was claimed, this time included.
        pub attempts: i32,
        /// What happened: JSON.
        pub request: Value,
    }
}

/// How a callback ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallbackEnd {
    /// What went wrong, for people.
    pub error: Option<String>,
    /// The file with what it printed and logged, below the log folder.
    pub log: Option<String>,
}

static CLAIM: Statement = Statement::new(
    "UPDATE callback SET claimed_by = $2, lease_until = $4, attempts = attempts + 1
     WHERE id IN (SELECT id FROM callback
        WHERE bundle_name IN {names} AND attempts < $6 AND (claimed_by IS NULL OR lease_until <= $3
            OR EXISTS (SELECT 1 FROM job WHERE job.id = callback.claimed_by AND job.state = 'ended'))
        ORDER BY id LIMIT $5
        FOR UPDATE SKIP LOCKED -- pg
     )
     RETURNING {columns}",
)
.reads::<ClaimedCallback>();
/// Their processes died with them, again and again.
static GIVE_UP: Statement = Statement::new(
    "DELETE FROM callback WHERE bundle_name IN {names} AND attempts >= $3 AND (lease_until <= $2
        OR EXISTS (SELECT 1 FROM job WHERE job.id = callback.claimed_by AND job.state = 'ended'))
     RETURNING {columns}",
)
.reads::<ClaimedCallback>();
/// When there may be something to do again if nobody says so before.
static NEXT: Statement = Statement::new(
    "SELECT MIN(CASE WHEN claimed_by IS NULL
            OR EXISTS (SELECT 1 FROM job WHERE job.id = callback.claimed_by AND job.state = 'ended')
        THEN 0 ELSE lease_until END) FROM callback
     WHERE bundle_name IN {names}",
);
static FINISH: Statement = Statement::new("DELETE FROM callback WHERE id = $1 AND claimed_by = $2");
static LATER: Statement = Statement::new("UPDATE callback SET lease_until = $3 WHERE id = $1 AND claimed_by = $2");
static RUN_ID: Statement = Statement::new("SELECT run_id FROM dag_run WHERE id = $1");

impl Store {
    /// Claims callbacks of files in these bundles, oldest first. Nobody else gets them until the lease is over.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn claim_callbacks(
        &self,
        job: i64,
        bundles: &[String],
        limit: u32,
        now: Timestamp,
        lease: Duration,
    ) -> Result<Vec<ClaimedCallback>, Error> {
        // Most of the time there is nothing: a look that writes nothing says so.
        if self.next_callback_at(bundles).await?.is_none_or(|at| at > now) {
            return Ok(Vec::new());
        }
        let mut tx = self.begin().await?;
        let given_up = GIVE_UP.bind(names(bundles)).bind(now).bind(ATTEMPTS).all::<ClaimedCallback>(&mut tx).await?;
        for callback in &given_up {
            let error = format!("given up: the process that ran it died {ATTEMPTS} times");
            tx.tell_of_callback(callback, &CallbackEnd { error: Some(error), log: None }, now).await?;
        }
        let mut claimed = CLAIM
            .bind(names(bundles))
            .bind(job)
            .bind(now)
            .bind(now + lease)
            .bind(limit)
            .bind(ATTEMPTS)
            .all::<ClaimedCallback>(&mut tx)
            .await?;
        tx.commit().await?;
        claimed.sort_by_key(|callback| callback.id);
        Ok(claimed)
    }

    /// When the next callback of these bundles may be claimed; the distant past means now, `None` that there is none.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn next_callback_at(&self, bundles: &[String]) -> Result<Option<Timestamp>, Error> {
        let (next,) = NEXT.bind(names(bundles)).one::<(Option<Timestamp>,)>(&mut self.db().reader().await?).await?;
        Ok(next)
    }

    /// A claimed callback has run; answers whether it still was this job's. What came of it is in the event log.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn finish_callback(
        &self,
        callback: &ClaimedCallback,
        job: i64,
        end: &CallbackEnd,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let mut tx = self.begin().await?;
        let ours = FINISH.bind(callback.id).bind(job).run(&mut tx).await? > 0;
        if ours {
            tx.tell_of_callback(callback, end, now).await?;
        }
        tx.commit().await?;
        Ok(ours)
    }

    /// A claimed callback could not be begun, through no fault of its own: it may be claimed again then.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn postpone_callback(&self, id: i64, job: i64, until: Timestamp) -> Result<(), Error> {
        let mut tx = self.begin().await?;
        LATER.bind(id).bind(job).bind(until).run(&mut tx).await?;
        tx.commit().await
    }
}

impl crate::Tx {
    /// Writes to the event log what came of a callback.
    async fn tell_of_callback(
        &mut self,
        callback: &ClaimedCallback,
        end: &CallbackEnd,
        now: Timestamp,
    ) -> Result<(), Error> {
        let run_id = match callback.run_key {
            Some(run_key) => RUN_ID.bind(run_key).optional::<(String,)>(self).await?.map(|(run_id,)| run_id),
            None => None,
        };
        let request = &callback.request;
        let extra = json!({
            "kind": callback.kind,
            "callback": request["event"].as_str().or(request["callback"]["path"].as_str()),
            "error": end.error,
            "log": end.log,
            "attempt": callback.attempts,
        });
        let event = if end.error.is_some() { "callback_failed" } else { "callback" };
        self.log_event(NewEvent {
            at: now,
            event,
            dag_id: Some(&callback.dag_id),
            run_id: run_id.as_deref(),
            task_id: request["task_id"].as_str(),
            map_index: request["map_index"].as_i64().and_then(|index| i32::try_from(index).ok()),
            try_number: request["try_number"].as_i64().and_then(|number| i32::try_from(number).ok()),
            username: None,
            extra: Some(&extra.to_string()),
        })
        .await?;
        self.notify(Topic::Ui);
        Ok(())
    }
}
