//! Variables, connections, pools, event log, jobs, configuration.

use reqwest::StatusCode;
use serde_json::json;
use tradewind_server::{ExposeConfig, ServerConfig, ShownOption};
use tradewind_testkit::build::{at, queued};
use tradewind_testkit::{sqlite_store, stores};

use super::server::{Server, servers};

#[tokio::test]
async fn variables_come_and_go() {
    for server in servers().await {
        let path = "/api/v2/variables";
        let made = server.post(path, json!({"key": "k/1", "value": {"a": 1}, "description": "d"})).await;
        assert_eq!((made.status, made.body["value"].clone()), (StatusCode::CREATED, json!("{\"a\":1}")));
        assert_eq!(server.post(path, json!({"key": "k/1", "value": "x"})).await.status, StatusCode::CONFLICT);
        let changed = server.patch(&format!("{path}/k/1?update_mask=value"), json!({"key": "k/1", "value": "y"})).await;
        assert_eq!((changed.body["value"].clone(), changed.body["description"].clone()), (json!("y"), json!("d")));
        server.post(path, json!({"key": "my_password", "value": "s3cret"})).await;
        let list = server.ok(&format!("{path}?variable_key_pattern=my%25")).await;
        assert_eq!((list["total_entries"].clone(), list["variables"][0]["value"].clone()), (json!(1), json!("***")));
        // What was shown hidden and comes back so is not changed.
        server.patch(&format!("{path}/my_password"), json!({"key": "my_password", "value": "***"})).await;
        assert_eq!(server.store.variable("my_password").await.unwrap().unwrap().value, "s3cret");
        let bulk = json!({"actions": [
            {"action": "create", "entities": [{"key": "k/1", "value": "z"}, {"key": "new", "value": "1"}], "action_on_existence": "skip"},
            {"action": "delete", "entities": ["my_password", "no"]},
        ]});
        let bulk = server.patch(path, bulk).await;
        assert_eq!(bulk.body["create"], json!({"success": ["new"], "errors": []}), "{bulk:?}");
        assert_eq!(bulk.body["delete"]["success"], json!(["my_password"]));
        assert_eq!(server.delete(&format!("{path}/k/1")).await.status, StatusCode::NO_CONTENT);
        assert_eq!(server.get(&format!("{path}/k/1")).await.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn connections_keep_their_secrets() {
    for server in servers().await {
        let path = "/api/v2/connections";
        let body = json!({"connection_id": "c", "conn_type": "http", "host": "h", "port": 80, "password": "p4ss",
                          "extra": "{\"token\": \"t0k\", \"n\": 1}"});
        let made = server.post(path, body.clone()).await;
        assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
        assert_eq!(
            (made.body["password"].clone(), made.body["extra"].clone()),
            (json!("***"), json!("{\"token\":\"***\",\"n\":1}"))
        );
        assert_eq!(server.post(path, body).await.status, StatusCode::CONFLICT);
        let back = json!({"connection_id": "c", "conn_type": "http", "host": "other", "password": "***",
                          "extra": "{\"token\": \"***\", \"n\": 2}"});
        let changed = server.patch(&format!("{path}/c"), back).await;
        assert_eq!(changed.body["host"], "other", "{changed:?}");
        let stored = server.store.connection("c").await.unwrap().unwrap();
        assert_eq!(
            (stored.password.as_deref(), stored.extra.as_deref()),
            (Some("p4ss"), Some("{\"token\":\"t0k\",\"n\":2}"))
        );
        let bad = json!({"connection_id": "x", "conn_type": "http", "extra": "no json"});
        assert_eq!(server.post(path, bad).await.body["detail"][0]["loc"], json!(["body", "extra"]));
        assert_eq!(server.ok(&format!("{path}?connection_id_pattern=c")).await["total_entries"], 1);
        assert_eq!(server.delete(&format!("{path}/c")).await.status, StatusCode::NO_CONTENT);
        assert_eq!(server.get(&format!("{path}/c")).await.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn pools_say_what_is_in_use() {
    for server in servers().await {
        queued(&server.store).await;
        let path = "/api/v2/pools";
        let default = server.ok(&format!("{path}/default_pool")).await;
        assert_eq!(
            (default["queued_slots"].clone(), default["open_slots"].clone()),
            (json!(1), json!(127)),
            "{default}"
        );
        let made = server.post(path, json!({"name": "a/b", "slots": 3})).await;
        assert_eq!((made.status, made.body["open_slots"].clone()), (StatusCode::CREATED, json!(3)), "{made:?}");
        assert_eq!(server.post(path, json!({"name": "x", "slots": -2})).await.status, StatusCode::UNPROCESSABLE_ENTITY);
        let patched = server.patch(&format!("{path}/a/b"), json!({"slots": 5, "include_deferred": true})).await;
        assert_eq!((patched.body["slots"].clone(), patched.body["include_deferred"].clone()), (json!(5), json!(true)));
        assert_eq!(server.ok(&format!("{path}?order_by=-name")).await["pools"][0]["name"], "default_pool");
        assert_eq!(server.delete(&format!("{path}/default_pool")).await.status, StatusCode::BAD_REQUEST);
        assert_eq!(server.delete(&format!("{path}/a/b")).await.status, StatusCode::NO_CONTENT);
    }
}

#[tokio::test]
async fn health_and_jobs_follow_heartbeats() {
    for server in servers().await {
        let health = server.ok("/api/v2/monitor/health").await;
        assert_eq!(health["metadatabase"]["status"], "healthy");
        assert!(health["scheduler"]["status"].is_null());
        server.store.register_job("SchedulerJob", "h", 1, at(0)).await.unwrap();
        let health = server.ok("/api/v2/monitor/health").await;
        assert_eq!(health["scheduler"], json!({"status": "unhealthy", "latest_scheduler_heartbeat": at(0)}));
        let jobs = server.ok("/api/v2/jobs?is_alive=false&job_type=SchedulerJob").await;
        assert_eq!((jobs["total_entries"].clone(), jobs["jobs"][0]["hostname"].clone()), (json!(1), json!("h")));
        assert_eq!(server.ok("/api/v2/jobs?is_alive=true&job_type=SchedulerJob").await["total_entries"], 0);
    }
}

#[tokio::test]
async fn the_event_log_can_be_filtered() {
    for server in servers().await {
        for key in ["k1", "k2"] {
            server.post("/api/v2/variables", json!({"key": key, "value": "v"})).await;
        }
        server.delete("/api/v2/variables/k1").await;
        let events =
            async |query: &str| server.ok(&format!("/api/v2/eventLogs?{query}")).await["total_entries"].clone();
        assert_eq!(events("").await, 3);
        assert_eq!(events("event=post_variable&owner=admin").await, 2);
        assert_eq!(events("included_events=post_variable&included_events=delete_variable").await, 3);
        assert_eq!(events("excluded_events=post_variable").await, 1);
        assert_eq!(events("event_pattern=POST%25").await, 2);
        assert_eq!(events("before=2001-01-01T00:00:00Z").await, 0);
        let newest = server.ok("/api/v2/eventLogs?order_by=-when&limit=1").await;
        let id = newest["event_logs"][0]["event_log_id"].as_i64().unwrap();
        assert_eq!(server.ok(&format!("/api/v2/eventLogs/{id}")).await["event"], "delete_variable");
    }
}

#[tokio::test]
async fn the_configuration_is_shown_only_when_it_may_be() {
    let hidden = Server::start(sqlite_store().await, ServerConfig::default()).await;
    assert_eq!(hidden.get("/api/v2/config").await.status, StatusCode::FORBIDDEN);
    let option = |section: &str, option: &str, value: &str, secret| ShownOption {
        section: section.into(),
        option: option.into(),
        value: value.into(),
        secret,
    };
    let config = ServerConfig {
        expose_config: ExposeConfig::NonSensitive,
        shown_config: vec![option("api", "port", "8080", false), option("core", "fernet_key", "k", true)],
        ..ServerConfig::default()
    };
    let server = Server::start(sqlite_store().await, config).await;
    let all = server.ok("/api/v2/config").await;
    assert_eq!(all["sections"][1]["options"][0], json!({"key": "fernet_key", "value": "< hidden >"}));
    let one = server.ok("/api/v2/config/section/api/option/port").await;
    assert_eq!(one["sections"][0]["options"][0]["value"], "8080");
    assert_eq!(server.get("/api/v2/config?section=no").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_port_in_use_is_told_in_words() {
    let [store, _] = stores().await;
    let first = Server::start(sqlite_store().await, ServerConfig::default()).await;
    let port = first.base.rsplit(':').next().unwrap().parse().unwrap();
    let config = ServerConfig { port, ..ServerConfig::default() };
    let error = tradewind_server::bind(config, store.store.clone()).await.err().unwrap().to_string();
    assert!(error.contains("in use") && error.contains("--port"), "{error}");
}
