//! Whether what a run is given fits its DAG's params: the words of JSON Schema that params use.
//!
//! Words that are not known here are left to the task, which checks again with all of them before it runs.

use std::collections::BTreeMap;

use regex::Regex;
use serde_json::{Map, Value};

use crate::Timestamp;

/// What is wrong with the first param that does not fit, as `name: problem`. `params` are those of a serialized DAG.
pub fn problem(params: &BTreeMap<String, Value>, conf: &Map<String, Value>) -> Option<String> {
    params.iter().find_map(|(name, param)| {
        let schema = param.get("schema").unwrap_or(&Value::Null);
        let value = conf.get(name).or_else(|| param.get("value")).unwrap_or(&Value::Null);
        check(value, schema).map(|problem| format!("{name}: {problem}"))
    })
}

/// What is wrong with a value, or nothing.
fn check(value: &Value, schema: &Value) -> Option<String> {
    let words = match schema {
        Value::Bool(false) => return Some(format!("{value} is not allowed")),
        Value::Object(words) if !words.is_empty() => words,
        _ => return None,
    };
    let parts = [kind, number, text, list, object, combined];
    parts.iter().find_map(|part| part(value, words))
}

fn is(value: &Value, kind: &str) -> bool {
    match kind {
        "string" => value.is_string(),
        "object" => value.is_object(),
        "array" => value.is_array(),
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|n| n.fract() == 0.0),
        _ => true,
    }
}

fn kind(value: &Value, words: &Map<String, Value>) -> Option<String> {
    let kinds: Vec<&str> = match words.get("type") {
        Some(Value::String(kind)) => vec![kind],
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    if !kinds.is_empty() && !kinds.iter().any(|kind| is(value, kind)) {
        return Some(format!("{value} is not of type {}", kinds.join(" or ")));
    }
    if let Some(Value::Array(allowed)) = words.get("enum")
        && !allowed.iter().any(|one| same(one, value))
    {
        return Some(format!("{value} is not one of {}", Value::from(allowed.clone())));
    }
    let wanted = words.get("const").filter(|wanted| !same(wanted, value))?;
    Some(format!("{value} is not {wanted}"))
}

/// Equal as JSON Schema has it: 1 and 1.0 are.
fn same(a: &Value, b: &Value) -> bool {
    a == b || (a.is_number() && b.is_number() && a.as_f64() == b.as_f64())
}

fn number(value: &Value, words: &Map<String, Value>) -> Option<String> {
    let n = value.as_f64()?;
    let bound = |word: &str| words.get(word).and_then(Value::as_f64);
    if let Some(least) = bound("minimum").filter(|least| n < *least) {
        return Some(format!("{value} is less than {least}"));
    }
    if let Some(most) = bound("maximum").filter(|most| n > *most) {
        return Some(format!("{value} is greater than {most}"));
    }
    if let Some(least) = bound("exclusiveMinimum").filter(|least| n <= *least) {
        return Some(format!("{value} is not greater than {least}"));
    }
    if let Some(most) = bound("exclusiveMaximum").filter(|most| n >= *most) {
        return Some(format!("{value} is not less than {most}"));
    }
    let step = bound("multipleOf").filter(|step| *step > 0.0 && (n / step).fract() != 0.0)?;
    Some(format!("{value} is not a multiple of {step}"))
}

fn count(words: &Map<String, Value>, word: &str) -> Option<usize> {
    usize::try_from(words.get(word)?.as_u64()?).ok()
}

fn text(value: &Value, words: &Map<String, Value>) -> Option<String> {
    let text = value.as_str()?;
    let length = text.chars().count();
    if count(words, "minLength").is_some_and(|least| length < least) {
        return Some(format!("{value} is too short"));
    }
    if count(words, "maxLength").is_some_and(|most| length > most) {
        return Some(format!("{value} is too long"));
    }
    if let Some(pattern) = words.get("pattern").and_then(Value::as_str)
        && Regex::new(pattern).is_ok_and(|pattern| !pattern.is_match(text))
    {
        return Some(format!("{value} does not match '{pattern}'"));
    }
    let good = match words.get("format").and_then(Value::as_str)? {
        "date" => text.len() == 10 && format!("{text}T00:00:00Z").parse::<Timestamp>().is_ok(),
        "date-time" => text.contains(['T', ' ']) && text.parse::<Timestamp>().is_ok(),
        "time" => format!("2024-01-01T{}", zoned(text)).parse::<Timestamp>().is_ok(),
        _ => true,
    };
    if good { None } else { Some(format!("{value} is not a {}", words["format"].as_str().unwrap_or_default())) }
}

/// A time of day with a zone, so that it reads as part of an instant.
fn zoned(time: &str) -> String {
    if time.ends_with('Z') || time.contains('+') || time.contains('-') { time.to_owned() } else { format!("{time}Z") }
}

fn list(value: &Value, words: &Map<String, Value>) -> Option<String> {
    let items = value.as_array()?;
    if count(words, "minItems").is_some_and(|least| items.len() < least) {
        return Some(format!("{value} has too few items"));
    }
    if count(words, "maxItems").is_some_and(|most| items.len() > most) {
        return Some(format!("{value} has too many items"));
    }
    let twice = || items.iter().enumerate().any(|(at, item)| items[..at].iter().any(|other| same(other, item)));
    if words.get("uniqueItems") == Some(&Value::Bool(true)) && twice() {
        return Some(format!("{value} has items that are equal"));
    }
    let schema = words.get("items")?;
    items.iter().find_map(|item| check(item, schema))
}

fn object(value: &Value, words: &Map<String, Value>) -> Option<String> {
    let fields = value.as_object()?;
    let required = words.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    if let Some(name) = required.into_iter().find(|name| !fields.contains_key(*name)) {
        return Some(format!("'{name}' is missing"));
    }
    let known = words.get("properties").and_then(Value::as_object);
    let others = words.get("additionalProperties").unwrap_or(&Value::Null);
    fields.iter().find_map(|(name, item)| {
        let schema = known.and_then(|known| known.get(name)).unwrap_or(others);
        check(item, schema).map(|problem| format!("{name}: {problem}"))
    })
}

fn combined(value: &Value, words: &Map<String, Value>) -> Option<String> {
    let parts = |word: &str| words.get(word).and_then(Value::as_array);
    if let Some(problem) = parts("allOf").into_iter().flatten().find_map(|part| check(value, part)) {
        return Some(problem);
    }
    if parts("anyOf").is_some_and(|any| any.iter().all(|part| check(value, part).is_some())) {
        return Some(format!("{value} fits none of the allowed forms"));
    }
    if parts("oneOf").is_some_and(|one| one.iter().filter(|part| check(value, part).is_none()).count() != 1) {
        return Some(format!("{value} must fit exactly one of the allowed forms"));
    }
    words.get("not").filter(|not| check(value, not).is_none()).map(|_| format!("{value} is not allowed"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn tried(schema: Value, value: Value) -> Option<String> {
        let params = BTreeMap::from([("x".to_owned(), json!({"value": null, "schema": schema}))]);
        problem(&params, json!({"x": value}).as_object().unwrap())
    }

    #[test]
    fn the_words_of_a_schema() {
        let table = [
            (json!({"type": "string"}), json!("a"), json!(1)),
            (json!({"type": ["null", "integer"]}), json!(null), json!(1.5)),
            (json!({"type": "integer"}), json!(3.0), json!(true)),
            (json!({"enum": [1, "a"]}), json!(1.0), json!("b")),
            (json!({"const": 5}), json!(5), json!(6)),
            (json!({"minimum": 1, "maximum": 5}), json!(5), json!(5.1)),
            (json!({"exclusiveMinimum": 1}), json!(2), json!(1)),
            (json!({"exclusiveMaximum": 1}), json!(0), json!(1)),
            (json!({"multipleOf": 5}), json!(10), json!(11)),
            (json!({"minLength": 2, "maxLength": 3}), json!("äö"), json!("ä")),
            (json!({"pattern": "^a+$"}), json!("aa"), json!("ab")),
            (json!({"format": "date"}), json!("2024-02-29"), json!("2023-02-29")),
            (json!({"format": "date-time"}), json!("2024-01-01T00:00:00+02:00"), json!("2024-01-01")),
            (json!({"format": "time"}), json!("12:30:00"), json!("25:00:00")),
            (json!({"minItems": 1, "items": {"type": "string"}}), json!(["a"]), json!([1])),
            (json!({"maxItems": 1}), json!([1]), json!([1, 2])),
            (json!({"uniqueItems": true}), json!([1, 2]), json!([1, 1.0])),
            (json!({"required": ["a"]}), json!({"a": 1}), json!({})),
            (
                json!({"properties": {"a": {"type": "string"}}, "additionalProperties": false}),
                json!({"a": "b"}),
                json!({"b": 1}),
            ),
            (json!({"allOf": [{"minimum": 1}, {"maximum": 2}]}), json!(2), json!(3)),
            (json!({"anyOf": [{"type": "null"}, {"minimum": 1}]}), json!(null), json!(0)),
            (json!({"oneOf": [{"minimum": 1}, {"minimum": 5}]}), json!(2), json!(6)),
            (json!({"not": {"type": "null"}}), json!(1), json!(null)),
        ];
        for (schema, good, bad) in table {
            assert_eq!(tried(schema.clone(), good.clone()), None, "{schema} {good}");
            assert!(tried(schema.clone(), bad.clone()).is_some(), "{schema} {bad}");
        }
    }

    #[test]
    fn defaults_count_where_nothing_is_given_and_what_is_not_known_is_left_alone() {
        let params = BTreeMap::from([
            ("a".to_owned(), json!({"value": 1, "schema": {"type": "integer"}})),
            ("b".to_owned(), json!({"value": null, "schema": {"type": "string"}})),
        ]);
        let conf = |conf: Value| conf.as_object().unwrap().clone();
        assert_eq!(problem(&params, &conf(json!({}))), Some("b: null is not of type string".to_owned()));
        assert_eq!(problem(&params, &conf(json!({"b": "x", "other": [1]}))), None);
        assert_eq!(
            problem(&params, &conf(json!({"a": "x", "b": "x"}))),
            Some("a: \"x\" is not of type integer".to_owned())
        );
        assert_eq!(tried(json!({"type": "string", "description_md": "x", "pattern": "(?=x)"}), json!("y")), None);
    }
}
