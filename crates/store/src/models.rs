//! The rows that the engine plans with.

use tradewind_core::{RunState, RunType, TaskState, Timestamp};

use crate::row::row;

row! {
    /// One run of a DAG.
    pub struct RunRow {
        /// The database's number of the run (`run_key` elsewhere).
        pub id: i64,
        /// Its DAG.
        pub dag_id: String,
        /// The user's id of the run.
        pub run_id: String,
        /// Why it exists.
        pub run_type: RunType,
        /// What made it: `timetable`, `rest_api`, `cli`, `operator`, `ui`, `test`, `backfill`, `asset` …
        pub triggered_by: String,
        /// Who, if a person did.
        pub triggering_user: Option<String>,
        /// The instant that names it.
        pub logical_date: Option<Timestamp>,
        /// Start of the data interval.
        pub data_interval_start: Option<Timestamp>,
        /// End of the data interval.
        pub data_interval_end: Option<Timestamp>,
        /// Not before.
        pub run_after: Timestamp,
        /// When it was created, or cleared.
        pub queued_at: Option<Timestamp>,
        /// When it began to run.
        pub start_date: Option<Timestamp>,
        /// When it ended.
        pub end_date: Option<Timestamp>,
        /// Its state.
        pub state: RunState,
        /// How often it was cleared.
        pub clear_number: i32,
        /// The job of the scheduler that plans it.
        pub owner: Option<i64>,
        /// Version of the DAG that it uses.
        pub dag_version_id: Option<i64>,
        /// JSON: number of task instances by state (`"none"`: not looked at yet).
        pub state_counts: String,
        /// For people.
        pub note: Option<String>,
        /// JSON: the user's configuration.
        pub conf: String,
        /// When the row was made.
        pub created_at: Timestamp,
        /// When the row was last written.
        pub updated_at: Timestamp,
    }
}

row! {
    /// One task (and map index) in one run, without the big texts.
    pub struct TiRow {
        /// The database's number (`ti_id` elsewhere).
        pub id: i64,
        /// The run.
        pub run_key: i64,
        /// The DAG.
        pub dag_id: String,
        /// The task.
        pub task_id: String,
        /// -1 when not mapped.
        pub map_index: i32,
        /// `None`: not looked at yet.
        pub state: Option<TaskState>,
        /// Raised by every write but heartbeats.
        pub fence: i64,
        /// 0 until it is queued for the first time.
        pub try_number: i32,
        /// As in Airflow: a failed try is repeated while its number is not above this.
        pub max_tries: i32,
        /// When it was scheduled.
        pub scheduled_at: Option<Timestamp>,
        /// When it was queued.
        pub queued_at: Option<Timestamp>,
        /// When the try started.
        pub start_date: Option<Timestamp>,
        /// When the try ended.
        pub end_date: Option<Timestamp>,
        /// `up_for_retry`, `up_for_reschedule`: not before.
        pub retry_at: Option<Timestamp>,
        /// When the first poke of a rescheduling sensor started.
        pub first_started_at: Option<Timestamp>,
        /// How often the try was rescheduled.
        pub reschedule_count: i32,
        /// Class name.
        pub operator: String,
        /// Pool.
        pub pool: String,
        /// Slots of the pool.
        pub pool_slots: i32,
        /// Queue.
        pub queue: String,
        /// Effective priority.
        pub priority: i32,
        /// Executor, when not the default one.
        pub executor: Option<String>,
        /// Where the try runs.
        pub hostname: Option<String>,
        /// Process of the worker.
        pub pid: Option<i64>,
        /// The worker's job.
        pub worker_id: Option<i64>,
        /// When the worker last said that it runs the try.
        pub heartbeat_at: Option<Timestamp>,
        /// Version of the DAG.
        pub dag_version_id: Option<i64>,
        /// Why it is in this state, for people.
        pub reason: Option<String>,
        /// Number of elements of its XCom, when a mapped task needs it.
        pub map_length: Option<i32>,
        /// JSON array: direct downstream tasks that it asked to skip.
        pub skip: Option<String>,
    }
}
