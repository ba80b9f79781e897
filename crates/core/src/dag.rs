//! The DAG as the planners see it: tasks by number, edges both ways.

use std::collections::{BTreeMap, HashMap};

use crate::state::{TriggerRule, WeightRule};
use crate::time::{Duration, Timestamp};

/// How a try of a task runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Does nothing: finished by the scheduler itself.
    Empty,
    /// A shell command that needs no Python.
    Bash,
    /// Everything else.
    Python,
}

/// A DAG's structure and limits.
#[derive(Clone, Debug)]
pub struct Dag {
    /// The DAG's id.
    pub dag_id: String,
    /// Tasks in a topological order: every upstream task has a smaller number.
    pub tasks: Vec<Task>,
    /// Task id to number.
    pub by_id: HashMap<String, usize>,
    /// Runs of this DAG that may be running at once.
    pub max_active_runs: u32,
    /// Task instances of one run that may be in flight at once.
    pub max_active_tasks: u32,
    /// A running run older than this fails.
    pub dagrun_timeout: Option<Duration>,
    /// The first failed task fails the run and skips what has not started.
    pub fail_fast: bool,
}

/// One task of a [`Dag`].
#[derive(Clone, Debug)]
pub struct Task {
    /// The task's id.
    pub task_id: String,
    /// Numbers of the direct upstream tasks.
    pub upstream: Vec<usize>,
    /// Numbers of the direct downstream tasks.
    pub downstream: Vec<usize>,
    /// When it may go.
    pub trigger_rule: TriggerRule,
    /// How a try runs.
    pub lane: Lane,
    /// Attempts after the first.
    pub retries: u32,
    /// Wait before the first retry.
    pub retry_delay: Duration,
    /// Factor by which the delay grows with each retry; 0 means it does not grow.
    pub retry_exponential_backoff: f64,
    /// Cap of the growing delay.
    pub max_retry_delay: Option<Duration>,
    /// Longest time that one try may run; enforced by the worker.
    pub execution_timeout: Option<Duration>,
    /// Not before this logical date.
    pub start_date: Option<Timestamp>,
    /// Not after this logical date.
    pub end_date: Option<Timestamp>,
    /// The same task of the run before must have succeeded or been skipped.
    pub depends_on_past: bool,
    /// The first run that would look at the past may go.
    pub ignore_first_depends_on_past: bool,
    /// `depends_on_past`, and the previous instance's direct downstream tasks must be done too.
    pub wait_for_downstream: bool,
    /// Wait for `depends_on_past` even before being skipped.
    pub wait_for_past_depends_before_skipping: bool,
    /// Pool that it takes slots from.
    pub pool: String,
    /// Slots that a try takes.
    pub pool_slots: u32,
    /// Effective priority: higher goes first.
    pub priority: i32,
    /// Queue that workers listen on.
    pub queue: String,
    /// Executor by name, when not the default one.
    pub executor: Option<String>,
    /// Instances of this task in flight over all runs.
    pub max_active_tis_per_dag: Option<u32>,
    /// Instances of this task in flight in one run.
    pub max_active_tis_per_dagrun: Option<u32>,
    /// A teardown task: its failure does not fail the run unless `on_failure_fail_dagrun`.
    pub is_teardown: bool,
    /// A setup task.
    pub is_setup: bool,
    /// See `is_teardown`.
    pub on_failure_fail_dagrun: bool,
    /// Made by `expand`: one instance for each combination of these. `None`: not mapped.
    pub map_over: Option<Vec<MapSource>>,
}

/// One thing that a mapped task maps over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MapSource {
    /// A list in the DAG file, of this length.
    Literal(u32),
    /// The result of the task with this number.
    Upstream(usize),
}

impl Default for Task {
    fn default() -> Self {
        Self {
            task_id: String::new(),
            upstream: Vec::new(),
            downstream: Vec::new(),
            trigger_rule: TriggerRule::AllSuccess,
            lane: Lane::Python,
            retries: 0,
            retry_delay: Duration::from_secs(300),
            retry_exponential_backoff: 0.0,
            max_retry_delay: None,
            execution_timeout: None,
            start_date: None,
            end_date: None,
            depends_on_past: false,
            ignore_first_depends_on_past: true,
            wait_for_downstream: false,
            wait_for_past_depends_before_skipping: false,
            pool: "default_pool".into(),
            pool_slots: 1,
            priority: 1,
            queue: "default".into(),
            executor: None,
            max_active_tis_per_dag: None,
            max_active_tis_per_dagrun: None,
            is_teardown: false,
            is_setup: false,
            on_failure_fail_dagrun: false,
            map_over: None,
        }
    }
}

/// What is wrong with a DAG's structure.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StructureError {
    /// Two tasks have one id.
    #[error("task id '{0}' is used twice")]
    DuplicateTask(String),
    /// An edge leads to a task that does not exist.
    #[error("task '{task}' names the task '{missing}', which does not exist in this DAG")]
    UnknownTask {
        /// The task that has the edge.
        task: String,
        /// The id that is not there.
        missing: String,
    },
    /// The edges form a circle.
    #[error("cycle: {}", .0.join(" -> "))]
    Cycle(Vec<String>),
}

/// A task before its edges are numbered: the task, its downstream ids, own weight and rule.
pub struct TaskDraft {
    /// The task; `upstream`, `downstream` and `priority` are filled in by [`link`].
    pub task: Task,
    /// Ids of the direct downstream tasks.
    pub downstream: Vec<String>,
    /// `priority_weight` as written by the author.
    pub priority_weight: i32,
    /// How the effective priority comes about.
    pub weight_rule: WeightRule,
    /// Made by `expand`: what it maps over, with upstream tasks by id.
    pub map_over: Option<Vec<MapDraft>>,
}

/// A [`MapSource`] before tasks are numbered.
pub enum MapDraft {
    /// A list in the DAG file, of this length.
    Literal(u32),
    /// The result of the task with this id.
    Upstream(String),
}

/// Numbers tasks topologically (ties by id), links edges both ways and computes effective priorities.
///
/// # Errors
/// [`StructureError`] for duplicate ids, edges to nowhere and cycles.
pub fn link(mut drafts: Vec<TaskDraft>) -> Result<(Vec<Task>, HashMap<String, usize>), StructureError> {
    drafts.sort_by(|a, b| a.task.task_id.cmp(&b.task.task_id));
    let ids: HashMap<&str, usize> = drafts.iter().enumerate().map(|(n, d)| (d.task.task_id.as_str(), n)).collect();
    if ids.len() != drafts.len() {
        let twice = drafts.windows(2).find(|w| w[0].task.task_id == w[1].task.task_id);
        return Err(StructureError::DuplicateTask(twice.map(|w| w[0].task.task_id.clone()).unwrap_or_default()));
    }
    let mut downstream: Vec<Vec<usize>> = Vec::with_capacity(drafts.len());
    let mut waiting_for = vec![0usize; drafts.len()];
    for draft in &drafts {
        let mut targets = Vec::with_capacity(draft.downstream.len());
        for id in &draft.downstream {
            let Some(&n) = ids.get(id.as_str()) else {
                return Err(StructureError::UnknownTask { task: draft.task.task_id.clone(), missing: id.clone() });
            };
            targets.push(n);
        }
        targets.sort_unstable();
        targets.dedup();
        targets.iter().for_each(|&n| waiting_for[n] += 1);
        downstream.push(targets);
    }
    // Kahn's algorithm with an ordered frontier, so that the order is canonical.
    let mut frontier: BTreeMap<usize, ()> =
        waiting_for.iter().enumerate().filter(|(_, w)| **w == 0).map(|(n, _)| (n, ())).collect();
    let mut order = Vec::with_capacity(drafts.len());
    while let Some((n, ())) = frontier.pop_first() {
        order.push(n);
        for &d in &downstream[n] {
            waiting_for[d] -= 1;
            if waiting_for[d] == 0 {
                frontier.insert(d, ());
            }
        }
    }
    if order.len() != drafts.len() {
        return Err(StructureError::Cycle(find_cycle(&drafts, &downstream, &waiting_for)));
    }
    let mut number = vec![0usize; drafts.len()];
    order.iter().enumerate().for_each(|(new, &old)| number[old] = new);
    let mut slots: Vec<Option<TaskDraft>> = drafts.into_iter().map(Some).collect();
    let mut tasks = Vec::with_capacity(order.len());
    let mut weights = Vec::with_capacity(order.len());
    let mut mapped = Vec::new();
    for &old in &order {
        let TaskDraft { mut task, priority_weight, weight_rule, map_over, .. } =
            slots[old].take().expect("each task once");
        task.downstream = downstream[old].iter().map(|&d| number[d]).collect();
        task.downstream.sort_unstable();
        weights.push((priority_weight, weight_rule));
        mapped.extend(map_over.map(|sources| (tasks.len(), sources)));
        tasks.push(task);
    }
    let by_id: HashMap<String, usize> = tasks.iter().enumerate().map(|(n, t)| (t.task_id.clone(), n)).collect();
    for (n, sources) in mapped {
        let mut numbered = Vec::with_capacity(sources.len());
        for source in sources {
            numbered.push(match source {
                MapDraft::Literal(length) => MapSource::Literal(length),
                MapDraft::Upstream(id) => match by_id.get(&id) {
                    Some(&up) => MapSource::Upstream(up),
                    None => return Err(StructureError::UnknownTask { task: tasks[n].task_id.clone(), missing: id }),
                },
            });
        }
        tasks[n].map_over = Some(numbered);
    }
    for n in 0..tasks.len() {
        for d in tasks[n].downstream.clone() {
            tasks[d].upstream.push(n);
        }
    }
    for n in 0..tasks.len() {
        tasks[n].priority = match weights[n].1 {
            WeightRule::Absolute => weights[n].0,
            WeightRule::Downstream => total_weight(&tasks, &weights, n, |t| &t.downstream),
            WeightRule::Upstream => total_weight(&tasks, &weights, n, |t| &t.upstream),
        };
    }
    Ok((tasks, by_id))
}

/// Own weight plus the weights of all tasks reachable over `next`; saturates at the 32-bit range.
fn total_weight(
    tasks: &[Task],
    weights: &[(i32, WeightRule)],
    from: usize,
    next: impl Fn(&Task) -> &Vec<usize>,
) -> i32 {
    let mut seen = vec![false; tasks.len()];
    let mut todo = vec![from];
    let mut sum = 0i64;
    seen[from] = true;
    while let Some(n) = todo.pop() {
        sum += i64::from(weights[n].0);
        for &m in next(&tasks[n]) {
            if !std::mem::replace(&mut seen[m], true) {
                todo.push(m);
            }
        }
    }
    sum.clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32
}

/// Walks the tasks that were left over until one repeats.
fn find_cycle(drafts: &[TaskDraft], downstream: &[Vec<usize>], waiting_for: &[usize]) -> Vec<String> {
    let left = |n: &&usize| waiting_for[**n] > 0;
    // Every task left over lies on, or downstream of, a cycle; walking upstream always ends on one.
    let upstream_of = |n: usize| (0..drafts.len()).find(|&m| waiting_for[m] > 0 && downstream[m].contains(&n));
    let mut at = (0..drafts.len()).find(|n| left(&n)).unwrap_or(0);
    let mut path = vec![at];
    while let Some(before) = upstream_of(at) {
        if let Some(start) = path.iter().position(|&p| p == before) {
            let mut names: Vec<String> = path[start..].iter().map(|&p| drafts[p].task.task_id.clone()).collect();
            names.push(drafts[before].task.task_id.clone());
            names.reverse();
            return names;
        }
        path.push(before);
        at = before;
    }
    path.iter().map(|&p| drafts[p].task.task_id.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(id: &str, down: &[&str], weight: i32) -> TaskDraft {
        TaskDraft {
            task: Task { task_id: id.into(), ..Task::default() },
            downstream: down.iter().map(ToString::to_string).collect(),
            priority_weight: weight,
            weight_rule: WeightRule::Downstream,
            map_over: None,
        }
    }

    #[test]
    fn numbers_tasks_topologically_and_sums_weights_once() {
        let (tasks, by_id) =
            link(vec![draft("d", &[], 1), draft("b", &["d"], 2), draft("c", &["d"], 4), draft("a", &["b", "c"], 8)])
                .unwrap();
        assert_eq!(tasks.iter().map(|t| t.task_id.as_str()).collect::<Vec<_>>(), ["a", "b", "c", "d"]);
        assert_eq!(tasks[by_id["d"]].upstream, [1, 2]);
        assert_eq!(tasks.iter().map(|t| t.priority).collect::<Vec<_>>(), [15, 3, 5, 1]);
    }

    #[test]
    fn names_what_is_wrong() {
        let error = |drafts| link(drafts).unwrap_err().to_string();
        assert_eq!(error(vec![draft("a", &[], 1), draft("a", &[], 1)]), "task id 'a' is used twice");
        assert!(error(vec![draft("a", &["x"], 1)]).contains("'x', which does not exist"));
        assert_eq!(
            error(vec![draft("r", &["a"], 1), draft("a", &["b"], 1), draft("b", &["a"], 1)]),
            "cycle: a -> b -> a"
        );
    }
}
