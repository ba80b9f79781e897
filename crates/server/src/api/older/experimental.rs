//! `/api/experimental`: what Airflow 1.10 had of a REST API.

use axum::Json;
use axum::http::{Method, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::ask::{Asked, Client, Fault, escaped};
use super::v1::run_at;
use crate::clock::now;

/// Answers a request.
///
/// # Errors
/// What the newer API answers instead of a success; 404 for what there was not.
pub async fn answer(client: &Client, asked: Asked) -> Result<Response, Fault> {
    let path = asked.path.clone();
    let parts: Vec<&str> = path.split('/').collect();
    let of = |dag: &str, rest: &str| format!("dags/{}{rest}", escaped(dag));
    let shaped = match (asked.method.as_str(), parts.as_slice()) {
        ("GET", ["test"]) => {
            client.get("dagStats").await?;
            json!({"status": "OK"})
        }
        ("GET", ["info"]) => json!({"version": client.get("version").await?["version"]}),
        ("POST", ["dags", dag, "dag_runs"]) => trigger(client, dag, &asked.body).await?,
        ("GET", ["dags", dag, "dag_runs"]) => {
            client.get(&of(dag, "")).await?;
            let mut query =
                vec![("limit".to_owned(), "100".to_owned()), ("order_by".to_owned(), "run_after".to_owned())];
            if let Some(state) = asked.query("state") {
                query.push(("state".to_owned(), state.to_lowercase()));
            }
            let found = client.ask(Method::GET, &of(dag, "/dagRuns"), &query, &Value::Null).await?;
            let runs = found["dag_runs"].as_array().into_iter().flatten();
            Value::Array(runs.enumerate().map(|(index, run)| listed(index + 1, run)).collect())
        }
        ("GET", ["dags", dag, "dag_runs", date]) => {
            let run = client.get(&of(dag, &format!("/dagRuns/{}", escaped(&run_of(client, dag, date).await?)))).await?;
            json!({"state": run["state"]})
        }
        ("GET", ["dags", dag, "dag_runs", date, "tasks", task]) => {
            let run = run_of(client, dag, date).await?;
            let path = of(dag, &format!("/dagRuns/{}/taskInstances/{}", escaped(&run), escaped(task)));
            let mut ti = client.get(&path).await?;
            ti["execution_date"] = ti["logical_date"].take();
            ti["job_id"] = ti["id"].clone();
            as_texts(&ti)
        }
        ("GET", ["dags", dag, "tasks", task]) => {
            as_texts(&client.get(&of(dag, &format!("/tasks/{}", escaped(task)))).await?)
        }
        ("GET", ["dags", dag, "code"]) => {
            let source = client.get(&format!("dagSources/{}", escaped(dag))).await?;
            let text = source["content"].as_str().unwrap_or_default().to_owned();
            return Ok(([(header::CONTENT_TYPE, "text/html; charset=utf-8")], escape_html(&text)).into_response());
        }
        ("GET", ["dags", dag, "paused"]) => json!({"is_paused": client.get(&of(dag, "")).await?["is_paused"]}),
        ("GET", ["dags", dag, "paused", wanted]) => {
            let paused = matches!(*wanted, "true" | "True");
            client.ask(Method::PATCH, &of(dag, ""), &[], &json!({"is_paused": paused})).await?;
            json!({"response": "ok"})
        }
        ("GET", ["latest_runs"]) => latest_runs(client).await?,
        ("GET", ["pools"]) => {
            let found = client.ask(Method::GET, "pools", &[("limit".into(), "100".into())], &Value::Null).await?;
            Value::Array(found["pools"].as_array().into_iter().flatten().map(pool).collect())
        }
        ("POST", ["pools"]) => {
            let text = |name: &str| asked.body[name].as_str().unwrap_or_default().to_owned();
            let slots = asked.body["slots"].as_i64().or_else(|| text("slots").parse().ok());
            let body = json!({"name": text("name"), "slots": slots, "description": text("description")});
            match client.ask(Method::POST, "pools", &[], &body).await {
                // A pool that is there already was changed.
                Err(fault) if fault.status == axum::http::StatusCode::CONFLICT => {
                    let path = format!("pools/{}", escaped(&text("name")));
                    pool(&client.ask(Method::PATCH, &path, &[], &body).await?)
                }
                done => pool(&done?),
            }
        }
        ("GET", ["pools", name]) => pool(&client.get(&format!("pools/{}", escaped(name))).await?),
        ("DELETE", ["pools", name]) => {
            let path = format!("pools/{}", escaped(name));
            let gone = client.get(&path).await?;
            client.ask(Method::DELETE, &path, &[], &Value::Null).await?;
            pool(&gone)
        }
        (method, _) => {
            let detail = format!("the experimental API has no {method} /{path}: use /api/v2");
            return Err(Fault::not_found(detail));
        }
    };
    Ok(Json(shaped).into_response())
}

async fn trigger(client: &Client, dag: &str, body: &Value) -> Result<Value, Fault> {
    let conf = match &body["conf"] {
        Value::Null => json!({}),
        Value::String(text) => serde_json::from_str(text)
            .map_err(|error| Fault::bad_request(format!("conf is a text that is no JSON: {error}")))?,
        conf => conf.clone(),
    };
    let date = match body["execution_date"].as_str() {
        Some(date) => date.to_owned(),
        // Without microseconds, unless somebody wanted them.
        None => {
            let micros = now().as_micros();
            let keep = body["replace_microseconds"] == json!(false) || body["replace_microseconds"] == json!("false");
            let whole = if keep { micros } else { micros - micros.rem_euclid(1_000_000) };
            tradewind_core::Timestamp::from_micros(whole).to_string()
        }
    };
    let mut new = json!({"logical_date": date, "conf": conf});
    if let Some(run_id) = body["run_id"].as_str() {
        new["dag_run_id"] = run_id.into();
    }
    let run = client.ask(Method::POST, &format!("dags/{}/dagRuns", escaped(dag)), &[], &new).await?;
    let (date, run_id) = (&run["logical_date"], &run["dag_run_id"]);
    let (date_text, run_text) = (date.as_str().unwrap_or_default(), run_id.as_str().unwrap_or_default());
    let message = format!("Created <DagRun {dag} @ {date_text}: {run_text}, externally triggered: True>");
    Ok(json!({"execution_date": date, "message": message, "run_id": run_id}))
}

async fn run_of(client: &Client, dag: &str, date: &str) -> Result<String, Fault> {
    client.get(&format!("dags/{}", escaped(dag))).await?;
    // A plus in a path is one, but many clients undo it as in a query.
    run_at(client, dag, &date.replace(' ', "+")).await
}

fn listed(number: usize, run: &Value) -> Value {
    json!({
        "id": number,
        "run_id": run["dag_run_id"],
        "state": run["state"],
        "dag_id": run["dag_id"],
        "execution_date": if run["logical_date"].is_null() { &run["run_after"] } else { &run["logical_date"] },
        "start_date": run["start_date"].as_str().unwrap_or_default(),
        "dag_run_url": url(run),
    })
}

fn url(run: &Value) -> String {
    let text = |name: &str| escaped(run[name].as_str().unwrap_or_default());
    format!("/dags/{}/runs/{}", text("dag_id"), text("dag_run_id"))
}

/// The newest run of each DAG.
async fn latest_runs(client: &Client) -> Result<Value, Fault> {
    let mut items: Vec<Value> = Vec::new();
    let mut offset = 0;
    loop {
        let query = [("limit".to_owned(), "100".to_owned()), ("offset".to_owned(), offset.to_string())];
        let page = client.ask(Method::GET, "dags", &query, &Value::Null).await?;
        let dags = page["dags"].as_array().map(Vec::as_slice).unwrap_or_default();
        for dag in dags {
            let path = format!("dags/{}/dagRuns", escaped(dag["dag_id"].as_str().unwrap_or_default()));
            let newest = [("limit".to_owned(), "1".to_owned()), ("order_by".to_owned(), "-run_after".to_owned())];
            let found = client.ask(Method::GET, &path, &newest, &Value::Null).await?;
            if let Some(run) = found["dag_runs"].as_array().and_then(|runs| runs.first()) {
                let run = listed(0, run);
                items.push(json!({"dag_id": run["dag_id"], "execution_date": run["execution_date"],
                    "start_date": run["start_date"], "dag_run_url": run["dag_run_url"]}));
            }
        }
        if dags.is_empty() {
            return Ok(json!({"items": items}));
        }
        offset += dags.len();
    }
}

fn pool(pool: &Value) -> Value {
    json!({"pool": pool["name"], "slots": pool["slots"], "description": pool["description"]})
}

/// Every field as Python would print it.
fn as_texts(value: &Value) -> Value {
    let text = |value: &Value| match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let fields = value.as_object().into_iter().flatten().map(|(name, value)| (name.clone(), text(value).into()));
    Value::Object(fields.collect::<Map<String, Value>>())
}

fn escape_html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_texts_as_python_prints_them() {
        let given = as_texts(&json!({"a": null, "b": true, "c": 1, "d": "x"}));
        assert_eq!(given, json!({"a": "None", "b": "True", "c": "1", "d": "x"}));
    }
}
