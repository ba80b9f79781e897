//! Worker events, by which monitors such as Flower know workers and tasks.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Map, Value, json};

/// The exchange that carries them.
pub const EXCHANGE: &str = "celeryev";
/// What workers say they are; Flower shows it.
pub const SOFTWARE: [(&str, &str); 2] = [("sw_ident", "tradewind"), ("sw_sys", "Linux")];

/// Makes the events of one worker, with a logical clock that only grows.
#[derive(Debug)]
pub struct Events {
    node: String,
    pid: u32,
    clock: AtomicU64,
}

impl Events {
    /// For the worker of that node name and process.
    pub fn new(node: &str, pid: u32) -> Self {
        Self { node: node.to_owned(), pid, clock: AtomicU64::new(0) }
    }

    /// The logical clock.
    pub fn clock(&self) -> u64 {
        self.clock.load(Ordering::Relaxed)
    }

    /// An event of that kind at `now` (seconds since the epoch).
    pub fn make(&self, kind: &str, now: f64, fields: Value) -> Value {
        let clock = self.clock.fetch_add(1, Ordering::Relaxed) + 1;
        let mut event = Map::from_iter([
            ("hostname".to_owned(), json!(self.node)),
            ("utcoffset".to_owned(), json!(0)),
            ("pid".to_owned(), json!(self.pid)),
            ("clock".to_owned(), json!(clock)),
        ]);
        event.extend(fields.as_object().cloned().unwrap_or_default());
        event.insert("timestamp".to_owned(), json!(now));
        event.insert("type".to_owned(), json!(kind));
        Value::Object(event)
    }
}

/// Routing key, headers and body of an event: `worker-heartbeat` is sent with the routing key `worker.heartbeat`.
pub(crate) fn message(kind: &str, event: &Value) -> (String, Map<String, Value>, String) {
    let headers = Map::from_iter([("hostname".to_owned(), event["hostname"].clone())]);
    (kind.replace('-', "."), headers, event.to_string())
}
