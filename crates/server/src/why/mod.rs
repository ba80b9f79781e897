//! Why a task instance does not run now, or ended without running: asks the planner that decides, with the state as
//! the database has it. REST, the command line and the pages all ask here.

mod capacity;
mod ended;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tradewind_core::plan::{
    Lane, LaneKey, Limits, Past, PastTask, QueuedRun, Reason, Run, RunPlanner, RunSnapshot, TaskInstance, TaskLimit,
    plan_starts,
};
use tradewind_core::{Dag, RunState, TaskState, Timestamp};
use tradewind_protocol::serialized_dag::{DagDefaults, SerializedDag};
use tradewind_store::read::TiView;
use tradewind_store::{Error, JobRow, RunRow, Store, TiRow};

use crate::clock::now;

/// Whoever asks, and what there is to know besides the database.
#[derive(Clone, Copy, Debug)]
pub struct Asker<'a> {
    /// The database.
    pub store: &'a Store,
    /// What DAG files leave open.
    pub defaults: &'a DagDefaults,
    /// Names and slots of executors; see `ServerConfig::executors`.
    pub executors: &'a [(String, Option<u32>)],
    /// A process that was not heard of for longer is dead.
    pub silent_after: Duration,
}

/// The answer.
#[derive(Clone, Debug)]
pub struct Why {
    /// What stands in the way, or why it ended so. Empty when there is nothing to explain.
    pub reasons: Vec<Reason>,
    /// State of the run.
    pub run_state: RunState,
    /// The scheduler that plans the run, if one that lives does.
    pub scheduler: Option<JobRow>,
}

/// A short name of a reason for lists, in words.
pub fn title(reason: &Reason) -> String {
    let code = reason.code().replace('_', " ");
    let mut letters = code.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

impl Asker<'_> {
    /// What there is to say about a task instance.
    ///
    /// # Errors
    /// [`Error::NotFound`] if the DAG or run is gone meanwhile; [`Error::Corrupt`] if its stored form can't be read;
    /// those of the database.
    pub async fn why(&self, ti: &TiView) -> Result<Why, Error> {
        let gone = || Error::NotFound("the run does not exist any more".into());
        let (run, tis) = self.store.load_runs(&[ti.run_key]).await?.into_iter().next().ok_or_else(gone)?;
        let dag = self.dag(&run).await?;
        let status = self.store.dag_status(&run.dag_id).await?.ok_or_else(gone)?;
        let at = now();
        let silent = tradewind_core::Duration::from_secs_f64(self.silent_after.as_secs_f64());
        let schedulers = self.store.live_jobs("SchedulerJob", at - silent).await?;
        let none_lives = schedulers.is_empty();
        let mut why = Why {
            reasons: Vec::new(),
            run_state: run.state,
            scheduler: schedulers.into_iter().find(|job| Some(job.id) == run.owner),
        };
        if ti.state.is_some_and(TaskState::is_finished) {
            why.reasons = ended::reasons(ti, &tis, &dag);
            return Ok(why);
        }
        if none_lives && ti.state != Some(TaskState::Running) {
            why.reasons.push(Reason::NoScheduler);
        }
        if run.state == RunState::Queued {
            why.reasons.extend(self.queued_run(&run, &dag, at).await?);
        }
        let paused = status.is_paused && run.state != RunState::Success && run.state != RunState::Failed;
        let in_flight = ti.state.is_some_and(TaskState::is_in_flight);
        if paused && !in_flight {
            why.reasons.push(Reason::DagPaused);
        }
        match ti.state {
            Some(TaskState::Queued) => {
                why.reasons.push(self.queued_try(&tis, ti, at, silent).await?);
                return Ok(why);
            }
            Some(TaskState::Running | TaskState::Restarting) => {
                why.reasons.extend(silent_worker(&tis, ti, at, silent));
            }
            _ => {}
        }
        let past = self.past(&run, &dag).await?;
        let dag = Arc::new(dag);
        let snapshot = RunSnapshot {
            dag: Arc::clone(&dag),
            run: Run {
                key: run.id,
                state: run.state,
                task_date: run.task_date(),
                start_date: run.start_date,
                end_date: run.end_date,
            },
            tis: tis.into_iter().filter_map(|ti| instance(ti, &dag)).collect(),
            past,
            // Said above already; what else is in the way is asked here.
            paused: false,
        };
        let planner = RunPlanner::new(snapshot);
        let Some(index) = planner.tis.iter().position(|known| known.id == ti.id) else { return Ok(why) };
        match planner.why(index, at) {
            Some(Reason::Ready) => {
                let limits = limits(&dag, &planner.tis[index], &run);
                let blocked = self.capacity(&run).await?.blocks(&limits);
                why.reasons.extend(blocked);
            }
            Some(Reason::InFlight(_)) if !why.reasons.is_empty() => {}
            Some(reason) => why.reasons.push(reason),
            None => {}
        }
        if why.reasons.is_empty() {
            why.reasons.push(Reason::Ready);
        }
        Ok(why)
    }

    /// Why a run has no instance of a task of its DAG, if the task's dates are the reason.
    ///
    /// # Errors
    /// Those of [`Asker::why`].
    pub async fn left_out(&self, run_key: i64, task_id: &str) -> Result<Option<(RunState, Reason)>, Error> {
        let Some(run) = self.store.run_rows(&[run_key]).await?.pop() else { return Ok(None) };
        let dag = self.dag(&run).await?;
        let task = dag.by_id.get(task_id).map(|&number| &dag.tasks[number]);
        let reason = task.zip(run.task_date()).and_then(|(task, date)| task.outside_dates(date));
        Ok(reason.map(|reason| (run.state, reason)))
    }

    /// The run's DAG in the version that it uses.
    async fn dag(&self, run: &RunRow) -> Result<Dag, Error> {
        let missing =
            || Error::NotFound(format!("DAG '{}' has no version yet: its file has not been parsed", run.dag_id));
        let data = self.store.version_data(run.dag_version_id.ok_or_else(missing)?).await?.ok_or_else(missing)?;
        let unreadable = |error: String| Error::Corrupt(format!("the stored form of DAG '{}': {error}", run.dag_id));
        let serialized: SerializedDag = serde_json::from_str(&data).map_err(|error| unreadable(error.to_string()))?;
        serialized.to_core(self.defaults).map_err(|error| unreadable(error.to_string()))
    }

    /// Why a queued run does not begin.
    async fn queued_run(&self, run: &RunRow, dag: &Dag, at: Timestamp) -> Result<Option<Reason>, Error> {
        // Nobody is scheduler 0: the runs of all of them are counted.
        let dags = std::slice::from_ref(&run.dag_id);
        let counts = self.store.running_runs_of_others(0, dags, at).await?;
        let counts = counts.into_iter().find(|row| row.backfill_id == run.backfill_id);
        let running = counts.as_ref().map_or(0, |row| u32::try_from(row.runs).unwrap_or(u32::MAX));
        let next_elsewhere = counts.and_then(|row| row.next_ordinal);
        let of_backfill = match run.backfill_id {
            Some(id) => self.store.backfill_limits(dags).await?.into_iter().find(|limit| limit.id == id),
            None => None,
        };
        let limit = of_backfill.map_or(dag.max_active_runs, |limit| limit.max_active_runs);
        let lane = LaneKey { dag_id: run.dag_id.clone(), backfill: of_backfill.map(|limit| limit.id) };
        // That the DAG is paused is said elsewhere.
        let ordinal = run.backfill_ordinal.unwrap_or(0);
        let queued =
            QueuedRun { run_key: run.id, lane: lane.clone(), ordinal, run_after: run.run_after, dag_paused: false };
        let paused = of_backfill.is_some_and(|limit| limit.is_paused);
        let mut lanes = HashMap::from([(lane, Lane { running, limit, paused, next_elsewhere })]);
        let (_, waiting) = plan_starts(vec![queued], &mut lanes, at);
        Ok(waiting.into_iter().next().map(|(_, reason)| reason))
    }

    /// Why a queued try has not been started.
    async fn queued_try(
        &self,
        tis: &[TiRow],
        ti: &TiView,
        at: Timestamp,
        silent: tradewind_core::Duration,
    ) -> Result<Reason, Error> {
        let row = tis.iter().find(|row| row.id == ti.id);
        let queue = row.map(|row| row.queue.clone()).unwrap_or_default();
        let executor = row.and_then(|row| row.executor.clone()).unwrap_or_default();
        let pulls = self.executors.iter().any(|(name, slots)| *name == executor && slots.is_none());
        if !pulls {
            return Ok(Reason::WaitsForWorker { queue, workers: None });
        }
        let listens = |job: &&JobRow| {
            // One that takes no new tries for a while, or runs one only, helps nobody.
            let takes = job.details["mode"].as_str().is_none_or(|mode| mode == "working");
            if !takes || job.details["form"] == "single" {
                return false;
            }
            let queues = job.details.get("queues").and_then(serde_json::Value::as_array);
            queues.is_none_or(|queues| queues.iter().any(|one| one.as_str() == Some(&queue)))
        };
        let workers = self.store.live_jobs("WorkerJob", at - silent).await?.iter().filter(listens).count();
        Ok(match u32::try_from(workers) {
            Ok(0) | Err(_) => Reason::NoWorker { queue },
            Ok(workers) => Reason::WaitsForWorker { queue, workers: Some(workers) },
        })
    }

    /// The run before, as far as any task looks at it.
    async fn past(&self, run: &RunRow, dag: &Dag) -> Result<Past, Error> {
        if !dag.tasks.iter().any(|task| task.depends_on_past) {
            return Ok(Past::default());
        }
        let Some(previous) = self.store.previous_run(run.id).await? else { return Ok(Past::default()) };
        let outcomes = self.store.task_outcomes(previous.run_key).await?;
        let missing: Vec<String> =
            dag.tasks.iter().map(|task| &task.task_id).filter(|id| !outcomes.contains_key(*id)).cloned().collect();
        let earlier = self.store.tasks_with_earlier_instances(run.id, &missing).await?;
        // A run that has not begun has no instances yet, and none of its tasks is done.
        let not_begun = outcomes.is_empty() && !previous.state.is_finished();
        // One that somebody marked as success before it began counts as done well.
        let marked = outcomes.is_empty() && previous.state == RunState::Success;
        let done_well = |id: &str| !not_begun && outcomes.get(id).is_none_or(|outcome| outcome.unsuccessful == 0);
        let tasks = dag.tasks.iter().map(|task| PastTask {
            exists: not_begun || marked || outcomes.contains_key(&task.task_id),
            done_well: done_well(&task.task_id),
            downstream_done_well: task.downstream.iter().all(|&down| done_well(&dag.tasks[down].task_id)),
            any_before: earlier.contains(&task.task_id),
        });
        Ok(Past { run_id: Some(previous.run_id), tasks: tasks.collect() })
    }
}

/// A running try whose worker was not heard of for a while.
fn silent_worker(tis: &[TiRow], ti: &TiView, at: Timestamp, silent: tradewind_core::Duration) -> Option<Reason> {
    let row = tis.iter().find(|row| row.id == ti.id)?;
    let heartbeat_at = row.heartbeat_at.or(row.start_date)?;
    (heartbeat_at + silent < at).then(|| Reason::WorkerSilent {
        hostname: row.hostname.clone().unwrap_or_default(),
        pid: row.pid.unwrap_or_default(),
        heartbeat_at,
    })
}

/// A row as the planner sees it; none if the DAG does not have the task any more.
fn instance(ti: TiRow, dag: &Dag) -> Option<TaskInstance> {
    let task = *dag.by_id.get(&ti.task_id)?;
    Some(TaskInstance {
        id: ti.id,
        state: ti.state,
        fence: ti.fence,
        try_number: ti.try_number,
        scheduled_at: ti.scheduled_at,
        queued_at: ti.queued_at,
        start_date: ti.start_date,
        end_date: ti.end_date,
        retry_at: ti.retry_at,
        reason: ti.reason,
        map_length: ti.map_length,
        skip: ti.skip,
        first_started_at: ti.first_started_at,
        reschedule_count: u32::try_from(ti.reschedule_count).unwrap_or(0),
        ..TaskInstance::new(task, ti.map_index, ti.max_tries)
    })
}

fn limits(dag: &Dag, ti: &TaskInstance, run: &RunRow) -> Limits {
    let task = &dag.tasks[ti.task];
    let own = task.max_active_tis_per_dag.is_some() || task.max_active_tis_per_dagrun.is_some();
    Limits {
        pool: task.pool.clone(),
        pool_slots: task.pool_slots,
        executor: task.executor.clone().unwrap_or_default(),
        run_key: run.id,
        max_active_tasks: dag.max_active_tasks,
        task: own.then(|| TaskLimit {
            dag_id: run.dag_id.clone(),
            task_id: task.task_id.clone(),
            per_dag: task.max_active_tis_per_dag,
            per_dagrun: task.max_active_tis_per_dagrun,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_are_words() {
        assert_eq!(title(&Reason::DagPaused), "Dag paused");
        assert_eq!(title(&Reason::MaxActiveTasks { limit: 1 }), "Max active tasks");
    }
}
