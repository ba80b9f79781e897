//! What a version of a DAG wants to be told of: read once from its serialized form, then kept. Versions never change.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Deserialize;
use serde_json::Value;
use tradewind_core::plan::Reference;
use tradewind_core::{Duration, Timestamp};

use crate::db::Connected;
use crate::sql::Statement;
use crate::{Error, Store, Tx};

/// Versions that are remembered; more, and all are forgotten.
const REMEMBERED: usize = 4096;

static DATA: Statement = Statement::new("SELECT data FROM dag_version WHERE id = $1");

/// What a version of a DAG wants to be told of.
#[derive(Debug, Default)]
pub(crate) struct Alerts {
    /// Callbacks of the DAG: `on_success`, `on_failure`, `sla_miss`.
    pub dag: Vec<String>,
    /// Of its tasks that want anything.
    pub tasks: HashMap<String, TaskAlerts>,
    /// Deadlines of its runs.
    pub deadlines: Vec<DeadlineSpec>,
    /// By when tasks are to be done, after the end of the run's data interval.
    pub slas: Vec<(String, Duration)>,
}

/// What a task wants to be told of.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct TaskAlerts {
    task_id: String,
    #[serde(default)]
    callbacks: Vec<String>,
    #[serde(default)]
    email: Vec<String>,
    #[serde(default = "yes")]
    email_on_failure: bool,
    #[serde(default = "yes")]
    email_on_retry: bool,
    #[serde(default)]
    sla: Option<Duration>,
}

/// A deadline as the DAG file says it.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct DeadlineSpec {
    /// For people.
    #[serde(default)]
    pub name: Option<String>,
    /// `{"type": "logical_date" | "queued_at" | "fixed" | "average_runtime" | "custom", …}`
    reference: ReferenceSpec,
    /// Seconds after the reference; absent when Python has to find out.
    #[serde(default)]
    pub interval: Option<Duration>,
    /// What to call: `{"path", "kwargs", "mode"}`.
    #[serde(default)]
    pub callback: Value,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum ReferenceSpec {
    LogicalDate,
    QueuedAt,
    Fixed {
        at: Timestamp,
    },
    AverageRuntime {
        max_runs: u32,
        min_runs: u32,
    },
    Custom {
        #[serde(default)]
        when_queued: bool,
    },
}

impl DeadlineSpec {
    /// From where it counts and for how long; `None`: only Python can say.
    pub fn known(&self) -> Option<(Reference, Duration)> {
        Some((self.reference()?, self.interval?))
    }

    /// From where it counts; `None`: only Python can say.
    pub fn reference(&self) -> Option<Reference> {
        Some(match self.reference {
            ReferenceSpec::LogicalDate => Reference::LogicalDate,
            ReferenceSpec::QueuedAt => Reference::QueuedAt,
            ReferenceSpec::Fixed { at } => Reference::Fixed(at),
            ReferenceSpec::AverageRuntime { max_runs, min_runs } => Reference::AverageRuntime { max_runs, min_runs },
            ReferenceSpec::Custom { .. } => return None,
        })
    }

    /// It counts from when the run is queued, and so anew when it is queued again.
    pub fn is_from_queueing(&self) -> bool {
        matches!(self.reference, ReferenceSpec::QueuedAt | ReferenceSpec::Custom { when_queued: true })
    }
}

impl TaskAlerts {
    /// Somebody wants to hear of this: `on_failure`, `on_retry`, `on_success`, `on_skipped`.
    pub fn wants(&self, event: &str) -> bool {
        let mail = match event {
            "on_failure" => self.email_on_failure,
            "on_retry" => self.email_on_retry,
            _ => false,
        };
        (mail && !self.email.is_empty()) || self.callbacks.iter().any(|name| name == event)
    }

    /// Mails about the task go somewhere.
    pub fn has_email(&self) -> bool {
        !self.email.is_empty()
    }
}

impl Alerts {
    /// From a serialized DAG.
    fn read(data: &str) -> serde_json::Result<Self> {
        #[derive(Deserialize)]
        struct Document {
            #[serde(default)]
            callbacks: Vec<String>,
            #[serde(default)]
            deadlines: Vec<DeadlineSpec>,
            #[serde(default)]
            tasks: Vec<TaskAlerts>,
        }
        let document: Document = serde_json::from_str(data)?;
        let sla = |task: &TaskAlerts| task.sla.map(|sla| (task.task_id.clone(), sla));
        Ok(Self {
            dag: document.callbacks,
            slas: document.tasks.iter().filter_map(sla).collect(),
            deadlines: document.deadlines,
            tasks: document
                .tasks
                .into_iter()
                .filter(|task| !task.callbacks.is_empty() || !task.email.is_empty())
                .map(|task| (task.task_id.clone(), task))
                .collect(),
        })
    }
}

/// The alerts of versions, by id.
#[derive(Clone, Debug, Default)]
pub(crate) struct AlertCache(Arc<Mutex<HashMap<i64, Arc<Alerts>>>>);

impl AlertCache {
    fn get(&self, version: i64) -> Option<Arc<Alerts>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&version).cloned()
    }

    fn put(&self, version: i64, alerts: &Arc<Alerts>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= REMEMBERED {
            kept.clear();
        }
        kept.insert(version, Arc::clone(alerts));
    }

    /// For a database that was emptied: its numbers begin again.
    pub fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl Tx {
    /// What a version wants to be told of. Nothing, if there is no such version or it can't be read.
    pub(crate) async fn alerts(&mut self, version: Option<i64>) -> Result<Arc<Alerts>, Error> {
        let cache = self.store().alert_cache().clone();
        cache.of(version, self).await
    }
}

impl Store {
    /// What the author called a deadline, if anything.
    pub(crate) async fn deadline_name(&self, version: Option<i64>, alert: i32) -> Result<Option<String>, Error> {
        let mut reader = self.db().reader().await?;
        let alerts = self.alert_cache().of(version, &mut reader).await?;
        let spec = usize::try_from(alert).ok().and_then(|position| alerts.deadlines.get(position));
        Ok(spec.and_then(|spec| spec.name.clone()))
    }
}

impl AlertCache {
    async fn of(&self, version: Option<i64>, on: &mut impl Connected) -> Result<Arc<Alerts>, Error> {
        let Some(version) = version else { return Ok(Arc::default()) };
        if let Some(alerts) = self.get(version) {
            return Ok(alerts);
        }
        let data = DATA.bind(version).optional::<(String,)>(on).await?;
        let alerts = data.map(|(data,)| Alerts::read(&data)).transpose().unwrap_or_else(|error| {
            tracing::error!(dag.version = version, %error, "a serialized DAG can't be read: its callbacks are not called");
            None
        });
        let alerts = Arc::new(alerts.unwrap_or_default());
        self.put(version, &alerts);
        Ok(alerts)
    }
}

fn yes() -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_a_dag_wants_to_be_told_of() {
        let alerts = Alerts::read(
            r#"{"dag_id": "d", "callbacks": ["on_failure"], "deadlines": [
                {"reference": {"type": "fixed", "at": "2024-01-01T00:00:00Z"}, "interval": -60.0, "callback": {"path": "m.f"}},
                {"reference": {"type": "custom", "when_queued": true}, "interval": 1.0},
                {"reference": {"type": "queued_at"}, "name": "n"}],
              "tasks": [{"task_id": "a", "email": ["x@y"], "email_on_retry": false, "sla": 30.0},
                        {"task_id": "b", "callbacks": ["on_retry"]}, {"task_id": "c"}]}"#,
        )
        .unwrap();
        assert_eq!((alerts.dag.len(), alerts.tasks.len(), alerts.slas.len()), (1, 2, 1));
        let wants = |task: &str| {
            ["on_failure", "on_retry", "on_success", "on_skipped"].map(|event| alerts.tasks[task].wants(event))
        };
        assert_eq!(wants("a"), [true, false, false, false], "mail on failure is on by default");
        assert_eq!(wants("b"), [false, true, false, false]);
        let at: Timestamp = "2024-01-01T00:00:00Z".parse().unwrap();
        assert_eq!(alerts.deadlines[0].known(), Some((Reference::Fixed(at), Duration::from_secs(-60))));
        assert_eq!(alerts.deadlines[1].known(), None);
        assert_eq!(alerts.deadlines[2].known(), None, "its interval is a variable's");
        assert_eq!(
            alerts.deadlines.iter().map(DeadlineSpec::is_from_queueing).collect::<Vec<_>>(),
            [false, true, true]
        );
    }
}
