//! `/api/v1`: each request of Airflow 2 as requests to `/api/v2`.

use axum::Json;
use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::ask::{Asked, Client, Fault, escaped};
use super::v1_assets;
use super::v1_shape::{Shape, list, one};
use crate::auth::rights::Action;
use crate::clock::now;

/// Answers a request.
///
/// # Errors
/// What the newer API answers instead of a success; 404 for what Airflow 2 did not have or what is not here.
pub async fn answer(client: &Client, asked: Asked) -> Result<Response, Fault> {
    let path = asked.path.clone();
    let parts: Vec<&str> = path.split('/').collect();
    let method = asked.method.as_str();
    let query = renamed(&asked.query);
    let ask = async |method: Method, path: String, body: Value| client.ask(method, &path, &query, &body).await;
    let of_dag = |dag_id: &str, rest: &str| format!("dags/{}{rest}", escaped(dag_id));
    let body = asked.body.clone();
    let shaped = match (method, parts.as_slice()) {
        ("GET", ["health"]) => client.get("monitor/health").await?,
        ("GET", ["version" | "plugins" | "providers" | "importErrors" | "dagWarnings" | "pools"]) => {
            client.ask(Method::GET, &path, &query, &Value::Null).await?
        }
        ("GET", ["importErrors", id]) => ask(Method::GET, format!("importErrors/{}", escaped(id)), Value::Null).await?,
        ("GET", ["config", ..]) => return text_or_json(client, &asked, &path, &query).await,
        ("GET", ["dagStats"]) => client.ask(Method::GET, "dagStats", &split(&query, "dag_ids"), &Value::Null).await?,
        ("GET", ["dagSources", token]) => return source(client, &asked, token).await,
        ("PUT", ["parseDagFile", token]) => {
            ask(Method::PUT, format!("parseDagFile/{}", escaped(token)), Value::Null).await?;
            return Ok((StatusCode::CREATED, Json(Value::Null)).into_response());
        }
        ("GET", ["eventLogs"]) => {
            let query = split(&split(&query, "included_events"), "excluded_events");
            let found = client.ask(Method::GET, "eventLogs", &query, &Value::Null).await?;
            list(Shape::EventLog, ("event_logs", "event_logs"), &found)
        }
        ("GET", ["eventLogs", id]) => {
            one(Shape::EventLog, &ask(Method::GET, format!("eventLogs/{}", escaped(id)), Value::Null).await?)
        }
        (_, ["connections" | "variables" | "pools", ..]) => return kept(client, &asked, &parts, &query).await,
        ("GET", ["permissions"]) => {
            // Whether that is allowed; actions alone are asked for, FAB of Airflow 3 has them with their resources.
            client.get("/auth/fab/v1/permissions").await?;
            actions(&asked)
        }
        (_, ["users" | "roles"]) | (_, ["users" | "roles", _]) => {
            let path: Vec<String> = parts.iter().map(|part| escaped(part)).collect();
            let path = format!("/auth/fab/v1/{}", path.join("/"));
            client.ask(asked.method.clone(), &path, &asked.query, &body).await?
        }
        (_, ["datasets", ..]) | (_, ["dags", _, "datasets", ..]) => {
            return v1_assets::answer(client, &asked, &parts).await;
        }
        ("GET", ["dags"]) => list(Shape::Dag, ("dags", "dags"), &ask(Method::GET, "dags".into(), Value::Null).await?),
        ("PATCH", ["dags"]) => list(Shape::Dag, ("dags", "dags"), &ask(Method::PATCH, "dags".into(), body).await?),
        ("GET" | "PATCH", ["dags", dag]) => one(Shape::Dag, &ask(asked.method.clone(), of_dag(dag, ""), body).await?),
        ("DELETE", ["dags", dag]) => ask(Method::DELETE, of_dag(dag, ""), body).await?,
        ("GET", ["dags", dag, "details"]) => {
            one(Shape::DagDetails, &ask(Method::GET, of_dag(dag, "/details"), body).await?)
        }
        ("GET", ["dags", dag, "tasks"]) => {
            list(Shape::Task, ("tasks", "tasks"), &ask(Method::GET, of_dag(dag, "/tasks"), body).await?)
        }
        ("GET", ["dags", dag, "tasks", task]) => {
            one(Shape::Task, &ask(Method::GET, of_dag(dag, &format!("/tasks/{}", escaped(task))), body).await?)
        }
        ("POST", ["dags", dag, "clearTaskInstances"]) => {
            let done = ask(Method::POST, of_dag(dag, "/clearTaskInstances"), clear_body(body)).await?;
            references(&done)
        }
        ("POST", ["dags", dag, "updateTaskInstancesState"]) => return set_state(client, dag, body).await,
        ("GET", ["dags", dag, "dagRuns"]) => {
            let found = ask(Method::GET, of_dag(dag, "/dagRuns"), body).await?;
            list(Shape::DagRun, ("dag_runs", "dag_runs"), &found)
        }
        ("POST", ["dags", dag, "dagRuns"]) => {
            one(Shape::DagRun, &ask(Method::POST, of_dag(dag, "/dagRuns"), run_body(body)).await?)
        }
        ("POST", ["dags", "~", "dagRuns", "list"]) => {
            let found = ask(Method::POST, "dags/~/dagRuns/list".into(), renamed_body(body)).await?;
            list(Shape::DagRun, ("dag_runs", "dag_runs"), &found)
        }
        ("POST", ["dags", "~", "dagRuns", "~", "taskInstances", "list"]) => {
            let found = ask(Method::POST, "dags/~/dagRuns/~/taskInstances/list".into(), renamed_body(body)).await?;
            list(Shape::TaskInstance, ("task_instances", "task_instances"), &found)
        }
        (_, ["dags", dag, "dagRuns", run, rest @ ..]) => {
            let base = of_dag(dag, &format!("/dagRuns/{}", escaped(run)));
            return of_run(client, &asked, &base, rest, &query).await;
        }
        _ => {
            let detail = format!("this server's /api/v1 has no {method} /{path}: use /api/v2");
            return Err(Fault::not_found(detail));
        }
    };
    Ok(match (method, shaped) {
        ("DELETE", _) => StatusCode::NO_CONTENT.into_response(),
        (_, shaped) => Json(projected(shaped, &asked)).into_response(),
    })
}

/// The names of actions, as a page.
fn actions(asked: &Asked) -> Value {
    let number = |name: &str| asked.query(name).and_then(|text| text.parse::<usize>().ok());
    let page = Action::ALL.iter().skip(number("offset").unwrap_or(0)).take(number("limit").unwrap_or(100));
    let names: Vec<Value> = page.map(|action| json!({"name": action.as_str()})).collect();
    json!({"actions": names, "total_entries": Action::ALL.len()})
}

/// What lies below a run.
async fn of_run(
    client: &Client,
    asked: &Asked,
    base: &str,
    rest: &[&str],
    query: &[(String, String)],
) -> Result<Response, Fault> {
    let ask = async |method: Method, path: String, body: Value| client.ask(method, &path, query, &body).await;
    let body = asked.body.clone();
    let shaped = match (asked.method.as_str(), rest) {
        ("GET", []) => one(Shape::DagRun, &ask(Method::GET, base.into(), body).await?),
        ("DELETE", []) => {
            ask(Method::DELETE, base.into(), body).await?;
            return Ok(StatusCode::NO_CONTENT.into_response());
        }
        ("PATCH", [] | ["setNote"]) => one(Shape::DagRun, &ask(Method::PATCH, base.into(), body).await?),
        ("POST", ["clear"]) => {
            let done = ask(Method::POST, format!("{base}/clear"), body).await?;
            match done.get("task_instances") {
                Some(_) => references(&done),
                None => one(Shape::DagRun, &done),
            }
        }
        ("GET", ["upstreamDatasetEvents"]) => {
            let found = ask(Method::GET, format!("{base}/upstreamAssetEvents"), body).await?;
            list(Shape::DatasetEvent, ("dataset_events", "asset_events"), &found)
        }
        ("GET", ["taskInstances"]) => {
            let found = ask(Method::GET, format!("{base}/taskInstances"), body).await?;
            list(Shape::TaskInstance, ("task_instances", "task_instances"), &found)
        }
        (_, ["taskInstances", task, rest @ ..]) => {
            let base = format!("{base}/taskInstances/{}", escaped(task));
            return of_task(client, asked, &base, rest, query).await;
        }
        _ => return Err(Fault::not_found(format!("this server's /api/v1 has no {} /{}", asked.method, asked.path))),
    };
    Ok(Json(projected(shaped, asked)).into_response())
}

/// What lies below a task instance.
async fn of_task(
    client: &Client,
    asked: &Asked,
    base: &str,
    rest: &[&str],
    query: &[(String, String)],
) -> Result<Response, Fault> {
    let path = match rest {
        [] => base.to_owned(),
        rest => format!("{base}/{}", rest.iter().map(|part| escaped(part)).collect::<Vec<_>>().join("/")),
    };
    let get = async |path: &str| client.ask(Method::GET, path, query, &Value::Null).await;
    let shaped = match (asked.method.as_str(), rest) {
        ("GET", [] | [_]) if rest.first().is_none_or(|part| is_index(part)) => {
            one(Shape::TaskInstance, &get(&path).await?)
        }
        ("GET", ["listMapped"]) | ("GET", ["tries"] | [_, "tries"]) => {
            list(Shape::TaskInstance, ("task_instances", "task_instances"), &get(&path).await?)
        }
        ("GET", ["tries", _] | [_, "tries", _]) => one(Shape::TaskInstance, &get(&path).await?),
        ("GET", ["dependencies" | "links"] | [_, "dependencies"]) => {
            let found = get(&path).await?;
            found.get("extra_links").cloned().unwrap_or(found)
        }
        ("GET", ["xcomEntries"]) => {
            let query: Vec<_> =
                query.iter().filter(|(name, _)| name != "xcom_key").cloned().chain(exact_key(query)).collect();
            let found = client.ask(Method::GET, &path, &query, &Value::Null).await?;
            list(Shape::XCom, ("xcom_entries", "xcom_entries"), &found)
        }
        ("GET", ["xcomEntries", key @ ..]) => {
            let stringify = asked.query("stringify").unwrap_or("true").to_owned();
            let query: Vec<_> = query
                .iter()
                .filter(|(name, _)| name != "stringify")
                .cloned()
                .chain([("stringify".to_owned(), stringify)])
                .collect();
            let path = format!("{base}/xcomEntries/{}", escaped(&key.join("/")));
            one(Shape::XCom, &client.ask(Method::GET, &path, &query, &Value::Null).await?)
        }
        ("GET", ["logs", number]) => return log(client, asked, base, number, query).await,
        ("PATCH", ["setNote"] | [_, "setNote"]) => {
            let index = if let [index, _] = rest { format!("/{}", escaped(index)) } else { String::new() };
            let note = json!({"note": asked.body["note"]});
            let done = client.ask(Method::PATCH, &format!("{base}{index}"), &[], &note).await?;
            one(Shape::TaskInstance, &done["task_instances"][0])
        }
        ("PATCH", [] | [_]) => {
            let body = json!({"new_state": asked.body["new_state"]});
            let dry = asked.body["dry_run"].as_bool().unwrap_or(true);
            let path = if dry { format!("{path}/dry_run") } else { path };
            let done = client.ask(Method::PATCH, &path, &[], &body).await?;
            one(Shape::Reference, &done["task_instances"][0])
        }
        _ => return Err(Fault::not_found(format!("this server's /api/v1 has no {} /{}", asked.method, asked.path))),
    };
    Ok(Json(shaped).into_response())
}

fn is_index(part: &str) -> bool {
    part.parse::<i64>().is_ok()
}

fn exact_key(query: &[(String, String)]) -> Option<(String, String)> {
    let (_, key) = query.iter().find(|(name, _)| name == "xcom_key")?;
    Some(("xcom_key_pattern".to_owned(), key.clone()))
}

/// A log as text, or as JSON whose content is text: Airflow 2 had no structured lines.
async fn log(
    client: &Client,
    asked: &Asked,
    base: &str,
    number: &str,
    query: &[(String, String)],
) -> Result<Response, Fault> {
    let query: Vec<_> = query
        .iter()
        .filter(|(name, _)| name != "full_content")
        .cloned()
        .chain([("full_content".to_owned(), "true".to_owned())])
        .collect();
    let page = client.ask(Method::GET, &format!("{base}/logs/{}", escaped(number)), &query, &Value::Null).await?;
    let lines = page["content"].as_array().into_iter().flatten().map(|line| {
        let text = line.as_str().or_else(|| line["event"].as_str()).unwrap_or_default();
        match line["timestamp"].as_str() {
            Some(at) => format!("[{at}] {} - {text}", line["level"].as_str().unwrap_or("info").to_uppercase()),
            None => text.to_owned(),
        }
    });
    let text = lines.collect::<Vec<_>>().join("\n");
    if asked.accept.contains("application/json") {
        let token = page["continuation_token"].as_str().unwrap_or_default();
        return Ok(Json(json!({"content": text, "continuation_token": token})).into_response());
    }
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response())
}

/// Connections, variables and pools.
async fn kept(client: &Client, asked: &Asked, parts: &[&str], query: &[(String, String)]) -> Result<Response, Fault> {
    let name = parts[0];
    let shape = match name {
        "connections" => Shape::Connection,
        "variables" => Shape::Variable,
        _ => Shape::Same,
    };
    let key = escaped(&parts[1..].join("/"));
    let path = if key.is_empty() { name.to_owned() } else { format!("{name}/{key}") };
    let body = match (asked.method.as_str(), name) {
        // Airflow 2 took changes without the name, which newer clients repeat.
        ("PATCH", "connections") => with(asked.body.clone(), "connection_id", parts),
        ("PATCH", "variables") => with(asked.body.clone(), "key", parts),
        _ => asked.body.clone(),
    };
    if name == "connections" && asked.method == Method::PATCH && body.get("conn_type").is_none() {
        let old = client.get(&path).await?;
        let mut body = body;
        body["conn_type"] = old["conn_type"].clone();
        let mut query = query.to_vec();
        if asked.query("update_mask").is_none() {
            let named =
                asked.body.as_object().into_iter().flatten().map(|(name, _)| ("update_mask".into(), name.clone()));
            query.extend(named);
        }
        return Ok(Json(one(shape, &client.ask(Method::PATCH, &path, &query, &body).await?)).into_response());
    }
    let done = client.ask(asked.method.clone(), &path, query, &body).await?;
    Ok(match asked.method.as_str() {
        "DELETE" => StatusCode::NO_CONTENT.into_response(),
        "GET" if key.is_empty() => Json(list(shape, (name, name), &done)).into_response(),
        _ => Json(one(shape, &done)).into_response(),
    })
}

fn with(mut body: Value, field: &str, parts: &[&str]) -> Value {
    if body.is_object() && body.get(field).is_none() {
        body[field] = parts[1..].join("/").into();
    }
    body
}

async fn text_or_json(
    client: &Client,
    asked: &Asked,
    path: &str,
    query: &[(String, String)],
) -> Result<Response, Fault> {
    let path = path.split('/').map(escaped).collect::<Vec<_>>().join("/");
    let (headers, bytes) = client.send(Method::GET, &path, query, &Value::Null, &asked.accept).await?;
    let kind = headers.get(header::CONTENT_TYPE).cloned().unwrap_or(header::HeaderValue::from_static("text/plain"));
    Ok(([(header::CONTENT_TYPE, kind)], Body::from(bytes)).into_response())
}

/// The source of the DAG whose file a token names.
async fn source(client: &Client, asked: &Asked, token: &str) -> Result<Response, Fault> {
    let mut offset = 0;
    loop {
        let query = [("limit".to_owned(), "100".to_owned()), ("offset".to_owned(), offset.to_string())];
        let page = client.ask(Method::GET, "dags", &query, &Value::Null).await?;
        let dags = page["dags"].as_array().map(Vec::as_slice).unwrap_or_default();
        if let Some(dag) = dags.iter().find(|dag| dag["file_token"] == token) {
            let path = format!("dagSources/{}", escaped(dag["dag_id"].as_str().unwrap_or_default()));
            if asked.accept.contains("application/json") {
                let source = client.get(&path).await?;
                return Ok(Json(json!({"content": source["content"]})).into_response());
            }
            return text_or_json(client, asked, &path, &[]).await;
        }
        if dags.is_empty() {
            return Err(Fault::not_found("no DAG file has this token"));
        }
        offset += dags.len();
    }
}

/// Marks one task of a run, and its neighbours.
async fn set_state(client: &Client, dag: &str, body: Value) -> Result<Response, Fault> {
    let text = |name: &str| body[name].as_str().map(ToOwned::to_owned);
    let task = text("task_id").ok_or_else(|| Fault::bad_request("task_id is missing"))?;
    let run = match (text("dag_run_id"), text("execution_date")) {
        (Some(run), _) => run,
        (None, Some(date)) => run_at(client, dag, &date).await?,
        (None, None) => return Err(Fault::bad_request("name the run: dag_run_id or execution_date")),
    };
    let mut change = json!({"new_state": body["new_state"]});
    for reach in ["include_upstream", "include_downstream", "include_future", "include_past"] {
        change[reach] = body[reach].as_bool().unwrap_or(false).into();
    }
    let path = format!("dags/{}/dagRuns/{}/taskInstances/{}", escaped(dag), escaped(&run), escaped(&task));
    let path = if body["dry_run"].as_bool().unwrap_or(true) { format!("{path}/dry_run") } else { path };
    Ok(Json(references(&client.ask(Method::PATCH, &path, &[], &change).await?)).into_response())
}

/// The run of a DAG with this logical date.
///
/// # Errors
/// 404 if there is none.
pub async fn run_at(client: &Client, dag: &str, date: &str) -> Result<String, Fault> {
    let at = |op: &str| (format!("logical_date_{op}"), date.to_owned());
    let path = format!("dags/{}/dagRuns", escaped(dag));
    let found = client.ask(Method::GET, &path, &[at("gte"), at("lte")], &Value::Null).await?;
    let run = found["dag_runs"][0]["dag_run_id"].as_str();
    run.map(ToOwned::to_owned).ok_or_else(|| Fault::not_found(format!("DAG '{dag}' has no run at {date}")))
}

fn references(done: &Value) -> Value {
    let all: Vec<Value> =
        done["task_instances"].as_array().into_iter().flatten().map(|ti| one(Shape::Reference, ti)).collect();
    json!({"task_instances": all})
}

/// Only the fields that `fields` names.
fn projected(value: Value, asked: &Asked) -> Value {
    let wanted: Vec<&str> = asked
        .query
        .iter()
        .filter(|(name, _)| name == "fields")
        .flat_map(|(_, value)| value.trim_matches(['[', ']']).split(','))
        .map(str::trim)
        .collect();
    let project = |item: &Value| match item {
        Value::Object(fields) => fields
            .iter()
            .filter(|(name, _)| wanted.contains(&name.as_str()))
            .map(|(n, v)| (n.clone(), v.clone()))
            .collect(),
        other => other.clone(),
    };
    match (&value, value.get("dags").and_then(Value::as_array)) {
        _ if wanted.is_empty() => value,
        (_, Some(dags)) => {
            json!({"dags": dags.iter().map(project).collect::<Vec<_>>(), "total_entries": value["total_entries"]})
        }
        (one, None) => project(one),
    }
}

/// Parameters that have other names now; lists were 100 long.
fn renamed(query: &[(String, String)]) -> Vec<(String, String)> {
    let mut renamed: Vec<(String, String)> = query
        .iter()
        .filter(|(name, _)| name != "fields")
        .map(|(name, value)| match name.as_str() {
            "only_active" => ("exclude_stale".into(), value.clone()),
            "order_by" => ("order_by".into(), value.replace("execution_date", "logical_date")),
            name => (name.replacen("execution_date_", "logical_date_", 1), value.clone()),
        })
        .collect();
    if !renamed.iter().any(|(name, _)| name == "limit") {
        renamed.push(("limit".into(), "100".into()));
    }
    renamed
}

/// Lists that were one text with commas.
fn split(query: &[(String, String)], name: &str) -> Vec<(String, String)> {
    let each = |(n, value): &(String, String)| match n == name {
        true => value.split(',').map(|one| (n.clone(), one.trim().to_owned())).collect::<Vec<_>>(),
        false => vec![(n.clone(), value.clone())],
    };
    query.iter().flat_map(each).collect()
}

fn renamed_body(body: Value) -> Value {
    let Value::Object(fields) = body else { return body };
    let renamed = fields.into_iter().map(|(name, value)| (name.replacen("execution_date", "logical_date", 1), value));
    Value::Object(renamed.collect())
}

/// Airflow 2 gave a run that was started without a date the present one.
fn run_body(body: Value) -> Value {
    let mut body = if body.is_object() { renamed_body(body) } else { json!({}) };
    if body["logical_date"].is_null() {
        body["logical_date"] = now().to_string().into();
    }
    if let Some(fields) = body.as_object_mut() {
        fields.retain(|name, value| {
            let known = ["dag_run_id", "logical_date", "data_interval_start", "data_interval_end", "conf", "note"];
            known.contains(&name.as_str()) && !value.is_null()
        });
    }
    body
}

fn clear_body(mut body: Value) -> Value {
    if let Some(fields) = body.as_object_mut() {
        // There are no sub-DAGs.
        fields.remove("include_subdags");
        fields.remove("include_parentdag");
        fields.retain(|_, value| !value.is_null());
    }
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_get_their_newer_names() {
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        let query = renamed(&[
            pair("execution_date_gte", "x"),
            pair("only_active", "false"),
            pair("order_by", "-execution_date"),
        ]);
        assert_eq!(
            query,
            [
                pair("logical_date_gte", "x"),
                pair("exclude_stale", "false"),
                pair("order_by", "-logical_date"),
                pair("limit", "100")
            ]
        );
        assert_eq!(split(&[pair("dag_ids", "a, b")], "dag_ids"), [pair("dag_ids", "a"), pair("dag_ids", "b")]);
    }

    #[test]
    fn a_run_without_a_date_gets_the_present_one() {
        let body = run_body(json!({"conf": {"a": 1}, "state": "queued"}));
        assert!(body["logical_date"].is_string() && body.get("state").is_none());
        assert_eq!(run_body(json!({"execution_date": "2024-01-01T00:00:00Z"}))["logical_date"], "2024-01-01T00:00:00Z");
    }
}
