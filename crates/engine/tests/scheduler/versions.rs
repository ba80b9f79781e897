//! Other versions of a DAG, and priorities of single tries.

use serde_json::json;
use tradewind_core::{RunState, TaskState};
use tradewind_store::{ClearTis, Store, TiRow};

use super::fine;
use super::world::{World, both};

async fn row(store: &Store) -> TiRow {
    let run = store.find_run_row("d", "r1").await.unwrap().unwrap();
    let (_, mut tis) = store.load_runs(&[run.id]).await.unwrap().remove(0);
    tis.remove(0)
}

#[tokio::test]
async fn a_cleared_task_runs_with_pool_queue_and_priority_of_the_newer_version() {
    both(async |mut world: World| {
        let old = json!({"task_id": "a", "operator": "Op", "queue": "old"});
        world.add_dag(json!({"dag_id": "d", "tasks": [old]})).await;
        world.trigger("d", "r1").await;
        assert_eq!(world.run_all(fine).await, ["a#1 success"]);
        let store = world.store().clone();
        let before = row(&store).await;
        assert_eq!((before.queue.as_str(), before.priority, before.max_tries), ("old", 1, 0));

        let new = json!({"task_id": "a", "operator": "Other", "queue": "new", "pool_slots": 2, "priority_weight": 9,
            "executor": "LocalExecutor", "retries": 3});
        world.add_dag(json!({"dag_id": "d", "tasks": [new]})).await;
        let clear = ClearTis {
            tis: vec![before.id],
            reopen_runs: true,
            also_runs: vec![],
            latest_version: true,
            default_retries: 0,
            at: world.now(),
        };
        store.clear_tis(&clear).await.unwrap();
        world.advance(1.0);
        world.settle().await;
        let workload = world.start("a").await;
        assert_eq!((workload.queue.as_str(), workload.pool_slots, workload.priority), ("new", 2, 9));
        assert!(world.report(&workload, TaskState::Success).await);
        world.settle().await;
        let after = row(&store).await;
        assert_eq!((after.queue.as_str(), after.pool_slots, after.priority, after.max_tries), ("new", 2, 9, 4));
        assert_eq!((after.operator.as_str(), after.executor.as_deref()), ("Other", Some("LocalExecutor")));
        assert_ne!(after.dag_version_id, before.dag_version_id);
        assert_eq!(world.run_state("d", "r1").await, RunState::Success);
        let first = store.earlier_tries(after.id).await.unwrap().remove(0);
        assert_eq!((first.queue.as_str(), first.dag_version_id), ("old", before.dag_version_id), "history stays");
    })
    .await;
}

#[tokio::test]
async fn a_strategy_gives_each_try_its_own_priority() {
    both(async |mut world: World| {
        let task = json!({"task_id": "a", "operator": "Op", "retries": 3, "retry_delay": 1.0,
            "weight_strategy": "mine.Decreasing", "priorities": [4, 3]});
        let other = json!({"task_id": "b", "operator": "Op", "priority_weight": 7});
        world.add_dag(json!({"dag_id": "d", "tasks": [task, other]})).await;
        world.trigger("d", "r1").await;
        let store = world.store().clone();
        let mut seen = Vec::new();
        for attempt in 1..=3 {
            world.settle().await;
            if attempt == 1 {
                assert_eq!(world.submitted(), ["a#1", "b#1"]);
            }
            let workload = world.start("a").await;
            seen.push((workload.priority, row(&store).await.priority));
            assert!(world.report(&workload, TaskState::UpForRetry).await);
            world.settle().await;
            world.advance(1.5);
        }
        assert_eq!(seen, [(4, 4), (3, 3), (3, 3)]);
    })
    .await;
}

#[tokio::test]
async fn a_dag_that_does_not_allow_scheduled_runs_gets_none() {
    both(async |mut world: World| {
        for (dag_id, allowed) in [("manual_only", json!(["manual"])), ("free", json!(["scheduled", "manual"]))] {
            world
                .add_dag(json!({"dag_id": dag_id, "timetable": {"type": "cron_data_interval", "cron": "0 * * * *"},
                    "start_date": "2023-01-01T00:00:00Z", "catchup": false, "allowed_run_types": allowed,
                    "tasks": [{"task_id": "a", "operator": "Op"}]}))
                .await;
            world.unpause(dag_id).await;
        }
        world.settle().await;
        assert_eq!(world.submitted().len(), 1);
        assert_eq!(world.store().active_run_count("manual_only").await.unwrap(), 0);
        assert_eq!(world.store().active_run_count("free").await.unwrap(), 1);
    })
    .await;
}
