//! Own roles, rights to single DAGs, `/auth/fab/v1`.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tradewind_server::auth::permission::MATRIX;
use tradewind_store::{ParsedDag, Store};
use tradewind_testkit::build::{dag, file};

use super::server::{Answer, Server, add_dags, add_run, add_user, read, servers};

/// DAG `hidden_dag` with a run, an event and an import error beside it: what nobody without a right may see.
async fn add_hidden(store: &Store) {
    let data = json!({"format": 1, "dag_id": "hidden_dag", "timetable": {"type": "once"}, "tasks": []}).to_string();
    let hidden = ParsedDag { data, tags: vec!["hidden_tag".into()], ..dag("hidden_dag", "h1") };
    store.apply_parse(file("hidden_dag.py", vec![hidden])).await.unwrap();
    let mut tx = store.begin().await.unwrap();
    tx.create_run(tradewind_testkit::build::new_run("hidden_dag", "hidden_dag_run", Some(3))).await.unwrap();
    tx.commit().await.unwrap();
}

fn pair(action: &str, resource: &str) -> Value {
    json!({"action": {"name": action}, "resource": {"name": resource}})
}

struct As<'s> {
    server: &'s Server,
    token: String,
}

impl As<'_> {
    async fn ask(&self, method: Method, path: &str, body: Value) -> Answer {
        read(self.server.anonymous(method, path).bearer_auth(&self.token).json(&body)).await
    }

    async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, json!(null)).await
    }
}

async fn log_in<'s>(server: &'s Server, name: &str) -> As<'s> {
    let login = json!({"username": name, "password": name});
    let answer = read(server.anonymous(Method::POST, "/auth/token").json(&login)).await;
    As { server, token: answer.body["access_token"].as_str().unwrap_or_else(|| panic!("{answer:?}")).to_owned() }
}

/// Somebody of an own role that may do nearly everything, but to DAG `d` alone.
async fn member<'s>(server: &'s Server) -> As<'s> {
    let mut actions = vec![pair("can_read", "DAG:d"), pair("can_edit", "DAG:d")];
    for resource in [
        "DAG Runs",
        "Task Instances",
        "Task Logs",
        "XComs",
        "DAG Code",
        "DAG Versions",
        "DAG Warnings",
        "HITL Detail",
        "Assets",
        "Asset Aliases",
        "ImportError",
        "Audit Logs",
        "Jobs",
        "Pools",
        "Variables",
        "Connections",
        "Configurations",
        "Providers",
        "Plugins",
        "Website",
        "Cluster Activity",
        "DAG Dependencies",
        "Backfills",
    ] {
        for action in ["can_read", "can_create", "can_edit", "can_delete"] {
            actions.push(pair(action, resource));
        }
    }
    let made = server.post("/auth/fab/v1/roles", json!({"name": "team", "actions": actions})).await;
    assert_eq!(made.status, StatusCode::OK, "{made:?}");
    add_user(&server.store, "ann", "team").await;
    log_in(server, "ann").await
}

#[tokio::test]
async fn no_route_shows_a_dag_to_those_who_may_not_read_it() {
    for server in servers().await {
        add_dags(&server.store).await;
        add_run(&server.store, "r", 1).await;
        add_hidden(&server.store).await;
        server.patch("/api/v2/dags/hidden_dag", json!({"is_paused": true})).await;
        let ann = member(&server).await;
        let mut shown = 0;
        // Streams, logging out, and the Python environment, which no dag-processor tells of here.
        let others = [
            "/ui/events",
            "/auth/logout",
            "/api/v2/auth/logout",
            "/api/v2/plugins",
            "/api/v2/plugins/importErrors",
            "/api/v2/providers",
        ];
        for (method, path, _) in MATRIX.iter().filter(|(method, path, _)| *method == "GET" && !others.contains(path)) {
            for dag_id in ["~", "d"] {
                let path = path
                    .replace("{dag_id}", dag_id)
                    .replace("{dag_run_id}", "~")
                    .replace("{run_id}", "r")
                    .replace("{task_id}", "a")
                    .replace("{map_index}", "-1");
                let path = path.split('/').map(|part| if part.starts_with('{') { "1" } else { part });
                let path = path.collect::<Vec<_>>().join("/");
                // For pages that list what a DAG has beside it.
                for query in ["", "?dag_id=hidden_dag", "?dag_ids=hidden_dag"] {
                    let answer = ann.ask(method.parse().unwrap(), &format!("{path}{query}"), json!(null)).await;
                    assert!(answer.status.as_u16() < 500, "{path}{query}: {answer:?}");
                    let text = answer.body.to_string().replace("'hidden_dag'", "");
                    assert!(!text.contains("hidden"), "{} {path}{query}: {answer:?}", server.store.name);
                    shown += usize::from(answer.status.is_success());
                }
            }
        }
        assert!(shown > 60, "only {shown} routes answered at all");
        for path in ["/api/v2/dags/hidden_dag", "/ui/grid/hidden_dag", "/api/v2/dags/hidden_dag/dagRuns"] {
            assert_eq!(ann.get(path).await.status, StatusCode::FORBIDDEN, "{path}");
        }
        let all = server.ok("/api/v2/dags").await;
        assert!(all.to_string().contains("hidden_dag"), "the DAG is there for others");
    }
}

#[tokio::test]
async fn no_route_changes_a_dag_of_those_who_may_not() {
    let [server, _] = <[Server; 2]>::try_from(servers().await).ok().unwrap();
    add_dags(&server.store).await;
    add_hidden(&server.store).await;
    let ann = member(&server).await;
    let named = |path: &str| path.contains("{dag_id}");
    for (method, path, _) in MATRIX.iter().filter(|(method, path, _)| *method != "GET" && named(path)) {
        let path = path.replace("{dag_id}", "hidden_dag").replace("{dag_run_id}", "hidden_dag_run");
        let path: Vec<&str> = path.split('/').map(|part| if part.starts_with('{') { "1" } else { part }).collect();
        let answer = ann.ask(method.parse().unwrap(), &path.join("/"), json!({})).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{method} {path:?}: {answer:?}");
    }
    // The DAG is in the body, or in a pattern.
    let backfill =
        json!({"dag_id": "hidden_dag", "from_date": "2024-01-01T00:00:00Z", "to_date": "2024-01-02T00:00:00Z"});
    assert_eq!(ann.ask(Method::POST, "/api/v2/backfills", backfill).await.status, StatusCode::NOT_FOUND);
    let all = ann.ask(Method::PATCH, "/api/v2/dags?dag_id_pattern=~", json!({"is_paused": true})).await;
    assert_eq!(all.status, StatusCode::OK, "{all:?}");
    assert_eq!(server.ok("/api/v2/dags/hidden_dag").await["is_paused"], false);
    assert_eq!(server.ok("/api/v2/dags/d").await["is_paused"], true);
}

#[tokio::test]
async fn access_control_of_dag_files_gives_rights_and_takes_them_back() {
    for server in servers().await {
        let parse = async |hash: &str, access: Value| {
            let data = json!({"format": 1, "dag_id": "x", "timetable": {"type": "once"}, "tasks": [],
                              "access_control": access});
            let parsed = ParsedDag { data: data.to_string(), ..dag("x", hash) };
            server.store.apply_parse(file("x.py", vec![parsed])).await.unwrap();
            // As if the seconds for which rights are remembered had passed.
            server
                .patch(
                    "/auth/fab/v1/roles/readers",
                    json!({"name": "readers", "actions": [pair("can_read", "DAG Runs")]}),
                )
                .await
        };
        server.post("/auth/fab/v1/roles", json!({"name": "readers"})).await;
        add_user(&server.store, "bob", "readers").await;
        let bob = log_in(&server, "bob").await;
        parse("1", json!({})).await;
        assert_eq!(bob.get("/api/v2/dags/x").await.status, StatusCode::FORBIDDEN);
        parse("2", json!({"readers": ["can_read"]})).await;
        assert_eq!(bob.get("/api/v2/dags/x").await.status, StatusCode::OK);
        assert_eq!(bob.get("/api/v2/dags/x/dagRuns").await.status, StatusCode::OK);
        let pause = async || bob.ask(Method::PATCH, "/api/v2/dags/x", json!({"is_paused": true})).await.status;
        assert_eq!(pause().await, StatusCode::FORBIDDEN);
        let trigger =
            async || bob.ask(Method::POST, "/api/v2/dags/x/dagRuns", json!({"logical_date": null})).await.status;
        assert_eq!(trigger().await, StatusCode::FORBIDDEN);
        parse("3", json!({"readers": {"DAGs": ["can_edit", "can_read"], "DAG Runs": ["can_create"]}})).await;
        assert_eq!((pause().await, trigger().await), (StatusCode::OK, StatusCode::OK));
        parse("4", json!({"others": ["can_read"]})).await;
        assert_eq!(bob.get("/api/v2/dags/x").await.status, StatusCode::FORBIDDEN);
    }
}

#[tokio::test]
async fn users_and_roles_are_kept_as_fab_does() {
    for server in servers().await {
        let roles = "/auth/fab/v1/roles";
        let body = json!({"name": "r", "actions": [pair("can_read", "Variables")]});
        let made = server.post(roles, body.clone()).await;
        assert_eq!((made.status, made.body.clone()), (StatusCode::OK, body.clone()));
        assert_eq!(server.post(roles, body).await.status, StatusCode::CONFLICT);
        assert_eq!(server.post(roles, json!({"name": "admin"})).await.status, StatusCode::CONFLICT);
        let wrong = json!({"name": "w", "actions": [pair("can_fly", "Variables")]});
        assert_eq!(server.post(roles, wrong).await.status, StatusCode::BAD_REQUEST);
        assert_eq!(server.ok(roles).await["total_entries"], 6);
        assert_eq!(server.ok(&format!("{roles}?limit=1&order_by=-name")).await["roles"][0]["name"], "r");
        let less = json!({"name": "Viewer", "actions": []});
        assert_eq!(server.patch(&format!("{roles}/Viewer"), less).await.status, StatusCode::BAD_REQUEST);
        assert_eq!(server.delete(&format!("{roles}/Viewer")).await.status, StatusCode::FORBIDDEN);
        assert!(server.ok("/auth/fab/v1/permissions").await["total_entries"].as_i64().unwrap() > 100);

        let users = "/auth/fab/v1/users";
        let body = json!({"username": "u", "email": "u@x", "first_name": "U", "last_name": "X", "password": "u",
                          "roles": [{"name": "r"}]});
        let made = server.post(users, body.clone()).await;
        assert_eq!((made.status, made.body["roles"].clone()), (StatusCode::OK, json!([{"name": "r"}])), "{made:?}");
        assert!(!made.body.to_string().contains("argon2"));
        assert_eq!(server.post(users, body.clone()).await.status, StatusCode::CONFLICT);
        let same_address = json!({"username": "v", "email": "u@x", "first_name": "", "last_name": "", "password": "v"});
        assert_eq!(server.post(users, same_address).await.status, StatusCode::CONFLICT);
        let user = log_in(&server, "u").await;
        assert_eq!(user.get("/api/v2/variables").await.status, StatusCode::OK);
        assert_eq!(user.get(users).await.status, StatusCode::FORBIDDEN);
        let path = format!("{users}/u");
        let masked =
            server.patch(&format!("{path}?update_mask=last_name"), json!({"last_name": "Y", "first_name": "Z"})).await;
        assert_eq!((masked.body["first_name"].clone(), masked.body["last_name"].clone()), (json!("U"), json!("Y")));
        let unknown = server.patch(&path, json!({"roles": [{"name": "no"}]})).await;
        assert_eq!(unknown.status, StatusCode::BAD_REQUEST);
        assert_eq!(server.delete(&format!("{roles}/r")).await.status, StatusCode::OK);
        assert_eq!(server.ok(&path).await["roles"], json!([]));
        assert_eq!(user.get("/api/v2/variables").await.status, StatusCode::FORBIDDEN);
        assert_eq!(server.delete(&path).await.status, StatusCode::NO_CONTENT);
        assert_eq!(user.get("/api/v2/variables").await.status, StatusCode::UNAUTHORIZED);
        let events = server.ok("/api/v2/eventLogs?order_by=id").await.to_string();
        assert!(events.contains("create_role") && events.contains("delete_user") && !events.contains("\"u@x\""));
    }
}
