//! Backfills by REST.

use reqwest::StatusCode;
use serde_json::{Value, json};
use tradewind_protocol::SerializedDag;
use tradewind_store::ParsedDag;
use tradewind_testkit::build::{dag, file};

use super::server::{Server, read, servers};

async fn add_daily(server: &Server, dag_id: &str, more: Value) {
    let timetable = json!({"type": "cron_data_interval", "cron": "0 0 * * *"});
    let mut data = json!({"format": 1, "dag_id": dag_id, "timetable": timetable, "tasks": [
        {"task_id": "a", "operator": "Op"}]});
    data.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let serialized: SerializedDag = serde_json::from_value(data.clone()).unwrap();
    let allowed_run_types = serialized.allowed_run_types;
    let parsed = ParsedDag { data: data.to_string(), timetable, allowed_run_types, ..dag(dag_id, "h1") };
    server.store.apply_parse(file(&format!("{dag_id}.py"), vec![parsed])).await.unwrap();
}

fn march(from: u32, to: u32) -> Value {
    json!({"dag_id": "daily", "from_date": format!("2021-03-{from:02}T00:00:00Z"),
        "to_date": format!("2021-03-{to:02}T00:00:00+00:00")})
}

fn with(mut body: Value, more: Value) -> Value {
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

#[tokio::test]
async fn backfills_are_made_listed_paused_and_cancelled() {
    for server in servers().await {
        add_daily(&server, "daily", json!({})).await;
        let dry = server.post("/api/v2/backfills/dry_run", with(march(1, 3), json!({"run_backwards": true}))).await;
        assert_eq!(dry.status, StatusCode::OK, "{dry:?}");
        assert_eq!(dry.body["total_entries"], 3);
        assert_eq!(
            dry.body["backfills"][0],
            json!({"logical_date": "2021-03-03T00:00:00Z", "partition_key": null, "partition_date": null})
        );

        let asked = json!({"max_active_runs": 2, "dag_run_conf": {"k": 1}});
        let made = server.post("/api/v2/backfills", with(march(1, 3), asked)).await;
        assert_eq!(made.status, StatusCode::OK, "{made:?}");
        let (id, body) = (made.body["id"].clone(), made.body);
        assert_eq!((body["dag_id"].clone(), body["max_active_runs"].clone()), (json!("daily"), json!(2)));
        assert_eq!((body["reprocess_behavior"].clone(), body["is_paused"].clone()), (json!("none"), json!(false)));
        assert_eq!((body["dag_run_conf"].clone(), body["completed_at"].clone()), (json!({"k": 1}), Value::Null));
        assert_eq!(body["from_date"], "2021-03-01T00:00:00Z");
        let again = server.post("/api/v2/backfills", march(1, 3)).await;
        assert_eq!(again.status, StatusCode::CONFLICT);

        let runs = server.ok("/api/v2/dags/daily/dagRuns?order_by=logical_date").await;
        assert_eq!(runs["total_entries"], 3);
        let first = &runs["dag_runs"][0];
        assert_eq!((first["run_type"].clone(), first["triggered_by"].clone()), (json!("backfill"), json!("backfill")));
        assert_eq!(first["dag_run_id"], "backfill__2021-03-01T00:00:00+00:00");
        let skipped = server.post("/api/v2/backfills/dry_run", march(1, 4)).await;
        assert_eq!(skipped.body["total_entries"], 1, "three dates have a run");

        let path = |what: &str| format!("/api/v2/backfills/{id}/{what}");
        let put = |path: String| read(server.request(reqwest::Method::PUT, &path));
        assert_eq!(put(path("pause")).await.body["is_paused"], true);
        assert_eq!(put(path("unpause")).await.body["is_paused"], false);
        let cancelled = put(path("cancel")).await;
        assert_eq!(cancelled.status, StatusCode::OK);
        assert!(cancelled.body["completed_at"].is_string());
        for what in ["pause", "unpause", "cancel"] {
            assert_eq!(put(path(what)).await.status, StatusCode::CONFLICT, "{what}");
        }
        assert_eq!(put("/api/v2/backfills/999/cancel".into()).await.status, StatusCode::NOT_FOUND);
        let runs = server.ok("/api/v2/dags/daily/dagRuns?state=failed").await;
        assert_eq!(runs["total_entries"], 3, "what was queued has failed");

        let listed = server.ok("/api/v2/backfills?dag_id=daily&order_by=-id").await;
        assert_eq!((listed["total_entries"].clone(), listed["backfills"][0]["id"].clone()), (json!(1), id.clone()));
        assert_eq!(server.ok(&format!("/api/v2/backfills/{id}")).await["id"], id);
        assert_eq!(server.get("/api/v2/backfills").await.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(server.get("/api/v2/backfills/999").await.status, StatusCode::NOT_FOUND);
        let events = server.ok("/api/v2/eventLogs?dag_id=daily").await;
        assert_eq!(events["total_entries"], 4);
    }
}

#[tokio::test]
async fn backfills_that_make_no_sense_are_refused() {
    for server in servers().await {
        add_daily(&server, "daily", json!({})).await;
        add_daily(&server, "once", json!({"timetable": {"type": "once"}})).await;
        add_daily(&server, "scheduled", json!({"allowed_run_types": ["scheduled"]})).await;
        let past = json!([{"task_id": "a", "operator": "Op", "depends_on_past": true}]);
        add_daily(&server, "past", json!({"tasks": past})).await;
        let params = json!({"n": {"value": 1, "schema": {"type": "integer", "maximum": 5}}});
        add_daily(&server, "params", json!({"params": params})).await;
        let of = |dag_id: &str| with(march(1, 3), json!({"dag_id": dag_id}));
        let conf = |conf: Value| with(of("params"), json!({"dag_run_conf": conf}));
        for (body, status, words) in [
            (of("once"), StatusCode::UNPROCESSABLE_ENTITY, "no dates that could be made up for"),
            (of("past"), StatusCode::UNPROCESSABLE_ENTITY, "depends_on_past"),
            (of("nowhere"), StatusCode::NOT_FOUND, "there is no DAG"),
            (of("scheduled"), StatusCode::BAD_REQUEST, "does not allow backfill runs"),
            (conf(json!({"n": 6})), StatusCode::UNPROCESSABLE_ENTITY, "Invalid input for param n: 6 is greater than"),
            (march(3, 1), StatusCode::UNPROCESSABLE_ENTITY, "is after to_date"),
            (with(march(1, 3), json!({"max_active_runs": 0})), StatusCode::UNPROCESSABLE_ENTITY, "between 1 and"),
            (with(march(1, 3), json!({"reprocess_behavior": "x"})), StatusCode::UNPROCESSABLE_ENTITY, "not a"),
        ] {
            for path in ["/api/v2/backfills", "/api/v2/backfills/dry_run"] {
                let refused = server.post(path, body.clone()).await;
                assert_eq!(refused.status, status, "{body}: {refused:?}");
                assert!(refused.body["detail"].to_string().contains(words), "{refused:?}");
            }
        }
        let again = with(of("past"), json!({"reprocess_behavior": "completed"}));
        assert_eq!(server.post("/api/v2/backfills", again).await.status, StatusCode::OK);
        let manual = server.post("/api/v2/dags/scheduled/dagRuns", json!({"logical_date": null})).await;
        assert_eq!(manual.status, StatusCode::BAD_REQUEST, "{manual:?}");
        let trigger = async |conf: Value| {
            let body = json!({"logical_date": null, "conf": conf});
            server.post("/api/v2/dags/params/dagRuns", body).await
        };
        let refused = trigger(json!({"n": "x"})).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{refused:?}");
        assert!(refused.body["detail"].to_string().contains("param n: \\\"x\\\" is not of type"), "{refused:?}");
        for fits in [json!({"n": 5}), json!({"other": "x"}), Value::Null] {
            let run = trigger(fits).await;
            assert_eq!(run.status, StatusCode::OK, "{run:?}");
        }
        let made = server.post("/api/v2/backfills", conf(json!({"n": 5}))).await;
        assert_eq!(made.status, StatusCode::OK, "{made:?}");
        assert_eq!(server.ok("/api/v2/dags/scheduled").await["allowed_run_types"], json!(["scheduled"]));
    }
}

#[tokio::test]
async fn runs_fit_the_params_of_their_dag() {
    let params = json!({"params": {
        "n": {"value": 1, "schema": {"type": "integer", "maximum": 5}, "description": null},
        "who": {"value": null, "schema": {"type": "string"}, "description": null}}});
    for server in servers().await {
        add_daily(&server, "given", params.clone()).await;
        let trigger =
            |conf: Value| server.post("/api/v2/dags/given/dagRuns", json!({"logical_date": null, "conf": conf}));
        for (conf, problem) in [
            (json!({}), "Invalid input for param who: null is not of type string"),
            (json!({"who": "me", "n": 6}), "Invalid input for param n: 6 is greater than 5"),
        ] {
            let refused = trigger(conf).await;
            assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{refused:?}");
            assert!(refused.body["detail"].as_str().unwrap().contains(problem), "{refused:?}");
        }
        let made = trigger(json!({"who": "me", "more": [1]})).await;
        assert_eq!((made.status, &made.body["conf"]), (StatusCode::OK, &json!({"who": "me", "more": [1]})), "{made:?}");
    }
}
