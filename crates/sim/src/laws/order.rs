//! What comes after what: the past, the order of a backfill, the intervals of a schedule.

use std::collections::BTreeMap;
use std::rc::Rc;

use tradewind_core::{RunState, TaskState, Timestamp};

use super::{Breach, law};
use crate::model::{Model, RunRow, TiRow};
use crate::scheduler::Fixed;

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

/// Runs of a backfill begin in its order, whoever plans them: by what the scheduler had read when it planned.
pub fn backfill_order(read: &Model, before: &Model, after: &Model, scheduler: i64) -> Result<(), Breach> {
    let waits = |run: &&Rc<RunRow>| run.state == RunState::Queued;
    for new in after.runs.values().filter(|run| run.state != RunState::Queued) {
        let begins = before.runs.get(&new.id).filter(waits).is_some_and(|run| run.owner == Some(scheduler));
        let Some((backfill, ordinal)) = new.backfill.filter(|_| begins && new.owner.is_none_or(|id| id == scheduler))
        else {
            continue;
        };
        let active = after.backfills.get(&backfill).is_some_and(|row| !row.completed);
        let passed = after.runs.values().filter(waits).find(|run| {
            let known = read.runs.get(&run.id).filter(waits);
            known.is_some_and(|known| known.fence == run.fence && known.backfill == run.backfill)
                && run.backfill.is_some_and(|(id, place)| id == backfill && place < ordinal)
                && run.run_after <= new.run_after
        });
        law("a backfill begins in its order", !active || passed.is_none(), || format!("{new:?} before {passed:?}"))?;
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
        // A backfill makes dates out of turn.
        let backfilled = model.backfills.values().any(|row| row.dag_id == dag.dag.dag_id);
        if restriction.catchup && !backfilled {
            let whole = dates.windows(2).all(|pair| pair[0] + dag.every == pair[1]);
            let first = dates.first().is_none_or(|first| Some(*first) == restriction.earliest);
            law("no interval is skipped", whole && first, || format!("{dates:?}"))?;
        }
    }
    Ok(())
}
