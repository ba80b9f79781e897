//! Tests of connections, at once or later, and the connections that Airflow brings along.
//!
//! Only the hook's own Python code can test a connection, so a dag-processor is asked. As that lets clients make it
//! connect to any place, it is off unless `[core] test_connection` says otherwise.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use tradewind_store::{Connection, Fernet};

use super::connections::{Sent, checked, for_hooks};
use super::default_connections::default_connections;
use crate::auth::Identity;
use crate::clock::now;
use crate::events::Event;
use crate::http::Body;
use crate::http::error::{ApiError, ApiResult};
use crate::routes::Routes;
use crate::state::App;

/// A hook has so long to find out.
const PATIENCE: Duration = Duration::from_secs(60);
const TOKEN: &str = "airflow-connection-test-token";

/// Adds this file's routes.
pub fn routes(routes: Routes) -> Routes {
    routes
        .post("/api/v2/connections/test", test)
        .post("/api/v2/connections/enqueue-test", enqueue)
        .get("/api/v2/connections/enqueue-test", look)
        .post("/api/v2/connections/defaults", defaults)
}

fn must_be_enabled(app: &App) -> ApiResult<()> {
    if app.config.test_connection {
        return Ok(());
    }
    Err(ApiError::forbidden(
        "Testing connections is disabled in Airflow configuration: [core] test_connection = Enabled allows it.",
    ))
}

async fn run(app: &App, connection: &Connection) -> ApiResult<Result<(bool, String), String>> {
    let told = app.store.ask_python("connection_test", &for_hooks(connection), PATIENCE).await?;
    Ok(told.map(|answer| {
        (answer["status"].as_bool().unwrap_or(false), answer["message"].as_str().unwrap_or_default().to_owned())
    }))
}

async fn test(State(app): State<App>, who: Identity, Body(sent): Body<Sent>) -> ApiResult<Json<Value>> {
    must_be_enabled(&app)?;
    let connection = with_stored_secrets(&app, checked(sent)?).await?;
    app.record(Event::new("test_connection", &who).extra(json!({"connection_id": connection.conn_id}))).await?;
    let (status, message) = match run(&app, &connection).await? {
        Ok(found) => found,
        Err(why) => (false, why),
    };
    Ok(Json(json!({"status": status, "message": message})))
}

/// A secret that was shown hidden and comes back so is meant as it is stored.
async fn with_stored_secrets(app: &App, mut connection: Connection) -> ApiResult<Connection> {
    use crate::redact::HIDDEN;
    let is_hidden = |text: &Option<String>| text.as_deref().is_some_and(|text| text.contains(HIDDEN));
    if (is_hidden(&connection.password) || is_hidden(&connection.extra))
        && let Some(stored) = app.store.connection(&connection.conn_id).await?
    {
        if is_hidden(&connection.password) {
            connection.password = stored.password;
        }
        if is_hidden(&connection.extra) {
            connection.extra = stored.extra;
        }
    }
    Ok(connection)
}

/// A connection to test, and what to do then.
#[derive(Deserialize)]
struct Queued {
    #[serde(default)]
    commit_on_success: bool,
    #[serde(default)]
    executor: Option<String>,
    #[serde(default)]
    queue: Option<String>,
    #[serde(flatten)]
    connection: Sent,
}

async fn enqueue(
    State(app): State<App>,
    who: Identity,
    Body(queued): Body<Queued>,
) -> ApiResult<(StatusCode, Json<Value>)> {
    must_be_enabled(&app)?;
    if queued.executor.is_some() || queued.queue.is_some() {
        let msg = "connections are tested by the dag-processor: leave executor and queue out";
        return Err(ApiError::unprocessable(msg));
    }
    let connection = with_stored_secrets(&app, checked(queued.connection)?).await?;
    let (token, conn_id) = (Fernet::generate_key(), connection.conn_id.clone());
    app.store.add_connection_test(&token, &conn_id, now()).await?;
    app.record(Event::new("enqueue_connection_test", &who).extra(json!({"connection_id": conn_id}))).await?;
    let (asked, commit, name) = (app.clone(), queued.commit_on_success, token.clone());
    tokio::spawn(async move {
        let done = finish(&asked, &name, &connection, commit).await;
        if let Err(error) = done {
            tracing::error!(connection.id = connection.conn_id, ?error, "the test of a connection was lost");
        }
    });
    Ok((StatusCode::ACCEPTED, Json(json!({"token": token, "connection_id": conn_id, "state": "pending"}))))
}

async fn finish(app: &App, token: &str, connection: &Connection, commit: bool) -> ApiResult<()> {
    let (passed, message) = match run(app, connection).await? {
        Ok(found) => found,
        Err(why) => (false, why),
    };
    if passed && commit {
        app.store.put_connection(connection).await?;
    }
    app.store.end_connection_test(token, passed, &message).await?;
    Ok(())
}

async fn look(State(app): State<App>, headers: HeaderMap) -> ApiResult<Json<Value>> {
    let token = headers.get(TOKEN).and_then(|value| value.to_str().ok());
    let token = token.ok_or_else(|| {
        ApiError::invalid("missing", &["header", "Airflow-Connection-Test-Token"], "this header is required")
    })?;
    let test = app.store.connection_test(token).await?;
    let test = test.ok_or_else(|| ApiError::not_found("no test of a connection has this token"))?;
    Ok(Json(json!({
        "token": test.token,
        "connection_id": test.conn_id,
        "state": test.state,
        "result_message": test.result_message,
        "created_at": test.created_at,
    })))
}

async fn defaults(State(app): State<App>, who: Identity) -> ApiResult<StatusCode> {
    for connection in default_connections() {
        match app.store.create_connection(&connection).await {
            Ok(()) | Err(tradewind_store::Error::Exists(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    app.record(Event::new("create_default_connections", &who)).await?;
    Ok(StatusCode::NO_CONTENT)
}
