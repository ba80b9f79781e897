//! Backfills on real databases: order, limits, pausing, cancelling, a dead scheduler, two schedulers.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tradewind_core::plan::{BackfillRequest, backfill_dates};
use tradewind_core::timetable::{TimetableSpec, run_id};
use tradewind_core::{Reprocess, RunState, RunType, TaskState, Timestamp};
use tradewind_store::read::{BackfillView, RunFilter};
use tradewind_store::{BackfillChange, BackfillOutcome, NewBackfill, NewBackfillRun, Store};

use super::fine;
use super::world::{World, both};

/// A daily DAG of one task that runs one at a time and whose schedule has nothing to do: it is of long ago.
fn daily(more: Value) -> Value {
    let mut dag = json!({
        "dag_id": "d", "max_active_runs": 1, "timetable": timetable(), "start_date": "2020-01-01T00:00:00Z",
        "end_date": "2020-01-01T00:00:00Z", "catchup": false,
        "tasks": [{"task_id": "a", "operator": "Op"}],
    });
    dag.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    dag
}

fn timetable() -> Value {
    json!({"type": "cron_data_interval", "cron": "0 0 * * *", "timezone": "UTC"})
}

fn day(n: u32) -> Timestamp {
    format!("2021-03-{n:02}T00:00:00Z").parse().unwrap()
}

/// A backfill of some days of March 2021.
fn backfill(days: (u32, u32), max_active_runs: u32, now: Timestamp) -> NewBackfill {
    let asked =
        BackfillRequest { from: day(days.0), to: day(days.1), run_backwards: false, reprocess: Reprocess::None };
    let timetable = serde_json::from_value::<TimetableSpec>(timetable()).unwrap().compile().unwrap();
    let dates = backfill_dates(&timetable, false, &asked, now).unwrap();
    let run = |run: tradewind_core::timetable::NextRun| NewBackfillRun {
        run_id: run_id(RunType::Backfill, run.logical_date.unwrap()),
        run,
    };
    NewBackfill {
        dag_id: "d".into(),
        from: asked.from,
        to: asked.to,
        conf: None,
        run_backwards: false,
        reprocess: Reprocess::None,
        max_active_runs,
        triggering_user: None,
        latest_version: true,
        default_retries: 0,
        runs: dates.into_iter().map(run).collect(),
        at: now,
    }
}

async fn create(store: &Store, new: &NewBackfill) -> i64 {
    match store.create_backfill(new).await.unwrap() {
        BackfillOutcome::Created(id) => id,
        BackfillOutcome::Running(id) => panic!("backfill {id} runs"),
    }
}

async fn found(store: &Store, id: i64) -> BackfillView {
    store.find_backfill(id).await.unwrap().unwrap()
}

/// Runs by state.
async fn states(store: &Store) -> BTreeMap<&'static str, i64> {
    let mut states = BTreeMap::new();
    for state in RunState::ALL {
        let by = RunFilter { states: vec![state.to_string()], ..RunFilter::default() };
        let runs = store.count_runs(&by).await.unwrap();
        if runs > 0 {
            states.insert(state.as_str(), runs);
        }
    }
    states
}

#[tokio::test]
async fn a_backfill_has_a_limit_of_its_own_and_is_over_with_its_last_run() {
    both(async |mut world: World| {
        world.add_dag(daily(json!({}))).await;
        world.unpause("d").await;
        world.trigger("d", "manual").await;
        let id = create(world.store(), &backfill((1, 5), 2, world.now())).await;
        world.settle().await;
        // One of the DAG, two of the backfill.
        assert_eq!(states(world.store()).await, BTreeMap::from([("queued", 3), ("running", 3)]));
        assert_eq!(found(world.store(), id).await.completed_at, None);
        assert_eq!(world.run_all(fine).await.len(), 6);
        assert_eq!(states(world.store()).await, BTreeMap::from([("success", 6)]));
        assert!(found(world.store(), id).await.completed_at.is_some());
        let dates = world.store().backfill_dates(id).await.unwrap();
        let ids: Vec<_> = dates.iter().filter_map(|date| date.run_id.clone()).collect();
        assert_eq!((ids.len(), ids[0].as_str()), (5, "backfill__2021-03-01T00:00:00+00:00"));
    })
    .await;
}

#[tokio::test]
async fn runs_of_a_backfill_begin_in_its_order() {
    both(async |mut world: World| {
        world.add_dag(daily(json!({}))).await;
        world.unpause("d").await;
        let mut new = backfill((1, 4), 1, world.now());
        new.runs.reverse();
        create(world.store(), &new).await;
        let mut order = Vec::new();
        for _ in 0..4 {
            world.settle().await;
            let workload = world.start("a").await;
            order.push(workload.run.logical_date.unwrap());
            world.advance(1.0);
            assert!(world.report(&workload, TaskState::Success).await);
        }
        assert_eq!(order, [day(4), day(3), day(2), day(1)]);
    })
    .await;
}

#[tokio::test]
async fn a_paused_backfill_begins_nothing_and_a_cancelled_one_fails_what_is_queued() {
    both(async |mut world: World| {
        world.add_dag(daily(json!({}))).await;
        world.unpause("d").await;
        let id = create(world.store(), &backfill((1, 5), 1, world.now())).await;
        world.settle().await;
        let store = world.store().clone();
        assert_eq!(store.set_backfill_paused(id, true, world.now()).await.unwrap(), BackfillChange::Done);
        world.settle().await;
        world.finish("a", TaskState::Success).await;
        world.settle().await;
        assert_eq!(states(&store).await, BTreeMap::from([("queued", 4), ("success", 1)]), "what ran has ended");
        assert_eq!(store.set_backfill_paused(id, false, world.now()).await.unwrap(), BackfillChange::Done);
        world.settle().await;
        assert_eq!(states(&store).await, BTreeMap::from([("queued", 3), ("running", 1), ("success", 1)]));
        assert_eq!(store.cancel_backfill(id, world.now()).await.unwrap(), BackfillChange::Done);
        world.settle().await;
        assert_eq!(states(&store).await, BTreeMap::from([("failed", 3), ("running", 1), ("success", 1)]));
        assert!(found(&store, id).await.completed_at.is_some());
        for change in [store.cancel_backfill(id, day(1)).await, store.set_backfill_paused(id, false, day(1)).await] {
            assert_eq!(change.unwrap(), BackfillChange::Completed);
        }
        assert_eq!(store.cancel_backfill(id + 1, day(1)).await.unwrap(), BackfillChange::Missing);
        assert_eq!(world.run_all(fine).await, ["a#1 success"]);
        assert_eq!(states(&store).await, BTreeMap::from([("failed", 3), ("success", 2)]));
    })
    .await;
}

#[tokio::test]
async fn a_backfill_survives_its_scheduler() {
    both(async |mut world: World| {
        world.add_dag(daily(json!({}))).await;
        world.unpause("d").await;
        let id = create(world.store(), &backfill((1, 6), 2, world.now())).await;
        world.settle().await;
        world.finish("a", TaskState::Success).await;
        world.settle().await;
        world.restart_scheduler().await;
        assert_eq!(world.run_all(fine).await.len(), 5);
        assert_eq!(states(world.store()).await, BTreeMap::from([("success", 6)]));
        assert!(found(world.store(), id).await.completed_at.is_some());
    })
    .await;
}

#[tokio::test]
async fn dates_depend_on_the_run_before_theirs_in_a_backfill() {
    both(async |mut world: World| {
        let task = json!({"task_id": "a", "operator": "Op", "depends_on_past": true});
        world.add_dag(daily(json!({"tasks": [task]}))).await;
        world.unpause("d").await;
        create(world.store(), &backfill((1, 3), 3, world.now())).await;
        world.settle().await;
        assert_eq!(states(world.store()).await, BTreeMap::from([("running", 3)]));
        assert_eq!(world.submitted().len(), 1, "the others wait for the first");
        assert_eq!(world.run_all(fine).await.len(), 3);
        assert_eq!(states(world.store()).await, BTreeMap::from([("success", 3)]));
    })
    .await;
}

/// Two schedulers own queued runs of one DAG, and both want to begin at the same moment.
#[tokio::test]
async fn two_schedulers_begin_no_run_too_many() {
    both(async |mut world: World| {
        world.add_dag(daily(json!({"max_active_runs": 2}))).await;
        let mut other = world.another_scheduler().await;
        for n in 0..4 {
            world.trigger("d", &format!("mine{n}")).await;
            world.settle().await;
            world.trigger("d", &format!("theirs{n}")).await;
            other.tick(world.now()).await.unwrap();
        }
        assert_eq!(states(world.store()).await, BTreeMap::from([("queued", 8)]), "the DAG is paused");
        world.unpause("d").await;
        other.schedules_changed();
        let store = world.store().clone();
        for round in 0..200 {
            let now = world.now();
            let (mine, theirs) = tokio::join!(world.scheduler().tick(now), other.tick(now));
            mine.unwrap();
            theirs.unwrap();
            let now = states(&store).await;
            assert!(now.get("running").copied().unwrap_or(0) <= 2, "round {round}: {now:?}");
            if now.get("success") == Some(&8) {
                return;
            }
            for _ in 0..world.submitted().len().min(1) {
                world.finish("a", TaskState::Success).await;
            }
            world.advance(0.1);
        }
        panic!("the runs do not end: {:?}", states(&store).await);
    })
    .await;
}
