//! What must be true in every world.

mod assets;
mod change;
mod limits;
mod order;
mod waiting;

use tradewind_core::plan::{RunPlanner, TaskInstance, plan_run};
use tradewind_core::{Duration, RunState, TaskState, Timestamp};

use crate::model::Model;
use crate::scheduler::Fixed;

pub use change::{Actor, change};
pub use order::{backfill_order, past, schedules};

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

/// What is true once everything has come to its end.
pub fn settled(model: &Model, fixed: &Fixed) -> Result<(), Breach> {
    let open = model.backfills.iter().find(|(_, row)| !row.completed);
    law("a backfill is over with its last run", open.is_none(), || format!("{open:?}"))?;
    law("nobody waits in vain", model.triggers.is_empty(), || format!("{:?}", model.triggers))?;
    assets::consumed(model, fixed)
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
