//! Task instances by REST.

use reqwest::StatusCode;
use serde_json::json;
use tradewind_core::TaskState;

use super::server::{add_dags, add_run, servers};

const RUN: &str = "/api/v2/dags/d/dagRuns/r1/taskInstances";

#[tokio::test]
async fn lists_task_instances_by_every_filter() {
    for server in servers().await {
        add_dags(&server.store).await;
        add_run(&server.store, "r1", 10).await;
        add_run(&server.store, "r2", 20).await;
        let names = async |path: &str| {
            let page = server.ok(&format!("/api/v2/dags/{path}")).await;
            let names = page["task_instances"].as_array().unwrap().iter().map(|ti| {
                let index = ti["map_index"].as_i64().unwrap();
                let task = ti["task_id"].as_str().unwrap();
                if index < 0 { task.to_owned() } else { format!("{task}{index}") }
            });
            (names.collect::<Vec<_>>().join(","), page["total_entries"].as_i64().unwrap())
        };
        for (path, expected) in [
            ("d/dagRuns/r1/taskInstances", ("a,b,c,m0,m1", 5)),
            ("~/dagRuns/~/taskInstances?limit=3", ("a,b,c", 10)),
            ("d/dagRuns/~/taskInstances?state=failed", ("b,b", 2)),
            ("~/dagRuns/r2/taskInstances?state=none&order_by=-map_index", ("m1,m0", 2)),
            ("d/dagRuns/r1/taskInstances?state=failed&state=no_status", ("b,m0,m1", 3)),
            ("d/dagRuns/r1/taskInstances?task_id=m", ("m0,m1", 2)),
            ("d/dagRuns/r1/taskInstances?map_index=1", ("m1", 1)),
            ("d/dagRuns/r1/taskInstances?operator=BashOperator&pool=default_pool&limit=1&offset=4", ("m1", 5)),
            ("d/dagRuns/r1/taskInstances?try_number=1&order_by=-task_id", ("b,a", 2)),
            ("d/dagRuns/r1/taskInstances?duration_gte=1&order_by=duration", ("a,b", 2)),
            ("d/dagRuns/r1/taskInstances?run_id_pattern=r2", ("", 0)),
            ("~/dagRuns/~/taskInstances?dag_id_pattern=x%25", ("", 0)),
            ("d/dagRuns/~/taskInstances?run_after_gte=2030-01-01T00:00:00Z", ("", 0)),
            ("d/dagRuns/r1/taskInstances/m/listMapped?order_by=-map_index", ("m1,m0", 2)),
        ] {
            let (names, total) = names(path).await;
            assert_eq!((names.as_str(), total), expected, "{}: {path}", server.store.name);
        }
        assert_eq!(server.get("/api/v2/dags/d/dagRuns/no/taskInstances").await.status, StatusCode::NOT_FOUND);
        assert_eq!(server.get("/api/v2/dags/no/dagRuns/~/taskInstances").await.status, StatusCode::NOT_FOUND);
        assert_eq!(server.get(&format!("{RUN}/a/listMapped?state=failed")).await.status, StatusCode::NOT_FOUND);
        let batch = json!({"dag_run_ids": ["r2"], "state": [null, "failed"], "order_by": "-task_id"});
        let batch = server.post("/api/v2/dags/~/dagRuns/~/taskInstances/list", batch).await;
        assert_eq!(batch.body["total_entries"], 3, "{batch:?}");
    }
}

#[tokio::test]
async fn shows_one_with_tries() {
    for server in servers().await {
        add_dags(&server.store).await;
        let ran = add_run(&server.store, "r1", 10).await;
        let a = server.ok(&format!("{RUN}/a")).await;
        assert_eq!(
            (a["state"].clone(), a["try_number"].clone(), a["duration"].clone()),
            (json!("success"), json!(1), json!(2.0))
        );
        assert_eq!((a["task_display_name"].clone(), a["hostname"].clone()), (json!("Ä"), json!("h")));
        assert_eq!((a["dag_version"]["version_number"].clone(), a["max_rss_kb"].clone()), (json!(1), json!(1234)));
        let id: tradewind_core::TryId = a["id"].as_str().unwrap().parse().unwrap();
        assert_eq!((id.ti_id, id.try_number), (ran.a, 1));
        assert_eq!(server.ok(&format!("{RUN}/m/1")).await["map_index"], 1);
        assert_eq!(server.get(&format!("{RUN}/m")).await.status, StatusCode::NOT_FOUND);
        assert_eq!(server.get(&format!("{RUN}/no")).await.status, StatusCode::NOT_FOUND);
        assert_eq!(server.ok(&format!("{RUN}/m/0/tries")).await["total_entries"], 0);

        // A clear keeps the old try, and the number shows up once.
        let clear = json!({"dag_run_id": "r1", "task_ids": ["b"], "dry_run": false});
        assert_eq!(server.post("/api/v2/dags/d/clearTaskInstances", clear).await.status, StatusCode::OK);
        let tries = server.ok(&format!("{RUN}/b/tries")).await;
        assert_eq!(tries["total_entries"], 1, "{tries}");
        assert_eq!(tries["task_instances"][0]["state"], "failed");
        assert_eq!(server.ok(&format!("{RUN}/b/tries/1")).await["state"], "failed");
        assert_eq!(server.get(&format!("{RUN}/b/tries/2")).await.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn clears_what_is_meant() {
    for server in servers().await {
        add_dags(&server.store).await;
        add_run(&server.store, "r1", 10).await;
        add_run(&server.store, "r2", 20).await;
        let meant = async |body: serde_json::Value| {
            let answer = server.post("/api/v2/dags/d/clearTaskInstances", body.clone()).await;
            assert!(answer.status.is_success(), "{body}: {answer:?}");
            let tis = answer.body["task_instances"].as_array().unwrap().clone();
            let name = |ti: &serde_json::Value| {
                format!("{}.{}", ti["dag_run_id"].as_str().unwrap(), ti["task_id"].as_str().unwrap())
            };
            tis.iter().map(name).collect::<Vec<_>>().join(" ")
        };
        for (body, expected) in [
            (json!({"dag_run_id": "r1"}), "r1.b r1.c"),
            (json!({"dag_run_id": "r1", "only_failed": false}), "r1.a r1.b r1.c"),
            (json!({"dag_run_id": "r1", "task_ids": ["a"], "only_failed": false}), "r1.a"),
            (json!({"dag_run_id": "r1", "task_ids": ["a"], "include_downstream": true}), "r1.b r1.c"),
            (
                json!({"dag_run_id": "r1", "task_ids": ["c"], "include_upstream": true, "only_failed": false}),
                "r1.a r1.b r1.c",
            ),
            (json!({"dag_run_id": "r1", "task_ids": ["b"], "include_future": true}), "r1.b r2.b"),
            (json!({"dag_run_id": "r1", "task_ids": ["b"], "include_past": true}), "r1.b"),
            (json!({"task_ids": ["b"]}), "r1.b r2.b"),
            (json!({"dag_run_id": "r1", "task_ids": [["m", 1]], "only_failed": false}), ""),
            (json!({"dag_run_id": "r1", "only_running": true, "only_failed": false}), ""),
        ] {
            assert_eq!(meant(body.clone()).await, expected, "{}: {body}", server.store.name);
        }
        assert_eq!(server.ok(&format!("{RUN}/b")).await["state"], "failed", "dry runs change nothing");
        meant(json!({"dag_run_id": "r1", "dry_run": false, "note": "again"})).await;
        let b = server.ok(&format!("{RUN}/b")).await;
        assert_eq!((b["state"].clone(), b["note"].clone()), (json!(null), json!("again")));
        let a = json!({"dag_run_id": "r1", "task_ids": ["a"], "only_failed": false, "dry_run": false});
        meant(a).await;
        assert_eq!(server.ok(&format!("{RUN}/a")).await["max_tries"], 3, "two retries after the first try");
        let unknown = json!({"dag_run_id": "r1", "task_ids": ["no"]});
        assert_eq!(server.post("/api/v2/dags/d/clearTaskInstances", unknown).await.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn marks_and_gives_what_follows_another_chance() {
    for server in servers().await {
        add_dags(&server.store).await;
        add_run(&server.store, "r1", 10).await;
        let dry = server.patch(&format!("{RUN}/b/dry_run"), json!({"new_state": "success"})).await;
        assert_eq!(dry.body["total_entries"], 1, "{dry:?}");
        assert_eq!(server.ok(&format!("{RUN}/b")).await["state"], "failed");
        let marked = server.patch(&format!("{RUN}/b"), json!({"new_state": "success", "note": "checked"})).await;
        let b = &marked.body["task_instances"][0];
        assert_eq!((b["state"].clone(), b["note"].clone()), (json!("success"), json!("checked")), "{marked:?}");
        let c = server.store.find_ti("d", "r1", "c", -1).await.unwrap().unwrap();
        assert_eq!(c.state, None, "what failed because of b is looked at again");
        let many = json!({"new_state": "skipped", "include_downstream": true});
        let many = server.patch(&format!("{RUN}/b"), many).await;
        assert_eq!(many.body["total_entries"], 2);
        let c = server.store.find_ti("d", "r1", "c", -1).await.unwrap().unwrap();
        assert_eq!(c.state, Some(TaskState::Skipped));
        let one = server.patch(&format!("{RUN}/m/1"), json!({"new_state": "failed"})).await;
        assert_eq!(one.body["task_instances"][0]["map_index"], 1);
        assert_eq!(
            server.patch(&format!("{RUN}/b"), json!({"new_state": "queued"})).await.status,
            StatusCode::UNPROCESSABLE_ENTITY
        );
        assert_eq!(server.patch(&format!("{RUN}/no"), json!({"note": "x"})).await.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn explains_what_a_task_waits_for() {
    for server in servers().await {
        add_dags(&server.store).await;
        add_run(&server.store, "r1", 10).await;
        let waits = server.ok(&format!("{RUN}/m/0/dependencies")).await;
        let why = server.ok("/ui/why/d/r1/m/0").await;
        assert_eq!(waits["dependencies"].as_array().unwrap().len(), why["reasons"].as_array().unwrap().len());
        server.patch("/api/v2/dags/d", json!({"is_paused": true})).await;
        let why = server.ok("/ui/why/d/r1/m/0").await;
        let codes: Vec<_> = why["reasons"].as_array().unwrap().iter().map(|reason| &reason["code"]).collect();
        assert_eq!(codes, ["no_scheduler", "dag_paused"], "{why}");
        let over = server.ok("/ui/why/d/r1/a/-1").await;
        assert_eq!((over["state"].clone(), over["reasons"].clone()), (json!("success"), json!([])), "{over}");
    }
}

#[tokio::test]
async fn xcoms_are_listed_read_and_changed() {
    for server in servers().await {
        add_dags(&server.store).await;
        add_run(&server.store, "r1", 10).await;
        let path = format!("{RUN}/a/xcomEntries");
        let list = server.ok(&path).await;
        assert_eq!(
            (list["total_entries"].clone(), list["xcom_entries"][0]["key"].clone()),
            (json!(1), json!("return_value"))
        );
        assert!(list["xcom_entries"][0].get("value").is_none());
        let value = server.ok(&format!("{path}/return_value")).await;
        assert_eq!((value["value"].clone(), value["task_display_name"].clone()), (json!({"n": 1}), json!("Ä")));
        let text = server.ok(&format!("{path}/return_value?stringify=true")).await;
        assert_eq!(text["value"], "{\"n\":1}");
        let made = server.post(&path, json!({"key": "a/b", "value": [1]})).await;
        assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
        assert_eq!(server.post(&path, json!({"key": "a/b", "value": 1})).await.status, StatusCode::CONFLICT);
        assert_eq!(server.patch(&format!("{path}/a/b"), json!({"value": "new"})).await.body["value"], "new");
        assert_eq!(server.delete(&format!("{path}/a/b")).await.status, StatusCode::NO_CONTENT);
        assert_eq!(server.get(&format!("{path}/a/b")).await.status, StatusCode::NOT_FOUND);
        let all = server.ok("/api/v2/dags/~/dagRuns/~/taskInstances/~/xcomEntries?xcom_key_pattern=return%25").await;
        assert_eq!(all["total_entries"], 2);
    }
}
