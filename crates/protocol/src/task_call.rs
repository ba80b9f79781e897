//! What a running task may ask of the server while it runs.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tradewind_core::timetable::{DataInterval, Restriction, TimetableSpec};
use tradewind_core::{RunState, RunType, Timestamp};

use crate::task_api::{ErrorCode, TaskApiError, TaskReply};

/// What a running task may ask. Text of `method` is the variant in snake_case.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "snake_case")]
pub enum TaskCall {
    /// One XCom's value, see [`tradewind_core::xcom`], or `not_found`. Absent ids mean the calling task's own DAG and run.
    XcomGet {
        /// Key.
        key: String,
        /// Task that pushed it.
        task_id: String,
        /// DAG of that task.
        #[serde(default)]
        dag_id: Option<String>,
        /// Run of that task.
        #[serde(default)]
        run_id: Option<String>,
        /// Its map index; absent: -1.
        #[serde(default)]
        map_index: Option<i32>,
        /// Fall back to the newest value of an earlier run.
        #[serde(default)]
        include_prior_dates: bool,
        /// Only this item of a list, or this pair (key and value) of a dict; `not_found` if it is shorter.
        #[serde(default)]
        item: Option<u32>,
    },
    /// All map indexes' values of a task, in order: a JSON array.
    XcomGetAll {
        /// Key.
        key: String,
        /// Task that pushed them.
        task_id: String,
        /// DAG of that task.
        #[serde(default)]
        dag_id: Option<String>,
        /// Run of that task.
        #[serde(default)]
        run_id: Option<String>,
        /// Leave out so many.
        #[serde(default)]
        start: u32,
        /// At most so many.
        #[serde(default)]
        limit: Option<u32>,
    },
    /// How many values [`TaskCall::XcomGetAll`] has.
    XcomCount {
        /// Key.
        key: String,
        /// Task that pushed them.
        task_id: String,
        /// DAG of that task.
        #[serde(default)]
        dag_id: Option<String>,
        /// Run of that task.
        #[serde(default)]
        run_id: Option<String>,
    },
    /// What people see instead of the calling task's map index.
    RenderedMapIndex {
        /// The text.
        text: String,
    },
    /// Stores an XCom of the calling task.
    XcomSet {
        /// Key.
        key: String,
        /// Its value, see [`tradewind_core::xcom`].
        value: Value,
    },
    /// The keys under which the calling task has XComs: an array of texts.
    XcomKeys {},
    /// Forgets an XCom of the calling task.
    XcomDelete {
        /// Key.
        key: String,
    },
    /// A variable's text, or `not_found`.
    VariableGet {
        /// Key.
        key: String,
    },
    /// Stores a variable.
    VariableSet {
        /// Key.
        key: String,
        /// Text.
        value: String,
        /// For people.
        #[serde(default)]
        description: Option<String>,
    },
    /// Forgets a variable.
    VariableDelete {
        /// Key.
        key: String,
    },
    /// A connection as `{conn_id, conn_type, host, schema, login, password, port, extra}`, or `not_found`.
    ConnectionGet {
        /// Its id.
        conn_id: String,
    },
    /// State (and dates) of task instances: an array of `{task_id, map_index, state, start_date, end_date, try_number}`.
    TaskStates {
        /// DAG; absent: own.
        #[serde(default)]
        dag_id: Option<String>,
        /// Run; absent: own.
        #[serde(default)]
        run_id: Option<String>,
        /// Tasks; empty: all.
        #[serde(default)]
        task_ids: Vec<String>,
    },
    /// The newest earlier run of a DAG, by logical date, in the same shape as `Workload::run` with `state` and
    /// `end_date`, or null.
    PreviousRun {
        /// DAG; absent: own.
        #[serde(default)]
        dag_id: Option<String>,
        /// Before this logical date; absent: the calling run's.
        #[serde(default)]
        before: Option<Timestamp>,
        /// Only runs in this state.
        #[serde(default)]
        state: Option<RunState>,
    },
    /// A run by id, same shape, or `not_found`.
    RunGet {
        /// DAG; absent: own.
        #[serde(default)]
        dag_id: Option<String>,
        /// Run.
        run_id: String,
    },
    /// Number of runs.
    RunCount {
        /// DAG; absent: own.
        #[serde(default)]
        dag_id: Option<String>,
        /// Only these logical dates.
        #[serde(default)]
        logical_dates: Vec<Timestamp>,
        /// Only these runs.
        #[serde(default)]
        run_ids: Vec<String>,
        /// Only runs in these states.
        #[serde(default)]
        states: Vec<RunState>,
    },
    /// Runs in the shape of [`TaskCall::RunGet`], the oldest logical date first: an array.
    RunFind {
        /// Of these DAGs; empty: of all.
        #[serde(default)]
        dag_ids: Vec<String>,
        /// Only these runs.
        #[serde(default)]
        run_ids: Vec<String>,
        /// Only runs in these states.
        #[serde(default)]
        states: Vec<RunState>,
        /// Only runs of these types.
        #[serde(default)]
        run_types: Vec<RunType>,
        /// Only these logical dates.
        #[serde(default)]
        logical_dates: Vec<Timestamp>,
        /// Logical date not before.
        #[serde(default)]
        from: Option<Timestamp>,
        /// Logical date not after.
        #[serde(default)]
        until: Option<Timestamp>,
        /// The newest logical date first.
        #[serde(default)]
        descending: bool,
        /// At most so many; absent: 1,000, which is also the most that may be asked for.
        #[serde(default)]
        limit: Option<u32>,
    },
    /// An asset by name or URI: `{name, uri, group, extra}`, or `not_found`.
    AssetGet {
        /// Its name.
        #[serde(default)]
        name: Option<String>,
        /// Its URI.
        #[serde(default)]
        uri: Option<String>,
    },
    /// Events of an asset or of an alias, the oldest first: an array of `{id, timestamp, extra, asset, source_*,
    /// source_aliases, partition_key}`.
    AssetEvents {
        /// The asset's name.
        #[serde(default)]
        name: Option<String>,
        /// The asset's URI.
        #[serde(default)]
        uri: Option<String>,
        /// Instead of an asset: everything that came by way of this alias.
        #[serde(default)]
        alias: Option<String>,
        /// Not before.
        #[serde(default)]
        after: Option<Timestamp>,
        /// Not after.
        #[serde(default)]
        before: Option<Timestamp>,
        /// The oldest first; absent: yes.
        #[serde(default)]
        ascending: Option<bool>,
        /// At most so many.
        #[serde(default)]
        limit: Option<i64>,
    },
    /// Events that the calling task's run consumed, in the same shape.
    TriggeringAssetEvents {},
    /// What the calling task instance remembers under a key: its JSON value, or `not_found`.
    TaskStateGet {
        /// Key.
        key: String,
    },
    /// Remembers a value for the calling task instance, beyond its tries.
    TaskStateSet {
        /// Key.
        key: String,
        /// JSON value; not null.
        value: Value,
        /// Seconds until it is forgotten; absent: `[state_store] default_retention_days`.
        #[serde(default)]
        retention: Option<f64>,
        /// It is never forgotten.
        #[serde(default)]
        never_expires: bool,
    },
    /// Forgets a key of the calling task instance.
    TaskStateDelete {
        /// Key.
        key: String,
    },
    /// Forgets everything of the calling task instance, or of all instances of its task in the run.
    TaskStateClear {
        /// All of them.
        #[serde(default)]
        all_map_indices: bool,
    },
    /// What is remembered of an asset (by name or URI) under a key: its JSON value, or `not_found`.
    AssetStateGet {
        /// Its name.
        #[serde(default)]
        name: Option<String>,
        /// Its URI.
        #[serde(default)]
        uri: Option<String>,
        /// Key.
        key: String,
    },
    /// Remembers a value of an asset.
    AssetStateSet {
        /// Its name.
        #[serde(default)]
        name: Option<String>,
        /// Its URI.
        #[serde(default)]
        uri: Option<String>,
        /// Key.
        key: String,
        /// JSON value; not null.
        value: Value,
    },
    /// Forgets a key of an asset.
    AssetStateDelete {
        /// Its name.
        #[serde(default)]
        name: Option<String>,
        /// Its URI.
        #[serde(default)]
        uri: Option<String>,
        /// Key.
        key: String,
    },
    /// Forgets everything of an asset.
    AssetStateClear {
        /// Its name.
        #[serde(default)]
        name: Option<String>,
        /// Its URI.
        #[serde(default)]
        uri: Option<String>,
    },
    /// What is known of a DAG: `{"is_paused", "tasks", "groups"}`, or `not_found`.
    DagGet {
        /// DAG.
        dag_id: String,
    },
    /// Whether what a `WorkflowTrigger` with these arguments waits for is there: its verdict, or null.
    AwaitLook {
        /// Arguments, encoded as XComs are.
        kwargs: Map<String, Value>,
    },
    /// The calling try asks people: `{subject, body, options, defaults, multiple, params, assigned_users}`.
    HitlAsk {
        /// What.
        question: Value,
    },
    /// Creates a run of a DAG; answers it. `already_exists` if the id or logical date is taken.
    RunTrigger {
        /// DAG.
        dag_id: String,
        /// Its id; absent: made from the date.
        #[serde(default)]
        run_id: Option<String>,
        /// Logical date.
        #[serde(default)]
        logical_date: Option<Timestamp>,
        /// Not before; absent: the end of the data interval.
        #[serde(default)]
        run_after: Option<Timestamp>,
        /// Configuration.
        #[serde(default)]
        conf: Value,
        /// Clear the run instead if it exists.
        #[serde(default)]
        reset: bool,
        /// For people.
        #[serde(default)]
        note: Option<String>,
    },
    /// Which run one of Airflow's own timetables asks for next, for users' timetables that build on one: a
    /// `core::timetable::NextRun` or null.
    TimetableNext {
        /// A `core::timetable::TimetableSpec`.
        spec: Value,
        /// What the last run covered.
        #[serde(default)]
        after: Option<DataInterval>,
        /// Earliest logical date.
        #[serde(default)]
        earliest: Option<Timestamp>,
        /// Latest logical date.
        #[serde(default)]
        latest: Option<Timestamp>,
        /// Make up for runs that were missed.
        catchup: bool,
        /// The present.
        now: Timestamp,
    },
    /// What a manual run of one of Airflow's own timetables covers: a `core::timetable::DataInterval`.
    TimetableManual {
        /// A `core::timetable::TimetableSpec`.
        spec: Value,
        /// When it is to run.
        run_after: Timestamp,
    },
}

impl TaskCall {
    /// The answer to a call that needs nothing but its arguments ([`TaskCall::TimetableNext`] and
    /// [`TaskCall::TimetableManual`]); `None`: somebody else has to be asked.
    pub fn answer(&self) -> Option<Result<TaskReply, TaskApiError>> {
        let invalid = |error: &dyn std::fmt::Display| TaskApiError::new(ErrorCode::Invalid, error.to_string());
        let (spec, asked) = match self {
            Self::TimetableNext { spec, after, earliest, latest, catchup, now } => {
                let restriction = Restriction { earliest: *earliest, latest: *latest, catchup: *catchup };
                (spec, Ok((after, restriction, now)))
            }
            Self::TimetableManual { spec, run_after } => (spec, Err(run_after)),
            _ => return None,
        };
        let timetable = TimetableSpec::deserialize(spec)
            .map_err(|error| invalid(&error))
            .and_then(|spec| spec.compile().map_err(|error| invalid(&error)));
        Some(timetable.and_then(|timetable| {
            let answer = match asked {
                Ok((after, restriction, now)) => {
                    serde_json::to_value(timetable.next_run(after.as_ref(), &restriction, *now))
                }
                Err(run_after) => serde_json::to_value(timetable.infer_manual_interval(*run_after)),
            };
            answer.map_err(|error| invalid(&error))
        }))
    }
}
