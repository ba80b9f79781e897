//! Laws of a single change of the database.

use std::rc::Rc;

use tradewind_core::plan::rules::{self, Tally, Verdict};
use tradewind_core::{RunState, TaskState};

use super::{Breach, assets, law, limits, waiting};
use crate::model::{Model, RunRow, TiRow};
use crate::scheduler::Fixed;

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
        waiting::goes_on(old, new, actor)?;
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
    waiting::triggers(after)?;
    assets::events(before, after, actor, fixed)
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
        if goes && was == Some(TaskState::Deferred) {
            // It goes on: what its rule said when it began is what counts.
            continue;
        }
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
            limits::tries(after, fixed, new)?;
        }
    }
    limits::runs(before, after, fixed)
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
        // Of a task in the same mapped group, an instance looks at the one with the same index.
        let mine =
            |of: &&TiRow| task.shared_map_groups(upstream) == 0 || of.map_index < 0 || of.map_index == ti.map_index;
        for of in after.tis_of(ti.run_key).filter(|of| of.task_id == upstream.task_id).filter(mine) {
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
