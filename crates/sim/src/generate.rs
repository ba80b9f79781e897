//! Scenarios from seeds.

use std::collections::BTreeMap;

use tradewind_core::{Reprocess, TriggerRule};

use crate::model::Fire;
use crate::rng::Rng;
use crate::scenario::{Outcome, Scenario, Step};
use crate::shape::{DagShape, MapShape, TaskShape};

/// The scenario of a seed.
pub fn generate(seed: u64) -> Scenario {
    let mut rng = Rng::new(seed.wrapping_mul(0x2545_f491_4f6c_dd1d) ^ 0x5ca1_ab1e);
    let pools: BTreeMap<String, i64> = (0..rng.below(3)).map(|n| (format!("p{n}"), 1 + rng.below(3) as i64)).collect();
    let dags = (0..1 + rng.below(3)).map(|number| dag(&mut rng, number, &pools)).collect();
    let schedulers = 1 + rng.below(3);
    // Some worlds are without faults, so that what breaks there is easy to read.
    let faults = !rng.one_in(6);
    let steps = (0..40 + rng.below(260)).map(|_| step(&mut rng, faults)).collect();
    Scenario { seed, schedulers, workers: 1 + rng.below(3), slots: 1 + rng.below(6) as u32, pools, dags, steps }
}

fn dag(rng: &mut Rng, number: usize, pools: &BTreeMap<String, i64>) -> DagShape {
    let count = 1 + rng.below(7);
    let tasks = (0..count).map(|n| task(rng, n, count, pools)).collect();
    let mut shape = DagShape {
        tasks,
        groups: Vec::new(),
        // Of DAGs before it, so that no DAG waits for itself.
        waits_for: (0..number).filter(|_| rng.one_in(2)).collect(),
        any: rng.one_in(2),
        every: rng.one_in(3).then(|| 60 * (1 + rng.below(5) as u32)),
        catchup: rng.one_in(2),
        max_active_runs: 1 + rng.below(3) as u32,
        max_active_tasks: 1 + rng.below(5) as u32,
        timeout: rng.one_in(8).then(|| 120 + rng.below(600) as u32),
        fail_fast: rng.one_in(8),
    };
    if rng.one_in(4) {
        mapped_group(rng, &mut shape);
    }
    // Whatever maps over a task comes after it.
    for n in 0..count {
        if let MapShape::Upstream(up) = shape.tasks[n].map {
            shape.tasks[up].down.push(n);
        }
    }
    // A teardown belongs to a setup before it.
    for n in 1..count {
        if shape.tasks[n].teardown
            && let Some(setup) = (0..n).find(|&m| shape.tasks[m].setup)
        {
            shape.tasks[setup].down.push(n);
        }
    }
    shape
}

/// Some tasks in a row become a mapped group.
fn mapped_group(rng: &mut Rng, shape: &mut DagShape) {
    let count = shape.tasks.len();
    let first = rng.below(count);
    let end = (first + 1 + rng.below(3)).min(count);
    let over = if first > 0 && rng.one_in(2) {
        let up = rng.below(first);
        shape.tasks[up].down.extend(first..end);
        MapShape::Upstream(up)
    } else {
        MapShape::Literal(rng.below(4) as u32)
    };
    shape.groups.push(over);
    for task in &mut shape.tasks[first..end] {
        task.group = Some(0);
        task.map = MapShape::None;
    }
}

fn task(rng: &mut Rng, number: usize, count: usize, pools: &BTreeMap<String, i64>) -> TaskShape {
    let density = 2 + rng.below(3);
    let names: Vec<&String> = pools.keys().collect();
    let map = match rng.below(8) {
        0 => MapShape::Literal(rng.below(4) as u32),
        1 if number > 0 => MapShape::Upstream(rng.below(number)),
        _ => MapShape::None,
    };
    let past = rng.one_in(8);
    TaskShape {
        down: (number + 1..count).filter(|_| rng.one_in(density)).collect(),
        rule: if rng.one_in(2) { TriggerRule::AllSuccess } else { TriggerRule::ALL[rng.below(TriggerRule::ALL.len())] },
        retries: rng.below(3) as u32,
        backoff: rng.one_in(4),
        empty: map == MapShape::None && rng.one_in(4),
        map,
        group: None,
        updates: rng.one_in(3),
        setup: map == MapShape::None && rng.one_in(8),
        teardown: map == MapShape::None && number > 0 && rng.one_in(8),
        depends_on_past: past,
        wait_for_downstream: past && rng.one_in(2),
        pool: if names.is_empty() || rng.one_in(2) { String::new() } else { names[rng.below(names.len())].clone() },
        slots: 1,
        priority: 1 + rng.below(4) as i32,
        per_dag: rng.one_in(8).then(|| 1 + rng.below(2) as u32),
        per_dagrun: rng.one_in(8).then(|| 1 + rng.below(2) as u32),
    }
}

/// How a try ends, at random.
pub fn outcome(rng: &mut Rng) -> Outcome {
    match rng.below(19) {
        16..=17 => Outcome::Defer(if rng.one_in(3) { 0 } else { 10 + rng.below(200) as u32 }),
        18 => Outcome::Ask,
        0..=8 => Outcome::Success(rng.below(4) as u32),
        9 => Outcome::Branch(rng.bits() as u32),
        10..=12 => Outcome::Retry,
        13 => Outcome::Failed,
        14 => Outcome::Skipped,
        _ => Outcome::Reschedule(10 + rng.below(60) as u32),
    }
}

/// What a trigger says, at random.
pub fn fire(rng: &mut Rng) -> Fire {
    rng.weighted(&[(6, Fire::Event), (1, Fire::Success), (1, Fire::Retry), (1, Fire::Skipped)])
}

/// What people do about dates of the past.
fn backfill(rng: &mut Rng) -> Step {
    let nth = rng.below(64);
    match rng.below(6) {
        0 => Step::PauseBackfill { nth, paused: rng.one_in(2) },
        1 => Step::CancelBackfill(nth),
        _ => Step::Backfill {
            dag: nth,
            from: rng.below(9) as i32 - 5,
            count: 1 + rng.below(4) as u32,
            backwards: rng.one_in(4),
            reprocess: [Reprocess::None, Reprocess::Failed, Reprocess::Completed][rng.below(3)],
            max_active_runs: 1 + rng.below(3) as u32,
        },
    }
}

fn step(rng: &mut Rng, faults: bool) -> Step {
    let (a, b) = (rng.below(64), rng.below(64));
    if rng.one_in(16) {
        return Step::Fire { nth: a, fire: fire(rng) };
    }
    if rng.one_in(30) {
        return backfill(rng);
    }
    let usual = rng.below(100);
    match usual {
        0..=4 => Step::Trigger(a),
        5..=24 => Step::Tick(a),
        25..=39 => Step::Phase(a),
        40..=54 => Step::Deliver { message: a, worker: b },
        55..=69 => Step::Finish { worker: a, nth: b, outcome: outcome(rng), unheard: faults && rng.one_in(8) },
        70..=73 => Step::Poll(a),
        74..=77 => Step::Beat(a),
        78..=83 => Step::Wait(1 + rng.below(45) as u32),
        84 => Step::Pause { dag: a, paused: rng.one_in(2) },
        85 => Step::Resize { pool: a, slots: 1 + rng.below(3) as i64 },
        86..=87 => Step::Clear { first: a, count: 1 + rng.below(3) },
        88 => Step::Mark { nth: a, success: rng.one_in(2) },
        _ if !faults => Step::Tick(a),
        89..=90 => Step::Crash(a),
        91 => Step::Unknown { scheduler: a, applied: rng.one_in(2) },
        92 => Step::Skew { scheduler: a, seconds: 200 * (rng.below(37) as i32 - 18) },
        93 => Step::Lose(a),
        94 => Step::Double(a),
        95 => Step::StartUnheard { message: a, worker: b },
        96 => Step::Silence(a),
        97 => Step::Return(a),
        98 => Step::WorkerDies(a, rng.one_in(2)),
        _ => Step::Wait(rng.below(900) as u32),
    }
}
