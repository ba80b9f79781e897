//! Why something waits: for programs (`code`) and for people (`Display`).

use std::fmt;

use crate::plan::rules::Tally;
use crate::state::{RunState, TaskState, TriggerRule};
use crate::time::Timestamp;

/// Why a task instance or run does not go on now.
#[derive(Clone, Debug, PartialEq)]
pub enum Reason {
    /// The DAG is paused.
    DagPaused,
    /// The run waits for its turn.
    RunQueued {
        /// Runs of the DAG that are running.
        running: u32,
        /// `max_active_runs`
        limit: u32,
    },
    /// The run belongs to a backfill that is paused.
    BackfillPaused(i64),
    /// The run waits for its turn in its backfill.
    BackfillFull {
        /// The backfill.
        backfill: i64,
        /// Runs of it that are running.
        running: u32,
        /// Its `max_active_runs`.
        limit: u32,
    },
    /// An earlier run of its backfill has not begun yet.
    BackfillTurn(i64),
    /// The run is for later.
    RunNotDue(Timestamp),
    /// The DAG's own timetable, in Python, has not been asked yet which run comes next.
    TimetableNotAsked,
    /// The run has ended, so nothing of it starts any more.
    RunEnded(RunState),
    /// The trigger rule is not met yet.
    TriggerRule {
        /// The rule.
        rule: TriggerRule,
        /// States of the upstream instances.
        upstream: Tally,
        /// The first few upstream tasks that are not done.
        unfinished: Vec<String>,
    },
    /// `depends_on_past`: the same task of the run before is not done well.
    PastNotDone {
        /// That run.
        run_id: String,
        /// It has no instance of the task.
        missing: bool,
    },
    /// `wait_for_downstream`: tasks after the same task of the run before are not done well.
    PastDownstreamNotDone {
        /// That run.
        run_id: String,
    },
    /// A failed try is repeated then.
    RetryAt(Timestamp),
    /// A sensor looks again then.
    RescheduleAt(Timestamp),
    /// What it maps over is not known yet.
    MapUnknown {
        /// The task that it maps over.
        upstream: String,
    },
    /// What it maps over succeeded without giving a list or dict; this ends the task.
    NothingToMap {
        /// The task that it maps over.
        upstream: String,
    },
    /// The list that it maps over has become shorter than its map index; this ends the instance.
    MapShrank {
        /// Items that the list has now.
        length: u32,
    },
    /// It maps over more combinations than a run may have instances of a task; this ends the task.
    MapTooLong {
        /// Combinations.
        length: u32,
        /// The limit.
        limit: u32,
    },
    /// Setup tasks that it needs are not done.
    SetupsNotDone {
        /// The first few of them.
        unfinished: Vec<String>,
    },
    /// Its pool has no free slot.
    PoolFull {
        /// The pool.
        pool: String,
        /// Its slots.
        slots: i64,
        /// Slots in use.
        used: i64,
        /// Slots that the task wants.
        wants: u32,
    },
    /// Its pool does not exist.
    NoSuchPool(String),
    /// `max_active_tasks` of the DAG is reached in this run.
    MaxActiveTasks {
        /// The limit.
        limit: u32,
    },
    /// `max_active_tis_per_dag` is reached.
    MaxActiveTisPerDag {
        /// The limit.
        limit: u32,
    },
    /// `max_active_tis_per_dagrun` is reached.
    MaxActiveTisPerDagRun {
        /// The limit.
        limit: u32,
    },
    /// The executor has no free slot.
    ExecutorFull {
        /// The executor.
        executor: String,
        /// `[core] parallelism`
        slots: u32,
    },
    /// No executor of that name is configured.
    NoSuchExecutor(String),
    /// No scheduler has been heard of lately, so nothing is decided.
    NoScheduler,
    /// Queued for workers that ask for work, and none that lives listens on its queue.
    NoWorker {
        /// The queue.
        queue: String,
    },
    /// Queued: a worker takes it as soon as one is free.
    WaitsForWorker {
        /// The queue.
        queue: String,
        /// Workers that live and listen on it; `None`: the executor starts it by itself.
        workers: Option<u32>,
    },
    /// Running, but its worker has not been heard of for a while.
    WorkerSilent {
        /// Where it runs.
        hostname: String,
        /// The worker's process.
        pid: i64,
        /// When it was heard of last.
        heartbeat_at: Timestamp,
    },
    /// It ended because tasks before it failed.
    UpstreamFailed {
        /// The rule that could not be met any more.
        rule: TriggerRule,
        /// Those tasks, with their map index if they have one.
        tasks: Vec<String>,
    },
    /// It was skipped because tasks before it were, or did not do what its rule asks for.
    UpstreamSkipped {
        /// The rule that could not be met any more.
        rule: TriggerRule,
        /// Those tasks, with their map index if they have one.
        tasks: Vec<String>,
    },
    /// A task that ran asked to skip it.
    SkippedBy {
        /// Those that asked.
        tasks: Vec<String>,
    },
    /// The run has no instance of the task: its date is before the task's (or the DAG's) start date.
    BeforeStart {
        /// The run's logical date.
        date: Timestamp,
        /// Where the task's dates begin.
        start: Timestamp,
    },
    /// The run has no instance of the task: its date is after the task's (or the DAG's) end date.
    AfterEnd {
        /// The run's logical date.
        date: Timestamp,
        /// Where the task's dates end.
        end: Timestamp,
    },
    /// Why it ended, in the words that were kept with it.
    Ended(String),
    /// It fits every limit; the next tick takes it.
    Ready,
    /// Handed to an executor and not done yet.
    InFlight(TaskState),
}

impl Reason {
    /// Short stable name.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::DagPaused => "dag_paused",
            Self::RunQueued { .. } => "max_active_runs",
            Self::BackfillPaused(_) => "backfill_paused",
            Self::BackfillFull { .. } => "backfill_max_active_runs",
            Self::BackfillTurn(_) => "backfill_turn",
            Self::RunNotDue(_) => "run_not_due",
            Self::TimetableNotAsked => "timetable_not_asked",
            Self::RunEnded(_) => "run_ended",
            Self::TriggerRule { .. } => "trigger_rule",
            Self::PastNotDone { .. } => "depends_on_past",
            Self::PastDownstreamNotDone { .. } => "wait_for_downstream",
            Self::RetryAt(_) => "retry_delay",
            Self::RescheduleAt(_) => "reschedule",
            Self::MapUnknown { .. } => "mapping",
            Self::NothingToMap { .. } => "nothing_to_map",
            Self::MapShrank { .. } => "map_shrank",
            Self::MapTooLong { .. } => "map_too_long",
            Self::SetupsNotDone { .. } => "setups",
            Self::PoolFull { .. } => "pool_full",
            Self::NoSuchPool(_) => "no_such_pool",
            Self::MaxActiveTasks { .. } => "max_active_tasks",
            Self::MaxActiveTisPerDag { .. } => "max_active_tis_per_dag",
            Self::MaxActiveTisPerDagRun { .. } => "max_active_tis_per_dagrun",
            Self::ExecutorFull { .. } => "executor_full",
            Self::NoSuchExecutor(_) => "no_such_executor",
            Self::NoScheduler => "no_scheduler",
            Self::NoWorker { .. } => "no_worker",
            Self::WaitsForWorker { .. } => "waits_for_worker",
            Self::WorkerSilent { .. } => "worker_silent",
            Self::UpstreamFailed { .. } => "upstream_failed",
            Self::UpstreamSkipped { .. } => "upstream_skipped",
            Self::SkippedBy { .. } => "skipped_by",
            Self::BeforeStart { .. } => "before_start_date",
            Self::AfterEnd { .. } => "after_end_date",
            Self::Ended(_) => "ended",
            Self::Ready => "ready",
            Self::InFlight(_) => "in_flight",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DagPaused => f.write_str("The DAG is paused; unpause it to let its tasks start."),
            Self::RunQueued { running, limit } => {
                write!(f, "{running} runs of this DAG are running and max_active_runs is {limit}.")
            }
            Self::BackfillPaused(id) => write!(f, "Backfill {id} is paused; unpause it to let its queued runs begin."),
            Self::BackfillFull { backfill, running, limit } => {
                write!(f, "{running} runs of backfill {backfill} are running and its max_active_runs is {limit}.")
            }
            Self::BackfillTurn(id) => write!(f, "An earlier run of backfill {id} has not begun yet."),
            Self::RunNotDue(at) => write!(f, "The run is not due before {at}."),
            Self::TimetableNotAsked => f.write_str(
                "The DAG's own timetable computes in Python which run comes next; the dag-processor has not asked it yet.",
            ),
            Self::RunEnded(state) => write!(f, "The run has ended ({state})."),
            Self::TriggerRule { rule, upstream, unfinished } => {
                write!(
                    f,
                    "Trigger rule {rule} is not met yet: of {} upstream task instances {} succeeded, {} were skipped, \
                     {} failed",
                    upstream.total,
                    upstream.success,
                    upstream.skipped,
                    upstream.failed + upstream.upstream_failed
                )?;
                let open = upstream.total.saturating_sub(upstream.done());
                if open > 0 {
                    write!(
                        f,
                        " and {open} are not done ({}{})",
                        unfinished.join(", "),
                        if (unfinished.len() as u32) < open { ", …" } else { "" }
                    )?;
                }
                f.write_str(".")
            }
            Self::PastNotDone { run_id, missing: true } => write!(
                f,
                "depends_on_past: the run before ({run_id}) has no instance of this task, and it is not the task's first."
            ),
            Self::PastNotDone { run_id, missing: false } => {
                write!(f, "depends_on_past: this task has not succeeded (or been skipped) in the run before, {run_id}.")
            }
            Self::PastDownstreamNotDone { run_id } => write!(
                f,
                "wait_for_downstream: tasks after this one have not all succeeded in the run before, {run_id}."
            ),
            Self::RetryAt(at) => write!(f, "The last try failed; the next one starts at {at}."),
            Self::RescheduleAt(at) => write!(f, "It looks again at {at}."),
            Self::MapUnknown { upstream } => {
                write!(f, "It maps over the result of {upstream}, which is not there yet.")
            }
            Self::NothingToMap { upstream } => {
                write!(f, "It maps over the result of {upstream}, which is neither a list nor a dict.")
            }
            Self::MapShrank { length } => {
                write!(f, "What it maps over has only {length} items now.")
            }
            Self::MapTooLong { length, limit } => {
                write!(f, "It maps over {length} combinations; a task may have {limit} instances in a run.")
            }
            Self::SetupsNotDone { unfinished } => {
                write!(f, "Setup tasks that it needs have not succeeded yet: {}.", unfinished.join(", "))
            }
            Self::PoolFull { pool, slots, used, wants } => {
                write!(f, "Pool {pool} is full: {used} of {slots} slots are taken and the task needs {wants}.")
            }
            Self::NoSuchPool(pool) => {
                write!(f, "Pool {pool} does not exist; create it or name another one in the DAG.")
            }
            Self::MaxActiveTasks { limit } => {
                write!(f, "max_active_tasks of the DAG ({limit}) is reached in this run.")
            }
            Self::MaxActiveTisPerDag { limit } => write!(f, "max_active_tis_per_dag of the task ({limit}) is reached."),
            Self::MaxActiveTisPerDagRun { limit } => {
                write!(f, "max_active_tis_per_dagrun of the task ({limit}) is reached in this run.")
            }
            Self::ExecutorFull { executor, slots } => {
                write!(f, "{executor} runs {slots} tasks already ([core] parallelism).")
            }
            Self::NoSuchExecutor(name) => {
                write!(f, "The task asks for executor {name}, which [core] executor does not name.")
            }
            Self::NoScheduler => f.write_str("No scheduler has been heard of lately: start one, or look at its log."),
            Self::NoWorker { queue } => {
                write!(f, "No worker that lives listens on queue {queue}; start one with: worker --queues {queue}")
            }
            Self::WaitsForWorker { queue, workers: Some(workers) } => {
                write!(f, "It waits in queue {queue} until one of {workers} workers has room.")
            }
            Self::WaitsForWorker { queue, workers: None } => {
                write!(f, "It is queued (queue {queue}) and starts as soon as its executor has a process for it.")
            }
            Self::WorkerSilent { hostname, pid, heartbeat_at } => write!(
                f,
                "It runs in process {pid} on {hostname}, which has not been heard of since {heartbeat_at}; it is taken \
                 for lost after [scheduler] task_instance_heartbeat_timeout."
            ),
            Self::UpstreamFailed { rule, tasks } => {
                write!(f, "Trigger rule {rule} could not be met any more: {} failed.", tasks.join(", "))
            }
            Self::UpstreamSkipped { rule, tasks } => {
                write!(f, "Trigger rule {rule} could not be met any more, because of {}.", tasks.join(", "))
            }
            Self::SkippedBy { tasks } => write!(f, "Skipped at the request of {}.", tasks.join(", ")),
            Self::BeforeStart { date, start } => write!(
                f,
                "The run's logical date, {date}, is before the start_date of the task or its DAG, {start}: such a run does \
                 not have the task. Backfills and runs without a logical date do."
            ),
            Self::AfterEnd { date, end } => write!(
                f,
                "The run's logical date, {date}, is after the end_date of the task or its DAG, {end}: such a run does not \
                 have the task. Backfills and runs without a logical date do."
            ),
            Self::Ended(reason) => f.write_str(reason),
            Self::Ready => f.write_str("Nothing is in the way; it starts now."),
            Self::InFlight(state) => write!(f, "It is {state}."),
        }
    }
}
