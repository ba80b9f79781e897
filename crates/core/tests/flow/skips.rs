//! Branches and short circuits: who is skipped, and what a skipped task does to those after it.

use tradewind_core::TaskState;
use tradewind_core::TriggerRule::{AllDone, NoneFailedMinOneSuccess};

use crate::world::{With, World, ended, leaving_out, ok, task};

fn branch() -> World {
    World::new(vec![
        task("choose", &["a", "b"]),
        task("a", &["join"]),
        task("b", &["join", "after_b"]),
        task("after_b", &[]),
        task("join", &[]).rule(NoneFailedMinOneSuccess),
    ])
}

#[test]
fn a_branch_skips_what_was_not_chosen_and_what_follows_from_it() {
    let mut world = branch();
    world.run(|name| if name == "choose" { leaving_out(&["b"]) } else { ok() });
    assert_eq!(world.summary(), "success: a=success after_b=skipped b=skipped choose=success join=success");
}

#[test]
fn what_a_branch_left_out_is_skipped_again_when_it_is_cleared_alone() {
    let mut world = branch();
    world.run(|name| if name == "choose" { leaving_out(&["b"]) } else { ok() });
    world.clear(&["b", "after_b"]);
    assert_eq!(world.summary(), "success: a=success after_b=skipped b=skipped choose=success join=success");
    // Together with the branch, everything is open again.
    world.clear(&["choose", "a", "b", "after_b", "join"]);
    world.run(|name| if name == "choose" { leaving_out(&["a"]) } else { ok() });
    assert_eq!(world.summary(), "success: a=skipped after_b=success b=success choose=success join=success");
}

#[test]
fn a_short_circuit_skips_everything_behind_it_or_leaves_it_to_the_rules() {
    let dag = || vec![task("stop", &["next"]), task("next", &["last"]), task("last", &[]).rule(AllDone)];
    let mut all = World::new(dag());
    all.end("stop", leaving_out(&["next", "last"]));
    assert_eq!(all.summary(), "success: last=skipped next=skipped stop=success");
    let mut direct = World::new(dag());
    direct.end("stop", leaving_out(&["next"]));
    assert_eq!(direct.ready(), ["last"]);
}

#[test]
fn a_branch_that_failed_skips_nothing() {
    let mut world = branch();
    world.end("choose", ended(TaskState::Failed));
    assert_eq!(
        world.summary(),
        "failed: a=upstream_failed after_b=upstream_failed b=upstream_failed choose=failed join=upstream_failed"
    );
}
