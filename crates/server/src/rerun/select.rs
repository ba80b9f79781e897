//! Which task instances a clear or mark is about: tasks, their neighbours in the DAG, runs before and after.

use std::collections::BTreeSet;

use serde::Deserialize;
use tradewind_core::rerun::{Around, tasks_around};
use tradewind_core::{TaskState, Timestamp};
use tradewind_protocol::SerializedDag;
use tradewind_protocol::serialized_dag::DagDefaults;
use tradewind_store::read::{OrderBy, Page, RUN_COLUMNS, RunFilter, RunView, Span, TI_COLUMNS, TiFilter, TiView};
use tradewind_store::{ClearTis, Store};

use crate::clock::now;
use crate::http::error::{ApiError, ApiResult};

/// More task instances than this are not changed in one request.
const MOST: i64 = 20_000;

/// A task, or one of its map indexes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum TaskRef {
    /// All of a task's instances.
    Task(String),
    /// One of them: `["task", 3]`.
    Mapped(String, i32),
}

impl TaskRef {
    /// The task.
    pub fn task_id(&self) -> &str {
        match self {
            Self::Task(id) | Self::Mapped(id, _) => id,
        }
    }
}

/// Only some of the instances.
#[derive(Clone, Debug, Default)]
pub struct Which {
    /// Failed or upstream_failed.
    pub only_failed: bool,
    /// Running.
    pub only_running: bool,
}

/// How far around the named tasks.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reach {
    /// Everything that leads to them.
    pub upstream: bool,
    /// Everything that follows from them.
    pub downstream: bool,
    /// Earlier runs as well.
    pub past: bool,
    /// Later runs as well.
    pub future: bool,
}

/// Adds the neighbours of the named tasks, as far as the reach goes; with `setups` also the setup and teardown tasks
/// that go along when they run again. A task group stands for all its tasks.
///
/// # Errors
/// 404 for a name that is neither a task nor a group of the DAG.
pub fn spread(
    dag: &SerializedDag,
    defaults: &DagDefaults,
    tasks: &[TaskRef],
    reach: Reach,
    setups: bool,
) -> ApiResult<Vec<TaskRef>> {
    let mut named: Vec<TaskRef> = Vec::with_capacity(tasks.len());
    for task in tasks {
        let id = task.task_id();
        if dag.tasks.iter().any(|known| known.task_id == id) {
            named.push(task.clone());
            continue;
        }
        let of_group = in_group(dag, id);
        if of_group.is_empty() {
            return Err(ApiError::not_found(format!("DAG '{}' has no task '{id}'", dag.dag_id)));
        }
        named.extend(of_group.into_iter().map(|id| match task {
            TaskRef::Task(_) => TaskRef::Task(id),
            TaskRef::Mapped(_, index) => TaskRef::Mapped(id, *index),
        }));
    }
    let core = dag.to_core(defaults).map_err(|error| ApiError::conflict(error.to_string()))?;
    let numbers: BTreeSet<usize> = named.iter().filter_map(|task| core.by_id.get(task.task_id())).copied().collect();
    let around = Around { upstream: reach.upstream, downstream: reach.downstream, setups };
    let more = tasks_around(&core, &numbers, around).into_iter().filter(|number| !numbers.contains(number));
    let more: Vec<TaskRef> = more.map(|number| TaskRef::Task(core.tasks[number].task_id.clone())).collect();
    named.extend(more);
    Ok(named)
}

/// Ids of the tasks of a group and of the groups in it.
pub fn in_group(dag: &SerializedDag, group_id: &str) -> Vec<String> {
    let inside = |group: Option<&str>| {
        let mut at = group;
        while let Some(id) = at {
            if id == group_id {
                return true;
            }
            at = dag.task_groups.get(id).and_then(|group| group.parent.as_deref());
        }
        false
    };
    let tasks = dag.tasks.iter().filter(|task| inside(task.group.as_deref()));
    tasks.map(|task| task.task_id.clone()).collect()
}

/// Keys of the run and, if asked for, of those before and after it.
///
/// # Errors
/// The database's; 422 if there are too many.
pub async fn runs_around(store: &Store, run: &RunView, reach: Reach) -> ApiResult<Vec<i64>> {
    let mut keys = vec![run.id];
    for (wanted, past) in [(reach.past, true), (reach.future, false)] {
        if !wanted {
            continue;
        }
        // Runs without a logical date are ordered by when they were due.
        let at = run.logical_date.unwrap_or(run.run_after).as_micros();
        let span =
            if past { Span { lt: Some(at), ..Span::default() } } else { Span { gt: Some(at), ..Span::default() } };
        let mut filter = RunFilter { dag_ids: vec![run.dag_id.clone()], ..RunFilter::default() };
        *if run.logical_date.is_some() { &mut filter.logical_date } else { &mut filter.run_after } = span;
        keys.extend(run_keys(store, &filter).await?);
    }
    Ok(keys)
}

/// Keys of the runs of a DAG whose date lies between two instants.
///
/// # Errors
/// The database's; 422 if there are too many.
pub async fn runs_between(
    store: &Store,
    dag_id: &str,
    start: Option<Timestamp>,
    end: Option<Timestamp>,
) -> ApiResult<Vec<i64>> {
    let span = Span { gte: start.map(Timestamp::as_micros), lte: end.map(Timestamp::as_micros), ..Span::default() };
    let filter = RunFilter { dag_ids: vec![dag_id.to_owned()], logical_date: span, ..RunFilter::default() };
    run_keys(store, &filter).await
}

/// Keys of the runs that are meant.
///
/// # Errors
/// The database's; 422 if there are too many.
pub async fn run_keys(store: &Store, filter: &RunFilter) -> ApiResult<Vec<i64>> {
    let order = OrderBy::parse(RUN_COLUMNS, &["id"]).map_err(|error| ApiError::bad_request(error.to_string()))?;
    let found = store.list_runs(filter, &order, Page { limit: MOST, offset: 0 }).await?;
    within(found.total, "runs")?;
    Ok(found.rows.into_iter().map(|run| run.id).collect())
}

/// The task instances of some runs that are meant. No tasks: all.
///
/// # Errors
/// The database's; 422 if there are too many.
pub async fn in_runs(store: &Store, run_keys: Vec<i64>, tasks: &[TaskRef], which: &Which) -> ApiResult<Vec<TiView>> {
    if run_keys.is_empty() {
        return Ok(Vec::new());
    }
    let mut states = Vec::new();
    if which.only_failed {
        states.extend([TaskState::Failed, TaskState::UpstreamFailed].map(|state| state.to_string()));
    }
    if which.only_running {
        states.push(TaskState::Running.to_string());
    }
    let filter = TiFilter {
        run_keys,
        task_ids: tasks.iter().map(|task| task.task_id().to_owned()).collect(),
        states,
        ..TiFilter::default()
    };
    let order = OrderBy::parse(TI_COLUMNS, &["id"]).map_err(|error| ApiError::bad_request(error.to_string()))?;
    let found = store.list_tis(&filter, &order, Page { limit: MOST, offset: 0 }).await?;
    within(found.total, "task instances")?;
    let meant = |ti: &TiView| {
        tasks.is_empty()
            || tasks.iter().any(|task| match task {
                TaskRef::Task(id) => *id == ti.task_id,
                TaskRef::Mapped(id, index) => *id == ti.task_id && *index == ti.map_index,
            })
    };
    Ok(found.rows.into_iter().filter(meant).collect())
}

fn within(total: i64, what: &str) -> ApiResult<()> {
    if total <= MOST {
        return Ok(());
    }
    Err(ApiError::unprocessable(format!(
        "{total} {what} are meant; at most {MOST} are changed in one request: narrow it down"
    )))
}

/// How to clear.
#[derive(Clone, Copy, Debug)]
pub struct Clearing {
    /// Runs that are over run again.
    pub reopen_runs: bool,
    /// The runs use the newest version of the DAG from now on.
    pub latest_version: bool,
    /// This run is treated so even if nothing in it is cleared.
    pub also_run: Option<i64>,
}

/// Clears task instances: those that run are stopped, all start again with as many retries as their task has.
///
/// # Errors
/// The database's.
pub async fn clear(store: &Store, defaults: &DagDefaults, tis: &[TiView], how: Clearing) -> ApiResult<()> {
    let clear = ClearTis {
        tis: tis.iter().map(|ti| ti.id).collect(),
        reopen_runs: how.reopen_runs,
        also_runs: how.also_run.into_iter().collect(),
        latest_version: how.latest_version,
        default_retries: defaults.retries,
        at: now(),
    };
    store.clear_tis(&clear).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dag() -> SerializedDag {
        serde_json::from_value(serde_json::json!({
            "format": 1, "dag_id": "d", "timetable": {"type": "null"}, "tasks": [
                {"task_id": "a", "operator": "E", "downstream": ["b", "x"]},
                {"task_id": "b", "operator": "E", "downstream": ["c"]},
                {"task_id": "c", "operator": "E"},
                {"task_id": "x", "operator": "E", "group": "in"},
            ],
            "task_groups": {"out": {}, "in": {"parent": "out"}},
        }))
        .unwrap()
    }

    fn ids(tasks: &[TaskRef], reach: Reach) -> Vec<String> {
        spread(&dag(), &DagDefaults::default(), tasks, reach, false)
            .unwrap()
            .iter()
            .map(|task| task.task_id().to_owned())
            .collect()
    }

    #[test]
    fn neighbours_are_found_in_both_directions_separately() {
        let b = [TaskRef::Task("b".into())];
        assert_eq!(ids(&b, Reach::default()), ["b"]);
        assert_eq!(ids(&b, Reach { downstream: true, ..Reach::default() }), ["b", "c"]);
        // Not x: it follows from something upstream, not from b.
        assert_eq!(ids(&b, Reach { upstream: true, downstream: true, ..Reach::default() }), ["b", "a", "c"]);
        let unknown = [TaskRef::Task("z".into())];
        let refused = spread(&dag(), &DagDefaults::default(), &unknown, Reach::default(), false).unwrap_err();
        assert_eq!(refused.status.as_u16(), 404);
    }

    #[test]
    fn a_group_stands_for_its_tasks_and_those_of_its_groups() {
        assert_eq!(ids(&[TaskRef::Task("out".into())], Reach::default()), ["x"]);
        assert_eq!(ids(&[TaskRef::Task("in".into())], Reach { upstream: true, ..Reach::default() }), ["x", "a"]);
    }

    #[test]
    fn tasks_are_named_alone_or_with_a_map_index() {
        let tasks: Vec<TaskRef> = serde_json::from_str(r#"["a", ["b", 3]]"#).unwrap();
        assert_eq!(tasks, [TaskRef::Task("a".into()), TaskRef::Mapped("b".into(), 3)]);
    }
}
