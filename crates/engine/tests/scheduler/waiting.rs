//! Waiting without a worker, decided by the scheduler: what was woken goes on, and nothing waits for ever.

use serde_json::json;
use tradewind_core::{Deferral, Duration, TaskState};

use crate::world::{World, both};

fn deferral(kwargs: serde_json::Value, timeout: Option<i64>) -> Deferral {
    Deferral {
        classpath: "airflow.providers.standard.triggers.external_task.DagStateTrigger".into(),
        kwargs: kwargs.as_object().unwrap().clone(),
        next_method: "done".into(),
        timeout: timeout.map(Duration::from_secs),
        ..Deferral::default()
    }
}

#[tokio::test]
async fn a_task_that_waits_holds_no_slot_is_woken_and_goes_on_in_the_same_try() {
    both(async |mut world: World| {
        world.add_dag(json!({"dag_id": "other", "tasks": [{"task_id": "x", "operator": "Op"}]})).await;
        world
            .add_dag(json!({"dag_id": "d", "max_active_tasks": 1, "tasks": [
                {"task_id": "a", "operator": "Op"}, {"task_id": "b", "operator": "Op"}]}))
            .await;
        world.trigger("other", "r").await;
        world.trigger("d", "r").await;
        world.settle().await;
        let waits = json!({"dag_id": "other", "states": ["success"], "run_ids": ["r"]});
        world.defer("a", deferral(waits, None)).await;
        world.settle().await;
        assert_eq!(world.states("d", "r").await["a"], Some(TaskState::Deferred));
        assert!(world.submitted().contains(&"b#1".to_owned()), "its place is free");
        assert_eq!(world.look_at_waits().await, 0, "nothing ended yet");
        world.finish("x", TaskState::Success).await;
        world.settle().await;
        assert_eq!(world.look_at_waits().await, 1, "the end of the run wakes it");
        world.finish("b", TaskState::Success).await;
        world.settle().await;
        assert_eq!(world.submitted(), ["a#1"], "the try goes on, its number does not rise");
    })
    .await;
}

#[tokio::test]
async fn a_wait_that_takes_too_long_ends_at_its_instant() {
    both(async |mut world: World| {
        world.add_dag(json!({"dag_id": "d", "tasks": [{"task_id": "a", "operator": "Op"}]})).await;
        world.trigger("d", "r").await;
        world.settle().await;
        let began = world.now();
        world.defer("a", deferral(json!({"dag_id": "gone", "states": ["success"], "run_ids": ["r"]}), Some(90))).await;
        world.settle().await;
        assert_eq!(world.next_timer(), Some(began + Duration::from_secs(90)));
        world.advance(89.0);
        world.settle().await;
        assert_eq!(world.submitted(), [] as [&str; 0]);
        world.advance(1.1);
        world.settle().await;
        assert_eq!(world.submitted(), ["a#1"]);
    })
    .await;
}
