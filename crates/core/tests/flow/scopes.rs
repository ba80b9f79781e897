//! Setup and teardown, fail_fast, and what decides the end of a run.

use tradewind_core::TaskState::{Failed, Skipped};
use tradewind_core::TriggerRule::{AllDone, Always};
use tradewind_core::dag::TaskDraft;

use crate::world::{With, World, ended, list, ok, result, task};

/// `setup >> first >> second >> teardown`, and `setup >> teardown`.
fn scope() -> Vec<TaskDraft> {
    vec![
        task("setup", &["first", "teardown"]).setup(),
        task("first", &["second"]),
        task("second", &["teardown"]),
        task("teardown", &[]).teardown(),
    ]
}

#[test]
fn a_teardown_runs_after_failed_work_and_its_success_does_not_hide_the_failure() {
    let mut world = World::new(scope());
    world.run(|name| if name == "first" { ended(Failed) } else { ok() });
    assert_eq!(world.summary(), "failed: first=failed second=upstream_failed setup=success teardown=success");
}

#[test]
fn a_teardown_does_not_run_when_its_setup_failed_or_was_skipped() {
    for (state, expected) in [
        (Failed, "failed: first=upstream_failed second=upstream_failed setup=failed teardown=upstream_failed"),
        (Skipped, "success: first=skipped second=skipped setup=skipped teardown=skipped"),
    ] {
        let mut world = World::new(scope());
        world.run(|_| ended(state));
        assert_eq!(world.summary(), expected);
    }
}

#[test]
fn one_setup_of_several_is_enough_for_the_teardown() {
    let mut world = World::new(vec![
        task("s1", &["work", "teardown"]).setup(),
        task("s2", &["work", "teardown"]).setup(),
        task("work", &["teardown"]),
        task("teardown", &[]).teardown(),
    ]);
    world.run(|name| if name == "s1" { ended(Failed) } else { ok() });
    assert_eq!(world.summary(), "failed: s1=failed s2=success teardown=success work=upstream_failed");
}

#[test]
fn a_failed_teardown_fails_the_run_only_if_it_says_so() {
    for (counts, expected) in [(false, "success"), (true, "failed")] {
        let mut tasks = scope();
        tasks[3].task.on_failure_fail_dagrun = counts;
        let mut world = World::new(tasks);
        world.run(|name| if name == "teardown" { ended(Failed) } else { ok() });
        assert_eq!(world.planner.run.state.as_str(), expected);
    }
}

#[test]
fn a_dag_of_teardowns_only_is_decided_by_the_last() {
    let mut world = World::new(vec![task("t1", &["t2"]).teardown(), task("t2", &[]).teardown()]);
    world.run(|_| ended(Failed));
    assert_eq!(world.planner.run.state.as_str(), "failed");
}

#[test]
fn work_needs_the_setups_further_up_whatever_its_rule_says() {
    // `slow` is a setup for `late`, which does not come directly after it and would go at any time.
    let dag = || {
        vec![
            task("slow", &["middle", "teardown"]).setup(),
            task("middle", &["late"]),
            task("late", &["teardown"]).rule(Always),
            task("teardown", &[]).teardown(),
        ]
    };
    let mut world = World::new(dag());
    assert_eq!(world.ready(), ["slow"]);
    let why = world.why("late").expect("it waits");
    assert_eq!((why.code(), why.to_string().contains("slow")), ("setups", true));
    world.end("slow", ok());
    assert_eq!(world.ready(), ["late", "middle"]);
    for (state, expected) in [(Failed, "upstream_failed"), (Skipped, "skipped")] {
        let mut world = World::new(dag());
        world.end("slow", ended(state));
        assert_eq!(world.states()["late"], expected);
    }
}

#[test]
fn setups_of_another_scope_do_not_matter() {
    // The scope of `setup` ends with its teardown; `after` is beyond it.
    let mut tasks = scope();
    tasks[3].downstream.push("after".into());
    tasks.push(task("after", &[]).rule(AllDone));
    let world = World::new(tasks);
    let after = world.planner.dag.by_id["after"];
    assert_eq!(world.planner.dag.tasks[after].setups, [] as [usize; 0]);
}

#[test]
fn setups_in_a_mapped_group_count_by_index() {
    let over = || vec![result("list")];
    let mut world = World::new(vec![
        task("list", &["g.setup"]),
        task("g.setup", &["g.work", "g.teardown"]).setup().within("g", over()),
        task("g.work", &["g.teardown"]).within("g", over()),
        task("g.teardown", &[]).teardown().within("g", over()),
    ]);
    world.run(|name| match name {
        "list" => list(2),
        "g.setup[0]" => ended(Failed),
        _ => ok(),
    });
    assert_eq!(
        world.summary(),
        "failed: g.setup[0]=failed g.setup[1]=success g.teardown[0]=upstream_failed g.teardown[1]=success \
         g.work[0]=upstream_failed g.work[1]=success list=success"
    );
}

#[test]
fn clearing_a_task_takes_its_setups_and_teardowns_along() {
    let world = World::new(scope());
    let dag = &world.planner.dag;
    let names = |task_id: &str| -> Vec<&str> {
        dag.setups_and_teardowns(dag.by_id[task_id]).into_iter().map(|n| dag.tasks[n].task_id.as_str()).collect()
    };
    assert_eq!(names("second"), ["setup", "teardown"]);
    assert_eq!(names("first"), ["setup", "teardown"]);
    assert_eq!(names("setup"), ["teardown"]);
}

#[test]
fn fail_fast_skips_what_has_not_begun_and_leaves_teardowns() {
    let mut tasks = scope();
    tasks.push(task("other", &["more"]));
    tasks.push(task("more", &[]));
    let mut world = World::of(tasks, |dag| dag.fail_fast = true);
    world.end("setup", ok());
    world.end("first", ended(Failed));
    assert_eq!(world.ready(), ["teardown"]);
    assert_eq!(world.reason("more"), "fail_fast: task first failed");
    world.run(|_| ok());
    assert_eq!(
        world.summary(),
        "failed: first=failed more=skipped other=skipped second=upstream_failed setup=success teardown=success"
    );
    // A task that is cleared afterwards runs, though the failure is still there.
    world.clear(&["other", "more"]);
    assert_eq!(world.ready(), ["other"]);
}
