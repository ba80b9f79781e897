//! DAGs by REST.

use reqwest::StatusCode;
use serde_json::json;
use tradewind_store::{ParsedDag, StoredImportError};
use tradewind_testkit::build::{dag, file};

use super::server::{add_dags, add_run, servers};

#[tokio::test]
async fn lists_dags_by_every_filter() {
    for server in servers().await {
        add_dags(&server.store).await;
        add_run(&server.store, "r1", 10).await;
        let ids = async |query: &str| {
            let page = server.ok(&format!("/api/v2/dags?{query}")).await;
            let ids = page["dags"].as_array().unwrap().iter().map(|dag| dag["dag_id"].as_str().unwrap().to_owned());
            (ids.collect::<Vec<_>>().join(","), page["total_entries"].as_i64().unwrap())
        };
        for (query, expected) in [
            ("", ("d,gen_1", 2)),
            ("order_by=-dag_id", ("gen_1,d", 2)),
            ("limit=1&offset=1", ("gen_1", 2)),
            ("dag_id_pattern=GEN_%25", ("gen_1", 1)),
            ("dag_id_pattern=gen_%25|d", ("d,gen_1", 2)),
            ("dag_id_prefix_pattern=gen", ("gen_1", 1)),
            ("tags=x", ("gen_1", 1)),
            ("tags=a&tags=x", ("d,gen_1", 2)),
            ("tags=a&tags=b&tags_match_mode=all", ("d", 1)),
            ("owners=me", ("d,gen_1", 2)),
            ("owners=m", ("", 0)),
            ("paused=true", ("gen_1", 1)),
            ("last_dag_run_state=queued", ("d", 1)),
            ("last_dag_run_state=failed", ("", 0)),
            ("dag_run_state=queued&dag_run_state=running", ("d", 1)),
            ("has_import_errors=false", ("d,gen_1", 2)),
            ("order_by=last_run_state&order_by=-dag_id", ("d,gen_1", 2)),
        ] {
            let (ids, total) = ids(query).await;
            assert_eq!((ids.as_str(), total), expected, "{}: {query}", server.store.name);
        }
        assert_eq!(server.get("/api/v2/dags?order_by=password").await.status, StatusCode::UNPROCESSABLE_ENTITY);
        let wrong = server.get("/api/v2/dags?limit=many").await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(wrong.body["detail"][0]["loc"], json!(["query", "limit"]));
        assert_eq!(server.get("/api/v2/dags?limit=-1").await.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
}

#[tokio::test]
async fn shows_one_dag_with_details_and_tasks() {
    for server in servers().await {
        add_dags(&server.store).await;
        let dag = server.ok("/api/v2/dags/d").await;
        assert_eq!(dag["tags"][0], json!({"name": "a", "dag_id": "d", "dag_display_name": "d"}));
        assert_eq!(dag["has_task_concurrency_limits"], true);
        assert_eq!(dag["is_backfillable"], false);
        assert_eq!(dag["last_parse_duration"], 0.003);
        let text =
            server.request(reqwest::Method::GET, "/api/v2/dags/d/details").send().await.unwrap().text().await.unwrap();
        assert!(text.contains(r#""params":{"z":{"value":2},"a":{"value":1}}"#), "in the author's order: {text}");
        let details: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(details["doc_md"], "# d");
        assert_eq!((details["dag_id"].clone(), details["active_runs_count"].clone()), (json!("d"), json!(0)));
        assert_eq!(details["latest_dag_version"]["version_number"], 1);
        let tasks = server.ok("/api/v2/dags/d/tasks?order_by=-task_id").await;
        assert_eq!(tasks["total_entries"], 4);
        assert_eq!(tasks["tasks"][0]["task_id"], "m");
        assert_eq!(tasks["tasks"][0]["is_mapped"], true);
        let a = server.ok("/api/v2/dags/d/tasks/a").await;
        assert_eq!((a["retries"].clone(), a["task_display_name"].clone()), (json!(2.0), json!("Ä")));
        assert_eq!(a["retry_delay"], json!({"__type": "TimeDelta", "days": 0, "seconds": 60, "microseconds": 0}));
        for path in ["/api/v2/dags/no", "/api/v2/dags/no/details", "/api/v2/dags/d/tasks/no", "/api/v2/dags/no/tasks"] {
            assert_eq!(server.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
        }
        let source = server.ok("/api/v2/dagSources/d").await;
        assert_eq!((source["content"].clone(), source["version_number"].clone()), (json!("print()"), json!(1)));
        let versions = server.ok("/api/v2/dags/d/dagVersions?order_by=-version_number").await;
        assert_eq!(versions["total_entries"], 1);
        assert_eq!(server.ok("/api/v2/dags/d/dagVersions/1").await["id"], versions["dag_versions"][0]["id"]);
        assert_eq!(server.ok("/api/v2/dagTags").await["tags"], json!(["a", "b", "x"]));
    }
}

#[tokio::test]
async fn pauses_one_or_many_and_deletes() {
    for server in servers().await {
        add_dags(&server.store).await;
        let answer = server.patch("/api/v2/dags/d", json!({"is_paused": true})).await;
        assert_eq!((answer.status, answer.body["is_paused"].clone()), (StatusCode::OK, json!(true)));
        assert_eq!(server.patch("/api/v2/dags/d", json!({})).await.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(
            server.patch("/api/v2/dags/d", json!({"is_paused": true, "x": 1})).await.status,
            StatusCode::UNPROCESSABLE_ENTITY
        );
        let mask = server.patch("/api/v2/dags/d?update_mask=tags", json!({"is_paused": true})).await;
        assert_eq!(mask.status, StatusCode::BAD_REQUEST);
        let bulk = server.patch("/api/v2/dags?dag_id_pattern=gen_%25", json!({"is_paused": false})).await;
        assert_eq!((bulk.status, bulk.body["total_entries"].clone()), (StatusCode::OK, json!(1)));
        assert_eq!(bulk.body["dags"][0]["is_paused"], false);
        let all = server.patch("/api/v2/dags?paused=true", json!({"is_paused": false})).await;
        assert_eq!((all.body["total_entries"].clone(), all.body["dags"][0]["dag_id"].clone()), (json!(1), json!("d")));
        assert_eq!(server.delete("/api/v2/dags/gen_1").await.status, StatusCode::OK);
        assert_eq!(server.get("/api/v2/dags/gen_1").await.status, StatusCode::NOT_FOUND);
        add_run(&server.store, "r1", 10).await;
        assert_eq!(server.delete("/api/v2/dags/d").await.status, StatusCode::CONFLICT);
        let events = server.ok("/api/v2/eventLogs?dag_id=gen_1&order_by=-id").await;
        assert_eq!(events["event_logs"][0]["event"], "delete_dag");
        assert_eq!(events["event_logs"][0]["owner"], "admin");
    }
}

#[tokio::test]
async fn deadlines_that_a_dag_declares_are_listed() {
    for server in servers().await {
        let data = json!({
            "format": 1, "dag_id": "d", "timetable": {"type": "once"}, "tasks": [],
            "deadlines": [
                {"name": "soon", "reference": {"type": "queued_at"}, "interval": 60.0,
                 "callback": {"path": "x.y", "kwargs": {}, "mode": "sync"}},
                {"reference": {"type": "custom", "class": "Mine", "when_queued": true}, "interval_variable": "v",
                 "callback": {"path": "x.y", "kwargs": {}, "mode": "sync"}},
            ],
        });
        let parsed = ParsedDag { data: data.to_string(), ..dag("d", "h1") };
        server.store.apply_parse(file("d.py", vec![parsed])).await.unwrap();
        let found = server.ok("/ui/dags/d/deadlineAlerts?order_by=-reference_type").await;
        assert_eq!(found["total_entries"], 2);
        let [mine, soon] = found["deadline_alerts"].as_array().unwrap().as_slice() else { panic!("{found}") };
        assert_eq!(
            (&mine["reference_type"], &mine["name"], &mine["interval"]),
            (&json!("Mine"), &json!(null), &json!(null))
        );
        assert_eq!((&soon["reference_type"], &soon["name"]), (&json!("DagRunQueuedAtDeadline"), &json!("soon")));
        assert_eq!(soon["interval"], 60.0);

        let path = "/api/v2/dags/d/dagRuns";
        let run = server.post(path, json!({"logical_date": null, "dag_run_id": "r"})).await;
        assert_eq!(run.status, StatusCode::OK, "{run:?}");
        let of_run = server.ok("/ui/dags/d/dagRuns/r/deadlines").await;
        assert_eq!(of_run["deadlines"][0]["alert_id"], soon["id"], "the run's deadline names its alert");
        assert_eq!(
            server.ok("/ui/dags/d/deadlineAlerts?limit=1&offset=1").await["deadline_alerts"][0]["id"],
            mine["id"]
        );
        assert_eq!(server.get("/ui/dags/d/deadlineAlerts?version_number=7").await.status, StatusCode::NOT_FOUND);
        assert_eq!(server.get("/ui/dags/no/deadlineAlerts").await.status, StatusCode::NOT_FOUND);
        assert_eq!(server.get("/ui/dags/d/deadlineAlerts?order_by=x").await.status, StatusCode::BAD_REQUEST);
    }
}

#[tokio::test]
async fn import_errors_name_files_as_their_bundle_does() {
    for server in servers().await {
        let mut broken = file("team/bad.py", Vec::new());
        broken.import_error =
            Some(StoredImportError { message: "no".into(), line: Some(3), traceback: "Traceback …".into() });
        server.store.apply_parse(broken).await.unwrap();
        let found = server.ok("/api/v2/importErrors?filename_pattern=team%25").await;
        let error = &found["import_errors"][0];
        assert_eq!((&error["filename"], &error["bundle_name"]), (&json!("team/bad.py"), &json!("dags-folder")));
    }
}
