//! Deadlines of runs and service levels of tasks: made with the run, looked at when they are due.

use std::collections::BTreeMap;

use serde_json::json;
use tradewind_core::plan::{Reference, RunFacts, Watched, due_at, plan_deadlines};
use tradewind_core::{Duration, RunState, RunType, Timestamp};

use super::NewCallback;
use super::alerts::DeadlineSpec;
use crate::admin::NewEvent;
use crate::models::RunRow;
use crate::row::row;
use crate::sql::{Batch, Rows, Statement, ids};
use crate::{Error, Store, Topic, Tx};

/// Deadlines that are looked at in one transaction.
const AT_ONCE: u32 = 500;

/// What a look at the deadlines found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeadlineReport {
    /// So many were missed.
    pub missed: usize,
    /// The next one is due then.
    pub wake_at: Option<Timestamp>,
}

/// A run that was queued.
#[derive(Clone, Debug)]
pub(crate) struct QueuedRun {
    pub run_key: i64,
    pub dag_id: String,
    pub run_type: RunType,
    pub dag_version_id: Option<i64>,
    pub logical_date: Option<Timestamp>,
    pub data_interval_end: Option<Timestamp>,
    pub queued_at: Timestamp,
}

impl From<RunRow> for QueuedRun {
    fn from(run: RunRow) -> Self {
        Self {
            run_key: run.id,
            dag_id: run.dag_id,
            run_type: run.run_type,
            dag_version_id: run.dag_version_id,
            logical_date: run.logical_date,
            data_interval_end: run.data_interval_end,
            queued_at: run.queued_at.unwrap_or(run.run_after),
        }
    }
}

/// What Python worked out about a deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeadlineAnswer {
    /// The instant.
    At(Timestamp),
    /// How long after its reference.
    Interval(Duration),
}

row! {
    struct Due {
        id: i64 = "d.id",
        uuid: String = "d.uuid",
        run_key: i64 = "d.run_key",
        dag_id: String = "d.dag_id",
        task_id: Option<String> = "d.task_id",
        alert: Option<i32> = "d.alert",
        dag_version_id: Option<i64> = "d.dag_version_id",
        due_at: Timestamp = "d.due_at",
        run_id: String = "r.run_id",
        logical_date: Option<Timestamp> = "r.logical_date",
        done_at: Option<Timestamp> = "CASE WHEN d.kind = 'deadline' THEN CASE WHEN r.state = 'success' THEN r.end_date END
            ELSE (SELECT CASE WHEN SUM(CASE WHEN t.state IN ('success', 'skipped') THEN 0 ELSE 1 END) = 0
                THEN MAX(t.end_date) END
                FROM task_instance AS t WHERE t.run_key = d.run_key AND t.task_id = d.task_id) END",
    }
}

const NEW: Batch = Batch(&[
    ("uuid", "text"),
    ("kind", "text"),
    ("run_key", "bigint"),
    ("dag_id", "text"),
    ("task_id", "text"),
    ("alert", "integer"),
    ("dag_version_id", "bigint"),
    ("due_at", "bigint"),
]);
static ADD: Statement = Statement::new(
    "INSERT INTO deadline (uuid, kind, run_key, dag_id, task_id, alert, dag_version_id, due_at, created_at, updated_at)
     SELECT uuid, kind, run_key, dag_id, task_id, alert, dag_version_id, due_at, $2, $2 FROM {rows} AS w",
)
.rows(NEW);
static AVERAGE: Statement = Statement::new(
    "SELECT COUNT(*), CAST(COALESCE(AVG(end_date - start_date), 0) AS BIGINT) FROM (
        SELECT start_date, end_date FROM dag_run
        WHERE dag_id = $1 AND id <> $2 AND start_date IS NOT NULL AND end_date IS NOT NULL
        ORDER BY run_after DESC, id DESC LIMIT $3) AS r",
);
static RUNS: Statement =
    Statement::new("SELECT {columns} FROM dag_run WHERE id IN {ids} ORDER BY id").reads::<RunRow>();
static FORGET_ALERT: Statement =
    Statement::new("DELETE FROM deadline WHERE run_key = $1 AND alert = $2 AND kind = 'deadline' AND NOT missed");
static NEXT: Statement = Statement::new("SELECT MIN(due_at) FROM deadline WHERE NOT missed");
static DUE: Statement = Statement::new(
    "SELECT {columns} FROM deadline AS d JOIN dag_run AS r ON r.id = d.run_key
     WHERE NOT d.missed AND d.due_at <= $1 ORDER BY d.due_at, d.id LIMIT $2
     FOR UPDATE OF d SKIP LOCKED -- pg",
)
.reads::<Due>();
static MISSED: Statement = Statement::new("UPDATE deadline SET missed = TRUE, updated_at = $2 WHERE id IN {ids}");
static MET: Statement = Statement::new("DELETE FROM deadline WHERE id IN {ids}");

impl Tx {
    /// Makes the deadlines of a run that was created, or (`again`) queued anew: then only those that count from there.
    pub(crate) async fn watch_run(&mut self, run: &QueuedRun, again: bool) -> Result<(), Error> {
        let alerts = self.alerts(run.dag_version_id).await?;
        if alerts.deadlines.is_empty() && alerts.slas.is_empty() {
            return Ok(());
        }
        let mut new = Rows::new(NEW);
        let mut asked = Vec::new();
        for (position, spec) in alerts.deadlines.iter().enumerate() {
            if again && !spec.is_from_queueing() {
                continue;
            }
            let alert = i32::try_from(position).unwrap_or(i32::MAX);
            if again {
                FORGET_ALERT.bind(run.run_key).bind(alert).run(self).await?;
            }
            let Some((reference, interval)) = spec.known() else {
                asked.push(NewCallback {
                    kind: "reference",
                    dag_id: run.dag_id.clone(),
                    run_key: Some(run.run_key),
                    ti_id: None,
                    request: json!({ "event": "deadline_reference", "alert": alert }),
                });
                continue;
            };
            let facts = self.facts(run, &reference).await?;
            if let Some(at) = due_at(&reference, interval, &facts) {
                new.push(new_row(run, "deadline", None, Some(alert), at));
            }
        }
        if run.run_type == RunType::Scheduled && !again {
            let end = run.data_interval_end.or(run.logical_date);
            for (task_id, sla) in &alerts.slas {
                if let Some(end) = end {
                    new.push(new_row(run, "sla", Some(task_id), None, end + *sla));
                }
            }
        }
        if new.len() > 0 {
            ADD.bind(new).bind(crate::now()).run(self).await?;
            self.notify(Topic::Scheduler);
        }
        self.add_callbacks(&asked).await
    }

    /// Runs that were queued again are measured again.
    pub(crate) async fn runs_were_requeued(&mut self, run_keys: &[i64]) -> Result<(), Error> {
        for run in RUNS.bind(ids(run_keys.iter().copied())).all::<RunRow>(self).await? {
            if run.state == RunState::Queued {
                self.watch_run(&QueuedRun::from(run), true).await?;
            }
        }
        Ok(())
    }

    async fn facts(&mut self, run: &QueuedRun, reference: &Reference) -> Result<RunFacts, Error> {
        let mut facts = RunFacts { logical_date: run.logical_date, queued_at: run.queued_at, ..RunFacts::default() };
        if let Reference::AverageRuntime { max_runs, .. } = reference {
            let (count, micros) =
                AVERAGE.bind(&run.dag_id).bind(run.run_key).bind(*max_runs).one::<(i64, i64)>(self).await?;
            facts.before = (u32::try_from(count).unwrap_or(u32::MAX), Duration::from_micros(micros));
        }
        Ok(facts)
    }
}

fn new_row(
    run: &QueuedRun,
    kind: &str,
    task_id: Option<&String>,
    alert: Option<i32>,
    at: Timestamp,
) -> [crate::sql::Bind; 8] {
    [
        uuid::Uuid::new_v4().to_string().into(),
        kind.into(),
        run.run_key.into(),
        (&run.dag_id).into(),
        task_id.into(),
        alert.into(),
        run.dag_version_id.into(),
        at.into(),
    ]
}

impl Store {
    /// A deadline of a run that only Python could work out: `alert` is its position among the DAG's.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn set_deadline(&self, run_key: i64, alert: i32, worked_out: DeadlineAnswer) -> Result<(), Error> {
        let mut tx = self.begin().await?;
        let found = RUNS.bind(ids([run_key])).optional::<RunRow>(&mut tx).await?;
        let Some(run) = found.map(QueuedRun::from) else { return Ok(()) };
        let due_at = match worked_out {
            DeadlineAnswer::At(at) => Some(at),
            DeadlineAnswer::Interval(interval) => {
                let alerts = tx.alerts(run.dag_version_id).await?;
                let spec = usize::try_from(alert).ok().and_then(|position| alerts.deadlines.get(position));
                match spec.and_then(DeadlineSpec::reference) {
                    Some(reference) => due_at(&reference, interval, &tx.facts(&run, &reference).await?),
                    None => None,
                }
            }
        };
        FORGET_ALERT.bind(run_key).bind(alert).run(&mut tx).await?;
        if let Some(at) = due_at {
            let mut new = Rows::new(NEW);
            new.push(new_row(&run, "deadline", None, Some(alert), at));
            ADD.bind(new).bind(crate::now()).run(&mut tx).await?;
            tx.notify(Topic::Scheduler);
        }
        tx.commit().await
    }

    /// Looks at the deadlines that are due at `now`: those that were missed get their callbacks, those that were met
    /// are forgotten. Any number of schedulers may do this at once.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn check_deadlines(&self, now: Timestamp) -> Result<DeadlineReport, Error> {
        let (next,) = NEXT.query().one::<(Option<Timestamp>,)>(&mut self.db().reader().await?).await?;
        if next.is_none_or(|at| at > now) {
            return Ok(DeadlineReport { missed: 0, wake_at: next });
        }
        let mut tx = self.begin().await?;
        let due = DUE.bind(now).bind(AT_ONCE).all::<Due>(&mut tx).await?;
        let watched: Vec<Watched> =
            due.iter().map(|one| Watched { id: one.id, due_at: one.due_at, done_at: one.done_at }).collect();
        let plan = plan_deadlines(&watched, now);
        MET.bind(ids(plan.met.iter().copied())).run(&mut tx).await?;
        MISSED.bind(ids(plan.missed.iter().copied())).bind(now).run(&mut tx).await?;
        let missed: Vec<&Due> = due.iter().filter(|one| plan.missed.contains(&one.id)).collect();
        tx.tell_of_missed(&missed, now).await?;
        tx.notify(Topic::Ui);
        tx.commit().await?;
        let (next,) = NEXT.query().one::<(Option<Timestamp>,)>(&mut self.db().reader().await?).await?;
        // Those that another scheduler is looking at are not ours to wait for.
        let next = next.map(|at| if due.is_empty() { at.max(now + Duration::from_secs(1)) } else { at });
        Ok(DeadlineReport { missed: missed.len(), wake_at: next })
    }
}

impl Tx {
    async fn tell_of_missed(&mut self, missed: &[&Due], now: Timestamp) -> Result<(), Error> {
        let mut callbacks = Vec::new();
        let mut slas: BTreeMap<&str, Vec<&Due>> = BTreeMap::new();
        for one in missed {
            let event = if one.task_id.is_some() { "sla_missed" } else { "deadline_missed" };
            let extra = json!({ "deadline_time": one.due_at, "id": one.uuid }).to_string();
            self.log_event(NewEvent {
                at: now,
                event,
                dag_id: Some(&one.dag_id),
                run_id: Some(&one.run_id),
                task_id: one.task_id.as_deref(),
                map_index: None,
                try_number: None,
                username: None,
                extra: Some(&extra),
            })
            .await?;
            if one.task_id.is_some() {
                slas.entry(&one.dag_id).or_default().push(one);
                continue;
            }
            let alerts = self.alerts(one.dag_version_id).await?;
            let position = usize::try_from(one.alert.unwrap_or(-1)).ok();
            let Some(spec) = position.and_then(|position| alerts.deadlines.get(position)) else { continue };
            callbacks.push(NewCallback {
                kind: "deadline",
                dag_id: one.dag_id.clone(),
                run_key: Some(one.run_key),
                ti_id: None,
                request: json!({
                    "event": "deadline_missed",
                    "alert": one.alert,
                    "callback": spec.callback,
                    "deadline": { "id": one.uuid, "deadline_time": one.due_at, "alert_name": spec.name },
                }),
            });
        }
        for (dag_id, slas) in slas {
            let mut wanted = false;
            for one in &slas {
                let alerts = self.alerts(one.dag_version_id).await?;
                let task = one.task_id.as_ref().and_then(|task_id| alerts.tasks.get(task_id));
                wanted |= alerts.dag.iter().any(|name| name == "sla_miss") || task.is_some_and(|task| task.has_email());
            }
            if wanted {
                let misses: Vec<_> = slas
                    .iter()
                    .map(|one| json!({ "task_id": one.task_id, "run_id": one.run_id, "logical_date": one.logical_date, "due_at": one.due_at }))
                    .collect();
                callbacks.push(NewCallback {
                    kind: "sla",
                    dag_id: dag_id.to_owned(),
                    run_key: slas.last().map(|one| one.run_key),
                    ti_id: None,
                    request: json!({ "event": "sla_miss", "misses": misses, "at": now }),
                });
            }
        }
        self.add_callbacks(&callbacks).await
    }
}
