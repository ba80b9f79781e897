//! Params: whether the configuration of a run fits what its DAG says that it takes.
//!
//! A DAG's params are checked with their JSON schemas when a run is asked for, so that who asks hears of it, and again
//! when its tasks run (`airflow/sdk/definitions/param.py`): words of a schema that are unknown here are left to that.

use serde_json::{Map, Value};
use tradewind_protocol::SerializedDag;
use tradewind_protocol::serialized_dag::DagDefaults;

/// What is wrong with a configuration; `None`: nothing. What it does not name has the param's own value.
pub fn problem(dag: &SerializedDag, conf: Option<&Map<String, Value>>, defaults: &DagDefaults) -> Option<String> {
    let conf = conf.filter(|_| defaults.conf_overrides_params);
    dag.params.iter().find_map(|(name, param)| {
        let given = conf.and_then(|conf| conf.get(name)).or_else(|| param.get("value")).unwrap_or(&Value::Null);
        let schema = param.get("schema").unwrap_or(&Value::Null);
        check(given, schema).map(|what| format!("Invalid input for param {name}: {what}"))
    })
}

/// What is wrong with a value, if anything is.
fn check(value: &Value, schema: &Value) -> Option<String> {
    match schema {
        Value::Bool(false) => Some(format!("{value} is not allowed")),
        Value::Object(words) => kind(value, words)
            .or_else(|| number(value, words))
            .or_else(|| text(value, words))
            .or_else(|| array(value, words))
            .or_else(|| object(value, words))
            .or_else(|| combined(value, words)),
        _ => None,
    }
}

fn kind(value: &Value, words: &Map<String, Value>) -> Option<String> {
    if let Some(kinds) = words.get("type") {
        let kinds = kinds.as_array().cloned().unwrap_or_else(|| vec![kinds.clone()]);
        if !kinds.iter().filter_map(Value::as_str).any(|kind| is(value, kind)) {
            let kinds: Vec<String> = kinds.iter().map(Value::to_string).collect();
            return Some(format!("{value} is not of type {}", kinds.join(", ")));
        }
    }
    if let Some(allowed) = words.get("enum").and_then(Value::as_array)
        && !allowed.iter().any(|one| same(one, value))
    {
        return Some(format!("{value} is not one of {}", Value::from(allowed.clone())));
    }
    let constant = words.get("const").filter(|constant| !same(constant, value))?;
    Some(format!("{value} is not {constant}"))
}

fn is(value: &Value, kind: &str) -> bool {
    match kind {
        "string" => value.is_string(),
        "object" => value.is_object(),
        "array" => value.is_array(),
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "number" => value.is_number(),
        "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        _ => true,
    }
}

/// Equal as JSON schema has it: 1 is 1.0.
fn same(one: &Value, other: &Value) -> bool {
    match (one.as_f64(), other.as_f64()) {
        (Some(one), Some(other)) => one == other,
        _ => one == other,
    }
}

fn number(value: &Value, words: &Map<String, Value>) -> Option<String> {
    let number = value.as_f64()?;
    let bound = |word: &str| words.get(word).and_then(Value::as_f64);
    if bound("minimum").is_some_and(|least| number < least) {
        return Some(format!("{value} is less than the minimum of {}", words["minimum"]));
    }
    if bound("maximum").is_some_and(|most| number > most) {
        return Some(format!("{value} is greater than the maximum of {}", words["maximum"]));
    }
    if bound("exclusiveMinimum").is_some_and(|least| number <= least) {
        return Some(format!("{value} is not greater than {}", words["exclusiveMinimum"]));
    }
    if bound("exclusiveMaximum").is_some_and(|most| number >= most) {
        return Some(format!("{value} is not less than {}", words["exclusiveMaximum"]));
    }
    let step = bound("multipleOf").filter(|step| *step != 0.0)?;
    let times = number / step;
    ((times - times.round()).abs() > 1e-9).then(|| format!("{value} is not a multiple of {}", words["multipleOf"]))
}

fn text(value: &Value, words: &Map<String, Value>) -> Option<String> {
    let text = value.as_str()?;
    let length = text.chars().count() as u64;
    let bound = |word: &str| words.get(word).and_then(Value::as_u64);
    if bound("minLength").is_some_and(|least| length < least) {
        return Some(format!("{value} is too short"));
    }
    if bound("maxLength").is_some_and(|most| length > most) {
        return Some(format!("{value} is too long"));
    }
    // Python's regular expressions can say more than ours: what can't be read here is looked at in the task.
    let pattern = words.get("pattern").and_then(Value::as_str)?;
    let found = regex::Regex::new(pattern).is_ok_and(|pattern| !pattern.is_match(text));
    found.then(|| format!("{value} does not match '{pattern}'"))
}

fn array(value: &Value, words: &Map<String, Value>) -> Option<String> {
    let items = value.as_array()?;
    let bound = |word: &str| words.get(word).and_then(Value::as_u64);
    if bound("minItems").is_some_and(|least| (items.len() as u64) < least) {
        return Some(format!("{value} has too few items"));
    }
    if bound("maxItems").is_some_and(|most| items.len() as u64 > most) {
        return Some(format!("{value} has too many items"));
    }
    let twice = |(n, item): (usize, &Value)| items[..n].iter().any(|before| same(before, item));
    if words.get("uniqueItems") == Some(&Value::Bool(true)) && items.iter().enumerate().any(twice) {
        return Some(format!("{value} has items that are equal"));
    }
    let schema = words.get("items")?;
    items.iter().find_map(|item| check(item, schema))
}

fn object(value: &Value, words: &Map<String, Value>) -> Option<String> {
    let fields = value.as_object()?;
    let required = words.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    if let Some(missing) = required.into_iter().find(|name| !fields.contains_key(*name)) {
        return Some(format!("'{missing}' is missing"));
    }
    let known = words.get("properties").and_then(Value::as_object);
    fields.iter().find_map(|(name, item)| {
        let schema = known.and_then(|known| known.get(name)).or_else(|| words.get("additionalProperties"))?;
        check(item, schema).map(|what| format!("{name}: {what}"))
    })
}

fn combined(value: &Value, words: &Map<String, Value>) -> Option<String> {
    let parts = |word: &str| words.get(word).and_then(Value::as_array);
    if let Some(what) = parts("allOf").into_iter().flatten().find_map(|part| check(value, part)) {
        return Some(what);
    }
    let fits = |parts: &Vec<Value>| parts.iter().filter(|part| check(value, part).is_none()).count();
    if parts("anyOf").is_some_and(|parts| fits(parts) == 0) {
        return Some(format!("{value} fits none of the allowed forms"));
    }
    if parts("oneOf").is_some_and(|parts| fits(parts) != 1) {
        return Some(format!("{value} must fit exactly one of the allowed forms"));
    }
    let banned = words.get("not").filter(|banned| check(value, banned).is_none());
    banned.map(|_| format!("{value} is not allowed"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn schemas_say_what_is_wrong_and_let_the_rest_pass() {
        for (value, schema, wrong) in [
            (json!(5), json!({"type": "integer", "minimum": 1, "maximum": 10}), None),
            (json!(5.0), json!({"type": "integer"}), None),
            (json!(5.5), json!({"type": "integer"}), Some("is not of type")),
            (json!(true), json!({"type": ["null", "integer"]}), Some("is not of type \"null\", \"integer\"")),
            (json!(0), json!({"minimum": 1}), Some("less than the minimum of 1")),
            (json!(11), json!({"exclusiveMaximum": 11}), Some("is not less than 11")),
            (json!(0.3), json!({"multipleOf": 0.1}), None),
            (json!("b"), json!({"enum": ["a", "c"]}), Some("is not one of [\"a\",\"c\"]")),
            (json!("ab"), json!({"type": "string", "minLength": 3}), Some("too short")),
            (json!("ab"), json!({"pattern": "^a+$"}), Some("does not match")),
            (json!("ab"), json!({"pattern": "(?<!x)ab"}), None),
            (json!([1, 1]), json!({"uniqueItems": true}), Some("items that are equal")),
            (json!([1, "x"]), json!({"items": {"type": "integer"}}), Some("\"x\" is not of type")),
            (json!({"a": 1}), json!({"required": ["b"]}), Some("'b' is missing")),
            (json!({"a": 1}), json!({"properties": {}, "additionalProperties": false}), Some("a: 1 is not allowed")),
            (json!(3), json!({"anyOf": [{"type": "string"}, {"minimum": 4}]}), Some("none of the allowed")),
            (json!(3), json!({"oneOf": [{"type": "integer"}, {"minimum": 1}]}), Some("exactly one")),
            (json!(3), json!({"not": {"type": "integer"}}), Some("is not allowed")),
            (json!(null), json!({}), None),
        ] {
            match (check(&value, &schema), wrong) {
                (None, None) => {}
                (Some(found), Some(wrong)) if found.contains(wrong) => {}
                (found, wrong) => panic!("{value} with {schema}: {found:?}, not {wrong:?}"),
            }
        }
    }
}
