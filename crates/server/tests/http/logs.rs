//! Logs by REST.

use reqwest::{Method, StatusCode};
use serde_json::json;
use tradewind_core::TaskState;
use tradewind_protocol::log_path;
use tradewind_testkit::build::{at, new_run, new_ti, start, write};

use super::server::{Server, add_dags, add_run, servers};

fn append(server: &Server, task: &str, text: &str) {
    use std::io::Write as _;
    let path = server.logs.path().join(log_path("d", "r1", task, -1, 1));
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

#[tokio::test]
async fn a_log_is_read_as_json_or_as_lines() {
    for server in servers().await {
        add_dags(&server.store).await;
        add_run(&server.store, "r1", 10).await;
        append(&server, "a", "{\"event\":\"one\",\"level\":\"info\"}\nplain\n");
        let path = "/api/v2/dags/d/dagRuns/r1/taskInstances/a/logs/1";
        let log = server.ok(path).await;
        assert_eq!(log["content"], json!([{"event": "one", "level": "info"}, {"event": "plain"}]));
        assert!(log["continuation_token"].is_null());
        let lines = server.request(Method::GET, path).header("accept", "application/x-ndjson").send().await.unwrap();
        assert_eq!(lines.headers()["content-type"], "application/x-ndjson");
        assert_eq!(lines.text().await.unwrap(), "{\"event\":\"one\",\"level\":\"info\"}\nplain\n");
        for number in ["0", "2"] {
            let path = format!("/api/v2/dags/d/dagRuns/r1/taskInstances/a/logs/{number}");
            assert_eq!(server.get(&path).await.status, StatusCode::NOT_FOUND);
        }
        let empty = server.ok("/api/v2/dags/d/dagRuns/r1/taskInstances/b/logs/1").await;
        assert_eq!(empty["content"], json!([]));
    }
}

#[tokio::test]
async fn a_live_log_streams_until_the_try_ends() {
    for server in servers().await {
        add_dags(&server.store).await;
        let mut tx = server.store.begin().await.unwrap();
        let run_key = tx.create_run(new_run("d", "r1", Some(1))).await.unwrap().created().unwrap();
        let ids = tx.insert_tis(&[new_ti(run_key, "a")]).await.unwrap();
        tx.write_tis(&[write(ids[0], (None, 0), Some(TaskState::Queued), 1)]).await.unwrap();
        tx.commit().await.unwrap();
        server.store.start_try(start(ids[0], 1)).await.unwrap();

        let path = "/api/v2/dags/d/dagRuns/r1/taskInstances/a/logs/1";
        append(&server, "a", "{\"event\":\"one\"}\n");
        let page = server.ok(path).await;
        let token = page["continuation_token"].as_str().unwrap().to_owned();
        let mut live = server.request(Method::GET, &format!("{path}?follow=true")).send().await.unwrap();
        assert_eq!(live.chunk().await.unwrap().unwrap(), "{\"event\":\"one\"}\n");
        append(&server, "a", "{\"event\":\"two\"}\n");
        assert_eq!(live.chunk().await.unwrap().unwrap(), "{\"event\":\"two\"}\n");
        assert_eq!(server.ok(&format!("{path}?token={token}")).await["content"], json!([{"event": "two"}]));
        let end = tradewind_core::TryId { ti_id: ids[0], try_number: 1 };
        append(&server, "a", "{\"event\":\"three\"}\n");
        server.store.finish_try(tradewind_store::FinishTry::new(end, TaskState::Success, at(9))).await.unwrap();
        assert_eq!(live.text().await.unwrap(), "{\"event\":\"three\"}\n");
        assert!(server.ok(path).await["continuation_token"].is_null());
    }
}
