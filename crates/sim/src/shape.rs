//! The DAGs of a scenario: small descriptions that can be made smaller, written out as serialized DAGs.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tradewind_core::asset::AssetKey;
use tradewind_core::{Dag, TriggerRule};
use tradewind_protocol::serialized_dag::{DagDefaults, SerializedDag};

/// A DAG.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DagShape {
    /// Its tasks; edges lead to later ones.
    pub tasks: Vec<TaskShape>,
    /// Mapped groups of its tasks.
    pub groups: Vec<MapShape>,
    /// Waits for the assets that the DAGs with these numbers update.
    pub waits_for: Vec<usize>,
    /// One of them is enough.
    pub any: bool,
    /// Scheduled at intervals of so many seconds; `None`: only when triggered.
    pub every: Option<u32>,
    /// Intervals that were missed get their runs.
    pub catchup: bool,
    /// `max_active_runs`
    pub max_active_runs: u32,
    /// `max_active_tasks`
    pub max_active_tasks: u32,
    /// `dagrun_timeout`, in seconds.
    pub timeout: Option<u32>,
    /// `fail_fast`
    pub fail_fast: bool,
}

/// A task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TaskShape {
    /// Numbers of the direct downstream tasks; greater than its own.
    pub down: Vec<usize>,
    /// Trigger rule.
    pub rule: TriggerRule,
    /// Retries, half a minute apart.
    pub retries: u32,
    /// The wait between tries doubles.
    pub backoff: bool,
    /// Finished by the scheduler itself.
    pub empty: bool,
    /// What it maps over.
    pub map: MapShape,
    /// Number of the mapped group that it is in. Then it maps over nothing itself.
    pub group: Option<usize>,
    /// It updates its DAG's asset.
    pub updates: bool,
    /// A setup task.
    pub setup: bool,
    /// A teardown task.
    pub teardown: bool,
    /// `depends_on_past`
    pub depends_on_past: bool,
    /// `wait_for_downstream`
    pub wait_for_downstream: bool,
    /// Name of the pool; empty: the default one.
    pub pool: String,
    /// Slots of the pool.
    pub slots: u32,
    /// `priority_weight`
    pub priority: i32,
    /// `max_active_tis_per_dag`
    pub per_dag: Option<u32>,
    /// `max_active_tis_per_dagrun`
    pub per_dagrun: Option<u32>,
}

/// What a task maps over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MapShape {
    /// Nothing: it has one instance.
    #[default]
    None,
    /// A list of this length.
    Literal(u32),
    /// The result of the task with this number.
    Upstream(usize),
}

impl Default for DagShape {
    fn default() -> Self {
        Self {
            tasks: Vec::new(),
            groups: Vec::new(),
            waits_for: Vec::new(),
            any: false,
            every: None,
            catchup: false,
            max_active_runs: 16,
            max_active_tasks: 16,
            timeout: None,
            fail_fast: false,
        }
    }
}

impl Default for TaskShape {
    fn default() -> Self {
        Self {
            down: Vec::new(),
            rule: TriggerRule::AllSuccess,
            retries: 0,
            backoff: false,
            empty: false,
            map: MapShape::None,
            group: None,
            updates: false,
            setup: false,
            teardown: false,
            depends_on_past: false,
            wait_for_downstream: false,
            pool: String::new(),
            slots: 1,
            priority: 1,
            per_dag: None,
            per_dagrun: None,
        }
    }
}

/// The asset that the tasks of the DAG with this number update.
pub fn asset(dag: usize) -> AssetKey {
    AssetKey { name: format!("a{dag}"), uri: format!("sim://a{dag}") }
}

fn group_id(number: usize) -> String {
    format!("g{number}")
}

/// Id of a task.
pub fn task_id(number: usize) -> String {
    format!("t{number:02}")
}

impl DagShape {
    /// The DAG as the dag-processor stores it. `start` is the first logical date of scheduled ones.
    pub fn serialized(&self, dag_id: &str, start: tradewind_core::Timestamp) -> Value {
        let tasks: Vec<Value> = self.tasks.iter().enumerate().map(|(n, task)| task.serialized(n, dag_id)).collect();
        let timetable = match self.every {
            Some(seconds) => json!({"type": "delta_data_interval", "seconds": f64::from(seconds)}),
            None => json!({"type": "null"}),
        };
        let assets: Vec<Value> = self.waits_for.iter().map(|&number| json!({"asset": asset(number)})).collect();
        let assets = if self.any { json!({"any": assets}) } else { json!({"all": assets}) };
        let timetable = match (self.waits_for.is_empty(), self.every) {
            (true, _) => timetable,
            (false, None) => json!({"type": "asset_triggered", "assets": assets}),
            (false, Some(_)) => json!({"type": "asset_or_time", "timetable": timetable, "assets": assets}),
        };
        let groups: serde_json::Map<String, Value> = (self.groups.iter().enumerate())
            .map(|(number, over)| (group_id(number), json!({"mapped": over.serialized()})))
            .collect();
        json!({
            "format": 1,
            "dag_id": dag_id,
            "timetable": timetable,
            "start_date": self.every.map(|_| start.to_string()),
            "catchup": self.catchup,
            "max_active_runs": self.max_active_runs,
            "max_active_tasks": self.max_active_tasks,
            "dagrun_timeout": self.timeout.map(f64::from),
            "fail_fast": self.fail_fast,
            "is_paused_upon_creation": false,
            "task_groups": groups,
            "tasks": tasks,
        })
    }

    /// The DAG as the planners see it.
    ///
    /// # Panics
    /// If the shape is not a DAG.
    pub fn core(&self, dag_id: &str, start: tradewind_core::Timestamp) -> Dag {
        let serialized: SerializedDag =
            serde_json::from_value(self.serialized(dag_id, start)).expect("a shape is a serialized DAG");
        serialized.to_core(&DagDefaults::default()).expect("edges lead to later tasks")
    }
}

impl MapShape {
    fn serialized(self) -> Value {
        match self {
            Self::None => Value::Null,
            Self::Literal(length) => json!({"kind": "expand", "over": {"x": {"literal": vec![0; length as usize]}}}),
            Self::Upstream(up) => {
                json!({"kind": "expand", "over": {"x": {"xcom": {"task_id": task_id(up), "key": "return_value"}}}})
            }
        }
    }
}

impl TaskShape {
    fn serialized(&self, number: usize, dag_id: &str) -> Value {
        let mut downstream: Vec<String> = self.down.iter().map(|&n| task_id(n)).collect();
        downstream.sort();
        downstream.dedup();
        let mapped = if self.group.is_some() { Value::Null } else { self.map.serialized() };
        let own: usize = dag_id.trim_start_matches('d').parse().unwrap_or_default();
        let outlets = if self.updates { json!([{"asset": asset(own)}]) } else { json!([]) };
        json!({
            "task_id": task_id(number),
            "operator": if self.empty { "EmptyOperator" } else { "Op" },
            "downstream": downstream,
            "lane": if self.empty { json!({"kind": "empty"}) } else { json!({"kind": "python"}) },
            "trigger_rule": self.rule,
            "retries": self.retries,
            "retry_delay": 30.0,
            "retry_exponential_backoff": if self.backoff { 2.0 } else { 0.0 },
            "depends_on_past": self.depends_on_past,
            "wait_for_downstream": self.wait_for_downstream,
            "pool": if self.pool.is_empty() { "default_pool" } else { &self.pool },
            "pool_slots": self.slots,
            "priority_weight": self.priority,
            "max_active_tis_per_dag": self.per_dag,
            "max_active_tis_per_dagrun": self.per_dagrun,
            "is_setup": self.setup,
            "is_teardown": self.teardown,
            "mapped": mapped,
            "group": self.group.map(group_id),
            "outlets": outlets,
        })
    }
}
