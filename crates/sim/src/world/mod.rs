//! The world: plays a scenario, then lets everything come to its end in calm.

mod calm;

use std::panic::{AssertUnwindSafe, catch_unwind};

use tradewind_core::plan::backfill_dates;
use tradewind_core::{Duration, RunState, TaskState, Timestamp};

use crate::laws::{self, Actor, Breach};
use crate::model::{DagRow, Fire, Model, NewBackfill, RunRow};
use crate::rng::Rng;
use crate::scenario::{Scenario, Step};
use crate::scheduler::{Fixed, LOST_AFTER, Message, Scheduler};
use crate::workers::{Executions, Worker};

/// What happened in a world that kept the laws.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Runs, all of which ended.
    pub runs: usize,
    /// Tries that were executed.
    pub tries: usize,
}

/// A world.
pub struct World {
    fixed: Fixed,
    /// The database.
    pub model: Model,
    now: Timestamp,
    schedulers: Vec<Scheduler>,
    /// What each scheduler could read when it planned last.
    read: Vec<Model>,
    workers: Vec<Worker>,
    messages: Vec<Message>,
    executions: Executions,
    triggered: usize,
    create_runs: bool,
    rng: Rng,
}

/// Plays a scenario to its end.
///
/// # Errors
/// The first breach of a law. A panic of a planner is one as well.
pub fn play(scenario: &Scenario) -> Result<Report, Breach> {
    catch_unwind(AssertUnwindSafe(|| {
        let mut world = World::new(scenario);
        for step in &scenario.steps {
            world.step(*step, scenario)?;
        }
        world.calm()
    }))
    .unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let what = text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string)).unwrap_or_default();
        Err(Breach { law: "nothing panics", what })
    })
}

impl World {
    /// At its beginning.
    pub fn new(scenario: &Scenario) -> Self {
        let now = Timestamp::from_secs(1_700_000_000);
        let mut model = Model::default();
        model.pools.insert("default_pool".into(), 128);
        model.pools.extend(scenario.pools.clone());
        let fixed = Fixed::of(scenario, now);
        for dag in &fixed.dags {
            let assets = dag.spec.asset_schedule().map(|schedule| schedule.condition.clone());
            model.dags.insert(dag.dag.dag_id.clone(), DagRow { assets, ..DagRow::default() });
        }
        let schedulers: Vec<Scheduler> =
            (0..scenario.schedulers.max(1)).map(|_| Scheduler::new(&mut model, now)).collect();
        let workers = (0..scenario.workers.max(1)).map(|_| Worker::new(&mut model, now)).collect();
        Self {
            fixed,
            now,
            read: vec![model.clone(); schedulers.len()],
            model,
            schedulers,
            workers,
            messages: Vec::new(),
            executions: Executions::new(),
            triggered: 0,
            create_runs: true,
            rng: Rng::new(scenario.seed),
        }
    }

    /// One thing happens; the laws are checked.
    fn step(&mut self, step: Step, scenario: &Scenario) -> Result<(), Breach> {
        let (schedulers, workers) = (self.schedulers.len(), self.workers.len());
        let message = |nth: usize, of: &[Message]| (!of.is_empty()).then(|| nth % of.len());
        match step {
            Step::Trigger(dag) => {
                let before = self.model.clone();
                self.trigger(dag);
                self.changed(&before, Actor::Person)?;
            }
            Step::Phase(nth) => self.phase(nth % schedulers)?,
            Step::Tick(nth) => self.tick(nth % schedulers)?,
            Step::Unknown { scheduler, applied } => self.schedulers[scheduler % schedulers].unknown = Some(applied),
            Step::Crash(nth) => self.schedulers[nth % schedulers] = Scheduler::new(&mut self.model, self.now),
            Step::Skew { scheduler, seconds } => {
                self.schedulers[scheduler % schedulers].skew = Duration::from_secs(i64::from(seconds));
            }
            Step::Deliver { message: nth, worker } => {
                if let Some(at) = message(nth, &self.messages)
                    && !self.workers[worker % workers].silent
                {
                    let message = self.messages.remove(at);
                    self.deliver(message, worker % workers)?;
                }
            }
            Step::Lose(nth) => {
                if let Some(at) = message(nth, &self.messages) {
                    self.messages.remove(at);
                }
            }
            Step::Double(nth) => {
                if let Some(at) = message(nth, &self.messages) {
                    self.messages.push(self.messages[at]);
                }
            }
            Step::StartUnheard { message: nth, worker } => {
                if let Some(at) = message(nth, &self.messages)
                    && let Message::Submit(try_id) = self.messages[at]
                {
                    self.messages.remove(at);
                    self.model.start_try(try_id, self.workers[worker % workers].job, self.now);
                }
            }
            Step::Poll(nth) => self.poll(nth % workers)?,
            Step::Finish { worker, nth, outcome, unheard } => {
                self.worker_acts(worker % workers, |worker, model, fixed, now| {
                    worker.finish(model, fixed, nth, outcome, unheard, now)
                })?;
            }
            Step::Beat(nth) => self.worker_acts(nth % workers, |worker, model, _, now| worker.beat(model, now))?,
            Step::Silence(nth) => self.workers[nth % workers].silent = true,
            Step::Return(nth) => self.workers[nth % workers].silent = false,
            Step::WorkerDies(nth, seen) => {
                let worker = Worker::new(&mut self.model, self.now);
                let old = std::mem::replace(&mut self.workers[nth % workers], worker);
                if seen {
                    self.model.end_job(old.job);
                }
            }
            Step::Wait(seconds) => self.now = self.now + Duration::from_secs(i64::from(seconds)),
            Step::Clear { first, count } => {
                let before = self.model.clone();
                let ids: Vec<i64> = self.model.tis.keys().copied().collect();
                let chosen =
                    (0..count.min(ids.len())).map(|n| (ids[(first + n) % ids.len()], Some(1))).collect::<Vec<_>>();
                self.model.clear_tis(&chosen);
                self.changed(&before, Actor::Person)?;
            }
            Step::Mark { nth, success } => {
                let before = self.model.clone();
                let ids: Vec<i64> = self.model.tis.keys().copied().collect();
                if let Some(id) = (!ids.is_empty()).then(|| ids[nth % ids.len()]) {
                    let state = if success { TaskState::Success } else { TaskState::Failed };
                    self.model.set_ti_state(&[id], state, self.now);
                }
                self.changed(&before, Actor::Person)?;
            }
            Step::Pause { dag, paused } => {
                self.model.set_paused(&format!("d{}", dag % scenario.dags.len().max(1)), paused);
            }
            Step::Fire { nth, fire } => {
                let triggers: Vec<i64> = self.model.triggers.keys().copied().collect();
                if !triggers.is_empty() {
                    self.fire(triggers[nth % triggers.len()], fire)?;
                }
            }
            Step::Backfill { .. } | Step::PauseBackfill { .. } | Step::CancelBackfill(_) => {
                let before = self.model.clone();
                self.backfill(step);
                self.changed(&before, Actor::Person)?;
            }
            Step::Resize { pool, slots } => {
                let names: Vec<&String> = scenario.pools.keys().collect();
                if !names.is_empty() {
                    self.model.pools.insert(names[pool % names.len()].clone(), slots.max(1));
                }
            }
        }
        Ok(())
    }

    fn trigger(&mut self, dag: usize) {
        if self.fixed.dags.is_empty() {
            return;
        }
        self.triggered += 1;
        let dag_id = self.fixed.dags[dag % self.fixed.dags.len()].dag.dag_id.clone();
        self.model.create_run(RunRow {
            id: 0,
            dag_id,
            run_id: format!("manual{}", self.triggered),
            logical_date: None,
            scheduled: false,
            backfill: None,
            run_after: self.now,
            state: RunState::Queued,
            start_date: None,
            end_date: None,
            owner: None,
            fence: 0,
            clear_number: 0,
        });
    }

    /// What a try waits for comes.
    fn fire(&mut self, trigger: i64, fire: Fire) -> Result<(), Breach> {
        let before = self.model.clone();
        self.model.fire_trigger(trigger, fire, self.now);
        self.changed(&before, Actor::Worker)
    }

    /// Somebody makes, pauses or ends a backfill.
    fn backfill(&mut self, step: Step) {
        let ids: Vec<i64> = self.model.backfills.keys().copied().collect();
        match step {
            Step::Backfill { dag, from, count, backwards, reprocess, max_active_runs } => {
                let Some(dag) = self.fixed.dags.get(dag % self.fixed.dags.len().max(1)) else { return };
                let Some(request) = dag.backfill_request(from, count, backwards, reprocess) else { return };
                let (timetable, _) = dag.schedule.as_ref().expect("it has one");
                let past = dag.dag.tasks.iter().any(|task| task.depends_on_past);
                let Ok(dates) = backfill_dates(timetable, past, &request, self.now) else { return };
                self.model.create_backfill(&NewBackfill {
                    dag_id: dag.dag.dag_id.clone(),
                    dates,
                    reprocess,
                    max_active_runs: max_active_runs.max(1),
                    retries: dag.dag.tasks.iter().map(|task| (task.task_id.clone(), task.retries as i32)).collect(),
                });
            }
            Step::PauseBackfill { nth, paused } if !ids.is_empty() => {
                self.model.set_backfill_paused(ids[nth % ids.len()], paused);
            }
            Step::CancelBackfill(nth) if !ids.is_empty() => {
                self.model.cancel_backfill(ids[nth % ids.len()], self.now);
            }
            _ => {}
        }
    }

    fn changed(&self, before: &Model, actor: Actor) -> Result<(), Breach> {
        laws::change(before, &self.model, actor, &self.fixed)
    }

    fn phase(&mut self, nth: usize) -> Result<(), Breach> {
        if self.schedulers[nth].plans_next() {
            self.read[nth] = self.model.clone();
        }
        let begins = self.schedulers[nth].is_between_ticks();
        let before = self.model.clone();
        let messages = self.schedulers[nth].step(&mut self.model, &self.fixed, self.now, self.create_runs)?;
        self.messages.extend(messages);
        self.changed(&before, Actor::Scheduler)?;
        laws::past(&self.read[nth], &before, &self.model, &self.fixed)?;
        laws::backfill_order(&self.read[nth], &before, &self.model, self.schedulers[nth].id)?;
        if begins {
            self.nobody_alive_is_lost(&before)?;
        }
        Ok(())
    }

    fn tick(&mut self, nth: usize) -> Result<(), Breach> {
        self.phase(nth)?;
        while !self.schedulers[nth].is_between_ticks() {
            self.phase(nth)?;
        }
        Ok(())
    }

    /// A try whose worker says that it runs it is not taken away for being silent.
    fn nobody_alive_is_lost(&self, before: &Model) -> Result<(), Breach> {
        let patience = Duration::from_micros(LOST_AFTER.as_micros() / 3);
        for running in self.workers.iter().filter(|worker| !worker.silent).flat_map(|worker| &worker.running) {
            let id = running.try_id.ti_id;
            let (Some(old), Some(new)) = (before.tis.get(&id), self.model.tis.get(&id)) else { continue };
            let taken = old.state == Some(TaskState::Running) && new.state != old.state;
            let same = old.try_number == running.try_id.try_number;
            if taken && same && self.now - running.heard_at < patience {
                let what = format!("{old:?} was heard of at {} and taken away at {}", running.heard_at, self.now);
                return Err(Breach { law: "a live try is not taken away", what });
            }
        }
        Ok(())
    }

    fn deliver(&mut self, message: Message, worker: usize) -> Result<(), Breach> {
        self.now = self.now + Duration::from_micros(1);
        let before = self.model.clone();
        match message {
            Message::Submit(try_id) => {
                self.workers[worker].start(&mut self.model, try_id, self.now, &mut self.executions)?;
            }
            Message::Cancel(try_id) => {
                self.workers.iter_mut().try_for_each(|worker| worker.stop(&mut self.model, try_id, self.now))?;
            }
        }
        self.changed(&before, Actor::Worker)
    }

    fn poll(&mut self, nth: usize) -> Result<(), Breach> {
        let before = self.model.clone();
        if !self.workers[nth].silent {
            for try_id in self.model.queued_tries().into_iter().take(2) {
                self.workers[nth].start(&mut self.model, try_id, self.now, &mut self.executions)?;
            }
        }
        self.changed(&before, Actor::Worker)
    }

    fn worker_acts(
        &mut self,
        nth: usize,
        act: impl FnOnce(&mut Worker, &mut Model, &Fixed, Timestamp) -> Result<(), Breach>,
    ) -> Result<(), Breach> {
        // No two reports are of one instant.
        self.now = self.now + Duration::from_micros(1);
        let before = self.model.clone();
        act(&mut self.workers[nth], &mut self.model, &self.fixed, self.now)?;
        self.changed(&before, Actor::Worker)
    }
}
