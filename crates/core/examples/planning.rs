//! How many task finishes a second the run planner handles, by the number of instances in the run. One core, no I/O.
//!
//! ```text
//! cargo run --release -p tradewind-core --example planning
//! ```
//! `-- --json LABEL` prints the largest of the first kind as a line for `benches/figures` instead.

use std::sync::Arc;
use std::time::Instant;

use tradewind_core::dag::{MapDraft, MapGroupDraft, TaskDraft, link};
use tradewind_core::plan::{Past, Run, RunPlanner, RunSnapshot, TaskInstance};
use tradewind_core::{Dag, Duration, Lane, RunState, Task, TaskState, Timestamp};

fn main() {
    let mut args = std::env::args().skip(1);
    if args.next().as_deref() == Some("--json") {
        let label = args.next().unwrap_or_else(|| "standalone".into());
        let (drafts, length) = mapped(100_000);
        let (finishes, seconds, _) = run(drafts, length);
        let figures = serde_json::json!({"finishes_per_s": f64::from(finishes) / seconds});
        println!("{}", serde_json::json!({"label": label, "scenario": "planning", "figures": figures}));
        return;
    }
    println!("{:>32} {:>10} {:>14} {:>12}", "run", "instances", "finishes/s", "load, ms");
    type Shape = fn(u32) -> (Vec<TaskDraft>, Option<u32>);
    let shapes: [(&str, Shape); 3] =
        [("mapped task and a join", mapped), ("mapped group of two", group), ("ten layers", layers)];
    for (name, shape) in shapes {
        for size in [100, 1_000, 10_000, 100_000] {
            let (drafts, length) = shape(size);
            let (finishes, seconds, load) = run(drafts, length);
            println!("{name:>32} {finishes:>10} {:>14.0} {:>12.1}", f64::from(finishes) / seconds, load * 1e3);
        }
    }
}

fn task(task_id: &str, downstream: &[&str]) -> TaskDraft {
    TaskDraft {
        task: Task { task_id: task_id.into(), lane: Lane::Python, ..Task::default() },
        downstream: downstream.iter().map(ToString::to_string).collect(),
        ..TaskDraft::default()
    }
}

/// `list >> work (mapped) >> join`
fn mapped(size: u32) -> (Vec<TaskDraft>, Option<u32>) {
    let mut work = task("work", &["join"]);
    work.map_over = Some(vec![MapDraft::Upstream("list".into())]);
    (vec![task("list", &["work"]), work, task("join", &[])], Some(size))
}

/// `list >> [first >> second] (mapped) >> join`
fn group(size: u32) -> (Vec<TaskDraft>, Option<u32>) {
    let groups = || vec![MapGroupDraft { group_id: "g".into(), over: vec![MapDraft::Upstream("list".into())] }];
    let (mut first, mut second) = (task("g.first", &["g.second"]), task("g.second", &["join"]));
    (first.map_groups, second.map_groups) = (groups(), groups());
    (vec![task("list", &["g.first"]), first, second, task("join", &[])], Some(size / 2))
}

/// Plain tasks in ten layers; each comes after two of the layer before.
fn layers(size: u32) -> (Vec<TaskDraft>, Option<u32>) {
    let width = size / 10;
    let name = |layer: u32, n: u32| format!("l{layer}_{:06}", n % width);
    let drafts = (0..10).flat_map(|layer| {
        (0..width).map(move |n| {
            let next = if layer < 9 { vec![name(layer + 1, n), name(layer + 1, n + 1)] } else { Vec::new() };
            task(&name(layer, n), &next.iter().map(String::as_str).collect::<Vec<_>>())
        })
    });
    (drafts.collect(), None)
}

/// Runs a DAG, one finish after the other: the number of finishes, seconds, and seconds to load the whole run anew.
fn run(drafts: Vec<TaskDraft>, length: Option<u32>) -> (u32, f64, f64) {
    let (tasks, by_id) = link(drafts).expect("a right graph");
    let dag = Arc::new(Dag { dag_id: "d".into(), tasks, by_id, max_active_tasks: u32::MAX, ..Dag::default() });
    let run = Run { key: 1, state: RunState::Queued, task_date: None, start_date: None, end_date: None };
    let snapshot = RunSnapshot { dag, run, tis: Vec::new(), past: Past::default(), paused: false };
    let mut now = Timestamp::from_secs(1_000);
    let mut planner = RunPlanner::new(snapshot);
    planner.start(now);
    planner.add_missing();
    planner.plan(now);
    let may_go = |planner: &mut RunPlanner| {
        let touched = planner.take_touched();
        touched.into_iter().filter(|&index| planner.tis[index].state == Some(TaskState::Scheduled)).collect::<Vec<_>>()
    };
    let mut ready = std::collections::VecDeque::from(may_go(&mut planner));
    let (mut finishes, began, mut load) = (0, Instant::now(), 0.0);
    while let Some(index) = ready.pop_front() {
        now = now + Duration::from_micros(1);
        planner.queued(index, now);
        let ended = TaskInstance {
            state: Some(TaskState::Success),
            start_date: Some(now),
            end_date: Some(now),
            map_length: length.or(Some(1)),
            ..planner.tis[index].clone()
        };
        planner.observe(ended);
        planner.plan(now);
        finishes += 1;
        ready.extend(may_go(&mut planner));
        if finishes as usize == planner.tis.len() / 2 {
            let again = RunSnapshot {
                dag: planner.dag.clone(),
                run: planner.run.clone(),
                tis: planner.tis.clone(),
                past: Past::default(),
                paused: false,
            };
            let loading = Instant::now();
            RunPlanner::new(again).plan(now);
            load = loading.elapsed().as_secs_f64();
        }
    }
    assert_eq!(planner.run.state, RunState::Success, "the run ends");
    (finishes, began.elapsed().as_secs_f64() - load, load)
}
