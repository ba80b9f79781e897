//! Admission: which of the task instances that may go fit the executor, pools and limits, best first.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap};

use crate::plan::Reason;
use crate::time::Timestamp;

/// A task instance that may go as soon as there is room. Ordered best first: higher priority, then older
/// run, then position in the DAG, then map index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Candidate {
    /// Effective priority, negated by `Reverse`: higher goes first.
    pub priority: Reverse<i32>,
    /// Older runs go first.
    pub run_after: Timestamp,
    /// The run.
    pub run_key: i64,
    /// Number of the task.
    pub task: usize,
    /// Map index.
    pub map_index: i32,
    /// Index of the task instance in its run's planner.
    pub index: usize,
}

/// Limits that many candidates share. Candidates with equal limits stand in one line: when the first of a
/// line can't go, nobody behind it can, so a full pool costs one look and not thousands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Limits {
    /// Pool.
    pub pool: String,
    /// Slots that each takes.
    pub pool_slots: u32,
    /// Executor; empty: the default one.
    pub executor: String,
    /// The run, for `max_active_tasks`.
    pub run_key: i64,
    /// `max_active_tasks`
    pub max_active_tasks: u32,
    /// Set when the task has limits of its own.
    pub task: Option<TaskLimit>,
}

/// Limits of one task.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskLimit {
    /// DAG.
    pub dag_id: String,
    /// Task.
    pub task_id: String,
    /// `max_active_tis_per_dag`
    pub per_dag: Option<u32>,
    /// `max_active_tis_per_dagrun`
    pub per_dagrun: Option<u32>,
}

/// What is in use, and how much there is.
#[derive(Clone, Debug, Default)]
pub struct Capacity {
    /// Executor to (slots, in use); `None`: no limit. The default executor is named "".
    pub executors: HashMap<String, (Option<u32>, u32)>,
    /// Pool to (slots, in use); negative slots mean no limit.
    pub pools: HashMap<String, (i64, i64)>,
    /// Task instances in flight by run.
    pub runs: HashMap<i64, u32>,
    /// Task instances in flight by DAG and task.
    pub tasks: HashMap<(String, String), u32>,
    /// Task instances in flight by run and task.
    pub run_tasks: HashMap<(i64, String), u32>,
}

/// One that goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Admission {
    /// Which.
    pub candidate: Candidate,
}

/// All candidates, in lines of equal limits.
#[derive(Debug, Default)]
pub struct AdmissionQueue {
    lines: BTreeMap<Limits, BTreeSet<Candidate>>,
    len: usize,
}

impl Capacity {
    /// Why the next of a line can't go, or `None` if it can.
    pub fn blocks(&self, limits: &Limits) -> Option<Reason> {
        match self.executors.get(&limits.executor) {
            None => return Some(Reason::NoSuchExecutor(limits.executor.clone())),
            Some((Some(slots), used)) if used >= slots => {
                let executor = if limits.executor.is_empty() { "The executor".into() } else { limits.executor.clone() };
                return Some(Reason::ExecutorFull { executor, slots: *slots });
            }
            Some(_) => {}
        }
        match self.pools.get(&limits.pool) {
            None => return Some(Reason::NoSuchPool(limits.pool.clone())),
            Some(&(slots, used)) if slots >= 0 && used + i64::from(limits.pool_slots) > slots => {
                return Some(Reason::PoolFull { pool: limits.pool.clone(), slots, used, wants: limits.pool_slots });
            }
            Some(_) => {}
        }
        if self.runs.get(&limits.run_key).copied().unwrap_or(0) >= limits.max_active_tasks {
            return Some(Reason::MaxActiveTasks { limit: limits.max_active_tasks });
        }
        let task = limits.task.as_ref()?;
        if let Some(limit) = task.per_dag
            && self.tasks.get(&(task.dag_id.clone(), task.task_id.clone())).copied().unwrap_or(0) >= limit
        {
            return Some(Reason::MaxActiveTisPerDag { limit });
        }
        if let Some(limit) = task.per_dagrun
            && self.run_tasks.get(&(limits.run_key, task.task_id.clone())).copied().unwrap_or(0) >= limit
        {
            return Some(Reason::MaxActiveTisPerDagRun { limit });
        }
        None
    }

    /// Takes what one of a line uses.
    pub fn take(&mut self, limits: &Limits) {
        if let Some((_, used)) = self.executors.get_mut(&limits.executor) {
            *used += 1;
        }
        if let Some((_, used)) = self.pools.get_mut(&limits.pool) {
            *used += i64::from(limits.pool_slots);
        }
        *self.runs.entry(limits.run_key).or_default() += 1;
        if let Some(task) = &limits.task {
            *self.tasks.entry((task.dag_id.clone(), task.task_id.clone())).or_default() += 1;
            *self.run_tasks.entry((limits.run_key, task.task_id.clone())).or_default() += 1;
        }
    }
}

impl AdmissionQueue {
    /// Candidates in all lines.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Nobody waits.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Joins the line of its limits.
    pub fn insert(&mut self, limits: Limits, candidate: Candidate) {
        if self.lines.entry(limits).or_default().insert(candidate) {
            self.len += 1;
        }
    }

    /// Leaves the line of its limits, if it stands there.
    pub fn remove(&mut self, limits: &Limits, candidate: &Candidate) {
        if let Some(line) = self.lines.get_mut(limits)
            && line.remove(candidate)
        {
            self.len -= 1;
            if line.is_empty() {
                self.lines.remove(limits);
            }
        }
    }

    /// Forgets every candidate of a run.
    pub fn remove_run(&mut self, run_key: i64) {
        self.lines.retain(|limits, line| {
            let keep = limits.run_key != run_key;
            if !keep {
                self.len -= line.len();
            }
            keep
        });
    }

    /// Takes out everybody that fits, best first, and books what they use in `capacity`.
    pub fn admit(&mut self, capacity: &mut Capacity) -> Vec<Admission> {
        let mut admitted = Vec::new();
        let mut heads: BinaryHeap<Reverse<(Candidate, &Limits)>> =
            self.lines.iter().filter_map(|(limits, line)| Some(Reverse((*line.first()?, limits)))).collect();
        let mut taken: Vec<(&Limits, Candidate)> = Vec::new();
        while let Some(Reverse((candidate, limits))) = heads.pop() {
            if capacity.blocks(limits).is_some() {
                continue;
            }
            capacity.take(limits);
            admitted.push(Admission { candidate });
            taken.push((limits, candidate));
            let line = &self.lines[limits];
            let next = (std::ops::Bound::Excluded(candidate), std::ops::Bound::Unbounded);
            if let Some(after) = line.range(next).next() {
                heads.push(Reverse((*after, limits)));
            }
        }
        let taken: Vec<(Limits, Candidate)> = taken.into_iter().map(|(l, c)| (l.clone(), c)).collect();
        for (limits, candidate) in taken {
            self.remove(&limits, &candidate);
        }
        admitted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(priority: i32, run_key: i64, index: usize) -> Candidate {
        Candidate {
            priority: Reverse(priority),
            run_after: Timestamp::from_secs(run_key),
            run_key,
            task: index,
            map_index: -1,
            index,
        }
    }

    fn limits(pool: &str, run_key: i64) -> Limits {
        Limits { pool: pool.into(), pool_slots: 1, executor: String::new(), run_key, max_active_tasks: 16, task: None }
    }

    fn capacity(executor: u32, pools: &[(&str, i64)]) -> Capacity {
        Capacity {
            executors: HashMap::from([(String::new(), (Some(executor), 0))]),
            pools: pools.iter().map(|(name, slots)| (name.to_string(), (*slots, 0))).collect(),
            ..Capacity::default()
        }
    }

    fn admitted(queue: &mut AdmissionQueue, capacity: &mut Capacity) -> Vec<usize> {
        queue.admit(capacity).iter().map(|a| a.candidate.index).collect()
    }

    #[test]
    fn best_first_across_lines_until_the_executor_is_full() {
        let mut queue = AdmissionQueue::default();
        queue.insert(limits("a", 1), candidate(1, 1, 10));
        queue.insert(limits("a", 1), candidate(5, 1, 11));
        queue.insert(limits("b", 2), candidate(3, 2, 12));
        queue.insert(limits("b", 2), candidate(9, 2, 13));
        let mut room = capacity(3, &[("a", 128), ("b", 128)]);
        assert_eq!(admitted(&mut queue, &mut room), [13, 11, 12]);
        assert_eq!(queue.len(), 1);
        assert_eq!(admitted(&mut queue, &mut room), [] as [usize; 0]);
        assert!(matches!(room.blocks(&limits("a", 1)), Some(Reason::ExecutorFull { slots: 3, .. })));
    }

    #[test]
    fn a_full_pool_blocks_its_own_line_only() {
        let mut queue = AdmissionQueue::default();
        for index in 0..4 {
            queue.insert(limits("small", 1), candidate(9, 1, index));
            queue.insert(limits("big", 1), candidate(1, 1, 10 + index));
        }
        let mut room = capacity(100, &[("small", 2), ("big", -1)]);
        assert_eq!(admitted(&mut queue, &mut room), [0, 1, 10, 11, 12, 13]);
        assert!(matches!(room.blocks(&limits("small", 1)), Some(Reason::PoolFull { slots: 2, used: 2, .. })));
        assert!(matches!(room.blocks(&limits("none", 1)), Some(Reason::NoSuchPool(_))));
    }

    #[test]
    fn limits_of_runs_and_tasks_hold() {
        let mut queue = AdmissionQueue::default();
        let mut own = limits("p", 1);
        own.task = Some(TaskLimit { dag_id: "d".into(), task_id: "t".into(), per_dag: Some(2), per_dagrun: Some(1) });
        let mut other = own.clone();
        other.run_key = 2;
        for index in 0..3 {
            queue.insert(own.clone(), candidate(1, 1, index));
            queue.insert(other.clone(), candidate(1, 2, 10 + index));
        }
        let mut narrow = limits("p", 3);
        narrow.max_active_tasks = 1;
        queue.insert(narrow.clone(), candidate(1, 3, 20));
        queue.insert(narrow, candidate(1, 3, 21));
        let mut room = capacity(100, &[("p", 128)]);
        assert_eq!(admitted(&mut queue, &mut room), [0, 10, 20]);
        queue.remove_run(1);
        queue.remove_run(2);
        assert_eq!(queue.len(), 1);
    }
}
