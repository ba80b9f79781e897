//! Task messages, protocol 2: what the headers say, and a body of `[args, kwargs, embed]`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use tradewind_core::TryId;
use tradewind_protocol::Workload;

/// The name of the task, as Airflow 3 calls it.
pub const TASK_NAME: &str = "execute_workload";

/// Names a message that a worker has taken, to its broker.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Tag(pub String);

/// A try as a message tells of it. Nothing in it is secret, and nothing in it is needed but the id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// The try: also the id of the message's task, for Celery's tools.
    pub id: TryId,
    /// DAG.
    pub dag_id: String,
    /// Run.
    pub run_id: String,
    /// Task.
    pub task_id: String,
    /// -1 when not mapped.
    pub map_index: i32,
    /// Queue.
    pub queue: String,
    /// The effective priority weight.
    pub weight: i32,
}

impl From<&Workload> for Task {
    fn from(workload: &Workload) -> Self {
        Self {
            id: workload.try_id,
            dag_id: workload.dag_id.clone(),
            run_id: workload.run.run_id.clone(),
            task_id: workload.task_id.clone(),
            map_index: workload.map_index,
            queue: workload.queue.clone(),
            weight: workload.priority,
        }
    }
}

impl Task {
    /// The arguments, as people see them in Celery's tools.
    fn args_repr(&self) -> String {
        let text = |value: &str| format!("'{}'", value.replace('\\', "\\\\").replace('\'', "\\'"));
        let mapped = if self.map_index < 0 { String::new() } else { format!(", 'map_index': {}", self.map_index) };
        format!(
            "({{'dag_id': {}, 'run_id': {}, 'task_id': {}{mapped}, 'try_number': {}}},)",
            text(&self.dag_id),
            text(&self.run_id),
            text(&self.task_id),
            self.id.try_number
        )
    }

    /// The headers of its message; `origin` is who sends it.
    pub fn headers(&self, origin: &str) -> Map<String, Value> {
        let id = self.id.to_string();
        let headers = json!({
            "lang": "py", "task": TASK_NAME, "id": id, "shadow": null, "eta": null, "expires": null,
            "group": null, "group_index": null, "retries": 0, "timelimit": [null, null],
            "root_id": id, "parent_id": null, "argsrepr": self.args_repr(), "kwargsrepr": "{}",
            "origin": origin, "ignore_result": true, "replaced_task_nesting": 0,
            "stamped_headers": null, "stamps": {},
        });
        match headers {
            Value::Object(headers) => headers,
            _ => Map::new(),
        }
    }

    /// The body of its message: JSON.
    pub fn body(&self) -> Vec<u8> {
        let args = json!([{
            "dag_id": self.dag_id, "run_id": self.run_id, "task_id": self.task_id,
            "map_index": self.map_index, "try_number": self.id.try_number,
        }]);
        let embed = json!({"callbacks": null, "errbacks": null, "chain": null, "chord": null});
        json!([args, {}, embed]).to_string().into_bytes()
    }

    /// How urgent it is among `levels` levels: 0 is ordinary, and each level more takes a doubled weight.
    pub fn urgency(&self, levels: usize) -> usize {
        let weight = u32::try_from(self.weight).unwrap_or(0).max(1);
        (weight.ilog2() as usize).min(levels.saturating_sub(1))
    }
}

/// A message that a worker got.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Names it to the broker.
    pub tag: Tag,
    /// Its queue.
    pub queue: String,
    /// It was delivered before.
    pub redelivered: bool,
    /// Its headers.
    pub headers: Map<String, Value>,
    /// Its body, decoded.
    pub body: Vec<u8>,
}

impl Delivery {
    /// The try that it is about.
    ///
    /// # Errors
    /// It is not about a try; the text says what it is.
    pub fn try_id(&self) -> Result<TryId, String> {
        let header = |name: &str| self.headers.get(name).and_then(Value::as_str);
        match (header("task"), header("id")) {
            (Some(TASK_NAME), Some(id)) => id.parse().map_err(|_| format!("task id '{id}' is not a try of Tradewind")),
            (Some(task), _) => Err(format!("task '{task}' is not known here")),
            (None, _) => Err("no task message of protocol 2".to_owned()),
        }
    }

    /// The arguments, as people see them.
    pub fn args_repr(&self) -> &str {
        self.headers.get("argsrepr").and_then(Value::as_str).unwrap_or("()")
    }
}

/// The envelope that kombu puts around every message of a broker that has none of its own: headers, properties and
/// the body as base64.
pub fn envelope(headers: Map<String, Value>, body: &[u8], properties: Value) -> Value {
    json!({
        "body": STANDARD.encode(body), "content-encoding": "utf-8", "content-type": "application/json",
        "headers": headers, "properties": properties,
    })
}

/// Headers and body out of an envelope.
///
/// # Errors
/// What is wrong with it.
pub fn open_envelope(envelope: &Value) -> Result<(Map<String, Value>, Vec<u8>), String> {
    let headers = envelope["headers"].as_object().cloned().unwrap_or_default();
    let body = envelope["body"].as_str().ok_or("a message without a body")?;
    let body = match envelope["properties"]["body_encoding"].as_str() {
        Some("base64") => STANDARD.decode(body).map_err(|error| format!("a body that is no base64: {error}"))?,
        _ => body.as_bytes().to_vec(),
    };
    Ok((headers, body))
}

#[cfg(test)]
mod tests;
