//! Assets by REST.

use reqwest::StatusCode;
use serde_json::json;
use tradewind_core::asset::AssetExpr;
use tradewind_core::timetable::TimetableSpec;
use tradewind_store::{AssetUse, AssetUseKind, ParsedDag};
use tradewind_testkit::build::{dag, file};

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
