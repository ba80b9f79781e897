//! Waiting without a process: what a deferred try waits for, and when it is over.
//!
//! A trigger is named by the path of its Python class. The few that only wait for an instant, for runs or task
//! instances, or for a person need no Python: they are recognized here, by path and arguments, and decided by pure
//! functions. What can't be recognized runs in the triggerer.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::state::{RunState, TaskState};
use crate::time::Timestamp;

/// What a trigger waits for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Wait {
    /// Only Python knows.
    Python,
    /// An instant.
    Time {
        /// When.
        at: Timestamp,
        /// The instant as its event tells it (as XComs are encoded).
        moment: Value,
        /// The task succeeds then, without going on.
        ends: bool,
    },
    /// Runs of a DAG, or tasks in them.
    External(ExternalWait),
    /// A person's answer.
    Input,
}

/// Runs (or tasks in them) of a DAG that are waited for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ExternalWait {
    /// The DAG.
    pub dag_id: String,
    /// Runs by id.
    #[serde(default)]
    pub run_ids: Vec<String>,
    /// Runs by logical date.
    #[serde(default)]
    pub logical_dates: Vec<Timestamp>,
    /// Tasks in those runs; none: the runs themselves (or a group).
    #[serde(default)]
    pub task_ids: Vec<String>,
    /// A task group in those runs.
    #[serde(default)]
    pub group_id: Option<String>,
    /// States that end the waiting well, once everything has them.
    pub allowed: Vec<String>,
    /// States of which one is enough to fail.
    #[serde(default)]
    pub failed: Vec<String>,
    /// States of which one is enough to skip.
    #[serde(default)]
    pub skipped: Vec<String>,
    /// The event tells the runs' states: the class path and the arguments of the trigger, with `{run id: state}` added.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tells_runs: Option<Value>,
}

/// A run that is waited for, as it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct AwaitedRun {
    /// Its id.
    pub run_id: String,
    /// Its logical date.
    pub logical_date: Option<Timestamp>,
    /// Its state.
    pub state: RunState,
    /// Its instances of the tasks that are waited for: task, state.
    pub tasks: Vec<(String, Option<TaskState>)>,
}

/// How an [`ExternalWait`] is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Everything has an allowed state.
    Success,
    /// Something has a state that fails.
    Failed,
    /// Something has a state that skips.
    Skipped,
}

impl Verdict {
    /// As events tell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

const STANDARD: &str = "airflow.providers.standard.triggers.";
const OLD: &str = "airflow.triggers.";

impl Wait {
    /// Recognizes a trigger by its class and arguments (as XComs are encoded).
    pub fn of(classpath: &str, kwargs: &Map<String, Value>) -> Self {
        if classpath.is_empty() {
            return Self::Input;
        }
        let name = classpath.strip_prefix(STANDARD).or_else(|| classpath.strip_prefix(OLD)).unwrap_or("");
        let found = match name {
            "temporal.DateTimeTrigger" => time(kwargs),
            "external_task.WorkflowTrigger" => workflow(kwargs),
            "external_task.DagStateTrigger" => dag_state(classpath, kwargs),
            "hitl.HITLTrigger" => Some(Self::Input),
            _ => None,
        };
        found.unwrap_or(Self::Python)
    }

    /// Short name, as the database keeps it.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Python => "python",
            Self::Time { .. } => "time",
            Self::External(_) => "external",
            Self::Input => "input",
        }
    }
}

fn time(kwargs: &Map<String, Value>) -> Option<Wait> {
    let moment = kwargs.get("moment").filter(|moment| !moment.is_null())?;
    let ends = kwargs.get("end_from_trigger").and_then(Value::as_bool).unwrap_or(false);
    Some(Wait::Time { at: instant(moment)?, moment: moment.clone(), ends })
}

fn workflow(kwargs: &Map<String, Value>) -> Option<Wait> {
    let dates = match list(kwargs, "logical_dates")? {
        dates if !dates.is_empty() => dates,
        _ => list(kwargs, "execution_dates")?,
    };
    Some(Wait::External(ExternalWait {
        dag_id: kwargs.get("external_dag_id")?.as_str()?.to_owned(),
        run_ids: texts(&list(kwargs, "run_ids")?)?,
        logical_dates: dates.iter().map(instant).collect::<Option<_>>()?,
        task_ids: texts(&list(kwargs, "external_task_ids")?)?,
        group_id: match kwargs.get("external_task_group_id") {
            None | Some(Value::Null) => None,
            Some(group) => Some(group.as_str()?.to_owned()),
        },
        allowed: texts(&list(kwargs, "allowed_states")?)?,
        failed: texts(&list(kwargs, "failed_states")?)?,
        skipped: texts(&list(kwargs, "skipped_states")?)?,
        tells_runs: None,
    }))
}

fn dag_state(classpath: &str, kwargs: &Map<String, Value>) -> Option<Wait> {
    let run_ids = texts(&list(kwargs, "run_ids")?)?;
    let dates = list(kwargs, "execution_dates")?;
    if run_ids.is_empty() && dates.is_empty() {
        return None;
    }
    let logical_dates = if run_ids.is_empty() { dates.iter().map(instant).collect::<Option<_>>()? } else { Vec::new() };
    Some(Wait::External(ExternalWait {
        dag_id: kwargs.get("dag_id")?.as_str()?.to_owned(),
        run_ids,
        logical_dates,
        allowed: texts(&list(kwargs, "states")?)?,
        tells_runs: Some(json!([classpath, kwargs])),
        ..ExternalWait::default()
    }))
}

/// A list, however Python wrote it; nothing is an empty one.
fn list(kwargs: &Map<String, Value>, name: &str) -> Option<Vec<Value>> {
    match kwargs.get(name) {
        None | Some(Value::Null) => Some(Vec::new()),
        Some(Value::Array(items)) => Some(items.clone()),
        Some(Value::Object(tagged)) => match (tagged.get("__classname__")?.as_str()?, tagged.get("__data__")?) {
            ("builtins.tuple" | "builtins.set" | "builtins.frozenset", Value::Array(items)) => Some(items.clone()),
            _ => None,
        },
        Some(_) => None,
    }
}

fn texts(items: &[Value]) -> Option<Vec<String>> {
    items.iter().map(|item| item.as_str().map(ToOwned::to_owned)).collect()
}

/// A point in time as XComs encode it, or as plain text.
fn instant(value: &Value) -> Option<Timestamp> {
    if let Some(text) = value.as_str() {
        return text.parse().ok();
    }
    let data = value.as_object()?.get("__data__")?;
    match data {
        Value::Object(fields) => {
            // A naive one means whatever the machine's zone is: only Python can say.
            fields.get("tz").filter(|zone| !zone.is_null())?;
            match fields.get("text").and_then(Value::as_str) {
                Some(text) => text.parse().ok(),
                None => seconds(fields.get("timestamp")?),
            }
        }
        other => seconds(other),
    }
}

fn seconds(value: &Value) -> Option<Timestamp> {
    value.as_f64().map(|seconds| Timestamp::from_micros((seconds * 1_000_000.0).round() as i64))
}

impl ExternalWait {
    /// Whether the waiting is over. `runs` are those of the DAG that exist and are named, with the instances of the
    /// tasks in `tasks` (the tasks of the group, or those that are named; empty when runs are waited for).
    pub fn verdict(&self, runs: &[AwaitedRun], tasks: &[String]) -> Option<Verdict> {
        let of_tasks = !self.task_ids.is_empty() || self.group_id.is_some();
        let has = |states: &[String]| {
            let is = |state: &str| states.iter().any(|one| one == state);
            runs.iter().any(|run| match of_tasks {
                true => run.tasks.iter().any(|(_, state)| state.is_some_and(|state| is(state.as_str()))),
                false => is(run.state.as_str()),
            })
        };
        if has(&self.failed) {
            return Some(Verdict::Failed);
        }
        if has(&self.skipped) {
            return Some(Verdict::Skipped);
        }
        let allowed = |state: &str| self.allowed.iter().any(|one| one == state);
        let satisfied = |run: &AwaitedRun| {
            if !of_tasks {
                return allowed(run.state.as_str());
            }
            let well = |state: Option<TaskState>| state.is_some_and(|state| allowed(state.as_str()));
            !tasks.is_empty()
                && run.tasks.iter().all(|(_, state)| well(*state))
                && tasks.iter().all(|task| run.tasks.iter().any(|(of, _)| of == task))
        };
        let by_id = self.run_ids.iter().all(|id| runs.iter().any(|run| run.run_id == *id && satisfied(run)));
        let by_date = self
            .logical_dates
            .iter()
            .all(|date| runs.iter().any(|run| run.logical_date == Some(*date) && satisfied(run)));
        let named = !self.run_ids.is_empty() || !self.logical_dates.is_empty();
        (named && by_id && by_date).then_some(Verdict::Success)
    }

    /// What the trigger's event tells.
    pub fn event(&self, verdict: Verdict, runs: &[AwaitedRun]) -> Value {
        let Some(told) = &self.tells_runs else { return json!({"status": verdict.as_str()}) };
        let mut told = told.clone();
        if let Some(arguments) = told.get_mut(1).and_then(Value::as_object_mut) {
            for run in runs {
                arguments.insert(run.run_id.clone(), run.state.as_str().into());
            }
        }
        // Airflow's event is a tuple; that is how operators take it apart.
        json!({"__classname__": "builtins.tuple", "__version__": 1, "__data__": told})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    fn run(run_id: &str, date: i64, state: RunState, tasks: &[(&str, TaskState)]) -> AwaitedRun {
        AwaitedRun {
            run_id: run_id.into(),
            logical_date: Some(Timestamp::from_secs(date)),
            state,
            tasks: tasks.iter().map(|(task, state)| ((*task).to_owned(), Some(*state))).collect(),
        }
    }

    #[test]
    fn instants_are_recognized_in_every_form_that_names_a_zone() {
        let at = Timestamp::from_secs(1_700_000_000);
        let tagged = json!({"__classname__": "datetime.datetime", "__version__": 2,
            "__data__": {"timestamp": 1_700_000_000.0, "tz": "Europe/Paris", "text": "2023-11-14T23:13:20+01:00"}});
        for path in [
            "airflow.providers.standard.triggers.temporal.DateTimeTrigger",
            "airflow.triggers.temporal.DateTimeTrigger",
        ] {
            let wait = Wait::of(path, &map(json!({"moment": tagged, "end_from_trigger": true})));
            assert_eq!(wait, Wait::Time { at, moment: tagged.clone(), ends: true });
        }
        let naive =
            json!({"__classname__": "datetime.datetime", "__data__": {"text": "2023-11-14T23:13:20", "tz": null}});
        let path = "airflow.providers.standard.triggers.temporal.DateTimeTrigger";
        assert_eq!(Wait::of(path, &map(json!({"moment": naive}))), Wait::Python);
        assert_eq!(Wait::of(path, &map(json!({"target_time": "{{ ds }}"}))), Wait::Python);
        assert_eq!(Wait::of("my.temporal.DateTimeTrigger", &map(json!({"moment": tagged}))), Wait::Python);
    }

    #[test]
    fn runs_are_waited_for_until_all_are_well_or_one_is_not() {
        let wait = ExternalWait {
            logical_dates: vec![Timestamp::from_secs(1), Timestamp::from_secs(2)],
            allowed: vec!["success".into()],
            failed: vec!["failed".into()],
            ..ExternalWait::default()
        };
        let (one, two) = (run("a", 1, RunState::Success, &[]), run("b", 2, RunState::Running, &[]));
        assert_eq!(wait.verdict(&[], &[]), None, "a run that is not there yet is waited for");
        assert_eq!(wait.verdict(&[one.clone(), two.clone()], &[]), None);
        let ended = |state| AwaitedRun { state, ..two.clone() };
        assert_eq!(wait.verdict(&[one.clone(), ended(RunState::Success)], &[]), Some(Verdict::Success));
        assert_eq!(wait.verdict(&[one, ended(RunState::Failed)], &[]), Some(Verdict::Failed));
    }

    #[test]
    fn tasks_are_waited_for_with_all_their_instances() {
        use TaskState::{Failed, Running, Skipped, Success};
        let wait = ExternalWait {
            run_ids: vec!["r".into()],
            task_ids: vec!["t".into(), "u".into()],
            allowed: vec!["success".into()],
            failed: vec!["failed".into()],
            skipped: vec!["skipped".into()],
            ..ExternalWait::default()
        };
        let verdict = |tasks: &[(&str, TaskState)]| {
            wait.verdict(&[run("r", 1, RunState::Running, tasks)], &["t".into(), "u".into()])
        };
        assert_eq!(verdict(&[("t", Success)]), None, "u has no instance yet");
        assert_eq!(verdict(&[("t", Success), ("t", Running), ("u", Success)]), None, "one mapped instance runs");
        assert_eq!(verdict(&[("t", Success), ("t", Success), ("u", Success)]), Some(Verdict::Success));
        assert_eq!(verdict(&[("t", Failed), ("u", Skipped)]), Some(Verdict::Failed));
        assert_eq!(verdict(&[("t", Running), ("u", Skipped)]), Some(Verdict::Skipped));
    }

    #[test]
    fn the_event_of_a_triggered_run_tells_its_state() {
        let path = "airflow.providers.standard.triggers.external_task.DagStateTrigger";
        let kwargs =
            map(json!({"dag_id": "d", "states": ["success", "failed"], "run_ids": ["r"], "execution_dates": null}));
        let Wait::External(wait) = Wait::of(path, &kwargs) else { panic!("recognized") };
        let runs = [run("r", 1, RunState::Failed, &[])];
        assert_eq!(wait.verdict(&runs, &[]), Some(Verdict::Success), "any of its states ends the waiting");
        let event = wait.event(Verdict::Success, &runs);
        assert_eq!(event["__data__"][0], path);
        assert_eq!(event["__data__"][1]["r"], "failed");
    }
}
