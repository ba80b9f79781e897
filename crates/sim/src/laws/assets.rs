//! Updates of assets: none is lost, none counts twice.

use std::collections::BTreeMap;
use std::rc::Rc;

use tradewind_core::TaskState;
use tradewind_core::plan::{AssetConsumer, plan_asset_runs};

use super::{Actor, Breach, law};
use crate::model::{Model, mentions};
use crate::scheduler::Fixed;

/// After each change: a success is one event of each asset, and each event is in the queue of everybody who waits for
/// it, or one of their runs has it.
pub(super) fn events(before: &Model, after: &Model, actor: Actor, fixed: &Fixed) -> Result<(), Breach> {
    for (id, new) in &after.tis {
        let old = before.tis.get(id);
        let news = old.is_none_or(|old| !Rc::ptr_eq(old, new)) && new.state == Some(TaskState::Success);
        let was = old.and_then(|old| old.state);
        // A person's mark, and a trigger that ends its task, update nothing.
        let by_mark = actor == Actor::Person || crate::model::is_waiting(was);
        if !news || was == Some(TaskState::Success) || by_mark {
            continue;
        }
        let dag = fixed.dag(&after.runs[&new.run_key].dag_id);
        for asset in &dag.outlets[dag.dag.by_id[&new.task_id]] {
            let told = after.events.values().filter(|row| row.source == (*id, new.try_number) && row.asset == *asset);
            let count = told.count();
            law("a success is one event", count == 1, || format!("{count} of {asset:?} by {new:?}"))?;
        }
    }
    if after.events.len() == before.events.len()
        && after.queue == before.queue
        && after.consumed.len() == before.consumed.len()
    {
        return Ok(());
    }
    let mut taken: BTreeMap<(&str, i64), u32> = BTreeMap::new();
    for row in &after.consumed {
        *taken.entry((&row.dag_id, row.event_id)).or_default() += 1;
    }
    for (event_id, event) in &after.events {
        for dag in &fixed.dags {
            let waits = dag.spec.asset_schedule().is_some_and(|schedule| mentions(schedule.condition, &event.asset));
            let dag_id = &dag.dag.dag_id;
            let queued = u32::from(after.queue.contains(&(dag_id.clone(), *event_id)));
            let places = queued + taken.get(&(dag_id.as_str(), *event_id)).copied().unwrap_or(0);
            law("an event is for each who waits, once", places == u32::from(waits), || {
                format!("event {event_id} {event:?} is in {places} places of {dag_id}")
            })?;
        }
    }
    Ok(())
}

/// In the end: whatever could be consumed was.
pub(super) fn consumed(model: &Model, fixed: &Fixed) -> Result<(), Breach> {
    for dag in &fixed.dags {
        let Some(schedule) = dag.spec.asset_schedule() else { continue };
        let queue = model.queue_of(&dag.dag.dag_id);
        let plan = plan_asset_runs(&AssetConsumer { schedule, aliases: BTreeMap::new(), queue, most_keys: 1 });
        law("what has come makes its run", plan.runs.is_empty(), || {
            format!("{} lacks {:?}", dag.dag.dag_id, plan.runs)
        })?;
    }
    Ok(())
}
