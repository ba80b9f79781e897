//! A scheduler of the world: the engine's phases around the real planners. Between two phases anything may happen.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;
use std::sync::Arc;

use tradewind_core::plan::{
    AdmissionQueue, Candidate, Capacity, DagSchedule, Limits, Past, PastTask, Run, RunDecision, RunPlanner,
    RunSnapshot, TaskInstance, TaskLimit, Watch, plan_recovery, plan_runs,
};
use tradewind_core::timetable::{NextRun, Restriction, Timetable};
use tradewind_core::{Dag, Duration, RunState, TaskState, Timestamp, TryId};

use crate::laws::{self, Breach};
use crate::model::{DagRow, Finish, Model, NewTi, RunRow, RunWrite, TiRow, TiWrite};

/// How often a scheduler says that it lives.
pub const HEARTBEAT: Duration = Duration::from_secs(5);
/// A scheduler that is silent for longer is dead.
pub const DEAD_AFTER: Duration = Duration::from_secs(30);
/// A worker that is silent for longer is lost.
pub const LOST_AFTER: Duration = Duration::from_secs(300);
/// An observer that did not look for longer knows nothing.
pub const GAP: Duration = Duration::from_secs(15);

/// What does not change in a world.
#[derive(Debug)]
pub struct Fixed {
    /// By number.
    pub dags: Vec<FixedDag>,
    /// Slots of each scheduler's executor.
    pub slots: u32,
}

/// A DAG.
#[derive(Debug)]
pub struct FixedDag {
    /// For the planners.
    pub dag: Arc<Dag>,
    /// When runs are due, if ever.
    pub schedule: Option<(Timetable, Restriction)>,
    /// Length of its intervals.
    pub every: Duration,
}

impl Fixed {
    /// A DAG by its id.
    pub fn dag(&self, dag_id: &str) -> &FixedDag {
        self.dags.iter().find(|dag| dag.dag.dag_id == dag_id).expect("a DAG of the world")
    }
}

/// What a scheduler sends out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message {
    /// Run this try.
    Submit(TryId),
    /// Stop this try.
    Cancel(TryId),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Housekeeping,
    Read,
    Plan,
    Apply,
    HandOver,
}

#[derive(Debug)]
struct OwnedRun {
    row: RunRow,
    planner: RunPlanner,
    stored: Vec<Stored>,
    wake_at: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug)]
struct Stored {
    state: Option<TaskState>,
    fence: i64,
    try_number: i32,
}

/// A scheduler.
#[derive(Debug)]
pub struct Scheduler {
    /// Its job.
    pub id: i64,
    /// What its clock shows beyond the world's time.
    pub skew: Duration,
    /// The next commit gets no answer; it lasts, or does not.
    pub unknown: Option<bool>,
    /// Work was done since the last tick began.
    pub busy: bool,
    phase: Phase,
    now: Timestamp,
    runs: BTreeMap<i64, OwnedRun>,
    queue: AdmissionQueue,
    to_load: BTreeSet<i64>,
    dirty: BTreeSet<i64>,
    touched: Vec<(i64, usize)>,
    dags_to_start: BTreeSet<String>,
    past_changed: BTreeSet<String>,
    concerned: BTreeSet<String>,
    timers: BTreeSet<(Timestamp, i64)>,
    inbox: Vec<i64>,
    create: Vec<RunRow>,
    next: Vec<(String, Option<NextRun>)>,
    due_at: Option<Timestamp>,
    admitted: Vec<(i64, usize)>,
    next_heartbeat: Timestamp,
    schedulers: Watch,
    tries: Watch,
}

impl Scheduler {
    /// A new one.
    pub fn new(model: &mut Model, now: Timestamp) -> Self {
        Self {
            id: model.register_job(true, now),
            skew: Duration::ZERO,
            unknown: None,
            busy: false,
            phase: Phase::Housekeeping,
            now,
            runs: BTreeMap::new(),
            queue: AdmissionQueue::default(),
            to_load: BTreeSet::new(),
            dirty: BTreeSet::new(),
            touched: Vec::new(),
            dags_to_start: BTreeSet::new(),
            past_changed: BTreeSet::new(),
            concerned: BTreeSet::new(),
            timers: BTreeSet::new(),
            inbox: Vec::new(),
            create: Vec::new(),
            next: Vec::new(),
            due_at: None,
            admitted: Vec::new(),
            next_heartbeat: Timestamp::from_micros(0),
            schedulers: Watch::default(),
            tries: Watch::default(),
        }
    }

    /// At the start of a tick.
    pub fn is_between_ticks(&self) -> bool {
        self.phase == Phase::Housekeeping
    }

    /// At the planning phase, whose reading of the database counts for the past.
    pub fn plans_next(&self) -> bool {
        self.phase == Phase::Plan
    }

    /// When something is due by the world's time, if nothing happens before.
    pub fn wake_at(&self) -> Timestamp {
        let timer = self.timers.first().map(|(at, _)| *at);
        let at = [timer, self.due_at, Some(self.next_heartbeat)].into_iter().flatten().min();
        at.unwrap_or(self.next_heartbeat) - self.skew
    }

    fn forget(&mut self) {
        let kept = std::mem::take(&mut self.schedulers);
        let tries = std::mem::take(&mut self.tries);
        *self = Self {
            id: self.id,
            skew: self.skew,
            busy: true,
            schedulers: kept,
            tries,
            ..Self::new(&mut Model::default(), self.now)
        };
    }

    /// Goes one phase further. Answers the messages that it sends.
    pub fn step(
        &mut self,
        model: &mut Model,
        fixed: &Fixed,
        world_now: Timestamp,
        create_runs: bool,
    ) -> Result<Vec<Message>, Breach> {
        match self.phase {
            Phase::Housekeeping => {
                self.busy = false;
                self.now = world_now + self.skew;
                if self.next_heartbeat <= self.now || self.next_heartbeat - self.now > HEARTBEAT {
                    self.housekeeping(model);
                }
                self.phase = Phase::Read;
                Ok(Vec::new())
            }
            Phase::Read => {
                let messages = self.read(model);
                self.find_due_runs(model, fixed, create_runs);
                self.phase = Phase::Plan;
                Ok(messages)
            }
            Phase::Plan => {
                let messages = self.load_pending(model, fixed);
                self.refresh_past(model, fixed);
                self.plan(model, fixed)?;
                self.phase = Phase::Apply;
                Ok(messages)
            }
            Phase::Apply => {
                self.phase = Phase::HandOver;
                let before = self.unknown.take().map(|applied| (applied, model.clone()));
                let messages = self.apply(model, fixed);
                if let Some((applied, before)) = before {
                    if !applied {
                        *model = before;
                    }
                    self.forget();
                    return Ok(Vec::new());
                }
                Ok(messages)
            }
            Phase::HandOver => {
                self.phase = Phase::Housekeeping;
                let admitted = std::mem::take(&mut self.admitted);
                self.busy |= !self.dirty.is_empty() || !self.to_load.is_empty() || !self.past_changed.is_empty();
                let submitted =
                    admitted.into_iter().filter(|(key, _)| !self.to_load.contains(key)).filter_map(|(key, index)| {
                        let ti = &self.runs.get(&key)?.planner.tis[index];
                        Some(Message::Submit(TryId { ti_id: ti.id, try_number: ti.try_number }))
                    });
                Ok(submitted.collect())
            }
        }
    }

    fn housekeeping(&mut self, model: &mut Model) {
        let now = self.now;
        model.heartbeat_job(self.id, now);
        let others = model.jobs.iter().filter(|(id, job)| **id != self.id && job.scheduler && job.running);
        let beats: Vec<_> = others.map(|(id, job)| (*id, job.heartbeat_at)).collect();
        self.schedulers.look(beats, GAP, now);
        for (id, heartbeat_at) in self.schedulers.lost(DEAD_AFTER, now) {
            self.busy |= model.end_silent_job(id, heartbeat_at);
        }
        let owned: BTreeSet<i64> = model.adopt_runs(self.id).into_iter().collect();
        self.to_load.extend(owned.iter().filter(|key| !self.runs.contains_key(key)));
        self.to_load.extend(self.runs.keys().filter(|key| !owned.contains(key)));
        let running = model.running_tries();
        let tries: Vec<_> = running.iter().map(|(one, _)| one.clone()).collect();
        self.tries.look(tries.iter().map(|one| (one.ti_id, one.heartbeat_at)), GAP, now);
        let (lost, wake_at) = plan_recovery(&tries, &self.tries, LOST_AFTER, now);
        for one in lost {
            let try_number = running.iter().find(|(try_, _)| try_.ti_id == one.ti_id).map_or(0, |(_, number)| *number);
            let try_id = TryId { ti_id: one.ti_id, try_number };
            model.finish_try(&Finish {
                reason: Some(one.reason),
                silent_since: Some(one.heartbeat_at + Duration::from_micros(1)),
                ..Finish::new(try_id, TaskState::UpForRetry, now)
            });
            self.busy = true;
        }
        self.next_heartbeat = wake_at.map_or(now + HEARTBEAT, |at| at.min(now + HEARTBEAT));
    }

    fn read(&mut self, model: &mut Model) -> Vec<Message> {
        let mut messages = Vec::new();
        let mut changed = BTreeSet::new();
        let rows = model.read_inbox(self.id);
        self.busy |= !rows.is_empty();
        for row in &rows {
            match (row.ti_id, self.runs.get(&row.run_key)) {
                (Some(0), Some(run)) => {
                    self.past_changed.insert(run.row.dag_id.clone());
                    self.dags_to_start.insert(run.row.dag_id.clone());
                }
                (Some(ti_id), Some(_)) => {
                    changed.insert(ti_id);
                }
                (_, _) => {
                    self.to_load.insert(row.run_key);
                }
            }
        }
        for ti in changed.iter().filter_map(|ti_id| model.tis.get(ti_id)) {
            if self.to_load.contains(&ti.run_key) {
                continue;
            }
            let Some(run) = self.runs.get_mut(&ti.run_key) else { continue };
            self.dirty.insert(ti.run_key);
            if run.planner.depends_on_past() {
                self.past_changed.insert(run.row.dag_id.clone());
            }
            let task = run.planner.dag.by_id[&ti.task_id];
            let Some(index) = run.planner.tis.iter().position(|known| known.id == ti.id) else {
                self.to_load.insert(ti.run_key);
                continue;
            };
            let before = run.stored[index];
            let still = ti.state.is_some_and(TaskState::is_in_flight) && before.try_number == ti.try_number;
            if before.state.is_some_and(TaskState::is_in_flight) && !still {
                messages.push(Message::Cancel(TryId { ti_id: ti.id, try_number: before.try_number }));
            }
            run.stored[index] = stored(ti);
            run.planner.observe(instance(ti, task));
        }
        self.inbox = rows.iter().map(|row| row.id).collect();
        // The engine hears of this by a notification.
        let mut turned = Vec::new();
        for (key, run) in &mut self.runs {
            let paused = model.dags[&run.row.dag_id].paused;
            if run.planner.is_paused() != paused {
                run.planner.set_paused(paused);
                self.dirty.insert(*key);
                self.dags_to_start.insert(run.row.dag_id.clone());
                self.busy = true;
                turned.push(*key);
            }
        }
        turned.into_iter().for_each(|key| self.line_up(key));
        messages
    }

    fn find_due_runs(&mut self, model: &Model, fixed: &Fixed, create_runs: bool) {
        self.create.clear();
        self.next.clear();
        self.due_at = None;
        if !create_runs {
            return;
        }
        let mut schedules = Vec::new();
        for dag in &fixed.dags {
            let Some((timetable, restriction)) = &dag.schedule else { continue };
            let dag_id = &dag.dag.dag_id;
            let DagRow { paused, next } = model.dags[dag_id];
            let active = |run: &&Rc<RunRow>| run.dag_id == *dag_id && !run.state.is_finished();
            let last = model.scheduled_dates(dag_id).last().copied();
            schedules.push(DagSchedule {
                dag_id: dag_id.clone(),
                timetable: timetable.clone(),
                restriction: *restriction,
                is_paused: paused,
                last: last.map(|start| tradewind_core::timetable::DataInterval { start, end: start + dag.every }),
                next,
                active_runs: model.runs.values().filter(active).count() as u32,
                max_active_runs: dag.dag.max_active_runs,
                taken: Vec::new(),
            });
        }
        let plan = plan_runs(&schedules, 10, self.now);
        self.due_at = plan.wake_at;
        for decision in plan.decisions {
            match decision {
                RunDecision::Create { dag_id, run, run_id } => self.create.push(RunRow {
                    id: 0,
                    dag_id,
                    run_id,
                    logical_date: run.logical_date,
                    scheduled: true,
                    run_after: run.run_after,
                    state: RunState::Queued,
                    start_date: None,
                    end_date: None,
                    owner: Some(self.id),
                    fence: 0,
                    clear_number: 0,
                }),
                RunDecision::SetNext { dag_id, next } => self.next.push((dag_id, next)),
            }
        }
    }

    fn load_pending(&mut self, model: &Model, fixed: &Fixed) -> Vec<Message> {
        let mut messages = Vec::new();
        for key in std::mem::take(&mut self.to_load) {
            let old = self.runs.remove(&key);
            if let Some(at) = old.as_ref().and_then(|run| run.wake_at) {
                self.timers.remove(&(at, key));
            }
            self.queue.remove_run(key);
            self.dirty.remove(&key);
            let Some(row) = model.runs.get(&key).map(|row| row.as_ref().clone()) else { continue };
            let tis: Vec<TiRow> = model.tis_of(key).cloned().collect();
            let in_flight = |ti: &TiRow| ti.state.is_some_and(TaskState::is_in_flight);
            let still: BTreeSet<TryId> = tis.iter().filter(|ti| in_flight(ti)).map(try_id).collect();
            for (ti, stored) in old.iter().flat_map(|run| run.planner.tis.iter().zip(&run.stored)) {
                let id = TryId { ti_id: ti.id, try_number: stored.try_number };
                if stored.state.is_some_and(TaskState::is_in_flight) && !still.contains(&id) {
                    messages.push(Message::Cancel(id));
                }
            }
            self.dags_to_start.insert(row.dag_id.clone());
            if row.state.is_finished() || !tis.is_empty() {
                self.past_changed.insert(row.dag_id.clone());
                self.concerned.insert(row.dag_id.clone());
            }
            if row.state.is_finished() || row.owner != Some(self.id) {
                continue;
            }
            let dag = fixed.dag(&row.dag_id);
            let past = past(model, dag, &row);
            let run = Run {
                key,
                state: row.state,
                logical_date: row.logical_date,
                start_date: row.start_date,
                end_date: row.end_date,
            };
            let instances = tis.iter().map(|ti| instance(ti, dag.dag.by_id[&ti.task_id])).collect();
            let snapshot =
                RunSnapshot { dag: dag.dag.clone(), run, tis: instances, past, paused: model.dags[&row.dag_id].paused };
            messages.extend(
                tis.iter().filter(|ti| ti.state == Some(TaskState::Queued)).map(|ti| Message::Submit(try_id(ti))),
            );
            let run = OwnedRun {
                planner: RunPlanner::new(snapshot),
                stored: tis.iter().map(stored).collect(),
                row,
                wake_at: None,
            };
            self.runs.insert(key, run);
            self.line_up(key);
            self.dirty.insert(key);
        }
        messages
    }

    /// Lines up the instances of a run that wait for room; none of a paused DAG.
    fn line_up(&mut self, key: i64) {
        self.queue.remove_run(key);
        let Some(run) = self.runs.get(&key).filter(|run| !run.planner.is_paused()) else { return };
        for index in 0..run.planner.tis.len() {
            if run.planner.tis[index].state == Some(TaskState::Scheduled) {
                let (limits, candidate) = run.candidate(index);
                self.queue.insert(limits, candidate);
            }
        }
    }

    fn refresh_past(&mut self, model: &Model, fixed: &Fixed) {
        let dags = std::mem::take(&mut self.past_changed);
        for (key, run) in &mut self.runs {
            if run.planner.run.state == RunState::Running && dags.contains(&run.row.dag_id) {
                run.planner.set_past(past(model, fixed.dag(&run.row.dag_id), &run.row));
                self.dirty.insert(*key);
            }
        }
    }

    fn plan(&mut self, model: &Model, fixed: &Fixed) -> Result<(), Breach> {
        while let Some(&(at, key)) = self.timers.first().filter(|(at, _)| *at <= self.now) {
            self.timers.remove(&(at, key));
            self.dirty.insert(key);
            if let Some(run) = self.runs.get_mut(&key) {
                run.wake_at = None;
                if run.planner.run.state == RunState::Queued {
                    self.dags_to_start.insert(run.row.dag_id.clone());
                }
            }
        }
        self.start_queued(model, fixed);
        for key in &self.dirty {
            let Some(run) = self.runs.get_mut(key) else { continue };
            if let Some(at) = run.wake_at.take() {
                self.timers.remove(&(at, *key));
            }
            run.wake_at = if run.planner.run.state == RunState::Queued && run.row.run_after > self.now {
                Some(run.row.run_after)
            } else {
                laws::plan(&mut run.planner, self.now)?
            };
            self.timers.extend(run.wake_at.map(|at| (at, *key)));
            for index in run.planner.take_touched() {
                self.touched.push((*key, index));
                let (limits, candidate) = run.candidate(index);
                if run.planner.tis[index].state == Some(TaskState::Scheduled) {
                    self.queue.insert(limits, candidate);
                } else {
                    self.queue.remove(&limits, &candidate);
                }
            }
        }
        Ok(())
    }

    fn start_queued(&mut self, model: &Model, fixed: &Fixed) {
        let dags = std::mem::take(&mut self.dags_to_start);
        let mut queued: Vec<(Timestamp, i64)> = self
            .runs
            .iter()
            .filter(|(_, run)| run.planner.run.state == RunState::Queued && dags.contains(&run.row.dag_id))
            .map(|(key, run)| (run.row.run_after, *key))
            .collect();
        queued.sort_unstable();
        for (run_after, key) in queued {
            let dag_id = self.runs[&key].row.dag_id.clone();
            let running = self.running(&dag_id) + model.running_of_others(self.id, &dag_id);
            let Some(run) = self.runs.get_mut(&key) else { continue };
            if run_after > self.now {
                self.dirty.insert(key);
                continue;
            }
            if run.planner.is_paused() || running >= fixed.dag(&dag_id).dag.max_active_runs {
                continue;
            }
            run.planner.start(self.now);
            run.planner.add_missing();
            self.dirty.insert(key);
        }
    }

    fn running(&self, dag_id: &str) -> u32 {
        let running = |run: &&OwnedRun| run.row.dag_id == dag_id && run.planner.run.state == RunState::Running;
        self.runs.values().filter(running).count() as u32
    }

    /// One transaction for everything. When any of it turns out to be stale, nothing of it lasts.
    fn apply(&mut self, model: &mut Model, fixed: &Fixed) -> Vec<Message> {
        let mut tx = model.clone();
        let mut touched = std::mem::take(&mut self.touched);
        let mut dirty: Vec<i64> = std::mem::take(&mut self.dirty).into_iter().collect();
        for (dag_id, next) in self.next.drain(..) {
            tx.dags.entry(dag_id).and_modify(|dag| dag.next = next);
        }
        let mut created = Vec::new();
        for run in self.create.drain(..) {
            created.extend(tx.create_run(run));
        }
        // Runs that begin: others may have begun some meanwhile.
        let begins = |run: &OwnedRun| run.row.state == RunState::Queued && run.planner.run.state != RunState::Queued;
        let beginning: Vec<i64> = dirty.iter().copied().filter(|key| self.runs.get(key).is_some_and(begins)).collect();
        for key in beginning.into_iter().rev() {
            let dag_id = self.runs[&key].row.dag_id.clone();
            let others = tx.running_of_others(self.id, &dag_id);
            if self.running(&dag_id) + others > fixed.dag(&dag_id).dag.max_active_runs {
                self.hold(key);
                touched.retain(|(run, _)| *run != key);
                dirty.retain(|run| *run != key);
            }
        }
        let mut admitted = Vec::new();
        let mut capacity = self.capacity(&tx, fixed);
        for admission in self.queue.admit(&mut capacity) {
            let place = (admission.candidate.run_key, admission.candidate.index);
            if let Some(run) = self.runs.get_mut(&place.0) {
                run.planner.queued(place.1, self.now);
                run.planner.take_touched();
                admitted.push(place);
            }
        }
        touched.extend(admitted.iter().copied());
        touched.sort_unstable();
        touched.dedup();
        let (new, known): (Vec<_>, Vec<_>) =
            touched.iter().copied().partition(|(key, index)| self.runs[key].planner.tis[*index].id == 0);
        let rows: Vec<NewTi> = new.iter().map(|(key, index)| self.runs[key].new_row(*index)).collect();
        let writes: Vec<TiWrite> = known.iter().map(|(key, index)| self.runs[key].write(*index)).collect();
        let mut changed: Vec<i64> = touched.iter().map(|(key, _)| *key).collect();
        changed.extend(dirty.iter().filter(|key| self.runs.get(key).is_some_and(OwnedRun::changed)));
        changed.sort_unstable();
        changed.dedup();
        let run_writes: Vec<RunWrite> = changed.iter().map(|key| self.runs[key].run_write(self.id)).collect();

        let ids = tx.insert_tis(&rows);
        let applied = tx.write_tis(&writes);
        let runs_applied = tx.write_runs(&run_writes);
        let whole = applied.iter().chain(&runs_applied).all(|applied| *applied);
        let Some(ids) = ids.filter(|_| whole) else {
            // Nothing of this lasts: what was planned is planned anew from what is there.
            self.to_load.extend(changed);
            self.busy = true;
            return Vec::new();
        };
        self.busy |= !changed.is_empty() || !created.is_empty();
        self.to_load.extend(created);
        let mut ended = std::mem::take(&mut self.concerned);
        for key in &changed {
            let run = &self.runs[key];
            let past = run.planner.depends_on_past()
                && touched.iter().any(|(k, i)| k == key && run.planner.tis[*i].is_finished());
            if run.planner.run.state.is_finished() || past {
                ended.insert(run.row.dag_id.clone());
            }
        }
        let ended: Vec<String> = ended.into_iter().collect();
        tx.tell_others(self.id, &ended);
        tx.delete_inbox(&std::mem::take(&mut self.inbox));
        *model = tx;

        let mut messages = Vec::new();
        for ((key, index), id) in new.iter().zip(ids) {
            let run = self.runs.get_mut(key).expect("written");
            run.planner.tis[*index].id = id;
            run.record(*index, 0);
        }
        for ((key, index), write) in known.iter().zip(&writes) {
            let run = self.runs.get_mut(key).expect("written");
            let flies = |state: Option<TaskState>| state.is_some_and(TaskState::is_in_flight);
            if flies(write.expect_state) && !flies(write.state) {
                let try_number = run.stored[*index].try_number;
                messages.push(Message::Cancel(TryId { ti_id: write.ti_id, try_number }));
            }
            run.record(*index, write.expect_fence + 1);
        }
        for key in &changed {
            let run = self.runs.get_mut(key).expect("written");
            run.row.state = run.planner.run.state;
            if run.row.state.is_finished() && !self.to_load.contains(key) {
                self.dags_to_start.insert(run.row.dag_id.clone());
                self.hold(*key);
                self.to_load.remove(key);
            }
        }
        self.past_changed.extend(ended);
        let waiting = self
            .runs
            .iter()
            .filter(|(_, run)| run.row.state == RunState::Queued && self.dags_to_start.contains(&run.row.dag_id));
        let waiting: Vec<i64> = waiting.map(|(key, _)| *key).collect();
        self.dirty.extend(waiting);
        self.admitted = admitted;
        messages
    }

    /// Forgets a run; it is loaded afresh.
    fn hold(&mut self, key: i64) {
        if let Some(at) = self.runs.remove(&key).and_then(|run| run.wake_at) {
            self.timers.remove(&(at, key));
        }
        self.queue.remove_run(key);
        self.to_load.insert(key);
    }

    fn capacity(&self, tx: &Model, fixed: &Fixed) -> Capacity {
        let mut capacity = Capacity {
            pools: tx.pools.iter().map(|(name, slots)| (name.clone(), (*slots, 0))).collect(),
            ..Capacity::default()
        };
        let mut mine = 0;
        for row in tx.usage() {
            let count = row.tis as u32;
            if self.runs.contains_key(&row.run_key) {
                mine += count;
            }
            if let Some((_, used)) = capacity.pools.get_mut(&row.pool) {
                *used += row.slots;
            }
            let dag_id = tx.runs[&row.run_key].dag_id.clone();
            *capacity.runs.entry(row.run_key).or_default() += count;
            *capacity.tasks.entry((dag_id, row.task_id.clone())).or_default() += count;
            *capacity.run_tasks.entry((row.run_key, row.task_id)).or_default() += count;
        }
        capacity.executors = HashMap::from([(String::new(), (Some(fixed.slots), mine))]);
        capacity
    }
}

impl OwnedRun {
    fn changed(&self) -> bool {
        self.planner.run.state != self.row.state
    }

    fn candidate(&self, index: usize) -> (Limits, Candidate) {
        let (ti, dag) = (&self.planner.tis[index], &self.planner.dag);
        let task = &dag.tasks[ti.task];
        let own = task.max_active_tis_per_dag.is_some() || task.max_active_tis_per_dagrun.is_some();
        let limits = Limits {
            pool: task.pool.clone(),
            pool_slots: task.pool_slots,
            executor: String::new(),
            run_key: self.row.id,
            max_active_tasks: dag.max_active_tasks,
            task: own.then(|| TaskLimit {
                dag_id: dag.dag_id.clone(),
                task_id: task.task_id.clone(),
                per_dag: task.max_active_tis_per_dag,
                per_dagrun: task.max_active_tis_per_dagrun,
            }),
        };
        let candidate = Candidate {
            priority: std::cmp::Reverse(task.priority),
            run_after: self.row.run_after,
            run_key: self.row.id,
            task: ti.task,
            map_index: ti.map_index,
            index,
        };
        (limits, candidate)
    }

    fn record(&mut self, index: usize, fence: i64) {
        let ti = &mut self.planner.tis[index];
        ti.fence = fence;
        let stored = Stored { state: ti.state, fence, try_number: ti.try_number };
        if index == self.stored.len() { self.stored.push(stored) } else { self.stored[index] = stored }
    }

    fn new_row(&self, index: usize) -> NewTi {
        let ti = &self.planner.tis[index];
        let task = &self.planner.dag.tasks[ti.task];
        NewTi {
            run_key: self.row.id,
            task_id: task.task_id.clone(),
            map_index: ti.map_index,
            state: ti.state,
            try_number: ti.try_number,
            max_tries: ti.max_tries,
            scheduled_at: ti.scheduled_at,
            queued_at: ti.queued_at,
            start_date: ti.start_date,
            end_date: ti.end_date,
            reason: ti.reason.clone(),
            pool: task.pool.clone(),
            pool_slots: i64::from(task.pool_slots),
        }
    }

    fn write(&self, index: usize) -> TiWrite {
        let (ti, stored) = (&self.planner.tis[index], self.stored[index]);
        TiWrite {
            ti_id: ti.id,
            expect_state: stored.state,
            expect_fence: stored.fence,
            state: ti.state,
            map_index: ti.map_index,
            try_number: ti.try_number,
            max_tries: ti.max_tries,
            scheduled_at: ti.scheduled_at,
            queued_at: ti.queued_at,
            start_date: ti.start_date,
            end_date: ti.end_date,
            retry_at: ti.retry_at,
            reason: ti.reason.clone(),
        }
    }

    fn run_write(&self, owner: i64) -> RunWrite {
        let run = &self.planner.run;
        RunWrite {
            run_key: self.row.id,
            expect_state: self.row.state,
            expect_fence: self.row.fence,
            owner,
            state: run.state,
            start_date: run.start_date,
            end_date: run.end_date,
        }
    }
}

fn try_id(ti: &TiRow) -> TryId {
    TryId { ti_id: ti.id, try_number: ti.try_number }
}

fn stored(ti: &TiRow) -> Stored {
    Stored { state: ti.state, fence: ti.fence, try_number: ti.try_number }
}

/// A row as the planner sees it.
pub fn instance(ti: &TiRow, task: usize) -> TaskInstance {
    TaskInstance {
        id: ti.id,
        state: ti.state,
        fence: ti.fence,
        try_number: ti.try_number,
        scheduled_at: ti.scheduled_at,
        queued_at: ti.queued_at,
        start_date: ti.start_date,
        end_date: ti.end_date,
        retry_at: ti.retry_at,
        reason: ti.reason.clone(),
        map_length: ti.map_length,
        skip: ti.skip.clone(),
        first_started_at: ti.first_started_at,
        reschedule_count: ti.reschedule_count as u32,
        ..TaskInstance::new(task, ti.map_index, ti.max_tries)
    }
}

/// The run before, as far as any task looks at it.
fn past(model: &Model, dag: &FixedDag, row: &RunRow) -> Past {
    if !dag.dag.tasks.iter().any(|task| task.depends_on_past) {
        return Past::default();
    }
    let catchup = dag.schedule.as_ref().is_some_and(|(_, restriction)| restriction.catchup);
    let Some(previous) = model.previous_run(row.id, catchup) else { return Past::default() };
    let before = |task_id: &str| -> Vec<Option<TaskState>> {
        model.tis_of(previous.id).filter(|ti| ti.task_id == task_id).map(|ti| ti.state).collect()
    };
    let not_begun = model.tis_of(previous.id).next().is_none() && !previous.state.is_finished();
    let well = |state: &Option<TaskState>| matches!(state, Some(TaskState::Success | TaskState::Skipped));
    let done_well = |task_id: &str| !not_begun && before(task_id).iter().all(well);
    let earlier = |task_id: &str| {
        model.runs.values().any(|run| {
            run.dag_id == row.dag_id
                && run.logical_date < row.logical_date
                && run.logical_date.is_some()
                && model.tis_of(run.id).any(|ti| ti.task_id == task_id)
        })
    };
    let tasks = dag.dag.tasks.iter().map(|task| PastTask {
        exists: not_begun || !before(&task.task_id).is_empty(),
        done_well: done_well(&task.task_id),
        downstream_done_well: task.downstream.iter().all(|&down| done_well(&dag.dag.tasks[down].task_id)),
        any_before: earlier(&task.task_id),
    });
    Past { run_id: Some(previous.run_id.clone()), tasks: tasks.collect() }
}
