//! Limits are never overdrawn.

use tradewind_core::plan::Lane;

use super::{Breach, law};
use crate::model::{Model, TiRow};
use crate::scheduler::{Fixed, limit};

const LAW: &str = "limits are never overdrawn";

/// Runs at once, of a DAG and of a backfill; neither counts the other's.
pub(super) fn runs(before: &Model, after: &Model, fixed: &Fixed) -> Result<(), Breach> {
    for dag in &fixed.dags {
        let dag_id = &dag.dag.dag_id;
        let was = before.running_runs(dag_id, None);
        for (lane, is) in after.running_runs(dag_id, None) {
            let Lane { limit, .. } = limit(after, fixed, &lane);
            let grew = is > was.get(&lane).copied().unwrap_or(0);
            law(LAW, !grew || is <= limit, || format!("{is} runs of {lane:?} are running, not {limit}"))?;
        }
    }
    Ok(())
}

/// Everything that a try counts against when it is queued.
pub(super) fn tries(after: &Model, fixed: &Fixed, ti: &TiRow) -> Result<(), Breach> {
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
