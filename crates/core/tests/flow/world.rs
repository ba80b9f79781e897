//! A run of a small DAG without a database: tasks end as a test says.

use std::collections::BTreeMap;
use std::sync::Arc;

use tradewind_core::dag::{MapDraft, MapGroupDraft, TaskDraft, link};
use tradewind_core::plan::{Past, Reason, Run, RunPlanner, RunSnapshot, TaskInstance};
use tradewind_core::{Dag, Duration, Lane, RunState, Task, TaskState, Timestamp, TriggerRule};

/// How an instance ends.
#[derive(Clone, Debug)]
pub struct End {
    pub state: TaskState,
    pub length: Option<u32>,
    pub skip: Vec<String>,
}

/// It succeeds.
pub fn ok() -> End {
    End { state: TaskState::Success, length: Some(1), skip: Vec::new() }
}

/// It succeeds with a list of so many items.
pub fn list(length: u32) -> End {
    End { length: Some(length), ..ok() }
}

/// It succeeds without a result.
pub fn nothing() -> End {
    End { length: None, ..ok() }
}

/// It succeeds and leaves tasks out.
pub fn leaving_out(tasks: &[&str]) -> End {
    End { skip: tasks.iter().map(ToString::to_string).collect(), ..ok() }
}

/// It fails, or is skipped.
pub fn ended(state: TaskState) -> End {
    End { state, length: None, skip: Vec::new() }
}

/// A task with those after it.
pub fn task(task_id: &str, downstream: &[&str]) -> TaskDraft {
    TaskDraft {
        task: Task { task_id: task_id.into(), lane: Lane::Python, ..Task::default() },
        downstream: downstream.iter().map(ToString::to_string).collect(),
        ..TaskDraft::default()
    }
}

/// The result of a task, to map over.
pub fn result(task_id: &str) -> MapDraft {
    MapDraft::Upstream(task_id.into())
}

pub trait With: Sized {
    fn rule(self, rule: TriggerRule) -> Self;
    fn over(self, sources: Vec<MapDraft>) -> Self;
    fn within(self, group_id: &str, sources: Vec<MapDraft>) -> Self;
    fn setup(self) -> Self;
    fn teardown(self) -> Self;
}

impl With for TaskDraft {
    fn rule(mut self, rule: TriggerRule) -> Self {
        self.task.trigger_rule = rule;
        self
    }

    fn over(mut self, sources: Vec<MapDraft>) -> Self {
        self.map_over = Some(sources);
        self
    }

    fn within(mut self, group_id: &str, over: Vec<MapDraft>) -> Self {
        self.map_groups.push(MapGroupDraft { group_id: group_id.into(), over });
        self
    }

    fn setup(mut self) -> Self {
        self.task.is_setup = true;
        self
    }

    fn teardown(mut self) -> Self {
        self.task.is_teardown = true;
        self.rule(TriggerRule::AllDoneSetupSuccess)
    }
}

/// A run.
pub struct World {
    pub planner: RunPlanner,
    now: Timestamp,
}

impl World {
    pub fn new(drafts: Vec<TaskDraft>) -> Self {
        Self::of(drafts, |_| {})
    }

    /// With other settings of the DAG.
    pub fn of(drafts: Vec<TaskDraft>, change: impl FnOnce(&mut Dag)) -> Self {
        Self::begin(drafts, change, None)
    }

    /// A run of a date that dates of tasks are compared with.
    pub fn on(task_date: Timestamp, drafts: Vec<TaskDraft>) -> Self {
        Self::begin(drafts, |_| {}, Some(task_date))
    }

    fn begin(drafts: Vec<TaskDraft>, change: impl FnOnce(&mut Dag), task_date: Option<Timestamp>) -> Self {
        let (tasks, by_id) = link(drafts).expect("a right graph");
        let mut dag = Dag { dag_id: "d".into(), tasks, by_id, max_active_tasks: 1_000, ..Dag::default() };
        change(&mut dag);
        let run = Run { key: 1, state: RunState::Queued, task_date, start_date: None, end_date: None };
        let snapshot = RunSnapshot { dag: Arc::new(dag), run, tis: Vec::new(), past: Past::default(), paused: false };
        let now = Timestamp::from_secs(1_000);
        let mut planner = RunPlanner::new(snapshot);
        planner.start(now);
        planner.add_missing();
        planner.plan(now);
        Self { planner, now }
    }

    fn name(&self, ti: &TaskInstance) -> String {
        let task_id = &self.planner.dag.tasks[ti.task].task_id;
        if ti.map_index < 0 { task_id.clone() } else { format!("{task_id}[{}]", ti.map_index) }
    }

    fn find(&self, name: &str) -> usize {
        let found = self.planner.tis.iter().position(|ti| self.name(ti) == name);
        found.unwrap_or_else(|| panic!("there is no {name}: {:?}", self.states()))
    }

    /// Names of those that may go.
    pub fn ready(&self) -> Vec<String> {
        let ready = |ti: &&TaskInstance| ti.state == Some(TaskState::Scheduled);
        let mut names: Vec<String> = self.planner.tis.iter().filter(ready).map(|ti| self.name(ti)).collect();
        names.sort();
        names
    }

    /// One that may go runs and ends.
    pub fn end(&mut self, name: &str, end: End) {
        let index = self.find(name);
        assert_eq!(self.planner.tis[index].state, Some(TaskState::Scheduled), "{name} may not go");
        self.now = self.now + Duration::from_secs(1);
        self.planner.queued(index, self.now);
        let ti = TaskInstance {
            state: Some(end.state),
            start_date: Some(self.now),
            end_date: Some(self.now),
            map_length: end.length,
            skip: end.skip,
            ..self.planner.tis[index].clone()
        };
        self.planner.observe(ti);
        self.planner.plan(self.now);
    }

    /// Everything runs to its end.
    pub fn run(&mut self, outcome: impl Fn(&str) -> End) {
        while let Some(name) = self.ready().first().cloned() {
            self.end(&name, outcome(&name));
        }
    }

    /// Somebody clears instances; a run that is over starts again.
    pub fn clear(&mut self, names: &[&str]) {
        self.now = self.now + Duration::from_secs(1);
        if self.planner.run.state.is_finished() {
            self.planner.run.start_date = None;
            self.planner.start(self.now);
        }
        for name in names {
            let old = &self.planner.tis[self.find(name)];
            let cleared = TaskInstance {
                try_number: old.try_number,
                ..TaskInstance::new(old.task, old.map_index, old.try_number)
            };
            self.planner.observe(cleared);
        }
        self.planner.plan(self.now);
    }

    /// Instances and their states, in words.
    pub fn states(&self) -> BTreeMap<String, &'static str> {
        let tis = self.planner.tis.iter();
        tis.map(|ti| (self.name(ti), ti.state.map_or("none", TaskState::as_str))).collect()
    }

    /// The same on one line, the run's state first.
    pub fn summary(&self) -> String {
        let states: Vec<String> = self.states().into_iter().map(|(name, state)| format!("{name}={state}")).collect();
        format!("{}: {}", self.planner.run.state, states.join(" "))
    }

    /// Why an instance waits.
    pub fn why(&self, name: &str) -> Option<Reason> {
        self.planner.why(self.find(name), self.now)
    }

    /// What was noted on an instance's end.
    pub fn reason(&self, name: &str) -> String {
        self.planner.tis[self.find(name)].reason.clone().unwrap_or_default()
    }
}
