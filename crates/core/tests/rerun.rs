//! The tasks of a rerun, held to a naive model: a task is meant if some path of edges connects it with a named one.

use std::collections::{BTreeSet, HashMap};

use proptest::prelude::*;
use tradewind_core::dag::{TaskDraft, link};
use tradewind_core::rerun::{Around, tasks_around};
use tradewind_core::{Dag, Task, WeightRule};

/// A DAG of `tasks` tasks with these edges (from a smaller to a greater number); `kinds`: 1 a setup, 2 a teardown.
fn dag(tasks: usize, edges: &[(usize, usize)], kinds: &[u8]) -> Dag {
    let id = |n: usize| format!("t{n:02}");
    let draft = |n: usize| TaskDraft {
        task: Task {
            task_id: id(n),
            is_setup: kinds.get(n) == Some(&1),
            is_teardown: kinds.get(n) == Some(&2),
            ..Task::default()
        },
        downstream: edges.iter().filter(|(from, _)| *from == n).map(|(_, to)| id(*to)).collect(),
        priority_weight: 1,
        weight_rule: WeightRule::Absolute,
        ..TaskDraft::default()
    };
    let (linked, by_id) = link((0..tasks).map(draft).collect()).unwrap();
    Dag {
        dag_id: "d".into(),
        tasks: linked,
        by_id,
        max_active_runs: 1,
        max_active_tasks: 1,
        dagrun_timeout: None,
        fail_fast: false,
    }
}

/// Whether a path leads from one task to the other, found by walking all of them.
fn leads(edges: &HashMap<usize, Vec<usize>>, from: usize, to: usize) -> bool {
    from == to || edges.get(&from).is_some_and(|next| next.iter().any(|n| leads(edges, *n, to)))
}

proptest! {
    #[test]
    fn the_tasks_that_are_meant_are_those_of_the_naive_model(
        tasks in 1usize..9,
        pairs in proptest::collection::vec((0usize..9, 0usize..9), 0..14),
        chosen in proptest::collection::vec(any::<bool>(), 9),
        upstream: bool,
        downstream: bool,
    ) {
        let edges: Vec<(usize, usize)> =
            pairs.into_iter().map(|(a, b)| (a.min(b), a.max(b))).filter(|(a, b)| a < b && *b < tasks).collect();
        let dag = dag(tasks, &edges, &[]);
        let mut next: HashMap<usize, Vec<usize>> = HashMap::new();
        edges.iter().for_each(|(a, b)| next.entry(*a).or_default().push(*b));
        let id = |n: usize| format!("t{n:02}");
        let named: Vec<usize> = (0..tasks).filter(|n| chosen[*n]).collect();
        let expected: BTreeSet<String> = (0..tasks)
            .filter(|n| named.iter().any(|m| {
                n == m || (downstream && leads(&next, *m, *n)) || (upstream && leads(&next, *n, *m))
            }))
            .map(id)
            .collect();
        let named: BTreeSet<usize> = named.into_iter().map(|n| dag.by_id[&id(n)]).collect();
        let found = tasks_around(&dag, &named, Around { upstream, downstream, setups: false });
        let found: BTreeSet<String> = found.into_iter().map(|n| dag.tasks[n].task_id.clone()).collect();
        prop_assert_eq!(found, expected);
    }
}

#[test]
fn setups_and_teardowns_come_along_only_when_asked_for() {
    // setup -> work -> teardown, setup -> teardown, and a task before all.
    let dag = dag(4, &[(0, 1), (1, 2), (2, 3), (1, 3)], &[0, 1, 0, 2]);
    let work = BTreeSet::from([dag.by_id["t02"]]);
    let meant = |setups| {
        let around = Around { setups, ..Around::default() };
        tasks_around(&dag, &work, around).into_iter().map(|n| dag.tasks[n].task_id.clone()).collect::<Vec<_>>()
    };
    assert_eq!(meant(false), ["t02"]);
    assert_eq!(meant(true), ["t01", "t02", "t03"]);
}
