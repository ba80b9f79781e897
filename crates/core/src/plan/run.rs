//! One run: which task instances may go, which are decided without running, when the run is over.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::dag::{Dag, Lane, MapSource, Task};
use crate::plan::rules::{self, Tally, Verdict};
use crate::plan::{Plan, Reason, retry};
use crate::state::{RunState, TaskState};
use crate::time::Timestamp;

/// A run as the planner sees it.
#[derive(Clone, Debug)]
pub struct Run {
    /// Database number; 0 while it is not stored yet.
    pub key: i64,
    /// Where it stands.
    pub state: RunState,
    /// Logical date, if it has one.
    pub logical_date: Option<Timestamp>,
    /// When it began to run.
    pub start_date: Option<Timestamp>,
    /// When it ended.
    pub end_date: Option<Timestamp>,
}

/// A task instance as the planner sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskInstance {
    /// Database number; 0 while it is not stored yet.
    pub id: i64,
    /// Number of its task in the DAG.
    pub task: usize,
    /// -1 when not mapped (or not expanded yet).
    pub map_index: i32,
    /// Where it stands; `None`: not looked at yet.
    pub state: Option<TaskState>,
    /// Raised by every write to the row.
    pub fence: i64,
    /// Number of the current or last try; 0 before the first.
    pub try_number: i32,
    /// A failed try is repeated while its number is not above this.
    pub max_tries: i32,
    /// When it was found ready.
    pub scheduled_at: Option<Timestamp>,
    /// When it was given to an executor.
    pub queued_at: Option<Timestamp>,
    /// When the current try started.
    pub start_date: Option<Timestamp>,
    /// When the last try ended.
    pub end_date: Option<Timestamp>,
    /// `up_for_retry`, `up_for_reschedule`: not before.
    pub retry_at: Option<Timestamp>,
    /// Why it ended, for people.
    pub reason: Option<String>,
    /// Length of its result, if something maps over it.
    pub map_length: Option<u32>,
    /// Downstream tasks that it asked to skip, direct or not.
    pub skip: Vec<String>,
    /// When the first look of a rescheduling sensor began.
    pub first_started_at: Option<Timestamp>,
    /// How often the current try was rescheduled.
    pub reschedule_count: u32,
}

/// The same task in the run before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PastTask {
    /// It has instances there.
    pub exists: bool,
    /// All of them succeeded or were skipped.
    pub done_well: bool,
    /// So did all instances of its direct downstream tasks.
    pub downstream_done_well: bool,
    /// Any earlier run has instances of it.
    pub any_before: bool,
}

/// The run before, for `depends_on_past`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Past {
    /// Its id; `None`: this is the first run.
    pub run_id: Option<String>,
    /// By task number.
    pub tasks: Vec<PastTask>,
}

/// Everything that decides about one run.
#[derive(Clone, Debug)]
pub struct RunSnapshot {
    /// The DAG, in the version that the run uses.
    pub dag: Arc<Dag>,
    /// The run.
    pub run: Run,
    /// Its task instances.
    pub tis: Vec<TaskInstance>,
    /// The run before.
    pub past: Past,
    /// The DAG is paused.
    pub paused: bool,
}

/// A change to one task instance.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskDecision {
    /// Index in the snapshot (new ones come after the old ones).
    pub index: usize,
    /// The state that it was decided on.
    pub from: Option<TaskState>,
    /// The state that it gets: `scheduled` means that it may go as soon as there is room.
    pub to: Option<TaskState>,
}

/// Plans one run from a fresh snapshot.
pub fn plan_run(snapshot: RunSnapshot, now: Timestamp) -> (Plan<TaskDecision>, RunPlanner) {
    let mut planner = RunPlanner::new(snapshot);
    let before: Vec<Option<TaskState>> = planner.tis.iter().map(|ti| ti.state).collect();
    let wake_at = planner.plan(now);
    let decisions = (0..planner.tis.len())
        .filter_map(|index| {
            let (from, to) = (before.get(index).copied().flatten(), planner.tis[index].state);
            (from != to).then_some(TaskDecision { index, from, to })
        })
        .collect();
    let waiting = planner.waiting(now);
    (Plan { decisions, wake_at, waiting }, planner)
}

/// A run's planner with memory. What it decides it takes as done; the caller writes it, and throws the planner
/// away for a fresh one when the write turns out stale.
#[derive(Clone, Debug)]
pub struct RunPlanner {
    /// The DAG.
    pub dag: Arc<Dag>,
    /// The run, with the state that was decided.
    pub run: Run,
    /// The task instances, with the states that were decided.
    pub tis: Vec<TaskInstance>,
    /// The run before.
    past: Past,
    paused: bool,
    /// Instances by task number.
    of_task: Vec<Vec<usize>>,
    /// States of upstream instances, by task number.
    upstream: Vec<Tally>,
    /// Tasks whose instances without a state need a look, in topological order.
    dirty: BTreeSet<usize>,
    /// Instances that wait for an instant.
    timers: BTreeSet<(Timestamp, usize)>,
    /// Instances that are not finished.
    unfinished: usize,
    /// Instances that succeeded and asked to skip a task, by that task's number. The task may be any number of
    /// edges away: a short circuit skips everything behind it.
    skippers: BTreeMap<usize, BTreeSet<usize>>,
    /// Instances changed since the caller last asked.
    touched: BTreeSet<usize>,
    failed_fast: bool,
}

impl RunPlanner {
    /// Takes in a snapshot; everything in it needs a look.
    pub fn new(snapshot: RunSnapshot) -> Self {
        let RunSnapshot { dag, run, tis, past, paused } = snapshot;
        let tasks = dag.tasks.len();
        let mut planner = Self {
            dag,
            run,
            tis: Vec::with_capacity(tis.len()),
            past,
            paused,
            of_task: vec![Vec::new(); tasks],
            upstream: vec![Tally::default(); tasks],
            dirty: (0..tasks).collect(),
            timers: BTreeSet::new(),
            unfinished: 0,
            skippers: BTreeMap::new(),
            touched: BTreeSet::new(),
            failed_fast: false,
        };
        for ti in tis {
            planner.add(ti);
        }
        planner
    }

    /// Adds an instance of every task that the run has none of yet, as far as the task's dates allow.
    pub fn add_missing(&mut self) {
        for number in 0..self.dag.tasks.len() {
            let task = &self.dag.tasks[number];
            let applies = self.run.logical_date.is_none_or(|date| {
                task.start_date.is_none_or(|start| start <= date) && task.end_date.is_none_or(|end| date <= end)
            });
            if applies && self.of_task[number].is_empty() {
                let max_tries = task.retries as i32;
                let index = self.add(TaskInstance::new(number, -1, max_tries));
                self.touched.insert(index);
            }
        }
    }

    fn add(&mut self, ti: TaskInstance) -> usize {
        let index = self.tis.len();
        self.of_task[ti.task].push(index);
        self.unfinished += usize::from(!ti.is_finished());
        self.tally(ti.task, ti.state, 1);
        self.set_timer(index, None, ti.timer());
        self.count_skips(index, &ti, true);
        self.tis.push(ti);
        index
    }

    fn tally(&mut self, task: usize, state: Option<TaskState>, by: i32) {
        let is_setup = self.dag.tasks[task].is_setup;
        for &down in &self.dag.tasks[task].downstream {
            self.upstream[down].count(state, is_setup, by);
        }
    }

    /// Notes (or forgets) what an instance asked to skip; those tasks get a look.
    fn count_skips(&mut self, index: usize, ti: &TaskInstance, present: bool) {
        if ti.state != Some(TaskState::Success) {
            return;
        }
        for task in ti.skip.iter().filter_map(|task_id| self.dag.by_id.get(task_id)) {
            let skippers = self.skippers.entry(*task).or_default();
            if present {
                skippers.insert(index);
            } else {
                skippers.remove(&index);
            }
            self.dirty.insert(*task);
        }
    }

    fn set_timer(&mut self, index: usize, old: Option<Timestamp>, new: Option<Timestamp>) {
        if let Some(at) = old {
            self.timers.remove(&(at, index));
        }
        if let Some(at) = new {
            self.timers.insert((at, index));
        }
    }

    /// Takes in a row as the database has it now.
    pub fn observe(&mut self, ti: TaskInstance) {
        let Some(&index) = self.of_task[ti.task].iter().find(|&&i| self.tis[i].map_index == ti.map_index) else {
            let task = ti.task;
            self.add(ti);
            self.dirty.insert(task);
            return;
        };
        self.replace(index, ti);
    }

    fn replace(&mut self, index: usize, new: TaskInstance) {
        let task = new.task;
        let old = std::mem::replace(&mut self.tis[index], new);
        if old.skip != self.tis[index].skip || old.state != self.tis[index].state {
            self.count_skips(index, &old, false);
            let new = self.tis[index].clone();
            self.count_skips(index, &new, true);
        }
        let new = &self.tis[index];
        let (new_state, new_timer, new_finished) = (new.state, new.timer(), new.is_finished());
        self.set_timer(index, old.timer(), new_timer);
        self.unfinished = self.unfinished + usize::from(!new_finished) - usize::from(!old.is_finished());
        if old.state != new_state {
            self.tally(task, old.state, -1);
            self.tally(task, new_state, 1);
            self.dirty.insert(task);
            self.dirty.extend(self.dag.tasks[task].downstream.iter().copied());
        } else if new_state.is_none() || new_state == Some(TaskState::UpForRetry) {
            self.dirty.insert(task);
        }
    }

    /// Changes an instance as a decision.
    fn decide(&mut self, index: usize, change: impl FnOnce(&mut TaskInstance)) {
        let mut ti = self.tis[index].clone();
        change(&mut ti);
        self.replace(index, ti);
        self.touched.insert(index);
    }

    fn end_undone(&mut self, index: usize, state: TaskState, reason: Option<&str>, now: Timestamp) {
        self.decide(index, |ti| {
            ti.state = Some(state);
            // A task that never ran has begun and ended at the same instant.
            if ti.start_date.is_none() || ti.end_date.is_some() {
                ti.start_date = Some(now);
            }
            ti.end_date = Some(now);
            ti.retry_at = None;
            if let Some(reason) = reason {
                ti.reason = Some(reason.to_owned());
            }
        });
    }

    /// Takes in what the run before looks like now.
    pub fn set_past(&mut self, past: Past) {
        if self.past != past {
            self.past = past;
            self.dirty.extend((0..self.dag.tasks.len()).filter(|&n| self.dag.tasks[n].depends_on_past));
        }
    }

    /// Takes in whether the DAG is paused.
    pub fn set_paused(&mut self, paused: bool) {
        if std::mem::replace(&mut self.paused, paused) && !paused {
            self.dirty.extend(0..self.dag.tasks.len());
        }
    }

    /// The DAG is paused.
    pub fn is_paused(&self) -> bool {
        self.paused
    }

    /// Some task of the DAG looks at the run before.
    pub fn depends_on_past(&self) -> bool {
        self.dag.tasks.iter().any(|task| task.depends_on_past)
    }

    /// Decides everything that can be decided at `now`; answers when to look again at the latest.
    /// What changed is in [`RunPlanner::take_touched`].
    pub fn plan(&mut self, now: Timestamp) -> Option<Timestamp> {
        if self.run.state != RunState::Running || self.paused {
            return self.timeout_at().filter(|_| self.run.state == RunState::Running && !self.check_timeout(now));
        }
        if self.check_timeout(now) {
            return None;
        }
        while let Some(&(at, index)) = self.timers.first() {
            if at > now {
                break;
            }
            self.timers.pop_first();
            self.dirty.insert(self.tis[index].task);
        }
        while let Some(number) = self.dirty.pop_first() {
            for at in 0..self.of_task[number].len() {
                let index = self.of_task[number][at];
                self.look_at(index, now);
            }
        }
        self.check_fail_fast(now);
        self.check_end(now);
        [self.timers.first().map(|(at, _)| *at), self.timeout_at()]
            .into_iter()
            .flatten()
            .min()
            .filter(|_| !self.run.state.is_finished())
    }

    fn look_at(&mut self, index: usize, now: Timestamp) {
        let ti = &self.tis[index];
        match ti.state {
            None => {}
            Some(TaskState::UpForRetry) => {
                let Some(at) = ti.retry_at else {
                    return self.set_retry_time(index, now);
                };
                if at > now {
                    return;
                }
            }
            Some(TaskState::UpForReschedule) if ti.retry_at.is_none_or(|at| at <= now) => {}
            Some(_) => return,
        }
        match self.verdict(index) {
            Ok(Verdict::Go) => self.go(index, now),
            Ok(Verdict::Become(state)) => self.end_undone(index, state, None, now),
            Ok(Verdict::Wait) => {}
            Err(Reason::NothingToMap { upstream }) => {
                let reason = Reason::NothingToMap { upstream }.to_string();
                self.end_undone(index, TaskState::UpstreamFailed, Some(&reason), now);
            }
            Err(_) => {}
        }
    }

    fn set_retry_time(&mut self, index: usize, now: Timestamp) {
        let ti = &self.tis[index];
        let seed = (self.run.key as u64).rotate_left(32) ^ ti.task as u64 ^ ((ti.map_index as u64) << 16);
        let at = retry::retry_at(&self.dag.tasks[ti.task], ti.try_number, ti.end_date.unwrap_or(now), seed);
        self.decide(index, |ti| ti.retry_at = Some(at));
        // An instant that has come already is taken up in this same pass, through the timers.
        if at <= now {
            self.timers.remove(&(at, index));
            self.look_at(index, now);
        }
    }

    /// What may become of an instance that has not started (again); `Err` says why it waits.
    fn verdict(&self, index: usize) -> Result<Verdict, Reason> {
        let ti = &self.tis[index];
        let task = &self.dag.tasks[ti.task];
        if self.is_told_to_skip(ti) {
            return self.past_allows_skip(task, ti.task).map(|()| Verdict::Become(TaskState::Skipped));
        }
        let upstream = &self.upstream[ti.task];
        match rules::evaluate(task.trigger_rule, upstream, ti.map_index) {
            Verdict::Wait => Err(Reason::TriggerRule {
                rule: task.trigger_rule,
                upstream: *upstream,
                unfinished: self.unfinished_upstream(task),
            }),
            Verdict::Become(TaskState::Skipped) => {
                self.past_allows_skip(task, ti.task).map(|()| Verdict::Become(TaskState::Skipped))
            }
            Verdict::Become(state) => Ok(Verdict::Become(state)),
            Verdict::Go => {
                self.past_allows(task, ti.task)?;
                match self.map_length(ti, task)? {
                    Some(0) => Ok(Verdict::Become(TaskState::Skipped)),
                    _ => Ok(Verdict::Go),
                }
            }
        }
    }

    fn unfinished_upstream(&self, task: &Task) -> Vec<String> {
        let open = |&&n: &&usize| self.of_task[n].iter().any(|&i| !self.tis[i].is_finished());
        task.upstream.iter().filter(open).take(5).map(|&n| self.dag.tasks[n].task_id.clone()).collect()
    }

    fn is_told_to_skip(&self, ti: &TaskInstance) -> bool {
        self.skippers.get(&ti.task).is_some_and(|skippers| {
            skippers.iter().map(|&i| &self.tis[i]).any(|by| by.map_index < 0 || by.map_index == ti.map_index)
        })
    }

    fn past_allows(&self, task: &Task, number: usize) -> Result<(), Reason> {
        if !task.depends_on_past {
            return Ok(());
        }
        let Some(run_id) = &self.past.run_id else { return Ok(()) };
        let past = self.past.tasks.get(number).copied().unwrap_or_default();
        if !past.exists {
            return if task.ignore_first_depends_on_past && !past.any_before {
                Ok(())
            } else {
                Err(Reason::PastNotDone { run_id: run_id.clone(), missing: true })
            };
        }
        if !past.done_well {
            return Err(Reason::PastNotDone { run_id: run_id.clone(), missing: false });
        }
        if task.wait_for_downstream && !past.downstream_done_well {
            return Err(Reason::PastDownstreamNotDone { run_id: run_id.clone() });
        }
        Ok(())
    }

    fn past_allows_skip(&self, task: &Task, number: usize) -> Result<(), Reason> {
        if task.wait_for_past_depends_before_skipping { self.past_allows(task, number) } else { Ok(()) }
    }

    /// `None`: not mapped, or expanded already.
    fn map_length(&self, ti: &TaskInstance, task: &Task) -> Result<Option<u32>, Reason> {
        let Some(sources) = task.map_over.as_ref().filter(|_| ti.map_index < 0) else { return Ok(None) };
        let mut length = 1u32;
        for source in sources {
            length = length.saturating_mul(match source {
                MapSource::Literal(n) => *n,
                MapSource::Upstream(up) => self.result_length(*up)?,
            });
        }
        Ok(Some(length))
    }

    /// How many results a task gave: the length of its list, or one for each instance of a mapped task. A task
    /// that ended without a result gave none; one that succeeded without anything to map over breaks the mapping.
    fn result_length(&self, number: usize) -> Result<u32, Reason> {
        let instances = &self.of_task[number];
        let upstream = || self.dag.tasks[number].task_id.clone();
        if self.dag.tasks[number].map_over.is_some() {
            let done = instances.iter().filter(|&&i| self.tis[i].state == Some(TaskState::Success));
            return Ok(done.count() as u32);
        }
        let Some(ti) = instances.first().map(|&i| &self.tis[i]) else { return Ok(0) };
        match (ti.state, ti.map_length) {
            (Some(TaskState::Success), Some(length)) => Ok(length),
            (Some(TaskState::Success), None) => Err(Reason::NothingToMap { upstream: upstream() }),
            (Some(state), _) if state.is_finished() => Ok(0),
            _ => Err(Reason::MapUnknown { upstream: upstream() }),
        }
    }

    /// The instance may go: expand it, finish it here, or line it up for admission.
    fn go(&mut self, index: usize, now: Timestamp) {
        let (number, mapped) = (self.tis[index].task, self.tis[index].map_index < 0);
        let task = &self.dag.tasks[number];
        if mapped && let Ok(Some(length)) = self.map_length(&self.tis[index], task) {
            let max_tries = task.retries as i32;
            let downstream = task.downstream.clone();
            self.decide(index, |ti| ti.map_index = 0);
            for map_index in 1..length as i32 {
                let new = self.add(TaskInstance::new(number, map_index, max_tries));
                self.touched.insert(new);
            }
            self.dirty.extend(downstream);
            for at in 0..self.of_task[number].len() {
                self.go(self.of_task[number][at], now);
            }
            return;
        }
        let empty = task.lane == Lane::Empty;
        self.decide(index, |ti| {
            if ti.state != Some(TaskState::UpForReschedule) {
                ti.try_number += 1;
                ti.reason = None;
            }
            ti.retry_at = None;
            ti.scheduled_at = Some(now);
            ti.end_date = None;
            if empty {
                ti.state = Some(TaskState::Success);
                (ti.start_date, ti.end_date) = (Some(now), Some(now));
            } else {
                ti.state = Some(TaskState::Scheduled);
                ti.start_date = None;
            }
        });
    }

    fn timeout_at(&self) -> Option<Timestamp> {
        Some(self.run.start_date? + self.dag.dagrun_timeout?)
    }

    /// Fails a run that takes too long; what has not ended is skipped.
    fn check_timeout(&mut self, now: Timestamp) -> bool {
        if self.run.state != RunState::Running || self.timeout_at().is_none_or(|at| at > now) {
            return false;
        }
        let limit = self.dag.dagrun_timeout.unwrap_or_default().as_secs_f64();
        self.end_all_open(
            TaskState::Skipped,
            &format!("the run took longer than its dagrun_timeout of {limit:.0} s"),
            now,
        );
        self.end_run(RunState::Failed, now);
        true
    }

    fn end_all_open(&mut self, state: TaskState, reason: &str, now: Timestamp) {
        for index in 0..self.tis.len() {
            if !self.tis[index].is_finished() {
                self.end_undone(index, state, Some(reason), now);
            }
        }
        self.dirty.clear();
    }

    /// `fail_fast`: the first failure ends what runs and skips what has not started, teardowns aside.
    fn check_fail_fast(&mut self, now: Timestamp) {
        if !self.dag.fail_fast || self.failed_fast || self.unfinished == 0 {
            return;
        }
        let Some(culprit) = self.tis.iter().find(|ti| ti.state == Some(TaskState::Failed)) else { return };
        let reason = format!("fail_fast: task {} failed", self.dag.tasks[culprit.task].task_id);
        self.failed_fast = true;
        for index in 0..self.tis.len() {
            let ti = &self.tis[index];
            if ti.is_finished() || self.dag.tasks[ti.task].is_teardown {
                continue;
            }
            let in_flight = ti.state.is_some_and(TaskState::is_in_flight);
            let state = if in_flight { TaskState::Failed } else { TaskState::Skipped };
            self.end_undone(index, state, Some(&reason), now);
        }
        while let Some(number) = self.dirty.pop_first() {
            for at in 0..self.of_task[number].len() {
                self.look_at(self.of_task[number][at], now);
            }
        }
    }

    fn check_end(&mut self, now: Timestamp) {
        if self.unfinished > 0 || self.run.state.is_finished() {
            return;
        }
        let failed = self.tis.iter().any(|ti| {
            matches!(ti.state, Some(TaskState::Failed | TaskState::UpstreamFailed)) && self.decides_the_run(ti.task)
        });
        self.end_run(if failed { RunState::Failed } else { RunState::Success }, now);
    }

    /// A run's end is decided by its leaves. A teardown counts only with `on_failure_fail_dagrun`, and a task
    /// that has nothing but such teardowns after it counts as a leaf.
    fn decides_the_run(&self, number: usize) -> bool {
        let task = &self.dag.tasks[number];
        let ignored = |task: &Task| task.is_teardown && !task.on_failure_fail_dagrun;
        !ignored(task) && task.downstream.iter().all(|&down| ignored(&self.dag.tasks[down]))
    }

    fn end_run(&mut self, state: RunState, now: Timestamp) {
        self.run.state = state;
        self.run.end_date = Some(now);
    }

    /// Marks the run as running from `now` on.
    pub fn start(&mut self, now: Timestamp) {
        self.run.state = RunState::Running;
        self.run.start_date.get_or_insert(now);
        self.run.end_date = None;
    }

    /// Records that an instance was given to an executor (admission is decided elsewhere).
    pub fn queued(&mut self, index: usize, now: Timestamp) {
        self.decide(index, |ti| {
            ti.state = Some(TaskState::Queued);
            ti.queued_at = Some(now);
        });
    }

    /// Indexes of the instances that changed by decision since the last call.
    pub fn take_touched(&mut self) -> Vec<usize> {
        std::mem::take(&mut self.touched).into_iter().collect()
    }

    /// How many instances are in which state; those without one count as `none`.
    pub fn state_counts(&self) -> BTreeMap<&'static str, u32> {
        let mut counts = BTreeMap::new();
        for ti in &self.tis {
            *counts.entry(ti.state.map_or("none", TaskState::as_str)).or_default() += 1;
        }
        counts
    }

    /// Why each unfinished instance waits, as of `now`. Call after [`RunPlanner::plan`].
    pub fn waiting(&self, now: Timestamp) -> Vec<(usize, Reason)> {
        (0..self.tis.len()).filter_map(|index| Some((index, self.why(index, now)?))).collect()
    }

    /// Why one instance waits; `None` if it is finished.
    pub fn why(&self, index: usize, now: Timestamp) -> Option<Reason> {
        let ti = &self.tis[index];
        let state = match ti.state {
            Some(state) if state.is_finished() => return None,
            other => other,
        };
        if let Some(state) =
            state.filter(|s| s.is_in_flight() || matches!(s, TaskState::Deferred | TaskState::AwaitingInput))
        {
            return Some(Reason::InFlight(state));
        }
        if self.run.state.is_finished() {
            return Some(Reason::RunEnded(self.run.state));
        }
        if self.paused {
            return Some(Reason::DagPaused);
        }
        Some(match (state, ti.retry_at) {
            (Some(TaskState::UpForRetry), Some(at)) if at > now => Reason::RetryAt(at),
            (Some(TaskState::UpForReschedule), Some(at)) if at > now => Reason::RescheduleAt(at),
            (Some(TaskState::Scheduled), _) => Reason::Ready,
            _ => self.verdict(index).err().unwrap_or(Reason::Ready),
        })
    }
}

impl TaskInstance {
    /// One that has not been looked at yet.
    pub fn new(task: usize, map_index: i32, max_tries: i32) -> Self {
        Self {
            id: 0,
            task,
            map_index,
            state: None,
            fence: 0,
            try_number: 0,
            max_tries,
            scheduled_at: None,
            queued_at: None,
            start_date: None,
            end_date: None,
            retry_at: None,
            reason: None,
            map_length: None,
            skip: Vec::new(),
            first_started_at: None,
            reschedule_count: 0,
        }
    }

    /// Its end is decided.
    pub fn is_finished(&self) -> bool {
        self.state.is_some_and(TaskState::is_finished)
    }

    fn timer(&self) -> Option<Timestamp> {
        self.retry_at.filter(|_| matches!(self.state, Some(TaskState::UpForRetry | TaskState::UpForReschedule)))
    }
}
