//! Why a task instance ended without having run, or ended badly.

use tradewind_core::plan::Reason;
use tradewind_core::{Dag, TaskState};
use tradewind_store::TiRow;
use tradewind_store::read::TiView;

/// Names at most, so that a join over thousands stays readable.
const NAMES: usize = 5;

/// What there is to say about one that is over; nothing about one that succeeded.
pub fn reasons(ti: &TiView, tis: &[TiRow], dag: &Dag) -> Vec<Reason> {
    let row = tis.iter().find(|row| row.id == ti.id);
    let kept = row.and_then(|row| row.reason.clone()).filter(|reason| !reason.is_empty());
    let task = dag.by_id.get(&ti.task_id).map(|&number| &dag.tasks[number]);
    let upstream = |wanted: &dyn Fn(Option<TaskState>) -> bool| {
        let of = |row: &&TiRow| {
            task.is_some_and(|task| task.upstream.iter().any(|&up| dag.tasks[up].task_id == row.task_id))
        };
        names(tis.iter().filter(of).filter(|row| wanted(row.state)))
    };
    let rule = task.map(|task| task.trigger_rule).unwrap_or(tradewind_core::TriggerRule::AllSuccess);
    let found = match ti.state {
        Some(TaskState::UpstreamFailed) => {
            let failed = upstream(&|state| matches!(state, Some(TaskState::Failed | TaskState::UpstreamFailed)));
            if failed.is_empty() {
                let others = upstream(&|state| state.is_some_and(TaskState::is_finished));
                (!others.is_empty()).then_some(Reason::UpstreamSkipped { rule, tasks: others })
            } else {
                Some(Reason::UpstreamFailed { rule, tasks: failed })
            }
        }
        Some(TaskState::Skipped) => {
            let asked = names(tis.iter().filter(|row| row.skip.contains(&ti.task_id)));
            // What the rule did not want: skipped ones, or, for rules that want failures, those that went well.
            let skipped = upstream(&|state| state == Some(TaskState::Skipped));
            let others = upstream(&|state| state.is_some_and(TaskState::is_finished));
            let tasks = if skipped.is_empty() { others } else { skipped };
            if !asked.is_empty() {
                Some(Reason::SkippedBy { tasks: asked })
            } else if kept.is_none() && !tasks.is_empty() {
                Some(Reason::UpstreamSkipped { rule, tasks })
            } else {
                None
            }
        }
        _ => None,
    };
    let kept = kept.filter(|_| ti.state != Some(TaskState::Success)).map(Reason::Ended);
    kept.into_iter().chain(found).collect()
}

fn names<'r>(rows: impl Iterator<Item = &'r TiRow>) -> Vec<String> {
    let mut names: Vec<String> = rows
        .map(|row| match row.map_index {
            -1 => row.task_id.clone(),
            index => format!("{}[{index}]", row.task_id),
        })
        .collect();
    if names.len() > NAMES {
        let more = names.len() - NAMES;
        names.truncate(NAMES);
        names.push(format!("{more} more"));
    }
    names
}
