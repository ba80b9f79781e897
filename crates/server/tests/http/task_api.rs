//! The task API over HTTP: tokens, starting, calling, finishing.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tradewind_core::{TaskState, TryId};
use tradewind_server::TryTokens;
use tradewind_server::auth::jwt::Scope;
use tradewind_store::Store;
use tradewind_testkit::build::{at, new_run, new_ti, write};

use super::server::{Answer, Server, add_dags, add_run, read, servers};

const LONG: std::time::Duration = std::time::Duration::from_secs(60);

async fn post(server: &Server, token: &str, path: &str, body: Value) -> Answer {
    read(server.anonymous(Method::POST, &format!("/task-api/v1/{path}")).bearer_auth(token).json(&body)).await
}

/// A queued try of task `a` of a new run.
async fn queue(store: &Store, run_id: &str, executor: Option<&str>) -> TryId {
    let mut tx = store.begin().await.unwrap();
    let run_key = tx.create_run(new_run("d", run_id, None)).await.unwrap().created().unwrap();
    let mut ti = new_ti(run_key, "a");
    ti.executor = executor.map(ToOwned::to_owned);
    let ids = tx.insert_tis(&[ti]).await.unwrap();
    tx.write_tis(&[write(ids[0], (None, 0), Some(TaskState::Queued), 1)]).await.unwrap();
    tx.notify(tradewind_store::Topic::Queue);
    tx.commit().await.unwrap();
    TryId { ti_id: ids[0], try_number: 1 }
}

#[tokio::test]
async fn a_worker_claims_runs_and_finishes_a_try() {
    for server in servers().await {
        add_dags(&server.store).await;
        let worker = server.app.tokens.mint(Scope::Worker, "w", LONG);
        let hello = json!({"version": "1", "hostname": "h", "pid": 5, "queues": ["default"], "concurrency": 2});
        let welcome = post(&server, &worker, "register", hello).await;
        assert_eq!(welcome.status, StatusCode::OK, "{welcome:?}");
        let worker_id = welcome.body["worker_id"].as_i64().unwrap();

        let claim = json!({"worker_id": worker_id, "queues": ["default"], "free_slots": 2, "wait_ms": 30_000});
        let (claimed, id) = tokio::join!(
            post(&server, &worker, "claim", claim.clone()),
            queue(&server.store, "r", Some("EdgeExecutor"))
        );
        let workload = &claimed.body[0];
        assert_eq!((workload["dag_id"].clone(), workload["file"].clone()), (json!("d"), json!("d.py")), "{claimed:?}");
        assert_eq!(workload["try_id"], json!(id));
        let again = post(
            &server,
            &worker,
            "claim",
            json!({"worker_id": worker_id, "queues": ["default"], "free_slots": 2, "wait_ms": 0}),
        )
        .await;
        assert_eq!(again.body, json!([]), "what is on offer is not offered again at once");

        let token = workload["token"].as_str().unwrap();
        let start = json!({"try_id": id, "worker_id": worker_id, "hostname": "h", "pid": 5, "at": at(1)});
        for _ in 0..2 {
            let answer = post(&server, token, &format!("tries/{id}/start"), start.clone()).await;
            assert_eq!(answer.body, json!("started"), "a worker that missed the answer hears it again");
        }
        let rival = json!({"try_id": id, "worker_id": worker_id + 1, "hostname": "h", "pid": 6, "at": at(1)});
        let second = post(&server, token, &format!("tries/{id}/start"), rival).await;
        assert!(second.body["refused"].as_str().unwrap().contains("running already"), "{second:?}");

        let fields = json!({"command": "echo"});
        assert_eq!(post(&server, token, &format!("tries/{id}/rendered"), fields).await.status, StatusCode::OK);
        let beat = post(&server, &worker, "heartbeat", json!({"worker_id": worker_id, "tries": [id]})).await;
        assert_eq!(beat.body["terminate"], json!([]));
        assert!(beat.body["tokens"].as_object().is_some_and(|tokens| tokens.contains_key(&id.to_string())), "{beat:?}");
        let log = server.anonymous(Method::POST, &format!("/task-api/v1/tries/{id}/log?offset=0")).bearer_auth(token);
        assert_eq!(read(log.body("{\"event\":\"x\"}\n")).await.status, StatusCode::OK);

        let finish =
            json!({"try_id": id, "state": "success", "at": at(2), "reason": null, "xcoms": {"return_value": [1, 2]}});
        assert_eq!(post(&server, token, &format!("tries/{id}/finish"), finish.clone()).await.body, json!("recorded"));
        let ti = server.ok("/api/v2/dags/d/dagRuns/r/taskInstances/a").await;
        assert_eq!(
            (ti["state"].clone(), ti["rendered_fields"].clone()),
            (json!("success"), json!({"command": "echo"}))
        );
        let log = server.ok("/api/v2/dags/d/dagRuns/r/taskInstances/a/logs/1").await;
        assert_eq!(log["content"], json!([{"event": "x"}]));
        let late =
            post(&server, token, &format!("tries/{id}/call"), json!({"method": "variable_get", "key": "k"})).await;
        assert_eq!((late.status, late.body["code"].clone()), (StatusCode::CONFLICT, json!("stale")));
    }
}

#[tokio::test]
async fn a_running_try_asks_for_what_it_needs() {
    for server in servers().await {
        add_dags(&server.store).await;
        add_run(&server.store, "r1", 10).await;
        server.post("/api/v2/variables", json!({"key": "k", "value": "v"})).await;
        let connection = json!({"connection_id": "c", "conn_type": "http", "password": "p"});
        server.post("/api/v2/connections", connection).await;
        let id = queue(&server.store, "r2", None).await;
        let token = TryTokens::new(server.app.tokens.clone(), LONG).for_try(id);
        let call = async |body: Value| post(&server, &token, &format!("tries/{id}/call"), body).await;
        let early = call(json!({"method": "connection_get", "conn_id": "c"})).await;
        assert_eq!(early.status, StatusCode::CONFLICT, "secrets are for tries that run");
        let start = json!({"try_id": id, "worker_id": 1, "hostname": "h", "pid": 5, "at": at(1)});
        post(&server, &token, &format!("tries/{id}/start"), start).await;

        assert_eq!(call(json!({"method": "connection_get", "conn_id": "c"})).await.body["password"], "p");
        assert_eq!(call(json!({"method": "connection_get", "conn_id": "no"})).await.status, StatusCode::NOT_FOUND);
        assert_eq!(call(json!({"method": "variable_get", "key": "k"})).await.body, "v");
        call(json!({"method": "variable_set", "key": "k2", "value": "w"})).await;
        call(json!({"method": "variable_delete", "key": "k"})).await;
        assert_eq!(call(json!({"method": "variable_get", "key": "k"})).await.body["code"], "not_found");
        assert_eq!(call(json!({"method": "variable_get", "key": "k2"})).await.body, "w");

        call(json!({"method": "xcom_set", "key": "x", "value": {"deep": [1]}})).await;
        let own = call(json!({"method": "xcom_get", "key": "x", "task_id": "a"})).await;
        assert_eq!(own.body, json!({"deep": [1]}));
        let ordered = json!({"b": {"z": 1, "a": 2}, "a": 110.00000000000001});
        call(json!({"method": "xcom_set", "key": "o", "value": ordered})).await;
        let whole = call(json!({"method": "xcom_get", "key": "o", "task_id": "a"})).await;
        assert_eq!(
            whole.body.to_string(),
            r#"{"b":{"z":1,"a":2},"a":110.00000000000001}"#,
            "keys keep their order and fractions their digits"
        );
        let first = call(json!({"method": "xcom_get", "key": "o", "task_id": "a", "item": 0})).await;
        assert_eq!(first.body.to_string(), r#"["b",{"z":1,"a":2}]"#);
        let other = json!({"method": "xcom_get", "key": "return_value", "task_id": "a", "run_id": "r1"});
        assert_eq!(call(other).await.body, json!({"n": 1}));
        let all = call(json!({"method": "xcom_get_all", "key": "return_value", "task_id": "b", "run_id": "r1"})).await;
        assert_eq!(all.body, json!([{"n": 1}]));
        call(json!({"method": "xcom_delete", "key": "x"})).await;
        let gone = call(json!({"method": "xcom_get", "key": "x", "task_id": "a"})).await;
        assert_eq!(gone.status, StatusCode::NOT_FOUND);

        let states = call(json!({"method": "task_states", "run_id": "r1", "task_ids": ["a", "c"]})).await;
        assert_eq!(states.body[0]["state"], "success");
        assert_eq!(states.body.as_array().unwrap().len(), 2);
        let before = json!({"method": "previous_run", "before": at(11)});
        assert_eq!(call(before).await.body["run_id"], "r1");
        assert!(call(json!({"method": "previous_run", "before": at(10)})).await.body.is_null());
        assert_eq!(call(json!({"method": "run_count"})).await.body, 2);
        assert_eq!(call(json!({"method": "run_count", "logical_dates": [at(10)]})).await.body, 1);

        let ids = async |body: Value| -> Vec<String> {
            let found = call(body).await;
            found.body.as_array().unwrap().iter().map(|run| run["run_id"].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(ids(json!({"method": "run_find"})).await, ["r1", "r2"]);
        // One without a logical date is last, either way.
        assert_eq!(ids(json!({"method": "run_find", "descending": true, "limit": 1})).await, ["r1"]);
        assert_eq!(ids(json!({"method": "run_find", "run_ids": ["r2"], "dag_ids": ["d"]})).await, ["r2"]);
        assert_eq!(ids(json!({"method": "run_find", "until": at(10)})).await, ["r1"]);
        assert!(ids(json!({"method": "run_find", "dag_ids": ["gen_1"]})).await.is_empty());

        let trigger = json!({"method": "run_trigger", "dag_id": "gen_1", "run_id": "child", "conf": {"a": 1}});
        let made = call(trigger.clone()).await;
        assert_eq!(
            (made.body["run_type"].clone(), made.body["conf"].clone()),
            (json!("operator_triggered"), json!({"a": 1}))
        );
        assert_eq!(call(trigger).await.body["code"], "already_exists");
        let reset = json!({"method": "run_trigger", "dag_id": "gen_1", "run_id": "child", "reset": true});
        let reset = call(reset).await;
        assert_eq!((reset.status, reset.body["state"].clone()), (StatusCode::OK, json!("queued")), "{reset:?}");
        assert_eq!(
            call(json!({"method": "run_get", "dag_id": "gen_1", "run_id": "child"})).await.body["dag_id"],
            "gen_1"
        );
        assert_eq!(call(json!({"method": "nonsense"})).await.status, StatusCode::BAD_REQUEST);
    }
}

#[tokio::test]
async fn tokens_open_only_what_they_are_for() {
    let [store, _] = tradewind_testkit::stores().await;
    let server = Server::start(store, tradewind_server::ServerConfig::default()).await;
    add_dags(&server.store).await;
    let id = queue(&server.store, "r", None).await;
    let other = TryId { ti_id: id.ti_id, try_number: 2 };
    let tokens = TryTokens::new(server.app.tokens.clone(), LONG);
    let worker = server.app.tokens.mint(Scope::Worker, "w", LONG);
    let user = server.app.tokens.mint(Scope::User, "admin", LONG);
    let start = json!({"try_id": id, "worker_id": 1, "hostname": "h", "pid": 5, "at": at(1)});
    for token in [&tokens.for_try(other), &worker, &user, &"nonsense".to_owned()] {
        let answer = post(&server, token, &format!("tries/{id}/start"), start.clone()).await;
        assert_eq!(
            (answer.status, answer.body["code"].clone()),
            (StatusCode::FORBIDDEN, json!("denied")),
            "{answer:?}"
        );
    }
    let as_user = read(server.anonymous(Method::GET, "/api/v2/dags").bearer_auth(tokens.for_try(id))).await;
    assert_eq!(as_user.status, StatusCode::UNAUTHORIZED);
    let register = json!({"version": "1", "hostname": "h", "pid": 5, "queues": [], "concurrency": 1});
    assert_eq!(post(&server, &tokens.for_try(id), "register", register).await.status, StatusCode::FORBIDDEN);
}
