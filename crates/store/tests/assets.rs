//! Assets on both databases: who waits for what, events that are queued for them, and runs that consume them.

use serde_json::json;
use tradewind_core::asset::{AssetExpr, AssetUpdate};
use tradewind_core::plan::{AssetConsumer, AssetPlan, plan_asset_runs};
use tradewind_core::timetable::TimetableSpec;
use tradewind_core::{RunType, TaskState, TryId};
use tradewind_store::read::{ASSET_COLUMNS, AssetEventFilter, AssetFilter, OrderBy, Page, QueueFilter};
use tradewind_store::{AssetUse, AssetUseKind, FinishTry, NewAssetEvent, NewRun, ParsedDag, PythonQuestion, Store};
use tradewind_testkit::build::{at, dag, file, new_run, queued, start};
use tradewind_testkit::stores;

fn asset(name: &str) -> AssetExpr {
    serde_json::from_value(json!({"asset": {"name": name, "uri": format!("s3://{name}")}})).unwrap()
}

fn alias(name: &str) -> AssetExpr {
    serde_json::from_value(json!({"alias": {"name": name}})).unwrap()
}

/// A DAG whose schedule is that condition.
fn waits_for(dag_id: &str, condition: AssetExpr) -> ParsedDag {
    let spec = TimetableSpec::AssetTriggered { assets: condition.clone() };
    let used = |what: &AssetExpr| AssetUse { kind: AssetUseKind::Schedule, task_id: String::new(), what: what.clone() };
    ParsedDag {
        timetable: serde_json::to_value(spec).unwrap(),
        assets: condition.leaves().into_iter().map(used).collect(),
        ..dag(dag_id, "1")
    }
}

fn event(asset: AssetExpr, second: i64) -> NewAssetEvent {
    NewAssetEvent {
        asset,
        at: at(second),
        extra: serde_json::Map::new(),
        aliases: vec![],
        source: None,
        partition_key: None,
        partition_date: None,
    }
}

async fn emit(store: &Store, events: &[NewAssetEvent]) -> Vec<Option<i64>> {
    let mut tx = store.begin().await.unwrap();
    let numbers = tx.emit_asset_events(events).await.unwrap();
    tx.commit().await.unwrap();
    numbers
}

/// What a scheduler does; answers the events of each run that it made.
async fn consume(store: &Store, dag_id: &str) -> Vec<Vec<i64>> {
    let rows = store.asset_consumers(&[dag_id.to_owned()]).await.unwrap();
    let [row] = rows.as_slice() else { panic!("the DAG is there") };
    let spec: TimetableSpec = serde_json::from_value(row.timetable.clone()).unwrap();
    let mut tx = store.begin().await.unwrap();
    let queue = tx.lock_asset_queue(dag_id).await.unwrap();
    let consumer = AssetConsumer {
        schedule: spec.asset_schedule().unwrap(),
        aliases: row.pending.aliases.clone(),
        queue,
        most_keys: 9,
    };
    let plan: AssetPlan = plan_asset_runs(&consumer);
    let outcome = tx
        .consume_assets(dag_id, &plan, |run| NewRun {
            run_type: RunType::AssetTriggered,
            run_after: run.run_after,
            ..new_run(dag_id, &run.run_id(), None)
        })
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let mut consumed = Vec::new();
    for run_key in outcome.created {
        let of = AssetEventFilter { consumed_by: Some(run_key), ..AssetEventFilter::default() };
        let events = store.asset_events_for_task(&of, Page { limit: 100, offset: 0 }).await.unwrap();
        consumed.push(events.iter().map(|event| event.id).collect());
    }
    consumed
}

/// DAGs that the inbox names.
async fn woken(store: &Store) -> Vec<String> {
    let scheduler = store.register_job("SchedulerJob", "h", 1, at(0)).await.unwrap();
    let rows = store.read_inbox(scheduler).await.unwrap();
    let mut tx = store.begin().await.unwrap();
    tx.delete_inbox(&rows.iter().map(|row| row.id).collect::<Vec<_>>()).await.unwrap();
    tx.commit().await.unwrap();
    let mut dags: Vec<String> = rows.into_iter().filter_map(|row| row.dag_id).collect();
    dags.dedup();
    dags
}

async fn queue_length(store: &Store, dag_id: &str) -> i64 {
    let of = QueueFilter { dag_id: Some(dag_id.into()), ..QueueFilter::default() };
    store.queued_asset_events(&of).await.unwrap().iter().map(|row| row.events).sum()
}

#[tokio::test]
async fn an_event_is_consumed_once_by_everybody_who_waits_for_its_asset() {
    for store in stores().await {
        let dags = vec![
            waits_for("one", asset("a")),
            waits_for("both", AssetExpr::All(vec![asset("a"), asset("b")])),
            waits_for("other", asset("c")),
        ];
        store.apply_parse(file("d.py", dags)).await.unwrap();
        let numbers = emit(&store, &[event(asset("a"), 1), event(asset("a"), 2)]).await;
        let [Some(first), Some(second)] = numbers[..] else { panic!("two events: {numbers:?}") };
        assert_eq!(woken(&store).await, ["both", "one"], "{}: only those who wait are woken", store.name);
        assert_eq!(consume(&store, "one").await, [[first, second]]);
        assert_eq!(consume(&store, "one").await, Vec::<Vec<i64>>::new(), "not again");
        assert_eq!(consume(&store, "both").await, Vec::<Vec<i64>>::new(), "b is missing");
        assert_eq!((queue_length(&store, "both").await, queue_length(&store, "other").await), (2, 0));
        let third = emit(&store, &[event(asset("b"), 3)]).await[0].unwrap();
        assert_eq!(consume(&store, "both").await, [[first, second, third]], "nothing is merged away");
        assert_eq!(queue_length(&store, "both").await, 0);
    }
}

#[tokio::test]
async fn a_try_that_succeeds_updates_its_assets_and_one_that_fails_does_not() {
    for store in stores().await {
        store.apply_parse(file("d.py", vec![dag("d", "1"), waits_for("one", asset("a"))])).await.unwrap();
        let (_, ti_id) = queued(&store).await;
        store.start_try(start(ti_id, 1)).await.unwrap();
        let update = AssetUpdate {
            extra: json!({"rows": 3}).as_object().unwrap().clone(),
            ..AssetUpdate::of_outlet(&asset("a")).unwrap()
        };
        let try_id = TryId { ti_id, try_number: 1 };
        let failed =
            FinishTry { asset_updates: vec![update.clone()], ..FinishTry::new(try_id, TaskState::UpForRetry, at(4)) };
        store.finish_try(failed).await.unwrap();
        assert_eq!(queue_length(&store, "one").await, 0, "a failed try updates nothing");

        let mut tx = store.begin().await.unwrap();
        let ti = store.load_tis(&[ti_id]).await.unwrap().remove(0);
        let again = tradewind_testkit::build::write(ti_id, (ti.state, ti.fence), Some(TaskState::Queued), 2);
        assert_eq!(tx.write_tis(&[again]).await.unwrap(), [true]);
        tx.commit().await.unwrap();
        store.start_try(start(ti_id, 2)).await.unwrap();
        let try_id = TryId { ti_id, try_number: 2 };
        let done = FinishTry { asset_updates: vec![update], ..FinishTry::new(try_id, TaskState::Success, at(5)) };
        store.finish_try(done.clone()).await.unwrap();
        store.finish_try(done).await.unwrap();
        assert_eq!(queue_length(&store, "one").await, 1, "{}: a report that comes twice counts once", store.name);
        let of = AssetEventFilter { name: Some("a".into()), ..AssetEventFilter::default() };
        let events = store.asset_events_for_task(&of, Page { limit: 10, offset: 0 }).await.unwrap();
        let source = (
            events[0].source_dag_id.as_deref(),
            events[0].source_task_id.as_deref(),
            events[0].source_run_id.as_deref(),
        );
        assert_eq!(source, (Some("d"), Some("t"), Some("r")));
        assert_eq!((events[0].extra["rows"].as_i64(), events[0].at), (Some(3), at(5)));
    }
}

#[tokio::test]
async fn an_alias_stands_for_the_assets_that_it_was_given_to() {
    for store in stores().await {
        store
            .apply_parse(file("d.py", vec![waits_for("by_alias", alias("x")), waits_for("direct", asset("n"))]))
            .await
            .unwrap();
        emit(&store, &[event(asset("n"), 1)]).await;
        assert_eq!((queue_length(&store, "by_alias").await, queue_length(&store, "direct").await), (0, 1));
        let by_alias = NewAssetEvent { aliases: vec!["x".into()], ..event(asset("n"), 2) };
        let number = emit(&store, &[by_alias]).await[0].unwrap();
        assert_eq!(consume(&store, "by_alias").await, [[number]], "{}", store.name);
        let direct = emit(&store, &[event(asset("n"), 3)]).await[0].unwrap();
        assert_eq!(consume(&store, "by_alias").await, [[direct]], "from now on the asset belongs to the alias");
        assert_eq!(queue_length(&store, "direct").await, 3);
        let of = AssetEventFilter { alias: Some("x".into()), ..AssetEventFilter::default() };
        let events = store.asset_events_for_task(&of, Page { limit: 10, offset: 0 }).await.unwrap();
        assert_eq!((events.len(), events[0].id, events[0].aliases.clone()), (1, number, vec!["x".to_owned()]));
    }
}

#[tokio::test]
async fn references_by_name_and_uri_find_whatever_asset_fits() {
    for store in stores().await {
        let by_name: AssetExpr = serde_json::from_value(json!({"asset_ref": {"name": "a"}})).unwrap();
        let by_uri: AssetExpr = serde_json::from_value(json!({"asset_ref": {"uri": "s3://a"}})).unwrap();
        store.apply_parse(file("d.py", vec![waits_for("n", by_name.clone()), waits_for("u", by_uri)])).await.unwrap();
        let nothing = emit(&store, &[event(by_name.clone(), 1)]).await;
        assert_eq!(nothing, [None], "there is no such asset yet");
        emit(&store, &[event(asset("a"), 2)]).await;
        assert_eq!(emit(&store, &[event(by_name, 3)]).await.len(), 1);
        assert_eq!((consume(&store, "n").await.len(), consume(&store, "u").await.len()), (1, 1), "{}", store.name);
    }
}

#[tokio::test]
async fn what_a_paused_dag_waits_for_is_kept() {
    for store in stores().await {
        store.apply_parse(file("d.py", vec![waits_for("one", asset("a"))])).await.unwrap();
        store.set_paused(&["one".into()], true).await.unwrap();
        emit(&store, &[event(asset("a"), 1), event(asset("a"), 2)]).await;
        woken(&store).await;
        assert!(store.asset_consumers(&["one".into()]).await.unwrap()[0].is_paused);
        store.set_paused(&["one".into()], false).await.unwrap();
        assert_eq!(woken(&store).await, ["one"], "{}: unpausing wakes", store.name);
        assert_eq!(consume(&store, "one").await[0].len(), 2);
    }
}

#[tokio::test]
async fn a_schedule_that_changes_keeps_what_it_still_waits_for() {
    for store in stores().await {
        let both = AssetExpr::All(vec![asset("a"), asset("b")]);
        store.apply_parse(file("d.py", vec![waits_for("one", both)])).await.unwrap();
        emit(&store, &[event(asset("a"), 1)]).await;
        woken(&store).await;
        let other = AssetExpr::All(vec![asset("b"), asset("c")]);
        let changed = ParsedDag { hash: "2".into(), ..waits_for("one", AssetExpr::All(vec![asset("a"), asset("c")])) };
        store.apply_parse(file("d.py", vec![changed])).await.unwrap();
        assert_eq!(queue_length(&store, "one").await, 1, "{}", store.name);
        assert_eq!(woken(&store).await, ["one"], "its condition may be met now");
        let changed = ParsedDag { hash: "3".into(), ..waits_for("one", other) };
        store.apply_parse(file("d.py", vec![changed])).await.unwrap();
        assert_eq!(queue_length(&store, "one").await, 0, "it does not wait for that any more");
    }
}

#[tokio::test]
async fn assets_are_active_while_a_dag_mentions_them() {
    for store in stores().await {
        store.apply_parse(file("d.py", vec![waits_for("one", asset("a"))])).await.unwrap();
        emit(&store, &[event(asset("b"), 1)]).await;
        let order = OrderBy::parse(ASSET_COLUMNS, &["name"]).unwrap();
        let names = async |only_active| {
            let by = AssetFilter { only_active, ..AssetFilter::default() };
            let found = store.list_assets(&by, &order, Page { limit: 10, offset: 0 }).await.unwrap();
            found.rows.into_iter().map(|asset| asset.name).collect::<Vec<_>>()
        };
        assert_eq!((names(true).await, names(false).await), (vec!["a".to_owned()], vec!["a".into(), "b".into()]));
        store.apply_parse(file("d.py", vec![])).await.unwrap();
        assert_eq!(names(true).await, Vec::<String>::new(), "{}: the DAG is gone", store.name);
        emit(&store, &[event(asset("a"), 2)]).await;
        assert_eq!(queue_length(&store, "one").await, 0, "nobody is there to wait");
    }
}

#[tokio::test]
async fn partitioned_schedules_hear_of_partitions_and_others_do_not() {
    for store in stores().await {
        let spec: TimetableSpec = serde_json::from_value(json!({"type": "partitioned_asset",
            "assets": {"all": [{"asset": {"name": "a", "uri": "s3://a"}}, {"asset": {"name": "b", "uri": "s3://b"}}]},
            "default_mapper": {"type": "identity"}}))
        .unwrap();
        let both = AssetExpr::All(vec![asset("a"), asset("b")]);
        let parts = ParsedDag {
            timetable: serde_json::to_value(&spec).unwrap(),
            is_partitioned: true,
            ..waits_for("parts", both)
        };
        store.apply_parse(file("d.py", vec![parts, waits_for("plain", asset("a"))])).await.unwrap();
        let keyed = |asset, second, key: &str| NewAssetEvent {
            partition_key: Some(key.into()),
            partition_date: Some(at(0)),
            ..event(asset, second)
        };
        let numbers = emit(
            &store,
            &[keyed(asset("a"), 1, "x"), keyed(asset("a"), 2, "y"), event(asset("a"), 3), keyed(asset("b"), 4, "y")],
        )
        .await;
        assert_eq!(
            (queue_length(&store, "parts").await, queue_length(&store, "plain").await),
            (3, 1),
            "{}",
            store.name
        );
        assert_eq!(consume(&store, "parts").await, [[numbers[1].unwrap(), numbers[3].unwrap()]]);
        assert_eq!(queue_length(&store, "parts").await, 1, "x waits");
        let last = emit(&store, &[keyed(asset("b"), 5, "x")]).await[0].unwrap();
        assert_eq!(consume(&store, "parts").await, [[numbers[0].unwrap(), last]]);
        let order = OrderBy::parse(tradewind_store::read::RUN_COLUMNS, &["id"]).unwrap();
        let runs = store.list_runs(&Default::default(), &order, Page { limit: 10, offset: 0 }).await.unwrap().rows;
        let keys: Vec<_> = runs.iter().map(|run| (run.partition_key.as_deref(), run.partition_date)).collect();
        assert_eq!(keys, [(Some("y"), Some(at(0))), (Some("x"), Some(at(0)))]);
    }
}

#[tokio::test]
async fn queues_can_be_emptied() {
    for store in stores().await {
        store
            .apply_parse(file("d.py", vec![waits_for("one", AssetExpr::All(vec![asset("a"), asset("b")]))]))
            .await
            .unwrap();
        emit(&store, &[event(asset("a"), 1), event(asset("a"), 9)]).await;
        let rows = store.queued_asset_events(&QueueFilter::default()).await.unwrap();
        assert_eq!((rows.len(), rows[0].created_at, rows[0].events), (1, at(1), 2));
        let before = QueueFilter { before: Some(at(5)), dag_id: Some("one".into()), ..QueueFilter::default() };
        assert_eq!(store.empty_asset_queue(&before).await.unwrap(), 1, "{}", store.name);
        assert_eq!(
            store
                .empty_asset_queue(&QueueFilter { dag_id: Some("one".into()), ..QueueFilter::default() })
                .await
                .unwrap(),
            1
        );
        assert_eq!(queue_length(&store, "one").await, 0);
    }
}

#[tokio::test]
async fn listeners_are_told_once_of_what_is_new_and_of_events_outside_of_tasks() {
    for store in stores().await {
        // What an encrypted notice says, in order.
        let told = async || -> Vec<(String, String)> {
            let claimed = store.claim_python_questions(at(1)).await.unwrap();
            assert!(claimed.iter().all(|one| one.kind == PythonQuestion::NOTICE));
            let ids: Vec<i64> = claimed.iter().map(|one| one.id).collect();
            store.drop_notices(&ids).await.unwrap();
            assert!(store.claim_python_questions(at(2)).await.unwrap().is_empty());
            let name = |notice: &serde_json::Value| {
                ["/asset/name", "/alias/name", "/update/asset/asset/name"]
                    .iter()
                    .find_map(|at| notice.pointer(at))
                    .and_then(|name| name.as_str())
                    .unwrap_or_default()
                    .to_owned()
            };
            claimed.iter().map(|one| (one.question["hook"].as_str().unwrap().into(), name(&one.question))).collect()
        };
        let both = AssetExpr::Any(vec![asset("a"), alias("some")]);
        store.apply_parse(file("d.py", vec![waits_for("d", both.clone())])).await.unwrap();
        let new = |hook: &str, name: &str| (hook.to_owned(), name.to_owned());
        assert_eq!(told().await, [new("on_asset_created", "a"), new("on_asset_alias_created", "some")]);
        store.apply_parse(file("d.py", vec![ParsedDag { hash: "2".into(), ..waits_for("d", both) }])).await.unwrap();
        assert_eq!(told().await, []);
        // The process of a task tells of its own events; what others record is told on demand.
        let events = [event(asset("a"), 1), event(asset("b"), 1)];
        emit(&store, &events).await;
        assert_eq!(told().await, [new("on_asset_created", "b")]);
        let mut tx = store.begin().await.unwrap();
        tx.tell_of_asset_events(&events).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(told().await, [new("on_asset_changed", "a"), new("on_asset_changed", "b")]);
    }
}
