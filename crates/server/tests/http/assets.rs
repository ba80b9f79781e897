//! Assets by REST.

use reqwest::StatusCode;
use serde_json::json;
use tradewind_core::RunType;
use tradewind_core::asset::AssetExpr;
use tradewind_core::plan::{AssetPlan, AssetRun};
use tradewind_core::timetable::TimetableSpec;
use tradewind_store::{AssetUse, AssetUseKind, NewAssetEvent, NewRun, ParsedDag};
use tradewind_testkit::build::{at, dag, file, new_run};

use super::server::{Server, servers};

fn asset(name: &str) -> AssetExpr {
    serde_json::from_value(json!({"asset": {"name": name, "uri": format!("s3://{name}"), "extra": {"k": 1}}})).unwrap()
}

/// `producer.make` updates `a`, which `consumer` waits for, together with `b`.
async fn add_dags(server: &Server) {
    let used = |kind, task_id: &str, what| AssetUse { kind, task_id: task_id.into(), what };
    let both = AssetExpr::All(vec![asset("a"), asset("b")]);
    let consumer = ParsedDag {
        timetable: serde_json::to_value(TimetableSpec::AssetTriggered { assets: both.clone() }).unwrap(),
        assets: both.leaves().into_iter().map(|leaf| used(AssetUseKind::Schedule, "", leaf.clone())).collect(),
        data: json!({"format": 1, "dag_id": "consumer", "timetable": {"type": "asset_triggered", "assets": both},
            "tasks": []})
        .to_string(),
        ..dag("consumer", "1")
    };
    let alias = serde_json::from_value(json!({"alias": {"name": "x"}})).unwrap();
    let producer = ParsedDag {
        data: json!({"format": 1, "dag_id": "producer", "timetable": {"type": "once"}, "tasks": []}).to_string(),
        assets: vec![used(AssetUseKind::Outlet, "make", asset("a")), used(AssetUseKind::Outlet, "make", alias)],
        ..dag("producer", "1")
    };
    let reader = ParsedDag { assets: vec![used(AssetUseKind::Inlet, "look", asset("a"))], ..dag("reader", "1") };
    server.store.apply_parse(file("d.py", vec![consumer, producer, reader])).await.unwrap();
}

#[tokio::test]
async fn assets_tell_who_updates_and_who_uses_them() {
    for server in servers().await {
        add_dags(&server).await;
        let list = server.ok("/api/v2/assets?order_by=name").await;
        assert_eq!(list["total_entries"], 2);
        let a = &list["assets"][0];
        assert_eq!(
            (&a["name"], &a["uri"], &a["group"], &a["extra"]["k"]),
            (&json!("a"), &json!("s3://a"), &json!("asset"), &json!(1))
        );
        assert_eq!(a["scheduled_dags"][0]["dag_id"], "consumer");
        assert_eq!(
            (&a["producing_tasks"][0]["dag_id"], &a["producing_tasks"][0]["task_id"]),
            (&json!("producer"), &json!("make"))
        );
        assert_eq!(a["consuming_tasks"][0]["task_id"], "look");
        assert!(a["last_asset_event"].is_null());
        let id = a["id"].as_i64().unwrap();
        assert_eq!(server.ok(&format!("/api/v2/assets/{id}")).await, *a);
        for (query, names) in [
            ("name_pattern=B", vec!["b"]),
            ("uri_prefix_pattern=s3://a", vec!["a"]),
            ("dag_ids=producer", vec!["a"]),
            ("limit=1&offset=1&order_by=-name", vec!["a"]),
        ] {
            let found = server.ok(&format!("/api/v2/assets?{query}")).await;
            let found: Vec<&str> =
                found["assets"].as_array().unwrap().iter().map(|a| a["name"].as_str().unwrap()).collect();
            assert_eq!(found, names, "{query}");
        }
        let aliases = server.ok("/api/v2/assets/aliases").await;
        assert_eq!((&aliases["total_entries"], &aliases["asset_aliases"][0]["name"]), (&json!(1), &json!("x")));
        let alias = aliases["asset_aliases"][0]["id"].as_i64().unwrap();
        assert_eq!(server.ok(&format!("/api/v2/assets/aliases/{alias}")).await["group"], "asset");
        for missing in ["/api/v2/assets/999", "/api/v2/assets/aliases/999"] {
            assert_eq!(server.get(missing).await.status, StatusCode::NOT_FOUND);
        }
        let details = server.ok("/api/v2/dags/consumer/details").await;
        assert_eq!(
            details["asset_expression"]["all"][0],
            json!({"asset": {"name": "a", "uri": "s3://a", "group": "asset"}})
        );
    }
}

#[tokio::test]
async fn events_are_reported_listed_queued_and_forgotten() {
    for server in servers().await {
        add_dags(&server).await;
        let id = server.ok("/api/v2/assets?name_pattern=a").await["assets"][0]["id"].as_i64().unwrap();
        let made = server.post("/api/v2/assets/events", json!({"asset_id": id, "extra": {"n": 1}})).await;
        assert_eq!(made.status, StatusCode::OK, "{made:?}");
        assert_eq!(made.body["extra"], json!({"n": 1, "from_rest_api": true}));
        assert_eq!((&made.body["source_map_index"], &made.body["created_dagruns"]), (&json!(-1), &json!([])));
        server.post("/api/v2/assets/events", json!({"asset_id": id, "partition_key": "2024"})).await;
        let listed = server.ok("/api/v2/assets/events?order_by=-timestamp").await;
        assert_eq!(
            (&listed["total_entries"], &listed["asset_events"][0]["partition_key"]),
            (&json!(2), &json!("2024"))
        );
        assert_eq!(server.ok("/api/v2/assets/events?source_dag_id=producer").await["total_entries"], 0);
        assert_eq!(server.ok("/api/v2/assets/events?timestamp_lt=2000-01-01T00:00:00Z").await["total_entries"], 0);
        for bad in [json!({}), json!({"asset_id": id, "partition_key": " "}), json!({"asset_id": id, "nope": 1})] {
            let answer = server.post("/api/v2/assets/events", bad.clone()).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{bad}");
        }
        let missing = server.post("/api/v2/assets/events", json!({"asset_id": 999})).await;
        assert_eq!(missing.status, StatusCode::NOT_FOUND);

        let queue = "/api/v2/dags/consumer/assets/queuedEvents";
        let queued = server.ok(queue).await;
        assert_eq!((&queued["total_entries"], &queued["queued_events"][0]["asset_id"]), (&json!(1), &json!(id)));
        assert_eq!(
            server.ok(&format!("/api/v2/assets/{id}/queuedEvents")).await["queued_events"][0]["dag_id"],
            "consumer"
        );
        let one = format!("/api/v2/dags/consumer/assets/{id}/queuedEvents");
        assert_eq!(server.ok(&one).await["dag_display_name"], "consumer");
        assert_eq!(server.ok(&format!("{queue}?before=2000-01-01T00:00:00Z")).await["total_entries"], 0);
        assert_eq!(server.delete(&one).await.status, StatusCode::NO_CONTENT);
        assert_eq!(server.ok(queue).await["total_entries"], 0, "{}", server.store.name);
        for path in [one.as_str(), queue, "/api/v2/assets/999/queuedEvents"] {
            assert_eq!(server.delete(path).await.status, StatusCode::NOT_FOUND, "{path}");
        }
        assert_eq!(server.get(&one).await.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn an_asset_is_materialized_by_the_dag_that_updates_it() {
    for server in servers().await {
        add_dags(&server).await;
        let id = |body: &serde_json::Value, name: &str| {
            let all = body["assets"].as_array().unwrap().clone();
            all.iter().find(|asset| asset["name"] == name).unwrap()["id"].as_i64().unwrap()
        };
        let list = server.ok("/api/v2/assets").await;
        let path = format!("/api/v2/assets/{}/materialize", id(&list, "a"));
        let run = server.post(&path, json!({"conf": {"k": 1}, "partition_key": "p", "note": "n"})).await;
        assert_eq!(run.status, StatusCode::OK, "{run:?}");
        assert_eq!((&run.body["dag_id"], &run.body["run_type"]), (&json!("producer"), &json!("asset_materialization")));
        assert_eq!((&run.body["partition_key"], &run.body["conf"]["k"]), (&json!("p"), &json!(1)));
        assert!(run.body["dag_run_id"].as_str().unwrap().starts_with("asset_materialization__"));
        let path = format!("/api/v2/assets/{}/materialize", id(&list, "b"));
        let nobody = server.post(&path, serde_json::Value::Null).await;
        assert_eq!(nobody.status, StatusCode::NOT_FOUND, "nobody updates b: {nobody:?}");
        let run_id = run.body["dag_run_id"].as_str().unwrap().replace('+', "%2B");
        let upstream = server.ok(&format!("/api/v2/dags/producer/dagRuns/{run_id}/upstreamAssetEvents")).await;
        assert_eq!(upstream, json!({"asset_events": [], "total_entries": 0}));
        let by_key = server.ok("/api/v2/dags/~/dagRuns?partition_key_pattern=P").await;
        assert_eq!(by_key["total_entries"], 1);
    }
}

#[tokio::test]
async fn dags_and_runs_are_found_by_the_assets_that_they_are_about() {
    for server in servers().await {
        add_dags(&server).await;
        let dags = async |query: &str| -> Vec<String> {
            let found = server.ok(&format!("/api/v2/dags?{query}")).await;
            found["dags"].as_array().unwrap().iter().map(|dag| dag["dag_id"].as_str().unwrap().into()).collect()
        };
        assert_eq!(dags("has_asset_schedule=true").await, ["consumer"]);
        assert_eq!(dags("has_asset_schedule=false").await, ["producer", "reader"]);
        assert_eq!(dags("asset_dependency=s3%3A%2F%2Fa").await, ["consumer"]);
        assert_eq!(dags("asset_dependency=S3&has_asset_schedule=false").await, Vec::<String>::new());
        assert_eq!(dags("asset_dependency=c").await, Vec::<String>::new());
        assert_eq!(dags("is_favorite=true").await, Vec::<String>::new());

        let mut tx = server.store.begin().await.unwrap();
        let event = NewAssetEvent {
            asset: asset("a"),
            at: at(1),
            extra: serde_json::Map::new(),
            aliases: vec![],
            source: None,
            partition_key: None,
            partition_date: None,
        };
        let number = tx.emit_asset_events(&[event]).await.unwrap()[0].unwrap();
        let plan = AssetPlan {
            runs: vec![AssetRun { run_after: at(1), partition_key: None, partition_date: None, events: vec![number] }],
            ..AssetPlan::default()
        };
        tx.consume_assets("consumer", &plan, |run| NewRun {
            run_type: RunType::AssetTriggered,
            ..new_run("consumer", &run.run_id(), None)
        })
        .await
        .unwrap();
        tx.create_run(new_run("consumer", "other", None)).await.unwrap();
        tx.commit().await.unwrap();
        for (query, expected) in [
            ("", 2),
            ("consuming_asset_pattern=a", 1),
            ("consuming_asset_pattern=%25b%25", 0),
            ("consuming_asset_pattern=b|S3%3A%25", 1),
            ("consuming_asset_prefix_pattern=s3%3A", 1),
        ] {
            let found = server.ok(&format!("/api/v2/dags/~/dagRuns?{query}")).await;
            assert_eq!(found["total_entries"], expected, "{}: {query}", server.store.name);
        }
    }
}

#[tokio::test]
async fn one_name_with_two_uris_is_worth_a_warning() {
    for server in servers().await {
        add_dags(&server).await;
        assert_eq!(server.ok("/api/v2/dagWarnings").await, json!({"dag_warnings": [], "total_entries": 0}));
        let other = serde_json::from_value(json!({"asset": {"name": "a", "uri": "gs://a"}})).unwrap();
        let used = AssetUse { kind: AssetUseKind::Outlet, task_id: "t".into(), what: other };
        let odd = ParsedDag { assets: vec![used], ..dag("odd", "1") };
        server.store.apply_parse(file("odd.py", vec![odd])).await.unwrap();
        let found = server.ok("/api/v2/dagWarnings?dag_id=odd").await;
        let warning = &found["dag_warnings"][0];
        assert_eq!((&found["total_entries"], &warning["warning_type"]), (&json!(1), &json!("asset conflict")));
        assert_eq!((&warning["dag_id"], warning["timestamp"].is_string()), (&json!("odd"), true));
        let message = warning["message"].as_str().unwrap();
        assert!(message.starts_with("asset 'a' has the URI 'gs://a' here and 's3://a' elsewhere"), "{message}");
        let all = server.ok("/api/v2/dagWarnings?order_by=-dag_id&limit=1").await;
        assert_eq!((&all["total_entries"], &all["dag_warnings"][0]["dag_id"]), (&json!(4), &json!("reader")));
        assert_eq!(server.ok("/api/v2/dagWarnings?warning_type=non-existent%20pool").await["total_entries"], 0);
        let wrong = server.get("/api/v2/dagWarnings?warning_type=x").await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
}
