//! XCom values: JSON as it travels, and the text that is stored.
//!
//! They are the same: `serde_json` keeps the order of keys (which people see and mapped tasks depend on) and every digit
//! of a fraction. Whole numbers of more than 64 bits are no JSON numbers here; Python writes them as tagged texts.

use serde_json::Value;

/// One item of a list, or one pair (key and value) of an object.
pub fn item(value: &Value, at: u32) -> Option<Value> {
    let at = at as usize;
    match value {
        Value::Array(items) => items.get(at).cloned(),
        Value::Object(fields) => {
            fields.iter().nth(at).map(|(key, value)| Value::from(vec![key.as_str().into(), value.clone()]))
        }
        _ => None,
    }
}

/// Number of items of a value, if it is a list or an object.
pub fn length(value: &Value) -> Option<usize> {
    match value {
        Value::Array(items) => Some(items.len()),
        Value::Object(fields) => Some(fields.len()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn json_survives_its_way_through_a_value() {
        for text in [
            r#"{"b":{"z":1,"a":[2,"ü"]},"a":1}"#,
            "110.00000000000001",
            "[0.30000000000000004,-0.0,18446744073709551615,-9223372036854775808]",
            "1.7976931348623157e308",
            r#"{"__classname__":"builtins.int","__data__":"340282366920938463463374607431768211456"}"#,
        ] {
            let value: Value = serde_json::from_str(text).unwrap();
            let again: Value = serde_json::from_str(&value.to_string()).unwrap();
            assert_eq!(again.to_string(), value.to_string());
            assert_eq!(value.to_string().replace("e+", "e"), text);
        }
    }

    #[test]
    fn items_are_in_the_order_of_the_text() {
        let value = json!({"b": {"y": 1, "x": 2}, "a": 5});
        assert_eq!(item(&value, 0).unwrap().to_string(), r#"["b",{"y":1,"x":2}]"#);
        assert_eq!(item(&value, 1).unwrap(), json!(["a", 5]));
        assert_eq!(item(&value, 2), None);
        assert_eq!(item(&json!([1, [2]]), 1).unwrap(), json!([2]));
        assert_eq!(item(&json!("text"), 0), None);
        assert_eq!((length(&value), length(&json!([1, 2, 3])), length(&json!("text"))), (Some(2), Some(3), None));
    }
}
