//! Any JSON as a serialized DAG: refused, or planned to a standstill without a panic.
#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use tradewind_core::plan::{Past, Run, RunSnapshot, plan_run};
use tradewind_core::timetable::{Restriction, TimetableSpec};
use tradewind_core::{RunState, TaskState, Timestamp};
use tradewind_protocol::SerializedDag;
use tradewind_protocol::serialized_dag::DagDefaults;

const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

fuzz_target!(|data: &[u8]| {
    let Ok(serialized) = serde_json::from_slice::<SerializedDag>(data) else { return };
    if let Ok(spec) = serde_json::from_value::<TimetableSpec>(serialized.timetable.clone())
        && let Ok(timetable) = spec.compile()
    {
        let restriction = Restriction { earliest: Some(NOW), latest: None, catchup: true };
        let next = timetable.next_run(None, &restriction, NOW);
        let _ = (timetable.summary(), timetable.description(), timetable.infer_manual_interval(NOW), next);
    }
    let Ok(dag) = serialized.to_core(&DagDefaults::default()) else { return };
    let run = Run { key: 1, state: RunState::Queued, logical_date: Some(NOW), start_date: None, end_date: None };
    let snapshot = RunSnapshot { dag: Arc::new(dag), run, tis: Vec::new(), past: Past::default(), paused: false };
    let (_, mut planner) = plan_run(snapshot, NOW);
    planner.start(NOW);
    planner.add_missing();
    for round in 0..100 {
        planner.plan(NOW);
        let ready: Vec<usize> =
            (0..planner.tis.len()).filter(|&index| planner.tis[index].state == Some(TaskState::Scheduled)).collect();
        if ready.is_empty() {
            break;
        }
        for index in ready {
            let mut ti = planner.tis[index].clone();
            ti.state = Some(if (index + round) % 3 == 0 { TaskState::Failed } else { TaskState::Success });
            ti.end_date = Some(NOW);
            planner.observe(ti);
        }
    }
    let _ = planner.waiting(NOW);
});
