//! DAG runs by REST.

use reqwest::StatusCode;
use serde_json::json;
use tradewind_core::RunState;
use tradewind_testkit::build::at;

use super::server::{add_dags, add_run, servers};

#[tokio::test]
async fn triggers_runs_and_refuses_doubles() {
    for server in servers().await {
        add_dags(&server.store).await;
        let path = "/api/v2/dags/d/dagRuns";
        let run = server
            .post(path, json!({"dag_run_id": "mine", "logical_date": null, "conf": {"k": [1]}, "note": "n"}))
            .await;
        assert_eq!(run.status, StatusCode::OK, "{run:?}");
        let run = run.body;
        assert_eq!((run["state"].clone(), run["run_type"].clone()), (json!("queued"), json!("manual")));
        assert_eq!((run["conf"].clone(), run["note"].clone()), (json!({"k": [1]}), json!("n")));
        assert_eq!(
            (run["triggered_by"].clone(), run["triggering_user_name"].clone()),
            (json!("rest_api"), json!("admin"))
        );
        assert_eq!(run["dag_versions"][0]["version_number"], 1);
        assert!(run["logical_date"].is_null() && run["run_after"].as_str().unwrap().ends_with('Z'));

        let again = server.post(path, json!({"dag_run_id": "mine", "logical_date": null})).await;
        assert_eq!(again.status, StatusCode::CONFLICT);
        let dated = server.post(path, json!({"logical_date": "2024-01-01T00:00:00+00:00"})).await;
        assert_eq!(dated.body["dag_run_id"], "manual__2024-01-01T00:00:00+00:00");
        assert_eq!(dated.body["data_interval_end"], "2024-01-01T00:00:00Z");
        let same_date = server.post(path, json!({"logical_date": "2024-01-01T00:00:00Z", "dag_run_id": "other"})).await;
        assert_eq!(same_date.status, StatusCode::CONFLICT);
        for body in [
            json!({}),
            json!({"logical_date": null, "dag_run_id": "a/b"}),
            json!({"logical_date": "soon"}),
            json!({"logical_date": null, "nope": 1}),
            json!({"logical_date": null, "data_interval_start": "2024-01-01T00:00:00Z"}),
        ] {
            assert_eq!(server.post(path, body.clone()).await.status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
        }
        let missing = server.post("/api/v2/dags/no/dagRuns", json!({"logical_date": null})).await;
        assert_eq!(missing.status, StatusCode::NOT_FOUND);
        let event = server.ok("/api/v2/eventLogs?run_id=mine").await;
        assert_eq!(event["event_logs"][0]["event"], "trigger_dag_run");
    }
}

#[tokio::test]
async fn lists_runs_by_every_filter() {
    for server in servers().await {
        add_dags(&server.store).await;
        for (name, date) in [("r1", 10), ("r2", 20), ("s3", 30)] {
            add_run(&server.store, name, date).await;
        }
        let run = server.store.find_run("d", "s3").await.unwrap().unwrap();
        server.store.set_run_state(run.id, RunState::Failed, at(100), &[]).await.unwrap();
        let ids = async |query: &str| {
            let page = server.ok(&format!("/api/v2/dags/{query}")).await;
            let ids = page["dag_runs"].as_array().unwrap().iter().map(|r| r["dag_run_id"].as_str().unwrap().to_owned());
            (ids.collect::<Vec<_>>().join(","), page["total_entries"].as_i64().unwrap())
        };
        let r2 = at(20).to_string();
        for (query, expected) in [
            ("d/dagRuns", ("r1,r2,s3", 3)),
            ("~/dagRuns?order_by=-id&limit=2", ("s3,r2", 3)),
            ("d/dagRuns?state=queued&state=running", ("r1,r2", 2)),
            ("d/dagRuns?state=failed", ("s3", 1)),
            ("d/dagRuns?run_id_pattern=r%25", ("r1,r2", 2)),
            ("~/dagRuns?dag_id_pattern=d", ("r1,r2,s3", 3)),
            ("~/dagRuns?dag_id_pattern=fanout_%25", ("", 0)),
            (&format!("d/dagRuns?logical_date_gte={r2}&order_by=-logical_date"), ("s3,r2", 2)),
            (&format!("d/dagRuns?logical_date_lt={r2}"), ("r1", 1)),
            ("d/dagRuns?run_type=manual", ("", 0)),
            ("d/dagRuns?run_type=scheduled&limit=1&offset=1", ("r2", 3)),
            ("d/dagRuns?dag_version=1", ("r1,r2,s3", 3)),
            ("d/dagRuns?conf_contains=%22x%22", ("r1,r2,s3", 3)),
            ("d/dagRuns?duration_gte=0", ("s3", 1)),
            ("d/dagRuns?order_by=-end_date", ("s3,r2,r1", 3)),
        ] {
            let (ids, total) = ids(query).await;
            assert_eq!((ids.as_str(), total), expected, "{}: {query}", server.store.name);
        }
        assert_eq!(server.get("/api/v2/dags/no/dagRuns").await.status, StatusCode::NOT_FOUND);
        assert_eq!(server.get("/api/v2/dags/d/dagRuns?state=done").await.status, StatusCode::UNPROCESSABLE_ENTITY);
        let batch = json!({"dag_ids": ["d"], "states": ["failed"], "logical_date_gte": r2, "order_by": "-id"});
        let batch = server.post("/api/v2/dags/~/dagRuns/list", batch).await;
        assert_eq!(batch.body["total_entries"], 1, "{batch:?}");
        let wrong = server.post("/api/v2/dags/~/dagRuns/list", json!({"dagids": ["d"]})).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        let stats = server.ok("/api/v2/dagStats?dag_ids=d").await;
        assert_eq!(stats["dags"][0]["stats"][3], json!({"state": "failed", "count": 1}));
    }
}

#[tokio::test]
async fn marks_clears_and_deletes_runs() {
    for server in servers().await {
        add_dags(&server.store).await;
        add_run(&server.store, "r1", 10).await;
        let path = "/api/v2/dags/d/dagRuns/r1";
        let failed = server.patch(path, json!({"state": "failed", "note": "broken"})).await;
        assert_eq!((failed.body["state"].clone(), failed.body["note"].clone()), (json!("failed"), json!("broken")));
        assert_eq!(server.patch(path, json!({"state": "running"})).await.status, StatusCode::UNPROCESSABLE_ENTITY);
        let note = server.patch(&format!("{path}?update_mask=note"), json!({"state": "success", "note": null})).await;
        assert_eq!((note.body["state"].clone(), note.body["note"].clone()), (json!("failed"), json!(null)));

        let dry = server.post(&format!("{path}/clear"), json!({"only_failed": true})).await;
        let tasks = dry.body["task_instances"].as_array().unwrap();
        let names: Vec<&str> = tasks.iter().map(|ti| ti["task_id"].as_str().unwrap()).collect();
        assert_eq!(names, ["b", "c"], "{}", server.store.name);
        assert_eq!(server.ok(path).await["state"], "failed", "a dry run changes nothing");
        let cleared = server.post(&format!("{path}/clear"), json!({"dry_run": false})).await;
        assert_eq!(cleared.body["state"], "queued", "{cleared:?}");
        let states = server.ok(&format!("{path}/taskInstances?state=none")).await;
        assert_eq!(states["total_entries"], 5);

        let gone = server.delete(path).await;
        assert_eq!(gone.status, StatusCode::NO_CONTENT);
        assert_eq!(server.get(path).await.status, StatusCode::NOT_FOUND);
        assert_eq!(server.delete(path).await.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn bulk_changes_tell_what_became_of_each() {
    for server in servers().await {
        add_dags(&server.store).await;
        add_run(&server.store, "r1", 10).await;
        add_run(&server.store, "r2", 20).await;
        let body = json!({"actions": [
            {"action": "update", "entities": [{"dag_run_id": "r1", "state": "success"}, {"dag_run_id": "no", "note": "x"}]},
            {"action": "delete", "entities": ["r2", "no"], "action_on_non_existence": "skip"},
        ]});
        let answer = server.patch("/api/v2/dags/d/dagRuns", body).await;
        assert_eq!(answer.body["update"]["success"], json!(["d.r1"]), "{answer:?}");
        assert_eq!(answer.body["update"]["errors"][0]["status_code"], 404);
        assert_eq!(answer.body["delete"], json!({"success": ["d.r2"], "errors": []}));
        assert_eq!(server.ok("/api/v2/dags/d/dagRuns/r1").await["state"], "success");
    }
}

#[tokio::test]
async fn waits_for_the_end_of_a_run() {
    for server in servers().await {
        add_dags(&server.store).await;
        let ran = add_run(&server.store, "r1", 10).await;
        let path = "/api/v2/dags/d/dagRuns/r1/wait?interval=600&result=a";
        let waiting = server.request(reqwest::Method::GET, path).send().await.unwrap();
        assert_eq!(waiting.headers()["content-type"], "application/x-ndjson");
        let mut waiting = waiting;
        assert_eq!(waiting.chunk().await.unwrap().unwrap(), "{\"state\":\"queued\"}\n");
        server.store.set_run_state(ran.run_key, RunState::Success, at(50), &[]).await.unwrap();
        let last = waiting.text().await.unwrap();
        assert_eq!(last, "{\"state\":\"success\",\"results\":{\"a\":{\"n\":1}}}\n");
        let chosen = server.request(reqwest::Method::GET, "/api/v2/dags/d/dagRuns/r1/wait?interval=600");
        let last = chosen.send().await.unwrap().text().await.unwrap();
        assert_eq!(last, "{\"state\":\"success\",\"results\":{\"b\":{\"n\":1}}}\n", "the author's choice");
        assert_eq!(server.get("/api/v2/dags/d/dagRuns/r1/wait").await.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
}
