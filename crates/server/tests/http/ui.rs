//! The web interface's own endpoints.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tradewind_core::RunState;
use tradewind_testkit::build::{at, new_run};

use super::server::{add_dags, add_run, servers};

#[tokio::test]
async fn the_list_of_dags_has_their_newest_runs() {
    for server in servers().await {
        add_dags(&server.store).await;
        for n in 0..16 {
            let mut tx = server.store.begin().await.unwrap();
            let mut run = new_run("d", &format!("r{n}"), Some(n));
            run.run_after = at(n);
            tx.create_run(run).await.unwrap();
            tx.commit().await.unwrap();
        }
        let page = server.ok("/ui/dags?q=D&tags=a&limit=10").await;
        assert_eq!(page["total_entries"], 1, "{page}");
        let dag = &page["dags"][0];
        assert_eq!((dag["tags"].clone(), dag["owners"].clone()), (json!(["a", "b"]), json!(["me"])));
        let runs = dag["recent_runs"].as_array().unwrap();
        assert_eq!(
            (runs.len(), runs[0]["run_id"].clone(), runs[13]["run_id"].clone()),
            (14, json!("r15"), json!("r2"))
        );
        assert_eq!(dag["active_runs"], json!({"queued": 16, "running": 0}));
        assert_eq!(server.ok("/ui/dags?q=no%25").await["total_entries"], 0);
        assert_eq!(server.ok("/ui/dags?state=queued").await["total_entries"], 1);
        assert_eq!(server.ok("/ui/dags?order_by=-last_run_start_date").await["total_entries"], 2);
    }
}

#[tokio::test]
async fn shared_answers_show_what_the_asker_has_changed() {
    for server in servers().await {
        add_dags(&server.store).await;
        for n in 0..10 {
            let body = json!({"dag_run_id": format!("m{n}"), "logical_date": null});
            server.request(Method::POST, "/api/v2/dags/d/dagRuns").json(&body).send().await.unwrap();
            let pages = futures::future::join_all((0..8).map(|_| server.ok("/ui/grid/d"))).await;
            assert!(pages.iter().all(|page| page["runs"].as_array().unwrap().len() == n + 1), "{pages:?}");
            let paused = json!({"is_paused": n % 2 == 0});
            server.request(Method::PATCH, "/api/v2/dags/d").json(&paused).send().await.unwrap();
            assert_eq!(server.ok("/ui/dags?q=d").await["dags"][0]["is_paused"], paused["is_paused"]);
        }
    }
}

#[tokio::test]
async fn the_grid_has_a_cell_for_each_task_of_each_run() {
    for server in servers().await {
        add_dags(&server.store).await;
        add_run(&server.store, "r1", 10).await;
        add_run(&server.store, "r2", 20).await;
        let grid = server.ok("/ui/grid/d?limit=25").await;
        assert_eq!(grid["runs"].as_array().unwrap().len(), 2);
        assert_eq!(grid["runs"][0]["dag_version_number"], 1);
        let cells = &grid["task_instances"]["r1"];
        assert_eq!(cells["a"], json!({"state": "success", "start": at(3), "end": at(5), "try": 1}));
        assert_eq!(cells["m"], json!({"state": null, "start": null, "end": null, "try": 0, "counts": {"none": 2}}));
        let one = server.ok("/ui/grid/d?run_id=r2").await;
        assert_eq!((one["runs"].as_array().unwrap().len(), one["runs"][0]["run_id"].clone()), (1, json!("r2")));
        let none = server.ok(&format!("/ui/grid/d?before={}", at(-5))).await;
        assert_eq!(none["runs"], json!([]));
        assert_eq!(server.get("/ui/grid/no").await.status, StatusCode::NOT_FOUND);
        let structure = server.ok("/ui/structure/d").await;
        let tasks: Vec<&str> =
            structure["tasks"].as_array().unwrap().iter().map(|t| t["task_id"].as_str().unwrap()).collect();
        assert_eq!(tasks, ["a", "b", "c", "m"]);
        assert_eq!(
            (structure["tasks"][0]["label"].clone(), structure["version_number"].clone()),
            (json!("Ä"), json!(1))
        );
        assert_eq!(server.get("/ui/structure/d?version=9").await.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn open_pages_hear_what_changed() {
    for server in servers().await {
        add_dags(&server.store).await;
        let ran = add_run(&server.store, "r1", 10).await;
        let mut events = server.request(Method::GET, "/ui/events").send().await.unwrap();
        assert_eq!(events.headers()["content-type"], "text/event-stream");
        let hello = events.chunk().await.unwrap().unwrap();
        assert!(hello.starts_with(b"event: hello\ndata: {"), "{hello:?}");
        let at = tradewind_core::Timestamp::from_micros(now());
        server.store.set_run_state(ran.run_key, RunState::Failed, at, &[]).await.unwrap();
        let change = next(&mut events, |data| data["runs"][0]["state"] == "failed").await;
        assert_eq!((change["runs"][0]["run_id"].clone(), change["import_errors"].clone()), (json!("r1"), json!(false)));
        server.patch("/api/v2/dags/d", json!({"is_paused": true})).await;
        next(&mut events, |data| data["dags"] == json!(["d"])).await;
    }
}

/// The next change that is wanted; the test's time limit is how long to wait.
async fn next(events: &mut reqwest::Response, wanted: impl Fn(&Value) -> bool) -> Value {
    loop {
        let chunk = events.chunk().await.unwrap().unwrap();
        let text = std::str::from_utf8(&chunk).unwrap();
        let data: Value = serde_json::from_str(text.strip_prefix("event: change\ndata: ").unwrap().trim()).unwrap();
        if wanted(&data) {
            return data;
        }
    }
}

fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(since.as_micros()).unwrap()
}

#[tokio::test]
async fn pages_and_unknown_addresses() {
    let [store, _] = tradewind_testkit::stores().await;
    let server = super::server::Server::start(store, tradewind_server::ServerConfig::default()).await;
    let page = server.anonymous(Method::GET, "/dags/d/grid").send().await.unwrap();
    assert_eq!(page.status(), StatusCode::OK);
    assert!(page.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
    assert_eq!(page.headers()["x-content-type-options"], "nosniff");
    let missing = super::server::read(server.anonymous(Method::GET, "/api/v2/nothing")).await;
    assert_eq!((missing.status, missing.body), (StatusCode::NOT_FOUND, json!({"detail": "Not Found"})));
}
