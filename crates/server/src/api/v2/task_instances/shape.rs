//! A task instance, and a try of one, as clients see them.

use serde::Serialize;
use serde_json::value::RawValue;
use tradewind_core::{TaskState, Timestamp, TryId};
use tradewind_store::read::{JobView, TiView, TriggerView, TryView};

use crate::api::v2::dag_versions::DagVersion;
use crate::api::v2::jobs::Job;
use crate::versions::Facts;

/// What a task instance waits for.
#[derive(Serialize)]
struct Trigger {
    id: i64,
    classpath: String,
    /// Always empty, as in Airflow: they may hold secrets.
    kwargs: &'static str,
    created_date: Timestamp,
    queue: Option<String>,
    triggerer_id: Option<i64>,
}

impl From<TriggerView> for Trigger {
    fn from(trigger: TriggerView) -> Self {
        Self {
            id: trigger.id,
            classpath: trigger.classpath,
            kwargs: "{}",
            created_date: trigger.created_at,
            queue: trigger.queue,
            triggerer_id: trigger.triggerer_id,
        }
    }
}

/// A task instance.
#[derive(Serialize)]
pub struct TaskInstance {
    id: TryId,
    task_id: String,
    dag_id: String,
    dag_run_id: String,
    map_index: i32,
    logical_date: Option<Timestamp>,
    run_after: Timestamp,
    start_date: Option<Timestamp>,
    end_date: Option<Timestamp>,
    duration: Option<f64>,
    state: Option<TaskState>,
    try_number: i32,
    max_tries: i32,
    task_display_name: String,
    dag_display_name: String,
    hostname: Option<String>,
    unixname: Option<String>,
    pool: String,
    pool_slots: i32,
    queue: Option<String>,
    priority_weight: Option<i32>,
    operator: Option<String>,
    operator_name: Option<String>,
    queued_when: Option<Timestamp>,
    scheduled_when: Option<Timestamp>,
    pid: Option<i64>,
    executor: Option<String>,
    executor_config: &'static str,
    note: Option<String>,
    rendered_map_index: Option<String>,
    rendered_fields: Box<RawValue>,
    trigger: Option<Trigger>,
    triggerer_job: Option<Job>,
    dag_version: Option<DagVersion>,
    /// Ours: why the try ended as it did.
    exit_reason: Option<String>,
    /// Ours: peak memory of the try.
    max_rss_kb: Option<i64>,
    /// Ours: processor time of the try.
    cpu_ms: Option<i64>,
}

/// A try.
#[derive(Serialize)]
pub struct Try {
    task_id: String,
    dag_id: String,
    dag_run_id: String,
    map_index: i32,
    start_date: Option<Timestamp>,
    end_date: Option<Timestamp>,
    duration: Option<f64>,
    state: Option<TaskState>,
    try_number: i32,
    max_tries: i32,
    task_display_name: String,
    dag_display_name: String,
    hostname: Option<String>,
    unixname: Option<String>,
    pool: String,
    pool_slots: i32,
    queue: Option<String>,
    priority_weight: Option<i32>,
    operator: Option<String>,
    operator_name: Option<String>,
    queued_when: Option<Timestamp>,
    scheduled_when: Option<Timestamp>,
    pid: Option<i64>,
    executor: Option<String>,
    executor_config: &'static str,
    dag_version: Option<DagVersion>,
    /// Ours.
    exit_reason: Option<String>,
    /// Ours.
    max_rss_kb: Option<i64>,
    /// Ours.
    cpu_ms: Option<i64>,
}

/// Seconds between start and end; still running ones have none.
fn duration(start: Option<Timestamp>, end: Option<Timestamp>) -> Option<f64> {
    let seconds = (end? - start?).as_secs_f64();
    (seconds >= 0.0).then_some(seconds)
}

impl TaskInstance {
    /// From its row, the facts of its version, and what it waits for.
    pub fn new(ti: TiView, facts: &Facts, waits: Option<(TriggerView, Option<JobView>)>) -> Self {
        let (trigger, job) = waits.unzip();
        let dag_version = DagVersion::of_ti(&ti);
        // A shell command without templates is what it is from the moment that it runs.
        let plain = facts.plain_fields(&ti.task_id).filter(|_| ti.pid.is_some());
        let fields = ti.rendered_fields.or_else(|| plain.map(ToOwned::to_owned));
        let fields = fields.unwrap_or_else(|| "{}".to_owned());
        Self {
            id: TryId { ti_id: ti.id, try_number: ti.try_number },
            dag_version,
            duration: duration(ti.start_date, ti.end_date),
            task_display_name: facts.display_name(&ti.task_id).to_owned(),
            task_id: ti.task_id,
            dag_id: ti.dag_id,
            dag_run_id: ti.run_id,
            map_index: ti.map_index,
            logical_date: ti.logical_date,
            run_after: ti.run_after,
            start_date: ti.start_date,
            end_date: ti.end_date,
            state: ti.state,
            try_number: ti.try_number,
            max_tries: ti.max_tries,
            dag_display_name: ti.dag_display_name,
            hostname: ti.hostname,
            unixname: None,
            pool: ti.pool,
            pool_slots: ti.pool_slots,
            queue: Some(ti.queue),
            priority_weight: Some(ti.priority),
            operator: Some(ti.operator.clone()),
            operator_name: Some(ti.operator),
            queued_when: ti.queued_at,
            scheduled_when: ti.scheduled_at,
            pid: ti.pid,
            executor: ti.executor,
            executor_config: "{}",
            note: ti.note,
            rendered_map_index: ti.rendered_map_index,
            rendered_fields: RawValue::from_string(fields).unwrap_or_default(),
            trigger: trigger.map(Trigger::from),
            triggerer_job: job.flatten().map(Job::from),
            exit_reason: ti.reason,
            max_rss_kb: ti.max_rss_kb,
            cpu_ms: ti.cpu_ms,
        }
    }
}

impl Try {
    /// An earlier try of a task instance.
    pub fn earlier(ti: &TiView, one: TryView, display_name: &str) -> Self {
        Self {
            dag_version: DagVersion::of_try(ti, &one),
            duration: duration(one.start_date, one.end_date),
            task_id: ti.task_id.clone(),
            dag_id: ti.dag_id.clone(),
            dag_run_id: ti.run_id.clone(),
            map_index: ti.map_index,
            start_date: one.start_date,
            end_date: one.end_date,
            state: one.state,
            try_number: one.try_number,
            max_tries: one.max_tries,
            task_display_name: display_name.to_owned(),
            dag_display_name: ti.dag_display_name.clone(),
            hostname: one.hostname,
            unixname: None,
            pool: one.pool,
            pool_slots: one.pool_slots,
            queue: Some(one.queue),
            priority_weight: Some(one.priority),
            operator: Some(one.operator.clone()),
            operator_name: Some(one.operator),
            queued_when: one.queued_at,
            scheduled_when: one.scheduled_at,
            pid: one.pid,
            executor: one.executor,
            executor_config: "{}",
            exit_reason: one.reason,
            max_rss_kb: one.max_rss_kb,
            cpu_ms: one.cpu_ms,
        }
    }

    /// The present try of a task instance.
    pub fn present(ti: TiView, display_name: &str) -> Self {
        let dag_version = DagVersion::of_ti(&ti);
        Self {
            dag_version,
            duration: duration(ti.start_date, ti.end_date),
            task_id: ti.task_id,
            dag_id: ti.dag_id,
            dag_run_id: ti.run_id,
            map_index: ti.map_index,
            start_date: ti.start_date,
            end_date: ti.end_date,
            state: ti.state,
            try_number: ti.try_number,
            max_tries: ti.max_tries,
            task_display_name: display_name.to_owned(),
            dag_display_name: ti.dag_display_name,
            hostname: ti.hostname,
            unixname: None,
            pool: ti.pool,
            pool_slots: ti.pool_slots,
            queue: Some(ti.queue),
            priority_weight: Some(ti.priority),
            operator: Some(ti.operator.clone()),
            operator_name: Some(ti.operator),
            queued_when: ti.queued_at,
            scheduled_when: ti.scheduled_at,
            pid: ti.pid,
            executor: ti.executor,
            executor_config: "{}",
            exit_reason: ti.reason,
            max_rss_kb: ti.max_rss_kb,
            cpu_ms: ti.cpu_ms,
        }
    }
}

impl Try {
    /// 1 for the first.
    pub fn number(&self) -> i32 {
        self.try_number
    }
}
