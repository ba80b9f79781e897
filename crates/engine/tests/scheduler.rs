//! The scheduler on real databases: a DAG, outcomes of tries, and what comes of it.

#[path = "scheduler/assets.rs"]
mod assets;
#[path = "scheduler/backfill.rs"]
mod backfill;
#[path = "scheduler/callbacks.rs"]
mod callbacks;
#[path = "scheduler/mapping.rs"]
mod mapping;
#[path = "scheduler/versions.rs"]
mod versions;
#[path = "scheduler/waiting.rs"]
mod waiting;
mod world;

use serde_json::json;
use tradewind_core::{RunState, TaskState};
use world::{World, both};

/// Most outcomes: everything succeeds.
fn fine(_task: &str, _attempt: i32) -> TaskState {
    TaskState::Success
}

#[tokio::test]
async fn tasks_run_in_order_and_the_run_succeeds() {
    both(async |mut world: World| {
        world
            .add_dag(json!({"dag_id": "d", "tasks": [
                {"task_id": "a", "operator": "Op", "downstream": ["b", "c"]},
                {"task_id": "b", "operator": "Op", "downstream": ["d"]},
                {"task_id": "c", "operator": "Op", "downstream": ["d"], "priority_weight": 9},
                {"task_id": "d", "operator": "Op"},
            ]}))
            .await;
        world.trigger("d", "r1").await;
        assert_eq!(world.run_all(fine).await, ["a#1 success", "c#1 success", "b#1 success", "d#1 success"]);
        assert_eq!(world.run_state("d", "r1").await, RunState::Success);
    })
    .await;
}

#[tokio::test]
async fn empty_tasks_end_without_an_executor_and_within_one_tick() {
    both(async |mut world: World| {
        let tasks: Vec<_> = (0..50)
            .map(|n| {
                json!({"task_id": format!("t{n:02}"), "operator": "EmptyOperator", "lane": {"kind": "empty"},
                "downstream": if n < 49 { vec![format!("t{:02}", n + 1)] } else { vec![] }})
            })
            .collect();
        world.add_dag(json!({"dag_id": "d", "tasks": tasks})).await;
        world.trigger("d", "r1").await;
        assert_eq!(world.run_all(fine).await, [] as [&str; 0]);
        assert_eq!(world.run_state("d", "r1").await, RunState::Success);
        assert_eq!(world.states("d", "r1").await.len(), 50);
    })
    .await;
}

#[tokio::test]
async fn a_failed_try_is_repeated_after_its_delay_and_then_fails_for_good() {
    both(async |mut world: World| {
        world
            .add_dag(json!({"dag_id": "d", "tasks": [
                {"task_id": "a", "operator": "Op", "downstream": ["b"], "retries": 2, "retry_delay": 60.0},
                {"task_id": "b", "operator": "Op"},
                {"task_id": "z", "operator": "Op", "trigger_rule": "one_failed"},
            ]}))
            .await;
        world.trigger("d", "r1").await;
        let started = world.now();
        let trace = world.run_all(|task, _| if task == "a" { TaskState::UpForRetry } else { TaskState::Success }).await;
        assert_eq!(trace, ["a#1 up_for_retry", "z#1 success", "a#2 up_for_retry", "a#3 up_for_retry"]);
        assert!((world.now() - started).as_secs_f64() >= 120.0);
        assert_eq!(world.run_state("d", "r1").await, RunState::Failed);
        let states = world.states("d", "r1").await;
        assert_eq!(states["a"], Some(TaskState::Failed));
        assert_eq!(states["b"], Some(TaskState::UpstreamFailed));
    })
    .await;
}

#[tokio::test]
async fn pools_and_limits_hold() {
    both(async |mut world: World| {
        let tasks: Vec<_> = (0..6).map(|n| json!({"task_id": format!("t{n}"), "operator": "Op"})).collect();
        world.add_dag(json!({"dag_id": "d", "max_active_tasks": 2, "tasks": tasks})).await;
        world.trigger("d", "r1").await;
        world.settle().await;
        assert_eq!(world.submitted().len(), 2, "max_active_tasks");
        world.finish("t0", TaskState::Success).await;
        world.settle().await;
        assert_eq!(world.submitted().len(), 2, "another one for the one that ended");
        assert_eq!(world.run_all(fine).await.len(), 5);
        assert_eq!(world.run_state("d", "r1").await, RunState::Success);
    })
    .await;
}

#[tokio::test]
async fn queued_runs_start_as_max_active_runs_lets_them_oldest_first() {
    both(async |mut world: World| {
        world
            .add_dag(json!({"dag_id": "d", "max_active_runs": 1, "tasks": [{"task_id": "a", "operator": "Op"}]}))
            .await;
        for run in ["r1", "r2", "r3"] {
            world.trigger("d", run).await;
        }
        world.settle().await;
        assert_eq!(world.submitted().len(), 1);
        assert_eq!(world.run_state("d", "r2").await, RunState::Queued);
        world.run_all(fine).await;
        for run in ["r1", "r2", "r3"] {
            assert_eq!(world.run_state("d", run).await, RunState::Success, "{run}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_scheduler_that_starts_anew_goes_on_where_the_old_one_died() {
    both(async |mut world: World| {
        world
            .add_dag(json!({"dag_id": "d", "tasks": [
                {"task_id": "a", "operator": "Op", "downstream": ["b"]},
                {"task_id": "b", "operator": "Op"},
            ]}))
            .await;
        world.trigger("d", "r1").await;
        world.settle().await;
        assert_eq!(world.submitted(), ["a#1"]);
        // Died after the commit and before the executor heard of it.
        world.restart_scheduler().await;
        assert_eq!(world.submitted(), [] as [&str; 0]);
        assert_eq!(world.run_all(fine).await, ["a#1 success", "b#1 success"]);
        assert_eq!(world.run_state("d", "r1").await, RunState::Success);
    })
    .await;
}

#[tokio::test]
async fn a_try_whose_worker_is_silent_is_taken_away_and_repeated() {
    both(async |mut world: World| {
        world
            .add_dag(json!({"dag_id": "d", "tasks": [
                {"task_id": "a", "operator": "Op", "retries": 1, "retry_delay": 1.0},
            ]}))
            .await;
        world.trigger("d", "r1").await;
        world.settle().await;
        let lost = world.start("a").await;
        world.advance(301.0);
        world.settle().await;
        let running = world.states("d", "r1").await["a"];
        assert_eq!(running, Some(TaskState::Running), "a jump of the scheduler's clock, or its pause, is no silence");
        let mut watched = 0;
        while world.states("d", "r1").await["a"] == Some(TaskState::Running) {
            world.advance(10.0);
            world.settle().await;
            watched += 1;
            assert!(watched <= 11, "a third of the timeout is enough of watching");
        }
        assert_eq!(world.states("d", "r1").await["a"], Some(TaskState::UpForRetry));
        world.advance(2.0);
        assert_eq!(world.run_all(fine).await, ["a#2 success"]);
        // The lost worker comes back too late: its word counts no more.
        assert!(!world.report(&lost, TaskState::Failed).await);
        assert_eq!(world.run_state("d", "r1").await, RunState::Success);
    })
    .await;
}

#[tokio::test]
async fn mapped_tasks_expand_over_what_came_before() {
    both(async |mut world: World| {
        world
            .add_dag(json!({"dag_id": "d", "tasks": [
                {"task_id": "list", "operator": "Op", "downstream": ["each"]},
                {"task_id": "each", "operator": "Op", "downstream": ["sum"],
                 "mapped": {"kind": "expand", "over": {"x": {"xcom": {"task_id": "list", "key": "return_value"}}}}},
                {"task_id": "sum", "operator": "Op"},
            ]}))
            .await;
        world.trigger("d", "r1").await;
        world.settle().await;
        world.finish_with_length("list", 3).await;
        let trace = world.run_all(fine).await;
        assert_eq!(trace, ["each[0]#1 success", "each[1]#1 success", "each[2]#1 success", "sum#1 success"]);
        assert_eq!(world.run_state("d", "r1").await, RunState::Success);
    })
    .await;
}

#[tokio::test]
async fn schedules_create_runs_and_catch_up() {
    both(async |mut world: World| {
        let start = world.now() - tradewind_core::Duration::from_secs(3 * 86_400);
        world
            .add_dag(json!({"dag_id": "d", "catchup": true, "start_date": start.to_string(),
            "timetable": {"type": "delta_data_interval", "seconds": 86_400.0},
            "tasks": [{"task_id": "a", "operator": "Op"}]}))
            .await;
        world.unpause("d").await;
        assert_eq!(world.run_all(fine).await.len(), 3);
        world.advance(86_400.0);
        assert_eq!(world.run_all(fine).await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn depends_on_past_waits_for_the_run_before() {
    both(async |mut world: World| {
        let start = world.now() - tradewind_core::Duration::from_secs(2 * 86_400);
        world
            .add_dag(json!({"dag_id": "d", "catchup": true, "start_date": start.to_string(),
            "timetable": {"type": "delta_data_interval", "seconds": 86_400.0},
            "tasks": [{"task_id": "a", "operator": "Op", "depends_on_past": true}]}))
            .await;
        world.unpause("d").await;
        world.settle().await;
        assert_eq!(world.submitted(), ["a#1"], "only the first run's");
        world.finish("a", TaskState::Success).await;
        world.settle().await;
        assert_eq!(world.submitted(), ["a#1"], "now the second run's");
        assert_eq!(world.run_all(fine).await.len(), 1);
    })
    .await;
}
