//! A server on a port of its own, with a DAG in its database, and a client.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use tradewind_core::{TaskState, TryId};
use tradewind_protocol::SerializedDag;
use tradewind_server::auth::jwt::Scope;
use tradewind_server::{App, ServerConfig, bind, hash_password};
use tradewind_store::{FinishTry, ParsedDag, Store, User};
use tradewind_testkit::build::{at, dag, file, new_run, new_ti, start, write};
use tradewind_testkit::{TestStore, stores};

/// A server, its database, and a client that has logged in as `admin`.
pub struct Server {
    pub store: TestStore,
    pub app: App,
    pub base: String,
    pub logs: TempDir,
    client: reqwest::Client,
    token: String,
    shutdown: CancellationToken,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

/// An answer that was read.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub body: Value,
}

/// One server on each database.
pub async fn servers() -> Vec<Server> {
    let mut servers = Vec::new();
    for store in stores().await {
        servers.push(Server::start(store, ServerConfig::default()).await);
    }
    servers
}

impl Server {
    /// Starts with some settings changed.
    pub async fn start(store: TestStore, config: ServerConfig) -> Self {
        let logs = tempfile::tempdir().unwrap();
        let config = ServerConfig { port: 0, log_folder: logs.path().to_owned(), ..config };
        let bound = bind(config, store.store.clone()).await.unwrap();
        let base = format!("http://{}", bound.address().unwrap());
        let app = bound.app().clone();
        let shutdown = CancellationToken::new();
        tokio::spawn(bound.run(shutdown.clone()));
        add_user(&store, "admin", "Admin").await;
        let token = app.tokens.mint(Scope::User, "admin", std::time::Duration::from_secs(600));
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { store, app, base, logs, client, token, shutdown }
    }

    /// A request as `admin`.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.anonymous(method, path).bearer_auth(&self.token)
    }

    /// A request without a token.
    pub fn anonymous(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base))
    }

    pub async fn get(&self, path: &str) -> Answer {
        read(self.request(Method::GET, path)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        read(self.request(Method::DELETE, path)).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        read(self.request(Method::POST, path).json(&body)).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        read(self.request(Method::PATCH, path).json(&body)).await
    }

    /// The body of a request that must succeed.
    pub async fn ok(&self, path: &str) -> Value {
        let answer = self.get(path).await;
        assert!(answer.status.is_success(), "{} {path}: {answer:?}", self.store.name);
        answer.body
    }
}

/// Sends and reads JSON (null for an empty body, text for what is no JSON).
pub async fn read(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let status = response.status();
    let text = response.text().await.unwrap();
    let body = match text.as_str() {
        "" => Value::Null,
        text => serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned())),
    };
    Answer { status, body }
}

/// A user whose password is their name.
pub async fn add_user(store: &Store, name: &str, role: &str) {
    let user = User {
        username: name.into(),
        password_hash: hash_password(name).unwrap(),
        roles: vec![role.into()],
        email: None,
        first_name: None,
        last_name: None,
        active: true,
    };
    store.create_user(&user).await.unwrap();
}

/// DAG `d`: a -> b -> c, and m which is mapped after a.
pub fn sample() -> ParsedDag {
    let data = json!({
        "format": 1, "dag_id": "d", "fileloc": "/dags/d.py", "doc_md": "# d", "timetable": {"type": "once"},
        "params_order": ["z", "a"], "params": {"a": {"value": 1}, "z": {"value": 2}},
        "tasks": [
            {"task_id": "a", "operator": "BashOperator", "module": "x", "downstream": ["b", "m"], "display_name": "Ä",
             "retries": 2, "retry_delay": 60.0},
            {"task_id": "b", "operator": "PythonOperator", "downstream": ["c"], "max_active_tis_per_dag": 3,
             "returns_dag_result": true},
            {"task_id": "c", "operator": "EmptyOperator"},
            {"task_id": "m", "operator": "PythonOperator", "mapped": {"kind": "literal"}},
        ],
    });
    let _: SerializedDag = serde_json::from_value(data.clone()).unwrap();
    ParsedDag { data: data.to_string(), ..dag("d", "h1") }
}

/// Puts DAG `d` and a paused DAG `gen_1` into the database.
pub async fn add_dags(store: &Store) {
    store.apply_parse(file("d.py", vec![sample()])).await.unwrap();
    let data = json!({"format": 1, "dag_id": "gen_1", "timetable": {"type": "once"}, "tasks": []}).to_string();
    let other = ParsedDag { data, paused_upon_creation: true, tags: vec!["x".into()], ..dag("gen_1", "h1") };
    store.apply_parse(file("gen.py", vec![other])).await.unwrap();
}

/// A run of `d` that is running: a succeeded, b failed its first try, c is upstream_failed, m has two indexes.
pub struct Ran {
    pub run_key: i64,
    pub a: i64,
}

/// See [`Ran`].
pub async fn add_run(store: &Store, run_id: &str, logical: i64) -> Ran {
    let mut tx = store.begin().await.unwrap();
    let run_key = tx.create_run(new_run("d", run_id, Some(logical))).await.unwrap().created().unwrap();
    let mut tis: Vec<_> = ["a", "b", "c", "m", "m"].map(|task| new_ti(run_key, task)).into();
    (tis[3].map_index, tis[4].map_index) = (0, 1);
    tis[2].state = Some(TaskState::UpstreamFailed);
    (tis[2].start_date, tis[2].end_date) = (Some(at(9)), Some(at(9)));
    let ids = tx.insert_tis(&tis).await.unwrap();
    let queued = Some(TaskState::Queued);
    let writes = [write(ids[0], (None, 0), queued, 1), write(ids[1], (None, 0), queued, 1)];
    assert_eq!(tx.write_tis(&writes).await.unwrap(), [true, true]);
    tx.commit().await.unwrap();
    for (ti_id, state) in [(ids[0], TaskState::Success), (ids[1], TaskState::Failed)] {
        store.start_try(start(ti_id, 1)).await.unwrap();
        let mut finish = FinishTry::new(TryId { ti_id, try_number: 1 }, state, at(5));
        finish.xcoms.insert("return_value".into(), json!({"n": 1}));
        finish.max_rss_kb = Some(1234);
        store.finish_try(finish).await.unwrap();
    }
    Ran { run_key, a: ids[0] }
}
