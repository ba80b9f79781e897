//! The processes of an installation and what they have to do, for the cluster page.

use tradewind_core::Timestamp;

use super::exec::select;
use crate::row::row;
use crate::{Error, Store};

row! {
    /// A process that lives, or was lost a short while ago: one that said goodbye is not here.
    pub struct ProcessView {
        /// Its job.
        pub id: i64 = "j.id",
        /// `SchedulerJob`, `WorkerJob`, …
        pub kind: String = "j.kind",
        /// Where it runs.
        pub hostname: String = "j.hostname",
        /// Process id.
        pub pid: i64 = "j.pid",
        /// `running`, `ended`
        pub state: String = "j.state",
        /// When it began.
        pub started_at: Timestamp = "j.started_at",
        /// Its last sign of life.
        pub heartbeat_at: Timestamp = "j.heartbeat_at",
        /// What it says about itself.
        pub details: serde_json::Value = "j.details",
        /// What it is told to change, JSON.
        pub wanted: Option<String> = "j.wanted",
    }
}

row! {
    /// A try that runs.
    pub struct RunningView {
        /// The job of the worker that runs it.
        pub worker_id: Option<i64> = "ti.worker_id",
        /// DAG.
        pub dag_id: String = "ti.dag_id",
        /// Run.
        pub run_id: String = "r.run_id",
        /// Task.
        pub task_id: String = "ti.task_id",
        /// Its map index, -1 for none.
        pub map_index: i32 = "ti.map_index",
        /// Which try.
        pub try_number: i32 = "ti.try_number",
        /// Its queue.
        pub queue: String = "ti.queue",
        /// Since when.
        pub start_date: Option<Timestamp> = "ti.start_date",
    }
}

row! {
    /// Tries of a queue that need workers.
    pub struct QueueView {
        /// Queue.
        pub queue: String = "queue",
        /// Their executor; `None`: the default one.
        pub executor: Option<String> = "executor",
        /// How many are queued.
        pub queued: i64 = "CAST(SUM(CASE state WHEN 'queued' THEN 1 ELSE 0 END) AS BIGINT)",
        /// How many run.
        pub running: i64 = "CAST(SUM(CASE state WHEN 'queued' THEN 0 ELSE 1 END) AS BIGINT)",
        /// Since when the oldest is queued.
        pub oldest: Option<Timestamp> = "MIN(CASE state WHEN 'queued' THEN queued_at END)",
    }
}

row! {
    /// A pod of the KubernetesExecutor.
    pub struct PodView {
        /// Namespace.
        pub namespace: String = "p.namespace",
        /// Name.
        pub name: String = "p.name",
        /// The scheduler that looks after it.
        pub scheduler_id: i64 = "p.scheduler_id",
        /// How far it is.
        pub phase: String = "p.phase",
        /// Where it runs.
        pub node: Option<String> = "p.node",
        /// Kubernetes' word for what is wrong.
        pub reason: Option<String> = "p.reason",
        /// All that Kubernetes says about it.
        pub message: Option<String> = "p.message",
        /// When Kubernetes made it.
        pub created_at: Timestamp = "p.created_at",
        /// When this was seen.
        pub updated_at: Timestamp = "p.updated_at",
        /// When it was over.
        pub ended_at: Option<Timestamp> = "p.ended_at",
        /// DAG; `None`: the task instance is not there any more.
        pub dag_id: Option<String> = "ti.dag_id",
        /// Run.
        pub run_id: Option<String> = "r.run_id",
        /// Task.
        pub task_id: Option<String> = "ti.task_id",
        /// Its map index, -1 for none.
        pub map_index: Option<i32> = "ti.map_index",
        /// Which try it is for.
        pub try_number: i32 = "p.try_number",
    }
}

/// What a process is written with that was heard of last when it ended: nobody said goodbye.
const LOST: &str = "j.state = 'ended' AND j.ended_at = j.heartbeat_at";
const RUNNING: &str = "ti.state IN ('queued', 'running', 'restarting', 'deferred', 'awaiting_input') \
                       AND ti.state IN ('running', 'restarting')";

impl Store {
    /// Processes that live or are silent, and those that were lost since then; workers that run one try only are not
    /// among them.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn processes(&self, lost_since: Timestamp) -> Result<Vec<ProcessView>, Error> {
        let mut f = self.filter();
        let since = f.bind(lost_since.into());
        f.and(&format!("(j.state = 'running' OR ({LOST} AND j.ended_at >= {since}))"));
        // Workers that never said what they are were made to end one try.
        f.and("(j.kind <> 'WorkerJob' OR (j.details <> '{}' AND j.details NOT LIKE '%\"form\":\"single\"%'))");
        self.rows(
            format!("{} FROM job j{} ORDER BY j.kind, j.hostname, j.id", select::<ProcessView>(), f.text),
            &f.args,
        )
        .await
    }

    /// One worker that lives.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn find_worker(&self, id: i64) -> Result<Option<ProcessView>, Error> {
        let mut f = self.filter();
        f.eq_int("j.id", Some(id));
        f.and("j.kind = 'WorkerJob' AND j.state = 'running'");
        self.first(format!("{} FROM job j{}", select::<ProcessView>(), f.text), &f.args).await
    }

    /// Tries that run, those that run longest first, as far as the present request may see them.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn list_running(&self, limit: i64) -> Result<Vec<RunningView>, Error> {
        let mut f = self.filter();
        f.and(RUNNING);
        f.visible("ti.dag_id");
        let limit = f.bind(limit.into());
        let from = "FROM task_instance ti JOIN dag_run r ON r.id = ti.run_key";
        let order = format!("ORDER BY ti.start_date, ti.id LIMIT {limit}");
        self.rows(format!("{} {from}{} {order}", select::<RunningView>(), f.text), &f.args).await
    }

    /// How many tries each worker's job runs.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn running_by_worker(&self) -> Result<Vec<(Option<i64>, i64)>, Error> {
        let sql = format!("SELECT ti.worker_id, COUNT(*) FROM task_instance ti WHERE {RUNNING} GROUP BY ti.worker_id");
        self.rows(sql, &[]).await
    }

    /// Tries that need workers, by queue and executor.
    ///
    /// # Errors
    /// The database's.
    pub async fn queue_load(&self) -> Result<Vec<QueueView>, Error> {
        let sql = format!(
            "{} FROM task_instance \
             WHERE state IN ('queued', 'running', 'restarting', 'deferred', 'awaiting_input') \
                AND state IN ('queued', 'running', 'restarting') \
             GROUP BY queue, executor ORDER BY queue, executor",
            select::<QueueView>()
        );
        self.rows(sql, &[]).await
    }

    /// Pods: those that are there, newest first, then those that are over since then; and how many there are of both.
    ///
    /// # Errors
    /// The database's.
    pub async fn pods(&self, over_since: Timestamp, limit: i64) -> Result<(Vec<PodView>, i64), Error> {
        let mut f = self.filter();
        f.visible("ti.dag_id");
        let since = f.bind(over_since.into());
        f.and(&format!("p.ended_at IS NULL OR p.ended_at >= {since}"));
        let from = "FROM pod p LEFT JOIN task_instance ti ON ti.id = p.ti_id LEFT JOIN dag_run r ON r.id = ti.run_key";
        let total = self.number(format!("SELECT COUNT(*) {from}{}", f.text), &f.args).await?;
        let limit = f.bind(limit.into());
        let order = "ORDER BY CASE WHEN p.ended_at IS NULL THEN 0 ELSE 1 END, p.created_at DESC, p.namespace, p.name";
        let sql = format!("{} {from}{} {order} LIMIT {limit}", select::<PodView>(), f.text);
        Ok((self.rows(sql, &f.args).await?, total))
    }
}
