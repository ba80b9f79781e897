//! From tasks as they are written to tasks with numbers, edges both ways and effective priorities.

use std::collections::{BTreeMap, HashMap};

use super::{MapGroup, MapSource, StructureError, Task, setup};
use crate::state::WeightRule;

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
    /// The mapped task groups around it, outermost first.
    pub map_groups: Vec<MapGroupDraft>,
}

impl Default for TaskDraft {
    fn default() -> Self {
        Self {
            task: Task::default(),
            downstream: Vec::new(),
            priority_weight: 1,
            weight_rule: WeightRule::Downstream,
            map_over: None,
            map_groups: Vec::new(),
        }
    }
}

/// A [`MapSource`] before tasks are numbered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MapDraft {
    /// A list in the DAG file, of this length.
    Literal(u32),
    /// The result of the task with this id.
    Upstream(String),
    /// Items side by side.
    Zip {
        /// What is put side by side.
        of: Vec<MapDraft>,
        /// As many as the longest has, not as the shortest.
        longest: bool,
    },
    /// Items one after the other.
    Concat(Vec<MapDraft>),
}

/// A [`MapGroup`] before tasks are numbered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapGroupDraft {
    /// The group's id.
    pub group_id: String,
    /// What it maps over.
    pub over: Vec<MapDraft>,
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
        let TaskDraft { mut task, priority_weight, weight_rule, map_over, map_groups, .. } =
            slots[old].take().expect("each task once");
        task.downstream = downstream[old].iter().map(|&d| number[d]).collect();
        task.downstream.sort_unstable();
        weights.push((priority_weight, weight_rule));
        if map_over.is_some() || !map_groups.is_empty() {
            mapped.push((tasks.len(), map_over.unwrap_or_default(), map_groups));
        }
        tasks.push(task);
    }
    let by_id: HashMap<String, usize> = tasks.iter().enumerate().map(|(n, t)| (t.task_id.clone(), n)).collect();
    for (n, own, groups) in mapped {
        number_sources(&mut tasks, &by_id, n, own, groups)?;
    }
    for n in 0..tasks.len() {
        for d in tasks[n].downstream.clone() {
            tasks[d].upstream.push(n);
        }
    }
    for n in 0..tasks.len() {
        if let Some(first) = tasks[n].priority_by_try.first() {
            tasks[n].priority = *first;
            continue;
        }
        tasks[n].priority = match weights[n].1 {
            WeightRule::Absolute => weights[n].0,
            WeightRule::Downstream => total_weight(&tasks, &weights, n, |t| &t.downstream),
            WeightRule::Upstream => total_weight(&tasks, &weights, n, |t| &t.upstream),
        };
    }
    setup::mark_scopes(&mut tasks);
    Ok((tasks, by_id))
}

/// Fills in what a task maps over: what the groups around it do, then what it does itself.
fn number_sources(
    tasks: &mut [Task],
    by_id: &HashMap<String, usize>,
    n: usize,
    own: Vec<MapDraft>,
    groups: Vec<MapGroupDraft>,
) -> Result<(), StructureError> {
    let task_id = tasks[n].task_id.clone();
    let number = |sources: Vec<MapDraft>| {
        sources.into_iter().map(|source| source.number(by_id, &task_id)).collect::<Result<Vec<MapSource>, _>>()
    };
    let mut over = Vec::new();
    for MapGroupDraft { group_id, over: sources } in groups {
        let sources = number(sources)?;
        over.extend(sources.iter().cloned());
        tasks[n].map_groups.push(MapGroup { group_id, over: sources });
    }
    over.extend(number(own)?);
    let mut upstream = Vec::new();
    over.iter().for_each(|source| source.each_upstream(&mut |up| upstream.push(up)));
    upstream.sort_unstable();
    upstream.dedup();
    upstream.into_iter().for_each(|up| tasks[up].mapped_by.push(n));
    tasks[n].map_over = Some(over);
    Ok(())
}

impl MapDraft {
    fn number(self, by_id: &HashMap<String, usize>, task_id: &str) -> Result<MapSource, StructureError> {
        let all = |drafts: Vec<Self>| -> Result<Vec<MapSource>, StructureError> {
            drafts.into_iter().map(|draft| draft.number(by_id, task_id)).collect()
        };
        Ok(match self {
            Self::Literal(length) => MapSource::Literal(length),
            Self::Upstream(id) => match by_id.get(&id) {
                Some(&up) => MapSource::Upstream(up),
                None => return Err(StructureError::UnknownTask { task: task_id.to_owned(), missing: id }),
            },
            Self::Zip { of, longest } => MapSource::Zip { of: all(of)?, longest },
            Self::Concat(of) => MapSource::Concat(all(of)?),
        })
    }
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
            ..TaskDraft::default()
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
