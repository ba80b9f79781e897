//! XCom values on the wire and as stored text.
//!
//! Not every text is the same after a trip through a [`Value`]: long fractions lose digits, keys that come twice are
//! one. What would change travels as `{"__json__": "<its text>"}`; every other value travels as it is. Objects keep the
//! order of their keys, which people see and mapped tasks depend on.

use std::fmt;

use serde::Deserialize;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

/// The only key of a value that travels as text.
const VERBATIM: &str = "__json__";

/// The JSON text to store for a value as it came.
pub fn to_text(value: &Value) -> String {
    match verbatim(value) {
        Some(text) if serde_json::from_str::<IgnoredAny>(text).is_ok() => text.to_owned(),
        _ => value.to_string(),
    }
}

/// A stored value as it travels.
///
/// # Errors
/// The text is not JSON.
pub fn from_text(text: &str) -> serde_json::Result<Value> {
    let value: Value = serde_json::from_str(text)?;
    let same = match &value {
        // Numbers too: long fractions are not read to the last digit.
        Value::Object(_) | Value::Array(_) | Value::Number(_) => {
            verbatim(&value).is_none() && serde_json::to_string(&value)? == text
        }
        _ => true,
    };
    Ok(if same { value } else { wrapped(text) })
}

/// One item of a stored list, or one pair (key and value, in the order of the text) of a stored object, as it travels.
pub fn item(text: &str, at: u32) -> Option<Value> {
    let at = at as usize;
    if let Ok(items) = serde_json::from_str::<Vec<&RawValue>>(text) {
        return from_text(items.get(at)?.get()).ok();
    }
    let Pairs(pairs) = serde_json::from_str(text).ok()?;
    let (key, value) = pairs.get(at)?;
    from_text(&format!("[{},{}]", Value::from(key.as_str()), value.get())).ok()
}

/// Number of items of a value as it came, if it is a list or an object.
pub fn length(value: &Value) -> Option<usize> {
    match value {
        Value::Array(items) => Some(items.len()),
        Value::Object(fields) => match verbatim(value) {
            None => Some(fields.len()),
            Some(text) => length(&serde_json::from_str(text).ok()?),
        },
        _ => None,
    }
}

fn verbatim(value: &Value) -> Option<&str> {
    let fields = value.as_object().filter(|fields| fields.len() == 1)?;
    fields.get(VERBATIM)?.as_str()
}

fn wrapped(text: &str) -> Value {
    serde_json::json!({ VERBATIM: text })
}

/// The fields of an object in their order.
struct Pairs<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Pairs<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = Vec<(String, &'de RawValue)>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut found = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    found.push(entry);
                }
                Ok(found)
            }
        }
        deserializer.deserialize_map(Fields).map(Pairs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_would_change_travels_as_text() {
        let unsorted = r#"{"b":{"z":1,"a":[2,"ü"]},"a":1}"#;
        let travelling = from_text(unsorted).unwrap();
        assert_eq!(travelling, json!({"a": 1, "b": {"a": [2, "ü"], "z": 1}}));
        assert_eq!(to_text(&travelling), unsorted, "keys keep their order");
        let precise = r#"{"b":110.00000000000001,"a":1}"#;
        let travelling = from_text(precise).unwrap();
        assert_eq!(travelling, json!({"__json__": precise}));
        assert_eq!(to_text(&travelling), precise);
        assert_eq!(length(&travelling), Some(2));
        assert_eq!(to_text(&json!({"a": 1})), r#"{"a":1}"#);
        assert_eq!((length(&json!([1, 2, 3])), length(&json!("text"))), (Some(3), None));
        assert_eq!(to_text(&json!({"__json__": "110.00000000000001"})), "110.00000000000001");
        assert_eq!(from_text("7").unwrap(), json!(7));
        assert!(from_text("{").is_err());
    }

    #[test]
    fn a_value_that_looks_like_text_on_its_way_is_none() {
        let text = r#"{"__json__":"[1]"}"#;
        let travelling = from_text(text).unwrap();
        assert_eq!(travelling, json!({"__json__": text}));
        assert_eq!(to_text(&travelling), text);
        let broken = json!({"__json__": "{"});
        assert_eq!(to_text(&broken), r#"{"__json__":"{"}"#);
    }

    #[test]
    fn items_are_in_the_order_of_the_text() {
        let text = r#"{"b": {"y": 1, "x": 2}, "a": 5}"#;
        assert_eq!(item(text, 0).unwrap(), json!({"__json__": r#"["b",{"y": 1, "x": 2}]"#}), "spaces are of the text");
        assert_eq!(item(text, 1).unwrap(), json!(["a", 5]));
        assert_eq!(item(text, 2), None);
        assert_eq!(item("[1, [2]]", 1).unwrap(), json!([2]));
        assert_eq!(item("\"text\"", 0), None);
    }
}
