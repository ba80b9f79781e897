//! Why a task instance does not run now: asks the planner that decides, with the state as the database has it.

use std::collections::HashMap;
use std::sync::Arc;

use tradewind_core::plan::{
    Capacity, Lane, LaneKey, Limits, Past, PastTask, QueuedRun, Reason, Run, RunPlanner, RunSnapshot, TaskInstance,
    TaskLimit, plan_starts,
};
use tradewind_core::{Dag, RunState, TaskState, Timestamp};
use tradewind_store::read::TiView;
use tradewind_store::{RunRow, TiRow};

use crate::api::v2::dags;
use crate::clock::now;
use crate::http::error::{ApiError, ApiResult};
use crate::state::App;

/// What stands in the way of a task instance; empty when it is over.
///
/// # Errors
/// 404 if the DAG or run is gone meanwhile; the database's.
pub async fn reasons(app: &App, ti: &TiView) -> ApiResult<Vec<Reason>> {
    if ti.state.is_some_and(TaskState::is_finished) {
        return Ok(Vec::new());
    }
    let gone = || ApiError::not_found("the run does not exist any more");
    let (run, tis) = app.store.load_runs(&[ti.run_key]).await?.into_iter().next().ok_or_else(gone)?;
    let serialized = dags::structure(app, &run.dag_id, run.dag_version_id).await?;
    let dag = serialized.to_core(&app.config.dag_defaults).map_err(|error| ApiError::conflict(error.to_string()))?;
    let status = app.store.dag_status(&run.dag_id).await?.ok_or_else(gone)?;
    let at = now();
    let mut reasons = Vec::new();
    if run.state == RunState::Queued {
        reasons.extend(queued_run(app, &run, &dag, status.is_paused, at).await?);
    }
    let past = past(app, &run, &dag).await?;
    let dag = Arc::new(dag);
    let snapshot = RunSnapshot {
        dag: Arc::clone(&dag),
        run: Run {
            key: run.id,
            state: run.state,
            logical_date: run.logical_date,
            start_date: run.start_date,
            end_date: run.end_date,
        },
        tis: tis.into_iter().filter_map(|ti| instance(ti, &dag)).collect(),
        past,
        paused: status.is_paused,
    };
    let planner = RunPlanner::new(snapshot);
    let Some(index) = planner.tis.iter().position(|known| known.id == ti.id) else { return Ok(reasons) };
    match planner.why(index, at) {
        Some(Reason::Ready) if run.state == RunState::Queued => {}
        Some(Reason::Ready) => {
            let limits = limits(&dag, &planner.tis[index], &run);
            reasons.push(capacity(app, &dag.dag_id).await?.blocks(&limits).unwrap_or(Reason::Ready));
        }
        Some(reason) if !reasons.contains(&reason) => reasons.push(reason),
        _ => {}
    }
    Ok(reasons)
}

/// A short name of a reason for lists, in words.
pub fn title(reason: &Reason) -> String {
    let code = reason.code().replace('_', " ");
    let mut letters = code.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// Why a queued run does not begin.
async fn queued_run(app: &App, run: &RunRow, dag: &Dag, paused: bool, at: Timestamp) -> ApiResult<Option<Reason>> {
    // Nobody is scheduler 0: the runs of all of them are counted.
    let dags = std::slice::from_ref(&run.dag_id);
    let counts = app.store.running_runs_of_others(0, dags).await?;
    let running = counts.iter().find(|row| row.backfill_id == run.backfill_id).map_or(0, |row| row.runs);
    let running = u32::try_from(running).unwrap_or(u32::MAX);
    let of_backfill = match run.backfill_id {
        Some(id) => app.store.backfill_limits(dags).await?.into_iter().find(|limit| limit.id == id),
        None => None,
    };
    let limit = of_backfill.map_or(dag.max_active_runs, |limit| limit.max_active_runs);
    let lane = LaneKey { dag_id: run.dag_id.clone(), backfill: of_backfill.map(|limit| limit.id) };
    let queued =
        QueuedRun { run_key: run.id, lane: lane.clone(), ordinal: 0, run_after: run.run_after, dag_paused: paused };
    let paused = of_backfill.is_some_and(|limit| limit.is_paused);
    let (_, waiting) = plan_starts(vec![queued], &mut HashMap::from([(lane, Lane { running, limit, paused })]), at);
    Ok(waiting.into_iter().next().map(|(_, reason)| reason))
}

/// The run before, as far as any task looks at it.
async fn past(app: &App, run: &RunRow, dag: &Dag) -> ApiResult<Past> {
    if !dag.tasks.iter().any(|task| task.depends_on_past) {
        return Ok(Past::default());
    }
    let Some(previous) = app.store.previous_run(run.id).await? else { return Ok(Past::default()) };
    let outcomes = app.store.task_outcomes(previous.run_key).await?;
    let missing: Vec<String> =
        dag.tasks.iter().map(|task| &task.task_id).filter(|id| !outcomes.contains_key(*id)).cloned().collect();
    let earlier = app.store.tasks_with_earlier_instances(run.id, &missing).await?;
    let done_well = |id: &str| outcomes.get(id).is_none_or(|outcome| outcome.unsuccessful == 0);
    let tasks = dag.tasks.iter().map(|task| PastTask {
        exists: outcomes.contains_key(&task.task_id),
        done_well: done_well(&task.task_id),
        downstream_done_well: task.downstream.iter().all(|&down| done_well(&dag.tasks[down].task_id)),
        any_before: earlier.contains(&task.task_id),
    });
    Ok(Past { run_id: Some(previous.run_id), tasks: tasks.collect() })
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

/// What is in use now.
async fn capacity(app: &App, dag_id: &str) -> ApiResult<Capacity> {
    let usage = app.store.current_usage().await?;
    let mut capacity = Capacity {
        pools: usage.pools.iter().map(|pool| (pool.name.clone(), (pool.slots, 0))).collect(),
        ..Capacity::default()
    };
    let deferred: HashMap<&str, bool> =
        usage.pools.iter().map(|pool| (pool.name.as_str(), pool.include_deferred)).collect();
    let mut executors: HashMap<String, u32> = HashMap::from([(String::new(), 0)]);
    for row in &usage.rows {
        let holds = row.in_flight || deferred.get(row.pool.as_str()).copied().unwrap_or(false);
        if let Some((_, used)) = capacity.pools.get_mut(&row.pool).filter(|_| holds) {
            *used += row.slots;
        }
        if !row.in_flight {
            continue;
        }
        let tis = u32::try_from(row.tis).unwrap_or(u32::MAX);
        *executors.entry(row.executor.clone().unwrap_or_default()).or_default() += tis;
        *capacity.runs.entry(row.run_key).or_default() += tis;
        if row.dag_id == dag_id {
            *capacity.tasks.entry((row.dag_id.clone(), row.task_id.clone())).or_default() += tis;
            *capacity.run_tasks.entry((row.run_key, row.task_id.clone())).or_default() += tis;
        }
    }
    for (name, slots) in &app.config.executors {
        let used = executors.get(name).copied().unwrap_or(0);
        capacity.executors.insert(name.clone(), (*slots, used));
    }
    Ok(capacity)
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
