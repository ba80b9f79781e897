//! Mapped tasks and groups on real databases.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tradewind_core::{RunState, TaskState};
use tradewind_store::ClearTis;

use super::fine;
use super::world::{World, both};

fn over(task_id: &str) -> Value {
    json!({"kind": "expand", "over": {"x": {"xcom": {"task_id": task_id, "key": "return_value"}}}})
}

/// Instances by name, with their states.
async fn instances(world: &World, dag_id: &str, run_id: &str) -> BTreeMap<String, TaskState> {
    let run = world.store().find_run_row(dag_id, run_id).await.unwrap().expect("the run");
    let (_, tis) = world.store().load_runs(&[run.id]).await.unwrap().remove(0);
    tis.into_iter().filter_map(|ti| Some((format!("{}[{}]", ti.task_id, ti.map_index), ti.state?))).collect()
}

#[tokio::test]
async fn a_mapped_group_goes_depth_first_and_follows_a_new_length_after_clearing() {
    both(async |mut world: World| {
        world
            .add_dag(json!({"dag_id": "d", "task_groups": {"g": {"mapped": over("list")}}, "tasks": [
                {"task_id": "list", "operator": "Op", "downstream": ["g.a"]},
                {"task_id": "g.a", "operator": "Op", "group": "g", "downstream": ["g.b"]},
                {"task_id": "g.b", "operator": "Op", "group": "g", "downstream": ["join"]},
                {"task_id": "join", "operator": "Op"},
            ]}))
            .await;
        world.trigger("d", "r").await;
        world.settle().await;
        world.finish_with_length("list", 2).await;
        world.settle().await;
        assert_eq!(world.submitted(), ["g.a[0]#1", "g.a[1]#1"]);
        world.finish("g.a", TaskState::Success).await;
        world.settle().await;
        assert_eq!(world.submitted(), ["g.a[1]#1", "g.b[0]#1"]);
        assert_eq!(world.run_all(fine).await.len(), 4);
        assert_eq!(world.run_state("d", "r").await, RunState::Success);

        // Everything is cleared, and this time the list is shorter.
        let run = world.store().find_run_row("d", "r").await.unwrap().expect("the run");
        let (_, tis) = world.store().load_runs(&[run.id]).await.unwrap().remove(0);
        let clear = ClearTis {
            tis: tis.iter().map(|ti| ti.id).collect(),
            reopen_runs: true,
            also_runs: Vec::new(),
            latest_version: false,
            default_retries: 0,
            at: world.now(),
        };
        world.store().clear_tis(&clear).await.unwrap();
        world.settle().await;
        world.finish_with_length("list", 1).await;
        assert_eq!(world.run_all(fine).await, ["g.a[0]#2 success", "g.b[0]#2 success", "join#2 success"]);
        assert_eq!(world.run_state("d", "r").await, RunState::Success);
        let states = instances(&world, "d", "r").await;
        assert_eq!((states["g.a[1]"], states["g.b[1]"]), (TaskState::Removed, TaskState::Removed));
    })
    .await;
}

#[tokio::test]
async fn ten_thousand_instances_are_written_in_batches_and_run() {
    both(async |mut world: World| {
        world
            .add_dag(json!({"dag_id": "d", "task_groups": {"g": {"mapped": over("list")}}, "tasks": [
                {"task_id": "list", "operator": "Op", "downstream": ["g.a"]},
                {"task_id": "g.a", "operator": "EmptyOperator", "lane": {"kind": "empty"}, "group": "g",
                 "downstream": ["g.b"]},
                {"task_id": "g.b", "operator": "EmptyOperator", "lane": {"kind": "empty"}, "group": "g",
                 "downstream": ["join"]},
                {"task_id": "join", "operator": "Op"},
            ]}))
            .await;
        world.trigger("d", "r").await;
        world.settle().await;
        world.finish_with_length("list", 5_000).await;
        assert_eq!(world.run_all(fine).await, ["join#1 success"]);
        let states = instances(&world, "d", "r").await;
        assert_eq!(states.len(), 10_002);
        assert!(states.values().all(|state| *state == TaskState::Success));
    })
    .await;
}

#[tokio::test]
async fn a_limit_for_each_run_holds_for_the_instances_of_a_mapped_task() {
    both(async |mut world: World| {
        world
            .add_dag(json!({"dag_id": "d", "tasks": [
                {"task_id": "work", "operator": "Op", "max_active_tis_per_dagrun": 2,
                 "mapped": {"kind": "expand", "over": {"x": {"literal": [1, 2, 3, 4, 5]}}}},
            ]}))
            .await;
        for run in ["r1", "r2"] {
            world.trigger("d", run).await;
        }
        world.settle().await;
        assert_eq!(world.submitted(), ["work[0]#1", "work[0]#1", "work[1]#1", "work[1]#1"]);
        assert_eq!(world.run_all(fine).await.len(), 10);
    })
    .await;
}

#[tokio::test]
async fn a_dag_pauses_itself_after_its_limit_of_failed_runs_in_a_row() {
    both(async |mut world: World| {
        world
            .add_dag(json!({"dag_id": "d", "max_consecutive_failed_dag_runs": 2, "tasks": [
                {"task_id": "a", "operator": "Op"},
            ]}))
            .await;
        let ends = [TaskState::Failed, TaskState::Success, TaskState::Failed, TaskState::Failed];
        for (run, end) in ends.into_iter().enumerate() {
            let paused = world.store().dag_status("d").await.unwrap().expect("the DAG").is_paused;
            assert!(!paused, "before run {run}");
            world.trigger("d", &format!("r{run}")).await;
            world.run_all(|_, _| end).await;
            world.advance(1.0);
        }
        assert!(world.store().dag_status("d").await.unwrap().expect("the DAG").is_paused);
    })
    .await;
}
