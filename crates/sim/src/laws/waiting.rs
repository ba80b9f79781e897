//! Tries that wait without a worker.

use tradewind_core::TaskState;

use super::{Actor, Breach, law};
use crate::model::{Model, TiRow, is_waiting};

/// What waits goes on in the same try, and no scheduler wakes it before its time.
pub(super) fn goes_on(old: &TiRow, new: &TiRow, actor: Actor) -> Result<(), Breach> {
    let goes = is_waiting(old.state) && matches!(new.state, Some(TaskState::Scheduled | TaskState::Queued));
    law("what waited goes on in the same try", !goes || new.try_number == old.try_number, || {
        format!("{old:?} became {new:?}")
    })?;
    let due = old.retry_at.is_some_and(|at| new.scheduled_at >= Some(at));
    law("a wait lasts until its trigger or its time comes", !goes || actor != Actor::Scheduler || due, || {
        format!("{old:?} became {new:?}")
    })
}

/// Whoever waits has something that wakes it, and nobody else has.
pub(super) fn triggers(after: &Model) -> Result<(), Breach> {
    for ti in after.tis.values().filter(|ti| is_waiting(ti.state)) {
        let wakes = |row: &&crate::model::TriggerRow| row.ti_id == ti.id && row.try_number == ti.try_number;
        let count = after.triggers.values().filter(wakes).count();
        law("whoever waits has one trigger", count == 1, || format!("{ti:?} has {count}"))?;
    }
    let stale = after.triggers.values().find(|row| !after.tis.get(&row.ti_id).is_some_and(|ti| is_waiting(ti.state)));
    law("a trigger has somebody who waits", stale.is_none(), || format!("{stale:?}"))
}
