//! Clearing and marking of groups, of many at once, and of tasks that are new; what tasks remember.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tradewind_store::ParsedDag;
use tradewind_testkit::build::{dag, file};

use super::server::{Server, add_dags, add_run, read, sample, servers};

const TIS: &str = "/api/v2/dags/d/dagRuns/r1/taskInstances";

/// DAG `d` as in the other tests, with tasks `b` and `c` in groups and a new task.
async fn add_newer_version(server: &Server) {
    let mut data: Value = serde_json::from_str(&sample().data).unwrap();
    data["task_groups"] = json!({"outer": {}, "inner": {"parent": "outer"}});
    data["tasks"][1]["group"] = json!("outer");
    data["tasks"][2]["group"] = json!("inner");
    data["tasks"].as_array_mut().unwrap().push(json!({"task_id": "new", "operator": "Op", "display_name": "New"}));
    let parsed = ParsedDag { data: data.to_string(), ..dag("d", "h2") };
    server.store.apply_parse(file("d.py", vec![parsed])).await.unwrap();
}

async fn states(server: &Server) -> Vec<(String, Value)> {
    let tis = server.ok(&format!("{TIS}?order_by=id")).await;
    let tis = tis["task_instances"].as_array().unwrap();
    tis.iter().map(|ti| (ti["task_id"].as_str().unwrap().to_owned(), ti["state"].clone())).collect()
}

fn ids(answer: &Value) -> Vec<&str> {
    answer["task_instances"].as_array().unwrap().iter().map(|ti| ti["task_id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_task_group_is_marked_and_cleared_as_a_whole() {
    for server in servers().await {
        add_newer_version(&server).await;
        add_run(&server.store, "r1", 10).await;
        let group = |tail: &str| format!("/api/v2/dags/d/dagRuns/r1/taskGroupInstances/{tail}");
        let dry = server.patch(&group("outer/dry_run"), json!({"new_state": "success"})).await;
        assert_eq!((dry.status, ids(&dry.body)), (StatusCode::OK, vec!["b", "c"]), "{dry:?}");
        let dry =
            server.patch(&group("inner/dry_run"), json!({"new_state": "success", "include_upstream": true})).await;
        assert_eq!(ids(&dry.body), ["b", "c"], "a has succeeded already");
        let marked = server.patch(&group("outer"), json!({"new_state": "success", "note": "by hand"})).await;
        assert_eq!(marked.status, StatusCode::OK, "{marked:?}");
        assert_eq!(marked.body["task_instances"][1]["note"], "by hand");
        assert_eq!(states(&server).await[1..3], [("b".into(), json!("success")), ("c".into(), json!("success"))]);
        assert_eq!(server.patch(&group("nothing"), json!({"note": "x"})).await.status, StatusCode::NOT_FOUND);

        let clear = json!({"dag_run_id": "r1", "task_ids": ["outer"], "only_failed": false, "dry_run": false});
        let cleared = server.post("/api/v2/dags/d/clearTaskInstances", clear).await;
        assert_eq!(cleared.status, StatusCode::OK, "{cleared:?}");
        assert_eq!(states(&server).await[1..3], [("b".into(), Value::Null), ("c".into(), Value::Null)]);
    }
}

#[tokio::test]
async fn only_new_tasks_run_for_the_first_time() {
    for server in servers().await {
        add_dags(&server.store).await;
        let ran = add_run(&server.store, "r1", 10).await;
        let path = "/api/v2/dags/d/dagRuns/r1/clear";
        let nothing = server.post(path, json!({"only_new": true})).await;
        assert_eq!(nothing.body["total_entries"], 0, "{nothing:?}");
        add_newer_version(&server).await;
        let dry = server.post(path, json!({"only_new": true})).await;
        assert_eq!(dry.body["task_instances"], json!([{"task_id": "new", "task_display_name": "New"}]));
        let both = server.post(path, json!({"only_new": true, "only_failed": true})).await;
        assert_eq!(both.status, StatusCode::UNPROCESSABLE_ENTITY);
        server
            .store
            .set_run_state(ran.run_key, tradewind_core::RunState::Failed, tradewind_testkit::build::at(9), &[])
            .await
            .unwrap();
        let before = states(&server).await;
        let run = server.post(path, json!({"only_new": true, "dry_run": false, "note": "more"})).await.body;
        assert_eq!((run["state"].clone(), run["note"].clone()), (json!("queued"), json!("more")), "{run}");
        assert_eq!(run["dag_versions"][0]["version_number"], 2);
        assert_eq!(states(&server).await, before, "what ran stays");
    }
}

#[tokio::test]
async fn many_runs_are_cleared_in_one_request() {
    for server in servers().await {
        add_dags(&server.store).await;
        for (name, date) in [("r1", 10), ("r2", 20)] {
            add_run(&server.store, name, date).await;
        }
        let path = "/api/v2/dags/d/clearDagRuns";
        let runs = json!([{"dag_run_id": "r1"}, {"dag_run_id": "r2", "dag_id": "d"}, {"dag_run_id": "r1"}]);
        let dry = server.post(path, json!({"dag_runs": runs, "only_failed": true})).await;
        assert_eq!((dry.status, dry.body["total_entries"].clone()), (StatusCode::OK, json!(4)), "{dry:?}");
        let done = server.post(path, json!({"dag_runs": runs, "dry_run": false})).await;
        assert_eq!(
            (done.body["total_entries"].clone(), done.body["dag_runs"][1]["dag_run_id"].clone()),
            (json!(2), json!("r2"))
        );
        assert!(states(&server).await.iter().all(|(_, state)| state.is_null()), "{:?}", states(&server).await);
        for (path, body, status) in [
            (path, json!({"dag_runs": []}), StatusCode::UNPROCESSABLE_ENTITY),
            (path, json!({"dag_runs": [{"dag_run_id": "no"}]}), StatusCode::NOT_FOUND),
            (path, json!({"dag_runs": [{"dag_run_id": "r1", "dag_id": "x"}]}), StatusCode::BAD_REQUEST),
            (path, json!({"partition_key": "k"}), StatusCode::OK),
            (path, json!({"partition_key": "k", "dag_runs": [{"dag_run_id": "r1"}]}), StatusCode::UNPROCESSABLE_ENTITY),
            ("/api/v2/dags/~/clearDagRuns", json!({"dag_runs": [{"dag_run_id": "r1"}]}), StatusCode::BAD_REQUEST),
        ] {
            assert_eq!(server.post(path, body.clone()).await.status, status, "{body}");
        }
    }
}

#[tokio::test]
async fn task_instances_are_changed_and_deleted_in_bulk() {
    for server in servers().await {
        add_dags(&server.store).await;
        add_run(&server.store, "r1", 10).await;
        let update = json!({"action": "update", "entities": [
            {"task_id": "b", "new_state": "success", "note": "n"},
            {"task_id": "m", "map_index": 1, "new_state": "skipped"},
            {"task_id": "nothing", "new_state": "failed"},
        ]});
        let delete = json!({"action": "delete", "entities": ["c", {"task_id": "m", "map_index": 0}]});
        let answer = server.patch(TIS, json!({"actions": [update, delete]})).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        assert_eq!(answer.body["update"]["success"], json!(["d.r1.b[-1]", "d.r1.m[1]"]));
        assert_eq!(answer.body["update"]["errors"][0]["status_code"], 404);
        assert_eq!(answer.body["delete"]["success"], json!(["d.r1.c[-1]", "d.r1.m[0]"]));
        let left = states(&server).await;
        assert_eq!(
            left,
            [("a".into(), json!("success")), ("b".into(), json!("success")), ("m".into(), json!("skipped"))]
        );
        let anywhere = json!({"actions": [{"action": "update", "update_mask": ["note"], "entities": [
            {"dag_id": "d", "dag_run_id": "r1", "task_id": "a", "note": "x", "new_state": "failed"}, {"task_id": "a"}]}]});
        let answer = server.patch("/api/v2/dags/~/dagRuns/~/taskInstances", anywhere).await;
        assert_eq!(answer.body["update"]["success"], json!(["d.r1.a[-1]"]));
        assert_eq!(answer.body["update"]["errors"].as_array().unwrap().len(), 1);
        assert_eq!(states(&server).await[0].1, "success", "the mask leaves the state alone");
    }
}

#[tokio::test]
async fn what_a_task_remembers_is_read_and_written() {
    for server in servers().await {
        add_dags(&server.store).await;
        add_run(&server.store, "r1", 10).await;
        let of = |tail: &str| format!("{TIS}/a/state-store{tail}");
        let put = |path: String, body: Value| read(server.request(Method::PUT, &path).json(&body));
        assert_eq!(put(of("/job/id"), json!({"value": [1]})).await.status, StatusCode::NO_CONTENT);
        let forever = json!({"value": "x", "expires_at": null});
        assert_eq!(put(of("/ever"), forever).await.status, StatusCode::NO_CONTENT);
        let found = server.ok(&of("/job/id")).await;
        assert_eq!((found["key"].clone(), found["value"].clone()), (json!("job/id"), json!([1])));
        assert!(found["expires_at"].is_string(), "in thirty days: {found}");
        let changed = server.patch(&of("/job/id"), json!({"value": 2})).await;
        assert_eq!((changed.status, changed.body), (StatusCode::OK, Value::Null));
        assert_eq!(server.patch(&of("/nothing"), json!({"value": 2})).await.status, StatusCode::NOT_FOUND);
        let listed = server.ok(&of("?limit=1")).await;
        assert_eq!(
            (listed["total_entries"].clone(), listed["task_state_store"][0]["key"].clone()),
            (json!(2), json!("ever"))
        );
        assert_eq!(listed["task_state_store"][0]["expires_at"], Value::Null);
        assert_eq!(put(of("/job/id"), json!({"value": null})).await.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(put(format!("{TIS}/no/state-store/k"), json!({"value": 1})).await.status, StatusCode::NOT_FOUND);
        assert_eq!(server.delete(&of("/job/id")).await.status, StatusCode::NO_CONTENT);
        assert_eq!(server.get(&of("/job/id")).await.status, StatusCode::NOT_FOUND);
        assert_eq!(server.delete(&of("")).await.status, StatusCode::NO_CONTENT);
        assert_eq!(server.ok(&of("")).await["total_entries"], 0);
        assert_eq!(server.get("/api/v2/assets/9/state-store").await.status, StatusCode::NOT_FOUND);
    }
}
