//! The mappers, on examples whose outcomes are Airflow 3.3's.

use serde_json::{Value, json};

use super::*;

fn mapper(value: Value) -> Mapper {
    serde_json::from_value(value).unwrap()
}

fn temporal(grain: &str, output: &str) -> Value {
    json!({"type": "temporal", "grain": grain, "output_format": output})
}

fn one(mapper_json: Value, key: &str) -> String {
    mapper(mapper_json).to_one(key).unwrap()
}

#[test]
fn starts_of_periods_have_airflows_names() {
    let key = "2024-03-13T10:42:15";
    assert_eq!(one(temporal("hour", "%Y-%m-%dT%H"), key), "2024-03-13T10");
    assert_eq!(one(temporal("day", "%Y-%m-%d"), key), "2024-03-13");
    assert_eq!(one(temporal("week", "%Y-%m-%d (W%V)"), key), "2024-03-11 (W11)");
    assert_eq!(one(temporal("month", "%Y-%m"), key), "2024-03");
    assert_eq!(one(temporal("quarter", "%Y-Q{quarter}"), key), "2024-Q1");
    assert_eq!(one(temporal("year", "%Y"), key), "2024");
}

#[test]
fn zones_and_input_formats_count() {
    let day = json!({"type": "temporal", "grain": "day", "output_format": "%Y-%m-%d", "timezone": "America/New_York",
        "input_format": "%Y-%m-%dT%H:%M:%S%z"});
    assert_eq!(one(day.clone(), "2024-03-13T02:00:00+0000"), "2024-03-12", "an offset is converted");
    let error = mapper(day).to_downstream("yesterday").unwrap_err().to_string();
    assert_eq!(error, "the partition key 'yesterday' does not have the form '%Y-%m-%dT%H:%M:%S%z'");
    let month = mapper(temporal("month", "%Y-%m"));
    assert_eq!(month.to_date("2024-03").unwrap().unwrap().to_string(), "2024-03-01T00:00:00Z");
    let week = mapper(temporal("week", "%Y-%m-%d (W%V)"));
    assert_eq!(week.to_date("2024-03-11 (W11)").unwrap().unwrap().to_string(), "2024-03-11T00:00:00Z");
    let quarter = mapper(temporal("quarter", "%Y-Q{quarter}"));
    assert_eq!(quarter.to_date("2024-Q2").unwrap().unwrap().to_string(), "2024-04-01T00:00:00Z");
    assert!(quarter.to_date("2024-Q5").is_err());
}

#[test]
fn products_and_chains_combine() {
    let product = json!({"type": "product", "mappers": [
        {"type": "identity"}, temporal("day", "%Y-%m-%d"), {"type": "allowed_key", "allowed_keys": ["eu", "us"]}]});
    assert_eq!(one(product.clone(), "x|2024-03-13T10:42:15|eu"), "x|2024-03-13|eu");
    let product = mapper(product);
    assert_eq!(product.to_downstream("x|2024-03-13T10:42:15|cn").unwrap_err(), Error::NotAllowed("cn".into()));
    let error = product.to_downstream("x").unwrap_err();
    assert_eq!(error, Error::Segments { key: "x".into(), found: 1, expected: 3 });
    assert_eq!(product.to_date("x|2024-03-13|eu").unwrap().unwrap().to_string(), "2024-03-13T00:00:00Z");
    let mut month = temporal("month", "%Y-%m");
    month["input_format"] = json!("%Y-%m-%d");
    assert_eq!(
        one(json!({"type": "chain", "mappers": [temporal("day", "%Y-%m-%d"), month]}), "2024-03-13T10:42:15"),
        "2024-03"
    );
}

#[test]
fn a_rollup_waits_for_its_window() {
    let mut day = temporal("day", "%Y-%m-%d");
    day["input_format"] = json!("%Y-%m-%dT%H");
    let rollup = json!({"type": "rollup", "upstream_mapper": day, "window": {"type": "day"}});
    let partitions = Partitions { default_mapper: mapper(rollup), mappers: vec![] };
    let asset = AssetKey { name: "a".into(), uri: "a".into() };
    assert_eq!(partitions.runs_of(&asset, "2024-03-13T05", MAX_DOWNSTREAM_KEYS).unwrap(), ["2024-03-13"]);
    let mut came: BTreeSet<String> = (0..23).map(|hour| format!("2024-03-13T{hour:02}")).collect();
    assert!(!partitions.is_complete(&asset, "2024-03-13", &came).unwrap());
    came.insert("2024-03-14T00".into());
    assert!(!partitions.is_complete(&asset, "2024-03-13", &came).unwrap(), "of another day");
    came.insert("2024-03-13T23".into());
    assert!(partitions.is_complete(&asset, "2024-03-13", &came).unwrap());
}

#[test]
fn wait_policies_count() {
    let at_least = |n| WaitPolicy::MinimumCount { n };
    assert_eq!([1, 2, 3].map(|came| at_least(2).is_satisfied(came, 3)), [false, true, true]);
    assert_eq!([1, 2, 3].map(|came| at_least(-1).is_satisfied(came, 3)), [false, true, true]);
    assert!(at_least(-5).is_satisfied(0, 3), "never below zero");
    assert!(!WaitPolicy::WaitForAll.is_satisfied(2, 3));
}

#[test]
fn a_categorical_rollup_waits_for_its_segments() {
    let rollup = json!({"type": "rollup", "upstream_mapper": {"type": "fixed_key", "downstream_key": "all"},
        "window": {"type": "segment", "segments": ["us", "eu"]}});
    let partitions = Partitions { default_mapper: mapper(rollup), mappers: vec![] };
    let asset = AssetKey { name: "a".into(), uri: "a".into() };
    assert_eq!(partitions.runs_of(&asset, "us", MAX_DOWNSTREAM_KEYS).unwrap(), ["all"]);
    assert!(!partitions.is_complete(&asset, "all", &["us".to_owned()].into()).unwrap());
    assert!(partitions.is_complete(&asset, "all", &["us".to_owned(), "eu".to_owned()].into()).unwrap());
}

#[test]
fn windows_fan_out() {
    let fan_out = |upstream: Value, window: Value, downstream: Value| {
        let value =
            json!({"type": "fan_out", "upstream_mapper": upstream, "window": window, "downstream_mapper": downstream});
        mapper(value).to_downstream("2024-02-15T00:00:00").unwrap()
    };
    let days = fan_out(temporal("week", "%Y-%m-%d (W%V)"), json!({"type": "week"}), temporal("day", "%Y-%m-%d"));
    assert_eq!((days.len(), days[0].as_str(), days[6].as_str()), (7, "2024-02-12", "2024-02-18"));
    let backward = json!({"type": "week", "direction": "backward"});
    let days = fan_out(temporal("week", "%Y-%m-%d (W%V)"), backward, temporal("day", "%Y-%m-%d"));
    assert_eq!((days[0].as_str(), days[6].as_str()), ("2024-02-06", "2024-02-12"));
    let days = fan_out(temporal("month", "%Y-%m"), json!({"type": "month"}), temporal("day", "%Y-%m-%d"));
    assert_eq!((days.len(), days[28].as_str()), (29, "2024-02-29"));
    let backward = json!({"type": "month", "direction": "backward"});
    let days = fan_out(temporal("month", "%Y-%m"), backward, temporal("day", "%Y-%m-%d"));
    assert_eq!((days.len(), days[0].as_str(), days[30].as_str()), (31, "2024-01-02", "2024-02-01"));
    let months = fan_out(temporal("quarter", "%Y-Q{quarter}"), json!({"type": "quarter"}), temporal("month", "%Y-%m"));
    assert_eq!(months, ["2024-01", "2024-02", "2024-03"]);
    let months = fan_out(temporal("year", "%Y"), json!({"type": "year"}), temporal("month", "%Y-%m"));
    assert_eq!(months.len(), 12);
}

#[test]
fn too_many_keys_are_refused() {
    let value = json!({"type": "fan_out", "max_downstream_keys": 3, "upstream_mapper": temporal("year", "%Y"),
        "window": {"type": "year"}, "downstream_mapper": temporal("month", "%Y-%m")});
    let partitions = Partitions { default_mapper: mapper(value), mappers: vec![] };
    let asset = AssetKey { name: "a".into(), uri: "a".into() };
    let error = partitions.runs_of(&asset, "2024-02-15T00:00:00", MAX_DOWNSTREAM_KEYS).unwrap_err().to_string();
    assert!(error.contains("is for 12 runs, more than max_downstream_keys (3)"), "{error}");
}

#[test]
fn an_assets_own_mapper_comes_first() {
    let partitions: Partitions = serde_json::from_value(json!({
        "default_mapper": {"type": "identity"},
        "mappers": [{"name": "a", "mapper": {"type": "fixed_key", "downstream_key": "k"}}]
    }))
    .unwrap();
    let asset = |name: &str| AssetKey { name: name.into(), uri: "u".into() };
    assert_eq!(partitions.runs_of(&asset("a"), "x", MAX_DOWNSTREAM_KEYS).unwrap(), ["k"]);
    assert_eq!(partitions.runs_of(&asset("b"), "x", MAX_DOWNSTREAM_KEYS).unwrap(), ["x"]);
    let date: Timestamp = "2024-01-01T00:00:00Z".parse().unwrap();
    assert_eq!(partitions.date_of([&asset("b")], "x", &[date].into()), Some(date), "carried with the key");
    assert_eq!(partitions.date_of([&asset("a")], "k", &[date].into()), None);
}
