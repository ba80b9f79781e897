//! What workers are told, and the pods that executors made: what the cluster page is about, as far as it is written.

use serde_json::Value;
use tradewind_core::{Duration, Timestamp, TryId};

use crate::sql::{Batch, Bind, Rows, Statement, names};
use crate::{Error, Store};

/// A pod as its executor sees it now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodRow {
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// The try that it is for.
    pub try_id: TryId,
    /// The scheduler that looks after it.
    pub scheduler_id: i64,
    /// Kubernetes' word for how far it is, or `Deleted`.
    pub phase: &'static str,
    /// Where it runs.
    pub node: Option<String>,
    /// Kubernetes' word for what is wrong.
    pub reason: Option<String>,
    /// All that Kubernetes says about it.
    pub message: Option<String>,
    /// When Kubernetes made it.
    pub created_at: Timestamp,
}

impl PodRow {
    /// It runs nothing any more.
    fn is_over(&self) -> bool {
        matches!(self.phase, "Succeeded" | "Failed" | "Deleted")
    }
}

/// Pods that are over are remembered for so long.
pub const PODS_KEPT: Duration = Duration::from_secs(3600);

const PODS: Batch = Batch(&[
    ("namespace", "text"),
    ("name", "text"),
    ("ti_id", "bigint"),
    ("try_number", "integer"),
    ("scheduler_id", "bigint"),
    ("phase", "text"),
    ("node", "text"),
    ("reason", "text"),
    ("message", "text"),
    ("created_at", "bigint"),
    ("ended_at", "bigint"),
]);
/// A pod that is deleted when it is over keeps what was said of its end.
static PUT_PODS: Statement = Statement::new(
    "INSERT INTO pod (namespace, name, ti_id, try_number, scheduler_id, phase, node, reason, message, created_at,
        updated_at, ended_at)
     SELECT w.namespace, w.name, w.ti_id, w.try_number, w.scheduler_id, w.phase, w.node, w.reason, w.message,
        w.created_at, $2, w.ended_at
     FROM {rows} AS w WHERE true
     ON CONFLICT (namespace, name) DO UPDATE SET scheduler_id = excluded.scheduler_id,
        phase = CASE WHEN excluded.phase = 'Deleted' AND pod.phase IN ('Succeeded', 'Failed') THEN pod.phase
            ELSE excluded.phase END,
        node = COALESCE(excluded.node, pod.node),
        reason = CASE WHEN excluded.phase = 'Deleted' THEN COALESCE(excluded.reason, pod.reason)
            ELSE excluded.reason END,
        message = CASE WHEN excluded.phase = 'Deleted' THEN COALESCE(excluded.message, pod.message)
            ELSE excluded.message END,
        updated_at = excluded.updated_at,
        ended_at = CASE WHEN excluded.ended_at IS NULL THEN NULL
            ELSE COALESCE(pod.ended_at, excluded.ended_at) END",
)
.rows(PODS);
static END_ABSENT: Statement = Statement::new(
    "UPDATE pod SET phase = 'Deleted', updated_at = $3, ended_at = $3
     WHERE ended_at IS NULL AND updated_at < $2 AND (namespace || '/' || name) NOT IN {names}
        AND ($4 IS NULL OR namespace = $4) -- sqlite
        AND ($4::text IS NULL OR namespace = $4) -- pg",
);
static FORGET: Statement = Statement::new("DELETE FROM pod WHERE ended_at < $1");

static HEARTBEAT: Statement = Statement::new(
    "UPDATE job SET heartbeat_at = $2, state = 'running', ended_at = NULL WHERE id = $1 RETURNING wanted",
);
static DETAILS: Statement = Statement::new("UPDATE job SET details = $2, wanted = $3 WHERE id = $1");
static STANDING: Statement = Statement::new(
    "SELECT details, wanted FROM job WHERE id = $1 AND kind = 'WorkerJob' AND state = 'running'
     FOR UPDATE -- pg",
);

impl Store {
    /// A worker lives; answers what it is told to change, JSON, as long as it has not.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn heartbeat_worker(&self, id: i64, now: Timestamp) -> Result<Option<String>, Error> {
        let mut tx = self.begin().await?;
        let row = HEARTBEAT.bind(id).bind(now).optional::<(Option<String>,)>(&mut tx).await?;
        tx.commit().await?;
        Ok(row.and_then(|(wanted,)| wanted))
    }

    /// Changes what is known of a worker that lives, and what it is told, by what both are now. `None` from `change`:
    /// nothing. Answers whether there is such a worker.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn change_worker<F>(&self, id: i64, change: F) -> Result<bool, Error>
    where
        F: FnOnce(Value, Option<Value>) -> Option<(Value, Option<Value>)> + Send,
    {
        let mut tx = self.begin().await?;
        let Some((details, wanted)) = STANDING.bind(id).optional::<(Value, Option<String>)>(&mut tx).await? else {
            return Ok(false);
        };
        let wanted = wanted.and_then(|text| serde_json::from_str(&text).ok());
        if let Some((details, wanted)) = change(details, wanted) {
            let wanted = wanted.map(|wanted| wanted.to_string());
            DETAILS.bind(id).bind(details.to_string()).bind(wanted).run(&mut tx).await?;
            tx.notify_cluster();
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Writes down pods as they are now.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn put_pods(&self, pods: &[PodRow], now: Timestamp) -> Result<(), Error> {
        if pods.is_empty() {
            return Ok(());
        }
        let mut rows = Rows::new(PODS);
        for pod in pods {
            rows.push([
                (&pod.namespace).into(),
                (&pod.name).into(),
                pod.try_id.ti_id.into(),
                pod.try_id.try_number.into(),
                pod.scheduler_id.into(),
                pod.phase.into(),
                pod.node.clone().into(),
                pod.reason.clone().into(),
                pod.message.clone().into(),
                pod.created_at.into(),
                Bind::from(pod.is_over().then_some(now)),
            ]);
        }
        let mut tx = self.begin().await?;
        PUT_PODS.bind(rows).bind(now).run(&mut tx).await?;
        FORGET.bind(now - PODS_KEPT).run(&mut tx).await?;
        tx.notify_cluster();
        tx.commit().await
    }

    /// Kubernetes has these pods, `namespace/name`, of one namespace or of all: others that were noted before `since`
    /// are gone.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn keep_pods(
        &self,
        namespace: Option<&str>,
        there: &[String],
        since: Timestamp,
        now: Timestamp,
    ) -> Result<(), Error> {
        let mut tx = self.begin().await?;
        let ended = END_ABSENT.bind(names(there)).bind(since).bind(now).bind(namespace).run(&mut tx).await?;
        if ended > 0 {
            tx.notify_cluster();
        }
        tx.commit().await
    }
}
