//! Mapped tasks.

use tradewind_core::TaskState;
use tradewind_core::TriggerRule::{AllDone, NoneFailed, OneSuccess};
use tradewind_core::dag::MapDraft;

use crate::world::{End, With, World, ended, list, nothing, ok, result, task};

fn mapped(rest: &[&str]) -> World {
    World::new(vec![task("list", &["work"]), task("work", rest).over(vec![result("list")]), task("join", &[])])
}

#[test]
fn a_task_becomes_as_many_as_the_list_is_long_and_a_join_waits_for_all() {
    let mut world = mapped(&["join"]);
    assert_eq!(world.ready(), ["list"]);
    assert!(matches!(world.why("work"), Some(reason) if reason.code() == "trigger_rule"));
    world.end("list", list(3));
    assert_eq!(world.ready(), ["work[0]", "work[1]", "work[2]"]);
    world.end("work[1]", ok());
    world.end("work[0]", ok());
    assert_eq!(world.ready(), ["work[2]"]);
    world.end("work[2]", ok());
    assert_eq!(world.ready(), ["join"]);
}

#[test]
fn a_list_without_items_skips_the_task() {
    let mut world = mapped(&["join"]);
    world.run(|_| list(0));
    assert_eq!(world.summary(), "success: join=skipped list=success work=skipped");
}

#[test]
fn lists_in_the_file_multiply() {
    let over = vec![MapDraft::Literal(2), MapDraft::Literal(3)];
    let world = World::new(vec![task("work", &[]).over(over)]);
    assert_eq!(world.ready().len(), 6);
}

#[test]
fn zip_takes_the_shortest_or_fills_up_and_concat_adds() {
    let zip = |longest| MapDraft::Zip { of: vec![result("two"), result("three")], longest };
    let mut world = World::new(vec![
        task("two", &["short", "long", "both"]),
        task("three", &["short", "long", "both"]),
        task("short", &[]).over(vec![zip(false)]),
        task("long", &[]).over(vec![zip(true)]),
        task("both", &[]).over(vec![MapDraft::Concat(vec![result("two"), result("three")])]),
    ]);
    world.end("two", list(2));
    world.end("three", list(3));
    let of = |prefix: &str| world.ready().iter().filter(|name| name.starts_with(prefix)).count();
    assert_eq!((of("short["), of("long["), of("both[")), (2, 3, 5));
}

#[test]
fn mapping_over_a_mapped_task_takes_what_gave_a_result() {
    let mut world = World::new(vec![
        task("list", &["work"]),
        task("work", &["next"]).over(vec![result("list")]),
        task("next", &[]).over(vec![result("work")]).rule(AllDone),
    ]);
    world.run(|name| match name {
        "list" => list(4),
        "work[1]" => nothing(),
        "work[2]" => ended(TaskState::Skipped),
        _ => ok(),
    });
    assert_eq!(
        world.summary(),
        "success: list=success next[0]=success next[1]=success work[0]=success work[1]=success work[2]=skipped \
         work[3]=success"
    );
}

#[test]
fn a_rule_that_is_met_early_still_waits_for_the_length() {
    let mut world = World::new(vec![
        task("quick", &["work"]),
        task("list", &["work"]),
        task("work", &[]).over(vec![result("list")]).rule(OneSuccess),
    ]);
    world.end("quick", ok());
    assert_eq!(world.why("work").map(|reason| reason.code()), Some("mapping"));
    world.end("list", list(2));
    assert_eq!(world.ready(), ["work[0]", "work[1]"]);
}

#[test]
fn what_it_maps_over_failing_or_being_skipped_ends_it_whatever_the_rule() {
    for (end, expected) in [
        (ended(TaskState::Failed), "failed: join=upstream_failed list=failed work=upstream_failed"),
        (ended(TaskState::Skipped), "success: join=skipped list=skipped work=skipped"),
        (nothing(), "failed: join=upstream_failed list=success work=upstream_failed"),
    ] {
        let mut world = World::new(vec![
            task("list", &["work"]),
            task("work", &["join"]).over(vec![result("list")]).rule(AllDone),
            task("join", &[]),
        ]);
        world.run(|_| end.clone());
        assert_eq!(world.summary(), expected);
    }
}

#[test]
fn a_success_without_a_list_says_so() {
    let mut world = mapped(&["join"]);
    world.run(|_| nothing());
    assert_eq!(world.reason("work"), "It maps over the result of list, which is neither a list nor a dict.");
}

#[test]
fn more_combinations_than_a_run_can_hold_fail_with_a_reason() {
    let over = vec![MapDraft::Literal(10_000), MapDraft::Literal(10_000)];
    let world = World::new(vec![task("work", &[]).over(over)]);
    assert_eq!(world.summary(), "failed: work=failed");
    assert!(world.reason("work").contains("100000000 combinations"), "{}", world.reason("work"));
}

#[test]
fn one_failed_instance_fails_what_comes_after_all_of_them() {
    let mut world = mapped(&["join"]);
    world.end("list", list(2));
    world.end("work[0]", ended(TaskState::Failed));
    assert_eq!(world.states()["join"], "upstream_failed");
    world.end("work[1]", ok());
    assert_eq!(world.planner.run.state.as_str(), "failed");
}

#[test]
fn after_clearing_a_longer_list_adds_instances() {
    let mut world = mapped(&["join"]);
    world.run(|_| list(2));
    world.clear(&["list", "work[0]", "work[1]", "join"]);
    world.run(|_| list(3));
    assert_eq!(world.summary(), "success: join=success list=success work[0]=success work[1]=success work[2]=success");
}

#[test]
fn after_clearing_a_shorter_list_removes_instances() {
    let mut world = mapped(&["join"]);
    world.run(|_| list(3));
    world.clear(&["list", "work[0]", "work[1]", "work[2]", "join"]);
    world.run(|_| list(1));
    assert_eq!(world.summary(), "success: join=success list=success work[0]=success work[1]=removed work[2]=removed");
    assert_eq!(world.reason("work[2]"), "What it maps over has only 1 items now.");
}

#[test]
fn instances_that_were_removed_hold_nothing_up() {
    for rule in tradewind_core::TriggerRule::ALL {
        let mut world = World::new(vec![
            task("list", &["work"]),
            task("work", &["join"]).over(vec![result("list")]),
            task("join", &[]).rule(*rule),
        ]);
        world.run(|_| list(3));
        world.clear(&["list", "work[0]", "work[1]", "work[2]", "join"]);
        world.run(|name| if name == "work[0]" { ended(TaskState::Skipped) } else { list(1) });
        assert!(world.planner.run.state.is_finished(), "{rule}: {}", world.summary());
    }
}

#[test]
fn rules_hold_for_each_instance_of_a_mapped_task_after_plain_ones() {
    let mut world = World::new(vec![
        task("bad", &["work"]),
        task("list", &["work"]),
        task("work", &[]).over(vec![result("list")]).rule(NoneFailed),
    ]);
    let end = |name: &str| -> End { if name == "bad" { ended(TaskState::Skipped) } else { list(2) } };
    world.run(end);
    assert_eq!(world.summary(), "success: bad=skipped list=success work[0]=success work[1]=success");
}

#[test]
fn a_hundred_thousand_instances_run_to_their_end() {
    let mut world = mapped(&["join"]);
    world.end("list", list(100_000));
    let counts = world.planner.state_counts();
    assert_eq!(counts["scheduled"], 100_000);
    let now = tradewind_core::Timestamp::from_secs(2_000);
    for index in 0..world.planner.tis.len() {
        if world.planner.tis[index].state == Some(TaskState::Scheduled) {
            let mut ti = world.planner.tis[index].clone();
            ti.state = Some(TaskState::Success);
            world.planner.observe(ti);
            world.planner.plan(now);
        }
    }
    assert_eq!(world.ready(), ["join"]);
}
