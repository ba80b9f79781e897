//! What must be true in every world.

use std::collections::BTreeMap;
use std::rc::Rc;

use tradewind_core::plan::rules::{self, Tally, Verdict};
use tradewind_core::plan::{RunPlanner, TaskInstance, plan_run};
use tradewind_core::{Duration, RunState, TaskState, Timestamp};

use crate::model::{Model, RunRow, TiRow};
use crate::scheduler::Fixed;

/// A law that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    /// Short name of the law.
    pub law: &'static str,
    /// What was seen.
    pub what: String,
}

impl std::fmt::Display for Breach {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.law, self.what)
    }
}

/// A law: it holds, or this is what was seen.
fn law(name: &'static str, holds: bool, what: impl FnOnce() -> String) -> Result<(), Breach> {
    if holds { Ok(()) } else { Err(Breach { law: name, what: what() }) }
}

/// Plans a run, and checks what is true of every plan: it is deterministic, the same from memory as from a snapshot,
/// explains everybody who is neither finished nor decided, undoes no end, and names the very instant of the next
/// change.
pub fn plan(planner: &mut RunPlanner, now: Timestamp) -> Result<Option<Timestamp>, Breach> {
    let before = planner.tis.clone();
    let (one, afresh) = plan_run(planner.snapshot(), now);
    let (two, _) = plan_run(planner.snapshot(), now);
    law("deterministic", one == two, || format!("{one:?}\n{two:?}"))?;
    let wake_at = planner.plan(now);
    law("memory equals snapshot", planner.tis == afresh.tis && planner.run.state == afresh.run.state, || {
        format!("from memory {:?} {:?}\nafresh {:?} {:?}", planner.run.state, planner.tis, afresh.run.state, afresh.tis)
    })?;
    law("memory equals snapshot", wake_at == one.wake_at, || format!("wake_at {wake_at:?}, afresh {:?}", one.wake_at))?;
    for (old, new) in before.iter().zip(&planner.tis) {
        law("ended is final", !old.is_finished() || old.state == new.state, || format!("{old:?} became {new:?}"))?;
    }
    let waiting = planner.waiting(now);
    for (index, ti) in planner.tis.iter().enumerate() {
        let explained = ti.is_finished() || waiting.iter().any(|(waits, _)| *waits == index);
        law("every wait has a reason", explained, || format!("{ti:?} has none"))?;
    }
    reasons_to_end(&before, planner, now)?;
    let ended = planner.run.state.is_finished();
    law("a run ends when its task instances have", !ended || planner.tis.iter().all(|ti| ti.is_finished()), || {
        format!("{:?} with {:?}", planner.run.state, planner.tis)
    })?;
    let Some(at) = wake_at else { return Ok(None) };
    law("exact wake_at", at > now, || format!("{at} is not after {now}"))?;
    let mut early = planner.clone();
    let again = early.plan(at - Duration::from_micros(1));
    law("exact wake_at", early.tis == planner.tis && early.run.state == planner.run.state && again == wake_at, || {
        format!("something was due before {at}: {:?} became {:?}", planner.tis, early.tis)
    })?;
    let mut due = planner.clone();
    due.plan(at);
    let changed = due.tis != planner.tis || due.run.state != planner.run.state || due.waiting(at) != waiting;
    law("exact wake_at", changed, || format!("nothing changed at {at}: {waiting:?}"))?;
    Ok(wake_at)
}

/// `dagrun_timeout` ends a run no sooner than it says, and `fail_fast` as soon as a task has failed.
fn reasons_to_end(before: &[TaskInstance], planner: &RunPlanner, now: Timestamp) -> Result<(), Breach> {
    let words = "the run took longer";
    let timed_out = planner.tis.iter().enumerate().any(|(index, ti)| {
        let new = before.get(index).is_none_or(|old| old.state != ti.state);
        new && ti.reason.as_deref().is_some_and(|reason| reason.starts_with(words))
    });
    let due = planner.run.start_date.zip(planner.dag.dagrun_timeout).is_some_and(|(at, timeout)| at + timeout <= now);
    law("a run's time is its own", !timed_out || due, || format!("{:?} timed out at {now}", planner.run))?;
    let failed = |ti: &TaskInstance| ti.state == Some(TaskState::Failed) && ti.end_date >= planner.run.start_date;
    let counts = planner.dag.fail_fast && planner.run.state == RunState::Running && !planner.is_paused();
    let open = |ti: &TaskInstance| !ti.is_finished() && !planner.dag.tasks[ti.task].is_teardown;
    let goes_on = counts && planner.tis.iter().any(failed) && planner.tis.iter().any(open);
    law("fail_fast ends the rest", !goes_on, || format!("{:?}", planner.tis))
}

/// Who changed the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A scheduler.
    Scheduler,
    /// A worker.
    Worker,
    /// A person, who may undo what has ended.
    Person,
}

/// Checks one change of the database.
pub fn change(before: &Model, after: &Model, actor: Actor, fixed: &Fixed) -> Result<(), Breach> {
    for (id, old) in &before.tis {
        let Some(new) = after.tis.get(id).filter(|new| !Rc::ptr_eq(old, new)) else { continue };
        let ended = old.state.is_some_and(TaskState::is_finished);
        law("ended is final", !ended || old.state == new.state || actor == Actor::Person, || {
            format!("{old:?} became {:?}", new.state)
        })?;
        law("a fence is never lowered", new.fence >= old.fence, || format!("{old:?} {new:?}"))?;
        law("a changed row has a new fence", old.state == new.state || new.fence > old.fence, || {
            format!("{old:?} {new:?}")
        })?;
        law("tries count up", new.try_number >= old.try_number, || format!("{old:?} {new:?}"))?;
    }
    for (key, old) in &before.runs {
        let Some(new) = after.runs.get(key).filter(|new| !Rc::ptr_eq(old, new)) else { continue };
        law("ended is final", !old.state.is_finished() || old.state == new.state || actor == Actor::Person, || {
            format!("{old:?} became {:?}", new.state)
        })?;
        let over = new.state.is_finished() && !old.state.is_finished() && actor == Actor::Scheduler;
        law(
            "a run ends when its task instances have",
            !over || after.tis_of(*key).all(|ti| ti.state.is_some_and(TaskState::is_finished)),
            || format!("{new:?}"),
        )?;
        if over && new.state == RunState::Success {
            no_leaf_failed(after, fixed, new)?;
        }
    }
    if actor == Actor::Scheduler {
        starts(before, after, fixed)?;
    }
    Ok(())
}

/// What begins to wait for a worker, or is given one, must be allowed to.
fn starts(before: &Model, after: &Model, fixed: &Fixed) -> Result<(), Breach> {
    for new in after.tis.values() {
        let old = before.tis.get(&new.id);
        if old.is_some_and(|old| Rc::ptr_eq(old, new)) {
            continue;
        }
        let was = old.and_then(|ti| ti.state);
        let same = old.is_some_and(|ti| ti.try_number == new.try_number) && was == new.state;
        if same {
            continue;
        }
        let goes = matches!(new.state, Some(TaskState::Scheduled | TaskState::Queued));
        if goes && !matches!(was, Some(TaskState::Scheduled | TaskState::Queued)) {
            trigger_rule(after, fixed, new)?;
            let due = old.and_then(|ti| ti.retry_at).filter(|_| was.is_some());
            law("a retry waits for its time", due.is_none_or(|at| new.scheduled_at >= Some(at)), || {
                format!("{old:?} goes at {:?}", new.scheduled_at)
            })?;
            let asks = |other: &&TiRow| {
                other.state == Some(TaskState::Success)
                    && other.skip.contains(&new.task_id)
                    && (other.map_index < 0 || other.map_index == new.map_index)
            };
            let asked = after.tis_of(new.run_key).find(asks);
            law("what is to be skipped does not start", asked.is_none(), || format!("{new:?} in spite of {asked:?}"))?;
        }
        retry_time(after, fixed, old, new)?;
        if new.state == Some(TaskState::Queued) {
            let ended = after.runs[&new.run_key].state.is_finished();
            law("nothing starts in a run that is over", !ended, || format!("{new:?}"))?;
            limits(after, fixed, new)?;
        }
    }
    for dag in &fixed.dags {
        let running = |model: &Model| {
            let of = |run: &&Rc<RunRow>| run.dag_id == dag.dag.dag_id && run.state == RunState::Running;
            model.runs.values().filter(of).count() as u32
        };
        let (was, is) = (running(before), running(after));
        law("limits are never overdrawn", is <= was || is <= dag.dag.max_active_runs, || {
            format!("{is} runs of {} are running, max_active_runs is {}", dag.dag.dag_id, dag.dag.max_active_runs)
        })?;
    }
    Ok(())
}

/// A failed try is repeated after its delay, counted from its end; with backoff after that at the earliest.
fn retry_time(after: &Model, fixed: &Fixed, old: Option<&Rc<TiRow>>, new: &TiRow) -> Result<(), Breach> {
    let Some(old) = old.filter(|old| old.state == Some(TaskState::UpForRetry)) else { return Ok(()) };
    let dag = &fixed.dag(&after.runs[&new.run_key].dag_id).dag;
    let task = &dag.tasks[dag.by_id[&new.task_id]];
    let Some(due) = old.end_date.map(|at| at + task.retry_delay) else { return Ok(()) };
    let goes = matches!(new.state, Some(TaskState::Scheduled | TaskState::Queued));
    law("a retry waits for its time", !goes || new.scheduled_at >= Some(due), || format!("{old:?} goes as {new:?}"))?;
    let waits = new.state == Some(TaskState::UpForRetry) && task.retry_exponential_backoff == 0.0;
    law("a retry's delay counts from the end", !waits || new.retry_at == Some(due), || format!("{new:?}, not {due}"))
}

/// A run whose last tasks did not all go well is no success. Teardowns are another matter.
fn no_leaf_failed(after: &Model, fixed: &Fixed, run: &RunRow) -> Result<(), Breach> {
    let dag = &fixed.dag(&run.dag_id).dag;
    let bad = after.tis_of(run.id).find(|ti| {
        let task = &dag.tasks[dag.by_id[&ti.task_id]];
        let failed = matches!(ti.state, Some(TaskState::Failed | TaskState::UpstreamFailed));
        failed && task.downstream.is_empty() && !task.is_teardown
    });
    law("a run whose last task failed has failed", bad.is_none(), || format!("{run:?} with {bad:?}"))
}

fn trigger_rule(after: &Model, fixed: &Fixed, ti: &TiRow) -> Result<(), Breach> {
    let dag = &fixed.dag(&after.runs[&ti.run_key].dag_id).dag;
    let task = &dag.tasks[dag.by_id[&ti.task_id]];
    let mut up = Tally::default();
    for &number in &task.upstream {
        let upstream = &dag.tasks[number];
        for of in after.tis_of(ti.run_key).filter(|of| of.task_id == upstream.task_id) {
            up.count(of.state, upstream.is_setup, 1);
        }
    }
    law("a mapped task runs in its instances alone", task.map_over.is_none() || ti.map_index >= 0, || {
        format!("{ti:?} was not expanded")
    })?;
    let verdict = rules::evaluate(task.trigger_rule, &up, ti.map_index);
    law("a task starts only when its trigger rule allows it", verdict == Verdict::Go, || {
        format!("{ti:?} with {:?} and {up:?}: {verdict:?}", task.trigger_rule)
    })
}

fn limits(after: &Model, fixed: &Fixed, ti: &TiRow) -> Result<(), Breach> {
    const LAW: &str = "limits are never overdrawn";
    let dag_id = &after.runs[&ti.run_key].dag_id;
    let dag = &fixed.dag(dag_id).dag;
    let task = &dag.tasks[dag.by_id[&ti.task_id]];
    let (mut pool, mut run, mut of_task, mut of_run_task, mut of_owner) = (0, 0, 0, 0, 0);
    let owner = after.runs[&ti.run_key].owner;
    for row in after.usage() {
        of_owner += if after.runs[&row.run_key].owner == owner { row.tis } else { 0 };
        let same_dag = after.runs[&row.run_key].dag_id == *dag_id;
        let same_task = same_dag && row.task_id == ti.task_id;
        pool += if row.pool == ti.pool { row.slots } else { 0 };
        run += if row.run_key == ti.run_key { row.tis } else { 0 };
        of_task += if same_task { row.tis } else { 0 };
        of_run_task += if same_task && row.run_key == ti.run_key { row.tis } else { 0 };
    }
    let slots = after.pools.get(&ti.pool).copied();
    law(LAW, slots.is_some_and(|slots| slots < 0 || pool <= slots), || {
        format!("pool {}: {pool} of {slots:?} slots", ti.pool)
    })?;
    law(LAW, of_owner <= i64::from(fixed.slots), || format!("{of_owner} of {} slots of its executor", fixed.slots))?;
    law(LAW, run <= i64::from(dag.max_active_tasks), || {
        format!("max_active_tasks: {run} of {}", dag.max_active_tasks)
    })?;
    let within = |used: i64, limit: Option<u32>| limit.is_none_or(|limit| used <= i64::from(limit));
    law(LAW, within(of_task, task.max_active_tis_per_dag), || format!("per_dag of {}: {of_task}", ti.task_id))?;
    law(LAW, within(of_run_task, task.max_active_tis_per_dagrun), || {
        format!("per_dagrun of {}: {of_run_task}", ti.task_id)
    })
}

/// `depends_on_past`, by what the scheduler had read when it planned (`read`).
pub fn past(read: &Model, before: &Model, after: &Model, fixed: &Fixed) -> Result<(), Breach> {
    for new in after.tis.values() {
        let old = before.tis.get(&new.id);
        if old.is_some_and(|old| Rc::ptr_eq(old, new)) {
            continue;
        }
        let was = old.and_then(|ti| ti.state);
        let goes = |state| matches!(state, Some(TaskState::Scheduled | TaskState::Queued));
        let run = &after.runs[&new.run_key];
        let dag = fixed.dag(&run.dag_id);
        let task = &dag.dag.tasks[dag.dag.by_id[&new.task_id]];
        if !goes(new.state) || goes(was) || !task.depends_on_past {
            continue;
        }
        let catchup = dag.schedule.as_ref().is_some_and(|(_, restriction)| restriction.catchup);
        let Some(previous) = read.previous_run(run.id, catchup) else { continue };
        let badly = |ti: &&TiRow| !matches!(ti.state, Some(TaskState::Success | TaskState::Skipped));
        let wanting = read.tis_of(previous.id).find(|ti| ti.task_id == new.task_id && badly(ti));
        law("a task that depends on its past waits for it", wanting.is_none(), || {
            format!("{new:?} goes although {wanting:?}")
        })?;
        let behind = |ti: &&TiRow| task.downstream.iter().any(|&down| dag.dag.tasks[down].task_id == ti.task_id);
        let undone = read.tis_of(previous.id).filter(behind).find(badly);
        law("wait_for_downstream waits for it", undone.is_none() || !task.wait_for_downstream, || {
            format!("{new:?} goes although {undone:?}")
        })?;
        let begun = read.tis_of(previous.id).next().is_some() || previous.state.is_finished();
        law("a task that depends on its past waits for it", begun, || {
            format!("{new:?} goes before {previous:?} began")
        })?;
    }
    Ok(())
}

/// Schedules skip and double no interval.
pub fn schedules(model: &Model, fixed: &Fixed) -> Result<(), Breach> {
    for dag in &fixed.dags {
        let Some((_, restriction)) = &dag.schedule else { continue };
        let dates = model.scheduled_dates(&dag.dag.dag_id);
        let mut count: BTreeMap<Timestamp, u32> = BTreeMap::new();
        dates.iter().for_each(|at| *count.entry(*at).or_default() += 1);
        law("no interval is doubled", count.values().all(|n| *n == 1), || format!("{dates:?}"))?;
        if restriction.catchup {
            let whole = dates.windows(2).all(|pair| pair[0] + dag.every == pair[1]);
            let first = dates.first().is_none_or(|first| Some(*first) == restriction.earliest);
            law("no interval is skipped", whole && first, || format!("{dates:?}"))?;
        }
    }
    Ok(())
}
