//! Laws of the run planner on random DAGs with random outcomes.

use std::sync::Arc;

use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use tradewind_core::dag::{MapDraft, MapGroupDraft, TaskDraft, link};
use tradewind_core::plan::{Past, Reason, Run, RunPlanner, RunSnapshot, TaskInstance, plan_run};
use tradewind_core::{Dag, Duration, Lane, RunState, Task, TaskState, Timestamp, TriggerRule};

#[derive(Clone, Debug)]
struct TaskShape {
    rule: usize,
    retries: u32,
    lane: Lane,
    edges: u16,
    mapped_over_previous: bool,
    teardown: bool,
    setup: bool,
}

/// A mapped task group around some of the tasks, perhaps with another one within.
#[derive(Clone, Debug)]
struct GroupShape {
    first: usize,
    length: usize,
    /// Maps over the result of the task before its first one, or over a list in the file.
    over_previous: bool,
    items: u32,
    inner: usize,
}

fn group() -> impl Strategy<Value = GroupShape> {
    (0usize..10, 1usize..6, any::<bool>(), 0u32..4, 0usize..4).prop_map(
        |(first, length, over_previous, items, inner)| GroupShape { first, length, over_previous, items, inner },
    )
}

fn shape() -> impl Strategy<Value = TaskShape> {
    (0..TriggerRule::ALL.len(), 0u32..3, 0u8..3, any::<u16>(), prop::bool::weighted(0.2), 0u8..12).prop_map(
        |(rule, retries, lane, edges, mapped_over_previous, role)| TaskShape {
            // Half of all tasks have the ordinary rule.
            rule: if edges % 2 == 0 { 0 } else { rule },
            retries,
            lane: [Lane::Empty, Lane::Bash, Lane::Python][lane as usize],
            edges,
            mapped_over_previous,
            teardown: role == 0,
            setup: role == 1,
        },
    )
}

fn dag(shapes: &[TaskShape], group: Option<&GroupShape>, fail_fast: bool, timeout: bool) -> Arc<Dag> {
    let name = |n: usize| format!("t{n:02}");
    // Inside of a mapped group nothing is mapped by itself, and its source is outside of it.
    let group = group.filter(|group| group.first < shapes.len());
    let over_previous = group.is_some_and(|group| group.over_previous && group.first > 0);
    let grouped = |n: usize| group.is_some_and(|group| (group.first..group.first + group.length).contains(&n));
    let mapped = |n: usize| shapes[n].mapped_over_previous && n > 0 && !grouped(n);
    let groups_of = |n: usize| {
        let Some(group) = group.filter(|_| grouped(n)) else { return Vec::new() };
        let over =
            if over_previous { MapDraft::Upstream(name(group.first - 1)) } else { MapDraft::Literal(group.items) };
        let mut groups = vec![MapGroupDraft { group_id: "g".into(), over: vec![over] }];
        if n - group.first < group.inner {
            groups.push(MapGroupDraft { group_id: "g.inner".into(), over: vec![MapDraft::Literal(2)] });
        }
        groups
    };
    let drafts = shapes
        .iter()
        .enumerate()
        .map(|(n, shape)| {
            let mut downstream: Vec<String> =
                (n + 1..shapes.len()).filter(|m| shape.edges >> (m % 16) & 1 == 1).map(name).collect();
            let sources_next = over_previous && group.is_some_and(|group| group.first == n + 1);
            if n + 1 < shapes.len() && (mapped(n + 1) || sources_next) {
                downstream.push(name(n + 1));
            }
            TaskDraft {
                task: Task {
                    task_id: name(n),
                    trigger_rule: TriggerRule::ALL[shape.rule],
                    retries: shape.retries,
                    retry_delay: Duration::from_secs(30),
                    lane: if mapped(n) { Lane::Python } else { shape.lane },
                    is_teardown: shape.teardown,
                    is_setup: shape.setup,
                    ..Task::default()
                },
                downstream,
                map_over: mapped(n).then(|| vec![MapDraft::Upstream(name(n - 1))]),
                map_groups: groups_of(n),
                ..TaskDraft::default()
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
fn outcome(planner: &RunPlanner, index: usize, choice: u32, now: Timestamp) -> TaskInstance {
    let mut ti = planner.tis[index].clone();
    ti.fence += 1;
    ti.end_date = Some(now);
    ti.state = Some(match choice % 7 {
        0..=3 => TaskState::Success,
        4 => TaskState::Skipped,
        5 => TaskState::Failed,
        _ if ti.try_number > ti.max_tries => TaskState::Failed,
        _ => TaskState::UpForRetry,
    });
    if ti.state == Some(TaskState::Success) {
        ti.map_length = (!choice.is_multiple_of(5)).then_some(choice / 7 % 4);
        let downstream = &planner.dag.tasks[ti.task].downstream;
        if choice.is_multiple_of(11)
            && let Some(&skipped) = downstream.get(choice as usize % downstream.len().max(1))
        {
            ti.skip = vec![planner.dag.tasks[skipped].task_id.clone()];
        }
    }
    ti
}

/// Somebody clears an instance.
fn cleared(ti: &TaskInstance) -> TaskInstance {
    TaskInstance { id: ti.id, try_number: ti.try_number, ..TaskInstance::new(ti.task, ti.map_index, ti.try_number) }
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
        group in prop::option::of(group()),
        mut clears in 0usize..4,
    ) {
        let dag = dag(&shapes, group.as_ref(), fail_fast, timeout);
        let run = Run { key: 1, state: RunState::Queued, task_date: None, start_date: None, end_date: None };
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
            let ended: Vec<usize> = (0..planner.tis.len()).filter(|&i| planner.tis[i].is_finished()).collect();
            if clears > 0 && pick % 17 == 0 && !ended.is_empty() {
                clears -= 1;
                for index in ended.iter().copied().filter(|index| (pick as usize + index).is_multiple_of(3)) {
                    let ti = cleared(&planner.tis[index]);
                    planner.observe(ti);
                }
                continue;
            }
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
                        let ti = outcome(&planner, index, choice.next().unwrap_or_default(), now);
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
    let shapes = [TaskShape {
        rule: 0,
        retries: 0,
        lane: Lane::Python,
        edges: 0,
        mapped_over_previous: false,
        teardown: false,
        setup: false,
    }];
    let now = Timestamp::from_secs(1);
    let run = Run { key: 1, state: RunState::Queued, task_date: None, start_date: None, end_date: None };
    let mut planner = RunPlanner::new(RunSnapshot {
        dag: dag(&shapes, None, false, false),
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
        setup: false,
    };
    let always = TriggerRule::ALL.iter().position(|rule| *rule == TriggerRule::Always).unwrap();
    // t00 -> t01 -> t02, and t02 has a rule that would let it go at any time.
    let mut last = plain(0);
    last.rule = always;
    let dag = dag(&[plain(1 << 1), plain(1 << 2), last], None, false, false);
    let now = Timestamp::from_secs(1);
    let run = Run { key: 1, state: RunState::Queued, task_date: None, start_date: None, end_date: None };
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
