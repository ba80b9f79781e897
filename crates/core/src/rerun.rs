//! Which tasks a rerun or a mark is about: the named ones, their neighbours, and what they can't do without.

use std::collections::BTreeSet;

use crate::dag::Dag;

/// How far around the named tasks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Around {
    /// Everything that leads to them.
    pub upstream: bool,
    /// Everything that follows from them.
    pub downstream: bool,
    /// Setup and teardown tasks of all of these: what a setup made is gone when the teardown has run.
    pub setups: bool,
}

/// The tasks that are meant when these (by number) are named.
///
/// Upstream and downstream are followed from the named tasks only: what follows from something upstream is not
/// meant unless it also leads to, or follows from, a named task.
pub fn tasks_around(dag: &Dag, named: &BTreeSet<usize>, around: Around) -> BTreeSet<usize> {
    let mut found = named.clone();
    // Tasks stand upstream first, so that one pass each way reaches everything.
    if around.downstream {
        let mut reached = named.clone();
        for number in 0..dag.tasks.len() {
            if reached.contains(&number) {
                reached.extend(&dag.tasks[number].downstream);
            }
        }
        found.extend(reached);
    }
    if around.upstream {
        let mut reached = named.clone();
        for number in (0..dag.tasks.len()).rev() {
            if reached.contains(&number) {
                reached.extend(&dag.tasks[number].upstream);
            }
        }
        found.extend(reached);
    }
    if around.setups {
        let needed: Vec<usize> = found.iter().flat_map(|number| dag.setups_and_teardowns(*number)).collect();
        found.extend(needed);
    }
    found
}
