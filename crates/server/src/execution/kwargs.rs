//! Arguments of triggers and of the methods that go on after them, as the task SDK encodes them.
//!
//! Since version 2026-04-06 that is the form of XComs; clients before it wrap values in `{"__type": …, "__var": …}`.

use serde_json::{Map, Value, json};

const CLASS: &str = "__classname__";
const DATA: &str = "__data__";

fn tagged(name: &str, version: u8, data: Value) -> Value {
    json!({CLASS: name, "__version__": version, DATA: data})
}

fn utc() -> Value {
    tagged("builtins.tuple", 1, json!(["UTC", "pendulum.tz.timezone.FixedTimezone", 1, true]))
}

/// Values from any client, in the form of XComs.
pub fn received(value: Value) -> Value {
    let Value::Object(mut fields) = value else {
        return match value {
            Value::Array(items) => items.into_iter().map(received).collect(),
            other => other,
        };
    };
    let kind = fields.get("__type").and_then(Value::as_str).map(ToOwned::to_owned);
    let (Some(kind), Some(inner)) = (kind, fields.get_mut("__var").map(Value::take)) else {
        return Value::Object(fields.into_iter().map(|(name, value)| (name, received(value))).collect());
    };
    match kind.as_str() {
        "datetime" => tagged("datetime.datetime", 2, json!({"timestamp": inner, "tz": utc()})),
        "timedelta" => tagged("datetime.timedelta", 2, inner),
        "tuple" | "set" => tagged(&format!("builtins.{kind}"), 1, received(inner)),
        // A dictionary; whatever else there is has its value inside as well.
        _ => received(inner),
    }
}

/// Arguments in the form of XComs, as every client reads them: some of ours name a zone by a text alone.
pub fn sent(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(sent).collect(),
        Value::Object(fields) => {
            let is_instant = fields.get(CLASS).and_then(Value::as_str).is_some_and(|name| name.ends_with("atetime"));
            match fields.get(DATA).and_then(Value::as_object) {
                Some(data) if is_instant && data.get("tz").is_some_and(Value::is_string) => {
                    let instant = json!({"timestamp": data.get("timestamp"), "tz": utc()});
                    tagged("datetime.datetime", 2, instant)
                }
                _ => Value::Object(fields.into_iter().map(|(name, value)| (name, sent(value))).collect()),
            }
        }
        other => other,
    }
}

/// The same for clients before 2026-04-06.
pub fn sent_to_older(value: Value) -> Value {
    let wrapped = |kind: &str, inner: Value| json!({"__type": kind, "__var": inner});
    let Value::Object(fields) = value else {
        return match value {
            Value::Array(items) => items.into_iter().map(sent_to_older).collect(),
            other => other,
        };
    };
    let (name, data) = (fields.get(CLASS).and_then(Value::as_str), fields.get(DATA));
    match (name, data) {
        (Some("datetime.datetime" | "pendulum.datetime.DateTime"), Some(Value::Object(data))) => {
            wrapped("datetime", data.get("timestamp").cloned().unwrap_or_default())
        }
        (Some("datetime.timedelta"), Some(seconds)) => wrapped("timedelta", seconds.clone()),
        (Some("builtins.tuple"), Some(items)) => wrapped("tuple", sent_to_older(items.clone())),
        (Some("builtins.set" | "builtins.frozenset"), Some(items)) => wrapped("set", sent_to_older(items.clone())),
        _ => {
            let inner: Map<String, Value> =
                fields.into_iter().map(|(name, value)| (name, sent_to_older(value))).collect();
            wrapped("dict", Value::Object(inner))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn older_clients_values_are_read_and_written() {
        let old = json!({"__type": "dict", "__var": {
            "at": {"__type": "datetime", "__var": 1_704_067_200.0}, "span": {"__type": "timedelta", "__var": 3.0},
            "pair": {"__type": "tuple", "__var": [1, {"__type": "dict", "__var": {"x": null}}]}, "text": "t"}});
        let new = received(old.clone());
        assert_eq!(new["at"]["__data__"]["timestamp"], 1_704_067_200.0);
        assert_eq!(new["pair"], json!({CLASS: "builtins.tuple", "__version__": 1, DATA: [1, {"x": null}]}));
        assert_eq!(received(new.clone()), new, "what is in the newer form stays");
        assert_eq!(sent_to_older(new), old);
    }

    #[test]
    fn instants_that_we_make_name_their_zone_as_the_sdk_does() {
        let ours = json!({"event": [{CLASS: "datetime.datetime", "__version__": 2,
            DATA: {"timestamp": 1.5, "tz": "UTC", "text": "1970-01-01T00:00:01.5Z"}}]});
        let theirs = sent(ours);
        assert_eq!(theirs["event"][0][DATA], json!({"timestamp": 1.5, "tz": utc()}));
        assert_eq!(sent(theirs.clone()), theirs);
    }
}
