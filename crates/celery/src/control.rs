//! Remote control: requests to workers through the mailbox that kombu calls pidbox.

use serde_json::{Map, Value, json};
use tradewind_core::TryId;
use uuid::Uuid;

/// The exchange that carries requests to all workers.
pub const EXCHANGE: &str = "celery.pidbox";
/// The argument of `revoke` by which a scheduler says that it has recorded the end of these tries already.
pub const UNWANTED: &str = "unwanted";
/// The exchange of their answers.
pub const REPLY_EXCHANGE: &str = "reply.celery.pidbox";

/// Where an answer goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplyTo {
    /// Exchange.
    pub exchange: String,
    /// Routing key.
    pub routing_key: String,
    /// What the asker knows the answer by.
    pub ticket: String,
}

/// A request to workers.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// What to do.
    pub method: String,
    /// Its arguments.
    pub arguments: Map<String, Value>,
    /// Node names; `None` for all.
    pub destination: Option<Vec<String>>,
    /// Node names by pattern, and how the pattern is meant: `glob` or `pcre`.
    pub pattern: Option<(String, String)>,
    /// Where the answer goes, if one is wanted.
    pub reply_to: Option<ReplyTo>,
    /// Not later than this (seconds since the epoch); 0 for whenever.
    pub expires: f64,
}

impl Request {
    /// A request to all workers, or to those of these node names.
    pub fn new(method: &str, arguments: Value, destination: Option<Vec<String>>) -> Self {
        let arguments = arguments.as_object().cloned().unwrap_or_default();
        Self { method: method.to_owned(), arguments, destination, pattern: None, reply_to: None, expires: 0.0 }
    }

    /// Ends tries that nobody wants any more.
    pub fn unwanted(tries: &[TryId]) -> Self {
        let ids: Vec<String> = tries.iter().map(ToString::to_string).collect();
        Self::new("revoke", json!({"task_id": ids, "terminate": true, UNWANTED: true}), None)
    }

    /// The same, to be answered.
    #[must_use]
    pub fn answered(mut self, routing_key: &str) -> Self {
        self.reply_to = Some(ReplyTo {
            exchange: REPLY_EXCHANGE.into(),
            routing_key: routing_key.to_owned(),
            ticket: Uuid::new_v4().to_string(),
        });
        self
    }

    /// Reads a message of the mailbox.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(headers: &Map<String, Value>, body: &[u8]) -> Result<Self, String> {
        let body: Value =
            serde_json::from_slice(body).map_err(|error| format!("a request that is no JSON: {error}"))?;
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let method = text(&body["method"]).ok_or("a request without a method")?;
        let destination = body["destination"].as_array().map(|names| names.iter().filter_map(text).collect());
        let pattern = text(&body["pattern"]).zip(text(&body["matcher"]));
        let reply_to = &body["reply_to"];
        let reply_to =
            text(&reply_to["exchange"]).zip(text(&reply_to["routing_key"])).map(|(exchange, routing_key)| ReplyTo {
                exchange,
                routing_key,
                ticket: text(&body["ticket"]).unwrap_or_default(),
            });
        Ok(Self {
            method,
            arguments: body["arguments"].as_object().cloned().unwrap_or_default(),
            destination: destination.filter(|names: &Vec<String>| !names.is_empty()),
            pattern,
            reply_to,
            expires: headers.get("expires").and_then(Value::as_f64).unwrap_or(0.0),
        })
    }

    /// Headers and body of its message.
    pub fn write(&self) -> (Map<String, Value>, Vec<u8>) {
        let mut body = json!({
            "method": self.method, "arguments": self.arguments, "destination": self.destination,
            "pattern": self.pattern.as_ref().map(|(pattern, _)| pattern),
            "matcher": self.pattern.as_ref().map(|(_, matcher)| matcher),
        });
        if let Some(to) = &self.reply_to {
            body["ticket"] = json!(to.ticket);
            body["reply_to"] = json!({"exchange": to.exchange, "routing_key": to.routing_key});
        }
        let headers = Map::from_iter([("clock".to_owned(), json!(1)), ("expires".to_owned(), json!(self.expires))]);
        (headers, body.to_string().into_bytes())
    }

    /// Whether it is for the worker of this node name, at `now` (seconds since the epoch).
    pub fn is_for(&self, node: &str, now: f64) -> bool {
        if self.expires > 0.0 && now > self.expires {
            return false;
        }
        if let Some(names) = &self.destination {
            return names.iter().any(|name| name == node);
        }
        match &self.pattern {
            Some((pattern, matcher)) if matcher == "glob" => glob(pattern.as_bytes(), node.as_bytes()),
            // Regular expressions of Python: only those that are plain beginnings are understood.
            Some((pattern, _)) => node.starts_with(pattern.trim_start_matches('^').trim_end_matches(".*")),
            None => true,
        }
    }
}

/// Headers and body of an answer.
pub fn answer(to: &ReplyTo, node: &str, answer: &Value) -> (Map<String, Value>, Vec<u8>) {
    let headers = Map::from_iter([("ticket".to_owned(), json!(to.ticket)), ("clock".to_owned(), json!(1))]);
    let body = Value::Object(Map::from_iter([(node.to_owned(), answer.clone())]));
    (headers, body.to_string().into_bytes())
}

/// `*` and `?`, as shells mean them.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern.first(), text.first()) {
        (None, None) => true,
        (Some(b'*'), _) => glob(&pattern[1..], text) || (!text.is_empty() && glob(pattern, &text[1..])),
        (Some(b'?'), Some(_)) => glob(&pattern[1..], &text[1..]),
        (Some(p), Some(t)) if p == t => glob(&pattern[1..], &text[1..]),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_find_their_workers() {
        let all = Request::new("ping", json!({}), None);
        assert!(all.is_for("celery@a", 5.0));
        let one = Request::new("ping", json!({}), Some(vec!["celery@b".into()]));
        assert!(!one.is_for("celery@a", 5.0) && one.is_for("celery@b", 5.0));
        let late = Request { expires: 4.0, ..all.clone() };
        assert!(!late.is_for("celery@a", 5.0) && late.is_for("celery@a", 3.0));
        let some = Request { pattern: Some(("celery@w*-?".into(), "glob".into())), ..all };
        assert!(some.is_for("celery@worker-1", 0.0) && !some.is_for("celery@worker-12", 0.0));
    }

    #[test]
    fn what_is_written_is_read() {
        let request = Request::new("pool_grow", json!({"n": 2}), Some(vec!["celery@a".into()])).answered("key");
        let (headers, body) = request.write();
        assert_eq!(Request::read(&headers, &body).unwrap(), request);
    }
}
