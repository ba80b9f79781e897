//! Headers of AMQP as JSON, and back.

use lapin::types::{AMQPValue, FieldArray, FieldTable, LongString};
use serde_json::{Map, Value, json};

/// Headers as AMQP has them.
pub fn from_json(headers: &Map<String, Value>) -> FieldTable {
    let mut table = FieldTable::default();
    for (name, value) in headers {
        table.insert(name.as_str().into(), value_from_json(value));
    }
    table
}

fn value_from_json(value: &Value) -> AMQPValue {
    match value {
        Value::Null => AMQPValue::Void,
        Value::Bool(flag) => AMQPValue::Boolean(*flag),
        Value::Number(number) => match number.as_i64() {
            Some(number) => AMQPValue::LongLongInt(number),
            None => AMQPValue::Double(number.as_f64().unwrap_or_default()),
        },
        Value::String(text) => AMQPValue::LongString(LongString::from(text.as_str())),
        Value::Array(values) => {
            AMQPValue::FieldArray(FieldArray::from(values.iter().map(value_from_json).collect::<Vec<_>>()))
        }
        Value::Object(fields) => AMQPValue::FieldTable(from_json(fields)),
    }
}

/// Headers as JSON.
pub fn to_json(table: &FieldTable) -> Map<String, Value> {
    table.inner().iter().map(|(name, value)| (name.to_string(), value_to_json(value))).collect()
}

fn value_to_json(value: &AMQPValue) -> Value {
    match value {
        AMQPValue::Boolean(flag) => json!(flag),
        AMQPValue::ShortShortInt(number) => json!(number),
        AMQPValue::ShortShortUInt(number) => json!(number),
        AMQPValue::ShortInt(number) => json!(number),
        AMQPValue::ShortUInt(number) => json!(number),
        AMQPValue::LongInt(number) => json!(number),
        AMQPValue::LongUInt(number) => json!(number),
        AMQPValue::LongLongInt(number) => json!(number),
        AMQPValue::Float(number) => json!(number),
        AMQPValue::Double(number) => json!(number),
        AMQPValue::Timestamp(seconds) => json!(seconds),
        AMQPValue::ShortString(text) => json!(text.to_string()),
        AMQPValue::LongString(text) => json!(text.to_string()),
        AMQPValue::FieldArray(values) => Value::Array(values.as_slice().iter().map(value_to_json).collect()),
        AMQPValue::FieldTable(table) => Value::Object(to_json(table)),
        _ => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_come_back() {
        let headers = json!({"a": null, "b": [1, "x", true], "c": {"d": 1.5}, "timelimit": [null, null]});
        let headers = headers.as_object().unwrap();
        let mut back = to_json(&from_json(headers));
        back.sort_keys();
        assert_eq!(&back, headers);
    }
}
