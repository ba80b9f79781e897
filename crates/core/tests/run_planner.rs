//! Laws of the run planner on random DAGs with random outcomes.

use std::sync::Arc;

use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use tradewind_core::dag::{MapDraft, TaskDraft, link};
use tradewind_core::plan::{Past, Reason, Run, RunPlanner, RunSnapshot, TaskInstance, plan_run};
use tradewind_core::{Dag, Duration, Lane, RunState, Task, TaskState, Timestamp, TriggerRule, WeightRule};

#[derive(Clone, Debug)]
struct TaskShape {
    rule: usize,
    retries: u32,
    lane: Lane,
    edges: u16,
    mapped_over_previous: bool,
    teardown: bool,
}

fn shape() -> impl Strategy<Value = TaskShape> {
    (0..TriggerRule::ALL.len(), 0u32..3, 0u8..3, any::<u16>(), prop::bool::weighted(0.2), prop::bool::weighted(0.1))
        .prop_map(|(rule, retries, lane, edges, mapped_over_previous, teardown)| TaskShape {
            // Half of all tasks have the ordinary rule.
            rule: if edges % 2 == 0 { 0 } else { rule },
            retries,
            lane: [Lane::Empty, Lane::Bash, Lane::Python][lane as usize],
            edges,
            mapped_over_previous,
            teardown,
        })
}

fn dag(shapes: &[TaskShape], fail_fast: bool, timeout: bool) -> Arc<Dag> {
    let name = |n: usize| format!("t{n:02}");
    let drafts = shapes
        .iter()
        .enumerate()
        .map(|(n, shape)| {
            let mapped = shape.mapped_over_previous && n > 0;
            let mut downstream: Vec<String> =
                (n + 1..shapes.len()).filter(|m| shape.edges >> (m % 16) & 1 == 1).map(name).collect();
            if shapes.get(n + 1).is_some_and(|next| next.mapped_over_previous) {
                downstream.push(name(n + 1));
            }
            TaskDraft {
                task: Task {
                    task_id: name(n),
                    trigger_rule: TriggerRule::ALL[shape.rule],
                    retries: shape.retries,
                    retry_delay: Duration::from_secs(30),
                    lane: if mapped { Lane::Python } else { shape.lane },
                    is_teardown: shape.teardown,
                    ..Task::default()
                },
                downstream,
                priority_weight: 1,
                weight_rule: WeightRule::Downstream,
                map_over: mapped.then(|| vec![MapDraft::Upstream(name(n - 1))]),
            }
        })
        .collect();
    let (tasks, by_id) = link(drafts).expect("edges go forward");
    Arc::new(Dag {
        dag_id: "d".into(),
        tasks,
        by_id,
        max_active_runs: 1,
        max_active_tasks: 16,
        dagrun_timeout: timeout.then(|| Duration::from_secs(600)),
        fail_fast,
    })
}

fn fresh(planner: &RunPlanner) -> RunSnapshot {
    RunSnapshot {
        dag: planner.dag.clone(),
        run: planner.run.clone(),
        tis: planner.tis.clone(),
        past: Past::default(),
        paused: planner.is_paused(),
    }
}

/// What a worker might report, chosen by a random number.
fn outcome(ti: &TaskInstance, choice: u32) -> TaskInstance {
    let mut ti = ti.clone();
    ti.fence += 1;
    ti.end_date = Some(Timestamp::from_secs(i64::from(choice % 1000)));
    ti.state = Some(match choice % 7 {
        0..=3 => TaskState::Success,
        4 => TaskState::Skipped,
        5 => TaskState::Failed,
        _ if ti.try_number > ti.max_tries => TaskState::Failed,
        _ => TaskState::UpForRetry,
    });
    if ti.state == Some(TaskState::Success) {
        ti.map_length = Some(choice / 7 % 4);
    }
    ti
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 3_000,
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))),
        ..ProptestConfig::default()
    })]

    #[test]
    fn planning_with_memory_equals_planning_afresh_and_every_run_ends(
        shapes in prop::collection::vec(shape(), 1..12),
        choices in prop::collection::vec(any::<u32>(), 1..64),
        fail_fast in prop::bool::weighted(0.15),
        timeout in prop::bool::weighted(0.1),
    ) {
        let dag = dag(&shapes, fail_fast, timeout);
        let run = Run { key: 1, state: RunState::Queued, logical_date: None, start_date: None, end_date: None };
        let mut now = Timestamp::from_secs(1_000);
        let mut planner =
            RunPlanner::new(RunSnapshot { dag, run, tis: Vec::new(), past: Past::default(), paused: false });
        planner.start(now);
        planner.add_missing();
        let mut choice = choices.iter().cycle().copied().enumerate().map(|(n, c)| c.wrapping_mul(2_654_435_761).wrapping_add(n as u32));
        for step in 0.. {
            prop_assert!(step < 2_000, "the run does not end: {:#?}", planner.waiting(now));
            // The same decisions, with memory and without.
            let (plan, afresh) = plan_run(fresh(&planner), now);
            let finished_before: Vec<_> = planner.tis.iter().map(|ti| ti.is_finished().then_some(ti.state)).collect();
            let wake_at = planner.plan(now);
            prop_assert_eq!(&planner.tis, &afresh.tis);
            prop_assert_eq!(planner.run.state, afresh.run.state);
            prop_assert_eq!(wake_at, plan.wake_at);
            // Ended is final.
            for (ti, before) in planner.tis.iter().zip(finished_before) {
                prop_assert!(before.is_none_or(|state| state == ti.state));
            }
            if planner.run.state.is_finished() {
                prop_assert!(planner.tis.iter().all(TaskInstance::is_finished));
                break;
            }
            // Everybody who is not finished is explained, and looking again changes nothing.
            let waiting = planner.waiting(now);
            prop_assert_eq!(waiting.len(), planner.tis.iter().filter(|ti| !ti.is_finished()).count());
            let settled = planner.tis.clone();
            prop_assert_eq!(planner.plan(now), wake_at);
            prop_assert_eq!(&planner.tis, &settled);

            // The world goes on: one that is ready is queued, one that is queued runs, one that runs ends, or time passes.
            let pick = choice.next().unwrap_or_default();
            let movable: Vec<usize> = (0..planner.tis.len())
                .filter(|&i| matches!(planner.tis[i].state, Some(TaskState::Scheduled | TaskState::Queued | TaskState::Running)))
                .collect();
            if let Some(&index) = movable.get(pick as usize % movable.len().max(1)) {
                match planner.tis[index].state {
                    Some(TaskState::Scheduled) => planner.queued(index, now),
                    Some(TaskState::Queued) => {
                        let mut ti = planner.tis[index].clone();
                        ti.state = Some(TaskState::Running);
                        ti.start_date = Some(now);
                        planner.observe(ti);
                    }
                    _ => {
                        let ti = outcome(&planner.tis[index], choice.next().unwrap_or_default());
                        planner.observe(ti);
                    }
                }
            } else {
                // Nothing is in flight: the plan must name the instant at which it goes on, and nothing may be
                // due before it.
                let at = wake_at.ok_or_else(|| TestCaseError::fail(format!("stuck: {waiting:#?}")))?;
                prop_assert!(at > now);
                let just_before = at - Duration::from_micros(1);
                prop_assert_eq!(planner.plan(just_before), Some(at));
                prop_assert_eq!(&planner.tis, &settled);
                now = at;
            }
        }
    }
}

#[test]
fn a_paused_dag_starts_nothing_and_says_so() {
    let shapes =
        [TaskShape { rule: 0, retries: 0, lane: Lane::Python, edges: 0, mapped_over_previous: false, teardown: false }];
    let now = Timestamp::from_secs(1);
    let run = Run { key: 1, state: RunState::Queued, logical_date: None, start_date: None, end_date: None };
    let mut planner = RunPlanner::new(RunSnapshot {
        dag: dag(&shapes, false, false),
        run,
        tis: Vec::new(),
        past: Past::default(),
        paused: true,
    });
    planner.start(now);
    planner.add_missing();
    planner.plan(now);
    assert_eq!(planner.tis[0].state, None);
    assert_eq!(planner.waiting(now), [(0, Reason::DagPaused)]);
    planner.set_paused(false);
    planner.plan(now);
    assert_eq!(planner.tis[0].state, Some(TaskState::Scheduled));
}

#[test]
fn a_short_circuit_skips_everything_behind_it_whatever_the_trigger_rules_say() {
    let plain = |edges| TaskShape {
        rule: 0,
        retries: 0,
        lane: Lane::Python,
        edges,
        mapped_over_previous: false,
        teardown: false,
    };
    let always = TriggerRule::ALL.iter().position(|rule| *rule == TriggerRule::Always).unwrap();
    // t00 -> t01 -> t02, and t02 has a rule that would let it go at any time.
    let mut last = plain(0);
    last.rule = always;
    let dag = dag(&[plain(1 << 1), plain(1 << 2), last], false, false);
    let now = Timestamp::from_secs(1);
    let run = Run { key: 1, state: RunState::Queued, logical_date: None, start_date: None, end_date: None };
    let mut planner = RunPlanner::new(RunSnapshot { dag, run, tis: Vec::new(), past: Past::default(), paused: false });
    planner.start(now);
    planner.add_missing();
    planner.observe(TaskInstance {
        state: Some(TaskState::Success),
        skip: vec!["t01".into(), "t02".into()],
        start_date: Some(now),
        end_date: Some(now),
        ..planner.tis[0].clone()
    });
    planner.plan(now);
    assert_eq!(planner.tis[1].state, Some(TaskState::Skipped));
    assert_eq!(planner.tis[2].state, Some(TaskState::Skipped));
    assert_eq!(planner.run.state, RunState::Success);
}
