//! The scheduler and assets, on both databases: runs that events make due, whoever looks first.

use serde_json::{Value, json};
use tradewind_core::asset::{AssetExpr, AssetUpdate};
use tradewind_core::{RunType, TaskState};
use tradewind_store::read::{AssetEventFilter, OrderBy, Page, QueueFilter, RUN_COLUMNS, RunFilter, RunView};
use tradewind_store::{NewAssetEvent, Store};

use crate::world::{World, both};

fn asset(name: &str) -> Value {
    json!({"asset": {"name": name, "uri": name}})
}

fn event(world: &World, name: &str, key: Option<&str>) -> NewAssetEvent {
    NewAssetEvent {
        asset: serde_json::from_value(asset(name)).unwrap(),
        at: world.now(),
        extra: serde_json::Map::new(),
        aliases: Vec::new(),
        source: None,
        partition_key: key.map(Into::into),
        partition_date: None,
    }
}

async fn emit(world: &World, name: &str, key: Option<&str>) -> i64 {
    let mut tx = world.store().begin().await.unwrap();
    let number = tx.emit_asset_events(&[event(world, name, key)]).await.unwrap()[0].unwrap();
    tx.commit().await.unwrap();
    number
}

async fn runs(store: &Store, dag_id: &str) -> Vec<RunView> {
    let order = OrderBy::parse(RUN_COLUMNS, &["id"]).unwrap();
    let by = RunFilter { dag_ids: vec![dag_id.into()], ..RunFilter::default() };
    store.list_runs(&by, &order, Page { limit: 1000, offset: 0 }).await.unwrap().rows
}

async fn consumed(store: &Store, run: &RunView) -> Vec<i64> {
    let by = AssetEventFilter { consumed_by: Some(run.id), ..AssetEventFilter::default() };
    let events = store.asset_events_for_task(&by, Page { limit: 1000, offset: 0 }).await.unwrap();
    events.iter().map(|event| event.id).collect()
}

async fn queued(store: &Store, dag_id: &str) -> i64 {
    let by = QueueFilter { dag_id: Some(dag_id.into()), ..QueueFilter::default() };
    store.queued_asset_events(&by).await.unwrap().iter().map(|row| row.events).sum()
}

fn consumer(dag_id: &str, assets: Value) -> Value {
    json!({"dag_id": dag_id, "timetable": {"type": "asset_triggered", "assets": assets},
        "tasks": [{"task_id": "c", "operator": "PythonOperator"}]})
}

#[tokio::test]
async fn a_task_that_updates_assets_starts_those_who_wait() {
    both(async |mut world| {
        world
            .add_dag(json!({"dag_id": "producer", "tasks": [
                {"task_id": "make", "operator": "PythonOperator", "outlets": [asset("a")], "downstream": ["mark"]},
                {"task_id": "mark", "operator": "EmptyOperator", "lane": {"kind": "empty"}, "outlets": [asset("b")]},
            ]}))
            .await;
        world.add_dag(consumer("consumer", json!({"all": [asset("a"), asset("b")]}))).await;
        world.trigger("producer", "p").await;
        world.settle().await;
        let make = world.start("make").await;
        assert_eq!(make.outlets, [serde_json::from_value::<AssetExpr>(asset("a")).unwrap()], "native lanes need them");
        world.report_updates(&make, vec![AssetUpdate::of_outlet(&make.outlets[0]).unwrap()]).await;
        world.settle().await;
        let found = runs(world.store(), "consumer").await;
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].run_type, found[0].triggered_by.as_str()), (RunType::AssetTriggered, "asset"));
        assert_eq!((found[0].logical_date, found[0].data_interval_start), (None, None));
        assert_eq!(consumed(world.store(), &found[0]).await.len(), 2, "the empty task's update is there as well");
        assert_eq!(world.submitted(), ["c#1"], "and it runs");
    })
    .await;
}

#[tokio::test]
async fn a_full_dag_gets_its_runs_all_the_same_and_a_paused_one_later() {
    both(async |mut world| {
        let mut dag = consumer("consumer", asset("a"));
        dag["max_active_runs"] = json!(1);
        world.add_dag(dag).await;
        for _ in 0..3 {
            emit(&world, "a", None).await;
            world.settle().await;
            world.advance(1.0);
        }
        let found = runs(world.store(), "consumer").await;
        assert_eq!(found.len(), 3, "one run for each event, however full the DAG is");
        assert_eq!(world.submitted(), ["c#1"], "one at a time");
        world.store().set_paused(&["consumer".into()], true).await.unwrap();
        emit(&world, "a", None).await;
        emit(&world, "a", None).await;
        world.settle().await;
        assert_eq!(runs(world.store(), "consumer").await.len(), 3);
        world.unpause("consumer").await;
        world.settle().await;
        let found = runs(world.store(), "consumer").await;
        assert_eq!((found.len(), consumed(world.store(), &found[3]).await.len()), (4, 2));
    })
    .await;
}

#[tokio::test]
async fn assets_or_time_make_runs_of_both_kinds() {
    both(async |mut world| {
        world
            .add_dag(json!({"dag_id": "d", "start_date": "2023-11-14T22:00:00Z", "catchup": true, "tasks": [
                {"task_id": "c", "operator": "PythonOperator"}],
                "timetable": {"type": "asset_or_time", "assets": asset("a"),
                    "timetable": {"type": "cron_data_interval", "cron": "0 * * * *"}}}))
            .await;
        world.unpause("d").await;
        emit(&world, "a", None).await;
        world.settle().await;
        world.advance(3_600.0);
        world.settle().await;
        let kinds: Vec<RunType> = runs(world.store(), "d").await.iter().map(|run| run.run_type).collect();
        assert!(kinds.contains(&RunType::AssetTriggered) && kinds.contains(&RunType::Scheduled), "{kinds:?}");
    })
    .await;
}

#[tokio::test]
async fn a_cron_partition_run_knows_its_partition() {
    both(async |mut world| {
        world
            .add_dag(json!({"dag_id": "d", "start_date": "2023-11-12T00:00:00Z", "catchup": true, "tasks": [
                {"task_id": "c", "operator": "EmptyOperator", "lane": {"kind": "empty"}, "outlets": [asset("a")]}],
                "timetable": {"type": "cron_partition", "cron": "0 1 * * *", "run_offset": -1, "key_format": "%Y-%m-%d"}}))
            .await;
        world
            .add_dag(json!({"dag_id": "monthly", "tasks": [{"task_id": "t", "operator": "PythonOperator"}],
                "timetable": {"type": "partitioned_asset", "assets": asset("a"), "default_mapper": {"type": "temporal",
                    "grain": "month", "input_format": "%Y-%m-%d", "output_format": "%Y-%m"}}}))
            .await;
        world.unpause("d").await;
        world.settle().await;
        let found = runs(world.store(), "d").await;
        let keys: Vec<&str> = found.iter().filter_map(|run| run.partition_key.as_deref()).collect();
        assert_eq!(keys, ["2023-11-11", "2023-11-12", "2023-11-13"]);
        assert_eq!(found[0].run_id, "scheduled__2023-11-12T01:00:00+00:00__2023-11-11");
        assert_eq!((found[0].logical_date, found[0].data_interval_start), (None, None));
        assert_eq!(found[0].partition_date.unwrap().to_string(), "2023-11-11T01:00:00Z");
        let months = runs(world.store(), "monthly").await;
        assert!(!months.is_empty());
        for run in &months {
            assert_eq!(run.partition_key.as_deref(), Some("2023-11"));
            assert_eq!(run.partition_date.unwrap().to_string(), "2023-11-01T00:00:00Z");
        }
        world.restart_scheduler().await;
        world.settle().await;
        assert_eq!(runs(world.store(), "d").await.len(), 3, "none twice");
    })
    .await;
}

/// Events, pauses and schedulers in any order: at the end everybody who waits has consumed every event exactly once.
#[tokio::test]
async fn every_event_is_consumed_exactly_once_by_each_consumer() {
    for seed in 0..6_u64 {
        both(async |mut world| {
            let mut random = Random(seed);
            world.add_dag(consumer("one", asset("a"))).await;
            world.add_dag(consumer("any", json!({"any": [asset("a"), asset("b")]}))).await;
            world.add_dag(consumer("all", json!({"all": [asset("a"), asset("b")]}))).await;
            let dags = ["one", "any", "all"];
            let (mut second, mut third) = (world.another_scheduler().await, world.another_scheduler().await);
            let mut emitted: Vec<(i64, &str)> = Vec::new();
            for _ in 0..40 {
                let now = world.now();
                match random.below(8) {
                    0..=2 => {
                        let name = ["a", "b"][random.below(2)];
                        emitted.push((emit(&world, name, None).await, name));
                    }
                    3 => {
                        let paused = random.below(2) == 0;
                        world.store().set_paused(&[dags[random.below(3)].to_owned()], paused).await.unwrap();
                    }
                    4 => {
                        let event = event(&world, "a", None);
                        let store = world.store().clone();
                        let emission = async move {
                            let mut tx = store.begin().await.unwrap();
                            let number = tx.emit_asset_events(&[event]).await.unwrap()[0].unwrap();
                            tx.commit().await.unwrap();
                            number
                        };
                        // An event that comes while two schedulers look.
                        let (number, left, right) = tokio::join!(emission, second.tick(now), third.tick(now));
                        emitted.push((number, "a"));
                        // SQLite's and Postgres' own conflicts are told and survived.
                        if left.is_err() {
                            second.forget();
                        }
                        if right.is_err() {
                            third.forget();
                        }
                    }
                    5 => {
                        world.scheduler().tick(now).await.unwrap();
                    }
                    6 => {
                        second.tick(now).await.unwrap();
                    }
                    _ => world.advance(1.0),
                }
            }
            for dag_id in dags {
                world.store().set_paused(&[dag_id.to_owned()], false).await.unwrap();
            }
            for name in ["a", "b"] {
                emitted.push((emit(&world, name, None).await, name));
            }
            world.settle().await;
            for (dag_id, waits_for) in [("one", &["a"][..]), ("any", &["a", "b"]), ("all", &["a", "b"])] {
                let mut seen = Vec::new();
                for run in runs(world.store(), dag_id).await {
                    let events = consumed(world.store(), &run).await;
                    assert!(!events.is_empty(), "a run of nothing");
                    seen.extend(events);
                }
                seen.sort_unstable();
                let mut expected: Vec<i64> =
                    emitted.iter().filter(|(_, name)| waits_for.contains(name)).map(|(id, _)| *id).collect();
                expected.sort_unstable();
                assert_eq!(seen, expected, "seed {seed}, {dag_id}");
                assert_eq!(queued(world.store(), dag_id).await, 0);
            }
        })
        .await;
    }
}

#[tokio::test]
async fn an_event_wakes_only_those_who_wait_for_its_asset() {
    both(async |mut world| {
        for n in 0..20 {
            world.add_dag(consumer(&format!("d{n}"), asset(&format!("a{n}")))).await;
        }
        world.settle().await;
        emit(&world, "a7", None).await;
        let inbox = world.store().read_inbox(1).await.unwrap();
        let woken: Vec<_> = inbox.iter().filter_map(|row| row.dag_id.as_deref()).collect();
        assert_eq!(woken, ["d7"]);
        world.settle().await;
        assert_eq!(world.submitted().len(), 1);
        world.finish("c", TaskState::Success).await;
    })
    .await;
}

/// A small generator, so that a seed says everything.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % bound as u64) as usize
    }
}
