//! The canonical JSON form of a DAG, written by the python package and kept in the database.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tradewind_core::asset::AssetExpr;
use tradewind_core::dag::{MapDraft, MapGroupDraft, StructureError, TaskDraft, link};
use tradewind_core::{Dag, Duration, Lane, RunType, Task, Timestamp, TriggerRule, WeightRule};

/// One DAG. Absent fields have their default; durations are seconds; instants RFC 3339.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SerializedDag {
    /// Version of this format; 1.
    pub format: u32,
    /// The DAG's id.
    pub dag_id: String,
    /// Shown instead of the id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// One line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Markdown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doc_md: Option<String>,
    /// Absolute path of the file; not part of the hash.
    #[serde(default)]
    pub fileloc: String,
    /// First logical date that is set for the DAG itself; see [`SerializedDag::earliest`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_date: Option<Timestamp>,
    /// Last logical date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_date: Option<Timestamp>,
    /// IANA name or offset of the DAG's time zone.
    #[serde(default = "utc")]
    pub timezone: String,
    /// When runs are due: a `core::timetable::TimetableSpec`, kept as JSON so that one unknown timetable does not
    /// make the whole file unreadable.
    pub timetable: Value,
    /// Create the runs that were missed.
    #[serde(default)]
    pub catchup: bool,
    /// `None`: `[core] max_active_runs_per_dag`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_active_runs: Option<u32>,
    /// `None`: `[core] max_active_tasks_per_dag`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_active_tasks: Option<u32>,
    /// Pause the DAG after so many failed runs in a row; 0 never.
    #[serde(default)]
    pub max_consecutive_failed_dag_runs: u32,
    /// A running run older than this fails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dagrun_timeout: Option<Duration>,
    /// The first failure ends the run.
    #[serde(default)]
    pub fail_fast: bool,
    /// Runs that are cleared go on with the newest version; `None`: `[core] rerun_with_latest_version`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rerun_with_latest_version: Option<bool>,
    /// Runs use the newest files of a bundle that has versions; `None`: `[dag_processor] disable_bundle_versioning`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disable_bundle_versioning: Option<bool>,
    /// Types of runs that the DAG may have; `None`: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_run_types: Option<Vec<RunType>>,
    /// `None`: `[core] dags_are_paused_at_creation`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_paused_upon_creation: Option<bool>,
    /// Templates render to Python objects.
    #[serde(default)]
    pub render_template_as_native_obj: bool,
    /// Sorted.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Owner to URL.
    #[serde(default)]
    pub owner_links: BTreeMap<String, String>,
    /// Name to `{"value", "schema", "description"}`, in the author's order (`params_order`).
    #[serde(default)]
    pub params: BTreeMap<String, Value>,
    /// Names of `params` in the author's order.
    #[serde(default)]
    pub params_order: Vec<String>,
    /// `default_args` as far as JSON can say them.
    #[serde(default)]
    pub default_args: Value,
    /// Role to permissions.
    #[serde(default)]
    pub access_control: Value,
    /// Jinja search path of the file's author.
    #[serde(default)]
    pub template_searchpath: Vec<String>,
    /// The DAG has callbacks, which need Python: `on_success`, `on_failure`, `sla_miss`; `on_running` for
    /// listeners of plugins.
    #[serde(default)]
    pub callbacks: Vec<String>,
    /// By when runs are to have ended: `{"name", "reference": {"type", …}, "interval", "callback": {"path", "kwargs",
    /// "mode"}}` each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deadlines: Vec<Value>,
    /// Sorted by id.
    pub tasks: Vec<SerializedTask>,
    /// Group id to group; the root group is left out.
    #[serde(default)]
    pub task_groups: BTreeMap<String, SerializedGroup>,
    /// Labels of edges.
    #[serde(default)]
    pub edge_labels: Vec<EdgeLabel>,
}

/// One task of a [`SerializedDag`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SerializedTask {
    /// Id, with the prefixes of its groups.
    pub task_id: String,
    /// Class name, or the operator's custom name.
    pub operator: String,
    /// Module of the class.
    #[serde(default)]
    pub module: String,
    /// Shown instead of the id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Who it belongs to.
    #[serde(default = "default_owner")]
    pub owner: String,
    /// Addresses for mail about it.
    #[serde(default)]
    pub email: Vec<String>,
    /// They get mail when it fails.
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub email_on_failure: bool,
    /// They get mail when it is to be tried again.
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub email_on_retry: bool,
    /// By when it is to be done, after the end of the run's data interval; `None` also when `[core] check_slas` is off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sla: Option<Duration>,
    /// Decides per exception about retries, in the try's own process: its class, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_policy: Option<Value>,
    /// Ids of direct downstream tasks, sorted.
    #[serde(default)]
    pub downstream: Vec<String>,
    /// Id of the innermost task group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// How a try runs.
    #[serde(default)]
    pub lane: LaneSpec,
    /// See `core::Task`.
    #[serde(default = "all_success")]
    pub trigger_rule: TriggerRule,
    /// Attempts after the first; `None`: `[core] default_task_retries`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retries: Option<u32>,
    /// Seconds; `None`: `[core] default_task_retry_delay`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_delay: Option<Duration>,
    /// 0 none, else the factor (true in DAG files means 2).
    #[serde(default)]
    pub retry_exponential_backoff: f64,
    /// Seconds; `None`: `[core] max_task_retry_delay`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_retry_delay: Option<Duration>,
    /// Seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution_timeout: Option<Duration>,
    /// First logical date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_date: Option<Timestamp>,
    /// Last logical date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_date: Option<Timestamp>,
    /// See `core::Task`.
    #[serde(default)]
    pub depends_on_past: bool,
    /// See `core::Task`.
    #[serde(default = "yes")]
    pub ignore_first_depends_on_past: bool,
    /// See `core::Task`.
    #[serde(default)]
    pub wait_for_downstream: bool,
    /// See `core::Task`.
    #[serde(default)]
    pub wait_for_past_depends_before_skipping: bool,
    /// Pool that it takes slots from.
    #[serde(default = "default_pool")]
    pub pool: String,
    /// Slots that a try takes.
    #[serde(default = "one")]
    pub pool_slots: u32,
    /// As written by the author.
    #[serde(default = "one_i32")]
    pub priority_weight: i32,
    /// How the effective priority comes about.
    #[serde(default = "downstream_rule")]
    pub weight_rule: WeightRule,
    /// Class path of the author's own strategy, which gave the priorities in `priorities`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight_strategy: Option<String>,
    /// Effective priority of the first try, the second, and so on; the last one is for all others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub priorities: Vec<i32>,
    /// Queue that workers listen on; `None`: `[operators] default_queue`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<String>,
    /// Executor by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub executor: Option<String>,
    /// What it wishes of its executor (`executor_config`), as plain JSON; objects of the `kubernetes` package are in
    /// Kubernetes' own spelling.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub executor_config: Option<Value>,
    /// Unix user that runs a try.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_as_user: Option<String>,
    /// See `core::Task`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_active_tis_per_dag: Option<u32>,
    /// See `core::Task`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_active_tis_per_dagrun: Option<u32>,
    /// The return value becomes an XCom.
    #[serde(default = "yes")]
    pub do_xcom_push: bool,
    /// Names of templated attributes.
    #[serde(default)]
    pub template_fields: Vec<String>,
    /// Attribute to how the UI shows it ("bash", "json", "sql" …).
    #[serde(default)]
    pub template_fields_renderers: BTreeMap<String, String>,
    /// Templated attributes as written, as far as JSON can say them.
    #[serde(default)]
    pub fields: BTreeMap<String, Value>,
    /// Task-level params, like [`SerializedDag::params`].
    #[serde(default)]
    pub params: BTreeMap<String, Value>,
    /// Background colour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ui_color: Option<String>,
    /// Text colour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ui_fgcolor: Option<String>,
    /// Markdown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doc_md: Option<String>,
    /// A setup task.
    #[serde(default)]
    pub is_setup: bool,
    /// A teardown task.
    #[serde(default)]
    pub is_teardown: bool,
    /// A teardown whose failure fails the run.
    #[serde(default)]
    pub on_failure_fail_dagrun: bool,
    /// Made by `expand`: `{"kind": "expand", "over": {argument: source}}`, where a source is `{"literal": [..]}`,
    /// `{"xcom": {"task_id", "key"}}`, `{"zip": [source..], "longest": bool}` or `{"concat": [source..]}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mapped: Option<Value>,
    /// Callbacks that the task has: `on_execute`, `on_success`, `on_failure`, `on_retry`, `on_skipped`.
    #[serde(default)]
    pub callbacks: Vec<String>,
    /// Names of extra links.
    #[serde(default)]
    pub extra_links: Vec<String>,
    /// Name of an extra link to the XCom that its address is in once a try is over.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub link_keys: BTreeMap<String, String>,
    /// Its return value is given to those who wait for a run's end.
    #[serde(default)]
    pub returns_dag_result: bool,
    /// An `ExternalTaskMarker`: clearing it clears the task of another DAG that its fields name; through so many
    /// markers one after the other at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recursion_depth: Option<u32>,
    /// Assets that the task updates when it succeeds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outlets: Vec<AssetExpr>,
    /// Assets that the task reads.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inlets: Vec<AssetExpr>,
}

/// How a try of a task runs, with what the native lanes need to know.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum LaneSpec {
    /// In a forked python child.
    #[default]
    Python,
    /// Not at all: the scheduler marks it done.
    Empty,
    /// A shell command without Python, if the worker can render its templates exactly.
    Bash {
        /// Template of the command.
        command: String,
        /// Environment; `None` inherits.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        env: Option<BTreeMap<String, String>>,
        /// Add `env` to the inherited environment.
        #[serde(default)]
        append_env: bool,
        /// Working directory; `None` is a fresh temporary one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cwd: Option<String>,
        /// Exit codes that mean "skipped".
        #[serde(default)]
        skip_on_exit_code: Vec<i32>,
    },
}

/// A task group.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SerializedGroup {
    /// Id of the group around it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// Shown instead of the id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Shown on hovering.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tooltip: Option<String>,
    /// Made by `expand`: what it maps over, like [`SerializedTask::mapped`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mapped: Option<Value>,
}

/// A label on an edge.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EdgeLabel {
    /// Upstream task.
    pub from: String,
    /// Downstream task.
    pub to: String,
    /// The text.
    pub label: String,
}

/// Configuration that fills in what DAG files leave open.
#[derive(Clone, Debug)]
pub struct DagDefaults {
    /// `[core] max_active_runs_per_dag`
    pub max_active_runs: u32,
    /// `[core] max_active_tasks_per_dag`
    pub max_active_tasks: u32,
    /// `[core] default_task_retries`
    pub retries: u32,
    /// `[core] default_task_retry_delay`
    pub retry_delay: Duration,
    /// `[core] max_task_retry_delay`
    pub max_retry_delay: Duration,
    /// `[operators] default_queue`
    pub queue: String,
    /// `[core] rerun_with_latest_version`, if somebody set it.
    pub rerun_with_latest_version: Option<bool>,
    /// `[core] executor`, the default one first; empty: nobody looks at what tasks name.
    pub executors: Vec<ExecutorName>,
    /// `[scheduler] partition_mapper_max_downstream_keys`: runs that one event of a partition may be for.
    pub max_downstream_keys: usize,
    /// `[core] dag_run_conf_overrides_params`
    pub conf_overrides_params: bool,
}

/// One executor of `[core] executor`: `LocalExecutor`, `some.module.LocalExecutor` or `some.module.LocalExecutor:alias`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExecutorName {
    /// The class, with or without its module.
    pub path: String,
    /// What tasks may call it.
    pub alias: Option<String>,
}

impl ExecutorName {
    /// Reads the option: names between commas.
    pub fn list(option: &str) -> Vec<Self> {
        let names = option.split(',').map(str::trim).filter(|name| !name.is_empty());
        let one = |name: &str| match name.split_once(':') {
            Some((path, alias)) => Self { path: path.to_owned(), alias: Some(alias.to_owned()) },
            None => Self { path: name.to_owned(), alias: None },
        };
        names.map(one).collect()
    }

    /// The class without its module.
    pub fn class(&self) -> &str {
        self.path.rsplit('.').next().unwrap_or(&self.path)
    }

    /// Whether a task means this one.
    pub fn is_meant(&self, name: &str) -> bool {
        self.alias.as_deref() == Some(name)
            || self.path == name
            || self.class() == name.rsplit('.').next().unwrap_or(name)
    }
}

impl DagDefaults {
    /// What a task's `executor` means: a class name; `None` for the default one. A name that means nothing stays as
    /// it is, and its task waits with the reason.
    pub fn executor(&self, named: Option<&str>) -> Option<String> {
        let named = named?;
        match self.executors.iter().position(|executor| executor.is_meant(named)) {
            Some(0) => None,
            Some(found) => Some(self.executors[found].class().to_owned()),
            None => Some(named.to_owned()),
        }
    }
}

impl Default for DagDefaults {
    fn default() -> Self {
        Self {
            max_active_runs: 16,
            max_active_tasks: 16,
            retries: 0,
            retry_delay: Duration::from_secs(300),
            max_retry_delay: Duration::from_secs(86_400),
            queue: "default".into(),
            rerun_with_latest_version: None,
            executors: Vec::new(),
            max_downstream_keys: tradewind_core::asset::partition::MAX_DOWNSTREAM_KEYS,
            conf_overrides_params: true,
        }
    }
}

impl SerializedDag {
    /// Whether the DAG may have runs of this type.
    pub fn allows(&self, run_type: RunType) -> bool {
        self.allowed_run_types.as_ref().is_none_or(|allowed| allowed.contains(&run_type))
    }

    /// Ids of the tasks of a group and of the groups in it, sorted.
    pub fn tasks_of_group(&self, group_id: &str) -> Vec<String> {
        let is_inside = |group: Option<&String>| {
            let mut at = group;
            // A circle of parents would be a wrong document; it ends here all the same.
            for _ in 0..=self.task_groups.len() {
                match at {
                    Some(id) if id == group_id => return true,
                    Some(id) => at = self.task_groups.get(id).and_then(|group| group.parent.as_ref()),
                    None => return false,
                }
            }
            false
        };
        self.tasks.iter().filter(|task| is_inside(task.group.as_ref())).map(|task| task.task_id.clone()).collect()
    }

    /// The planners' form of this DAG.
    ///
    /// # Errors
    /// [`StructureError`] for duplicate ids, edges to nowhere and cycles.
    pub fn to_core(&self, defaults: &DagDefaults) -> Result<Dag, StructureError> {
        let drafts = self.tasks.iter().map(|task| self.to_draft(task, defaults)).collect();
        let (tasks, by_id): (Vec<Task>, HashMap<String, usize>) = link(drafts)?;
        Ok(Dag {
            dag_id: self.dag_id.clone(),
            tasks,
            by_id,
            max_active_runs: self.max_active_runs.unwrap_or(defaults.max_active_runs),
            max_active_tasks: self.max_active_tasks.unwrap_or(defaults.max_active_tasks),
            dagrun_timeout: self.dagrun_timeout,
            fail_fast: self.fail_fast,
        })
    }

    /// Where schedules begin: the DAG's own start date, else the earliest of its tasks.
    pub fn earliest(&self) -> Option<Timestamp> {
        self.start_date.or_else(|| self.tasks.iter().filter_map(|task| task.start_date).min())
    }

    /// Where schedules end: the DAG's own end date, else the latest of its tasks, if all of them have one.
    pub fn latest(&self) -> Option<Timestamp> {
        let of_tasks = || self.tasks.iter().map(|task| task.end_date).collect::<Option<Vec<_>>>();
        self.end_date.or_else(|| of_tasks()?.into_iter().max())
    }

    /// Whether a task becomes instances with map indexes: it is mapped, or a group around it is.
    pub fn is_expanded(&self, task: &SerializedTask) -> bool {
        task.mapped.is_some() || !self.mapped_groups(task.group.as_deref()).is_empty()
    }

    fn to_draft(&self, task: &SerializedTask, defaults: &DagDefaults) -> TaskDraft {
        let mut draft = TaskDraft { map_groups: self.mapped_groups(task.group.as_deref()), ..task.to_draft(defaults) };
        // A task is never outside of its DAG's own dates.
        draft.task.start_date = self.start_date.max(task.start_date);
        draft.task.end_date = [self.end_date, task.end_date].into_iter().flatten().min();
        draft
    }

    /// The mapped groups around what is in this group, outermost first.
    fn mapped_groups(&self, innermost: Option<&str>) -> Vec<MapGroupDraft> {
        let mut found = Vec::new();
        let mut next = innermost;
        while let Some((group_id, group)) = next.and_then(|id| Some((id, self.task_groups.get(id)?))) {
            if let Some(mapped) = &group.mapped {
                found.insert(0, MapGroupDraft { group_id: group_id.to_owned(), over: map_sources(mapped) });
            }
            next = group.parent.as_deref();
        }
        found
    }
}

impl SerializedTask {
    fn to_draft(&self, defaults: &DagDefaults) -> TaskDraft {
        TaskDraft {
            task: Task {
                task_id: self.task_id.clone(),
                upstream: Vec::new(),
                downstream: Vec::new(),
                trigger_rule: self.trigger_rule,
                lane: match self.lane {
                    LaneSpec::Python => Lane::Python,
                    LaneSpec::Empty => Lane::Empty,
                    LaneSpec::Bash { .. } => Lane::Bash,
                },
                retries: self.retries.unwrap_or(defaults.retries),
                retry_delay: self.retry_delay.unwrap_or(defaults.retry_delay),
                retry_exponential_backoff: self.retry_exponential_backoff,
                max_retry_delay: Some(self.max_retry_delay.unwrap_or(defaults.max_retry_delay)),
                execution_timeout: self.execution_timeout,
                depends_on_past: self.depends_on_past || self.wait_for_downstream,
                ignore_first_depends_on_past: self.ignore_first_depends_on_past,
                wait_for_downstream: self.wait_for_downstream,
                wait_for_past_depends_before_skipping: self.wait_for_past_depends_before_skipping,
                pool: self.pool.clone(),
                pool_slots: self.pool_slots,
                priority: 0,
                priority_by_try: self.priorities.clone(),
                queue: self.queue.clone().unwrap_or_else(|| defaults.queue.clone()),
                executor: defaults.executor(self.executor.as_deref()),
                max_active_tis_per_dag: self.max_active_tis_per_dag,
                max_active_tis_per_dagrun: self.max_active_tis_per_dagrun,
                is_teardown: self.is_teardown,
                is_setup: self.is_setup,
                on_failure_fail_dagrun: self.on_failure_fail_dagrun,
                ..Task::default()
            },
            downstream: self.downstream.clone(),
            priority_weight: self.priority_weight,
            weight_rule: self.weight_rule,
            map_over: self.mapped.as_ref().map(map_sources),
            ..TaskDraft::default()
        }
    }
}

/// Reads what `mapped.over` says: argument to source.
fn map_sources(mapped: &Value) -> Vec<MapDraft> {
    let sources = mapped.get("over").and_then(Value::as_object).into_iter().flat_map(|over| over.values());
    sources.map(map_source).collect()
}

fn map_source(source: &Value) -> MapDraft {
    let all = |name: &str| source.get(name).and_then(Value::as_array).map(|of| of.iter().map(map_source).collect());
    if let Some(task_id) = source.pointer("/xcom/task_id").and_then(Value::as_str) {
        return MapDraft::Upstream(task_id.to_owned());
    }
    if let Some(of) = all("zip") {
        let longest = source.get("longest").and_then(Value::as_bool).unwrap_or(false);
        return MapDraft::Zip { of, longest };
    }
    if let Some(of) = all("concat") {
        return MapDraft::Concat(of);
    }
    MapDraft::Literal(match source.get("literal") {
        Some(Value::Array(items)) => items.len() as u32,
        Some(Value::Object(items)) => items.len() as u32,
        _ => 0,
    })
}

fn utc() -> String {
    "UTC".into()
}
fn default_owner() -> String {
    "airflow".into()
}
fn default_pool() -> String {
    "default_pool".into()
}
const fn all_success() -> TriggerRule {
    TriggerRule::AllSuccess
}
const fn downstream_rule() -> WeightRule {
    WeightRule::Downstream
}
const fn is_true(value: &bool) -> bool {
    *value
}

fn yes() -> bool {
    true
}
const fn one() -> u32 {
    1
}
const fn one_i32() -> i32 {
    1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_tasks_are_within_those_of_their_dag() {
        let day = |day: i64| Timestamp::from_secs(day * 86_400);
        let text = |number: i64| day(number).to_string();
        let read = |dag: serde_json::Value| -> SerializedDag { serde_json::from_value(dag).unwrap() };
        let task = |id: &str, start: Option<i64>, end: Option<i64>| {
            let mut task = serde_json::json!({"task_id": id, "operator": "O"});
            start.inspect(|start| task["start_date"] = text(*start).into());
            end.inspect(|end| task["end_date"] = text(*end).into());
            task
        };
        let tasks = [task("a", None, Some(30)), task("b", Some(5), Some(25)), task("c", Some(15), Some(90))];
        let of = |dag: &SerializedDag| -> Vec<_> {
            let core = dag.to_core(&DagDefaults::default()).unwrap();
            ["a", "b", "c"].map(|id| &core.tasks[core.by_id[id]]).map(|task| (task.start_date, task.end_date)).to_vec()
        };
        let base = serde_json::json!({"format": 1, "dag_id": "d", "fileloc": "/d.py", "timetable": {"type": "null"},
            "tasks": tasks});
        let mut own = base.clone();
        (own["start_date"], own["end_date"]) = (text(10).into(), text(40).into());
        let own = read(own);
        assert_eq!((own.earliest(), own.latest()), (Some(day(10)), Some(day(40))));
        assert_eq!(
            of(&own),
            [(Some(day(10)), Some(day(30))), (Some(day(10)), Some(day(25))), (Some(day(15)), Some(day(40))),]
        );
        // Without dates of the DAG's own, schedules keep within those of its tasks; tasks without dates are always there.
        let none = read(base);
        assert_eq!((none.earliest(), none.latest()), (Some(day(5)), Some(day(90))));
        assert_eq!(of(&none)[0], (None, Some(day(30))));
    }

    #[test]
    fn executors_are_meant_by_alias_class_or_path() {
        let executors = ExecutorName::list("LocalExecutor, my.module.EdgeExecutor:edge");
        let defaults = DagDefaults { executors, ..DagDefaults::default() };
        let meant = |name| defaults.executor(Some(name));
        assert_eq!(defaults.executor(None), None);
        assert_eq!(meant("LocalExecutor"), None, "the default one");
        assert_eq!(meant("airflow.executors.local_executor.LocalExecutor"), None);
        for name in ["edge", "EdgeExecutor", "my.module.EdgeExecutor"] {
            assert_eq!(meant(name).as_deref(), Some("EdgeExecutor"), "{name}");
        }
        assert_eq!(meant("CeleryExecutor").as_deref(), Some("CeleryExecutor"));
    }
}
