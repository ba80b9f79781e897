//! Setup and teardown: which setup tasks a task needs, and which ones go along when it is cleared.

use std::collections::BTreeSet;

use super::{Dag, Task};

/// Fills in `setups`, `setup_for` and `decides_run` of linked tasks.
pub(super) fn mark_scopes(tasks: &mut [Task]) {
    for setup in 0..tasks.len() {
        if !tasks[setup].is_setup {
            continue;
        }
        for number in scope(tasks, setup) {
            if !tasks[number].is_teardown && !tasks[setup].downstream.contains(&number) {
                tasks[number].setups.push(setup);
                tasks[setup].setup_for.push(number);
            }
        }
    }
    let ignored: Vec<bool> = tasks.iter().map(|task| task.is_teardown && !task.on_failure_fail_dagrun).collect();
    let last = |number: usize, task: &Task| !ignored[number] && task.downstream.iter().all(|&down| ignored[down]);
    let mut deciding: Vec<bool> = tasks.iter().enumerate().map(|(number, task)| last(number, task)).collect();
    if !deciding.contains(&true) {
        // Nothing but teardown tasks: the last of them decide.
        deciding = tasks.iter().map(|task| task.downstream.is_empty()).collect();
    }
    tasks.iter_mut().zip(deciding).for_each(|(task, decides)| task.decides_run = decides);
}

/// Tasks that need a setup task: those after it and before one of its teardown tasks; all after it if it has none.
fn scope(tasks: &[Task], setup: usize) -> BTreeSet<usize> {
    let after = reach(setup, |number| &tasks[number].downstream);
    let teardowns: Vec<usize> = teardowns_of(tasks, setup).collect();
    if teardowns.is_empty() {
        return after;
    }
    let before: BTreeSet<usize> =
        teardowns.into_iter().flat_map(|teardown| reach(teardown, |number| &tasks[number].upstream)).collect();
    after.intersection(&before).copied().collect()
}

fn teardowns_of(tasks: &[Task], setup: usize) -> impl Iterator<Item = usize> {
    tasks[setup].downstream.iter().copied().filter(|&down| tasks[down].is_teardown)
}

/// Everything that is reachable over `next`, the start left out.
fn reach<'t>(from: usize, next: impl Fn(usize) -> &'t Vec<usize>) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    let mut todo = vec![from];
    while let Some(number) = todo.pop() {
        todo.extend(next(number).iter().copied().filter(|&n| found.insert(n)));
    }
    found
}

impl Dag {
    /// The setup tasks that a task needs, and all their teardown tasks: clearing the task clears these, too, for
    /// what it works with is gone. A setup task brings its own teardown tasks along.
    pub fn setups_and_teardowns(&self, number: usize) -> BTreeSet<usize> {
        let tasks = &self.tasks;
        let mut found = BTreeSet::new();
        for setup in reach(number, |n| &tasks[n].upstream) {
            if tasks[setup].is_setup && scope(tasks, setup).contains(&number) {
                found.insert(setup);
                found.extend(teardowns_of(tasks, setup));
            }
        }
        if tasks[number].is_setup {
            found.extend(teardowns_of(tasks, number));
        }
        found.remove(&number);
        found
    }
}
