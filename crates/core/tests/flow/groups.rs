//! Mapped task groups.

use tradewind_core::TaskState;
use tradewind_core::TriggerRule::{AllDone, OneFailed};
use tradewind_core::dag::{MapDraft, TaskDraft};

use crate::world::{With, World, ended, leaving_out, list, ok, result, task};

/// `list >> [a >> b] >> join`, the middle mapped over the list.
fn group(b: TaskDraft) -> World {
    World::new(vec![
        task("list", &["g.a"]),
        task("g.a", &["g.b"]).within("g", vec![result("list")]),
        b.within("g", vec![result("list")]),
        task("join", &[]),
    ])
}

#[test]
fn each_index_goes_its_own_way_depth_first() {
    let mut world = group(task("g.b", &["join"]));
    world.end("list", list(3));
    assert_eq!(world.ready(), ["g.a[0]", "g.a[1]", "g.a[2]"]);
    world.end("g.a[1]", ok());
    assert_eq!(world.ready(), ["g.a[0]", "g.a[2]", "g.b[1]"]);
    world.end("g.b[1]", ok());
    world.end("g.a[0]", ended(TaskState::Failed));
    assert_eq!(world.states()["g.b[0]"], "upstream_failed");
    assert_eq!(world.states()["g.b[2]"], "none");
    // What comes after the group looks at all of it.
    assert_eq!(world.states()["join"], "upstream_failed");
    world.run(|_| ok());
    assert_eq!(
        world.summary(),
        "failed: g.a[0]=failed g.a[1]=success g.a[2]=success g.b[0]=upstream_failed g.b[1]=success g.b[2]=success \
         join=upstream_failed list=success"
    );
}

#[test]
fn a_join_waits_for_every_index() {
    let mut world = group(task("g.b", &["join"]));
    world.end("list", list(2));
    for name in ["g.a[0]", "g.b[0]", "g.a[1]"] {
        world.end(name, ok());
    }
    assert_eq!(world.ready(), ["g.b[1]"]);
    world.end("g.b[1]", ok());
    assert_eq!(world.ready(), ["join"]);
}

#[test]
fn trigger_rules_look_at_the_own_index() {
    let mut world = group(task("g.b", &["join"]).rule(OneFailed));
    world.end("list", list(2));
    world.end("g.a[0]", ended(TaskState::Failed));
    world.end("g.a[1]", ok());
    assert_eq!(world.ready(), ["g.b[0]"]);
    assert_eq!(world.states()["g.b[1]"], "skipped");
}

#[test]
fn a_branch_in_a_mapped_group_skips_within_its_index() {
    let mut world = group(task("g.b", &["join"]));
    world.end("list", list(2));
    world.end("g.a[0]", leaving_out(&["g.b"]));
    world.end("g.a[1]", ok());
    assert_eq!(world.states()["g.b[0]"], "skipped");
    assert_eq!(world.ready(), ["g.b[1]"]);
}

#[test]
fn a_group_over_nothing_is_skipped_as_a_whole() {
    let mut world = group(task("g.b", &["join"]));
    world.run(|_| list(0));
    assert_eq!(world.summary(), "success: g.a=skipped g.b=skipped join=skipped list=success");
}

#[test]
fn a_task_within_that_depends_on_one_outside_waits_for_all_of_that() {
    let mut world = World::new(vec![
        task("outside", &["g.b"]).over(vec![MapDraft::Literal(2)]),
        task("g.a", &["g.b"]).within("g", vec![MapDraft::Literal(2)]),
        task("g.b", &[]).within("g", vec![MapDraft::Literal(2)]),
    ]);
    world.end("g.a[0]", ok());
    world.end("outside[0]", ok());
    assert_eq!(world.ready(), ["g.a[1]", "outside[1]"]);
    world.end("outside[1]", ok());
    assert_eq!(world.ready(), ["g.a[1]", "g.b[0]"]);
}

#[test]
fn a_group_within_a_group_multiplies_and_belongs_by_the_outer_index() {
    let inner =
        |draft: TaskDraft| draft.within("g", vec![MapDraft::Literal(2)]).within("g.inner", vec![MapDraft::Literal(3)]);
    let mut world = World::new(vec![
        task("g.first", &["g.inner.work"]).within("g", vec![MapDraft::Literal(2)]),
        inner(task("g.inner.work", &["g.last"])),
        task("g.last", &[]).within("g", vec![MapDraft::Literal(2)]),
    ]);
    world.end("g.first[1]", ok());
    assert_eq!(world.ready(), ["g.first[0]", "g.inner.work[3]", "g.inner.work[4]", "g.inner.work[5]"]);
    for index in 3..6 {
        world.end(&format!("g.inner.work[{index}]"), ok());
    }
    assert_eq!(world.ready(), ["g.first[0]", "g.last[1]"]);
    world.run(|_| ok());
    assert_eq!(world.planner.run.state.as_str(), "success");
}

#[test]
fn mapping_over_the_result_of_a_group_takes_one_item_for_each_index() {
    let mut world = World::new(vec![
        task("list", &["g.a"]),
        task("g.a", &["next"]).within("g", vec![result("list")]),
        task("next", &[]).over(vec![result("g.a")]).rule(AllDone),
    ]);
    world.run(|name| match name {
        "list" => list(3),
        "g.a[1]" => ended(TaskState::Failed),
        _ => ok(),
    });
    assert_eq!(world.states().keys().filter(|name| name.starts_with("next[")).count(), 2);
}

#[test]
fn after_clearing_one_index_its_own_tasks_run_again_and_no_others() {
    let mut world = group(task("g.b", &["join"]));
    world.run(|_| list(2));
    world.clear(&["g.a[1]", "g.b[1]", "join"]);
    assert_eq!(world.ready(), ["g.a[1]"]);
    world.end("g.a[1]", ok());
    assert_eq!(world.ready(), ["g.b[1]"]);
}

#[test]
fn after_clearing_a_group_follows_the_new_length() {
    let mut world = group(task("g.b", &["join"]));
    world.run(|_| list(2));
    world.clear(&["list", "g.a[0]", "g.a[1]", "g.b[0]", "g.b[1]", "join"]);
    world.run(|_| list(1));
    assert_eq!(
        world.summary(),
        "success: g.a[0]=success g.a[1]=removed g.b[0]=success g.b[1]=removed join=success list=success"
    );
    world.clear(&["list", "g.a[0]", "g.b[0]", "join"]);
    world.run(|_| list(3));
    assert_eq!(world.states()["g.b[2]"], "success");
}
