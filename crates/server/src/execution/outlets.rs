//! What a try did to assets: the task's outlets, and what it said about them.

use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value};
use tradewind_core::asset::{AssetExpr, AssetKey, AssetSpec, AssetUpdate, LooseRef};

use super::failure::failure;
use crate::http::error::ApiResult;

/// An outlet.
#[derive(Clone, Debug, Deserialize)]
pub struct Profile {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    uri: Option<String>,
    #[serde(rename = "type")]
    kind: String,
}

/// Something that a try said about an asset.
#[derive(Clone, Debug, Deserialize)]
pub struct OutletEvent {
    dest_asset_key: AssetKey,
    #[serde(default)]
    extra: Map<String, Value>,
    #[serde(default)]
    partition_key: Option<String>,
    #[serde(default)]
    source_alias_name: Option<String>,
    #[serde(default)]
    dest_asset_extra: Map<String, Value>,
}

fn asset(key: AssetKey, extra: Map<String, Value>) -> AssetExpr {
    AssetExpr::Asset(AssetSpec { key, group: "asset".to_owned(), extra, watchers: Vec::new() })
}

/// The updates that this makes.
///
/// # Errors
/// 422 for an empty partition key.
pub fn updates(outlets: &[Profile], events: &[OutletEvent]) -> ApiResult<Vec<AssetUpdate>> {
    if events.iter().any(|event| event.partition_key.as_ref().is_some_and(|key| key.trim().is_empty())) {
        let message = "partition_key in outlet event must not be empty or whitespace-only";
        return Err(failure(StatusCode::UNPROCESSABLE_ENTITY, "invalid_partition_key", message));
    }
    let direct = || events.iter().filter(|event| event.source_alias_name.is_none());
    let mut found = Vec::new();
    for outlet in outlets {
        let (expr, said): (AssetExpr, Vec<&OutletEvent>) = match (outlet.kind.as_str(), &outlet.name, &outlet.uri) {
            ("Asset", Some(name), Some(uri)) => {
                let key = AssetKey { name: name.clone(), uri: uri.clone() };
                let said = direct().filter(|event| event.dest_asset_key == key).collect();
                (asset(key, Map::new()), said)
            }
            ("AssetNameRef", Some(name), _) => {
                let said = direct().filter(|event| event.dest_asset_key.name == *name).collect();
                (AssetExpr::AssetRef(LooseRef::Name(name.clone())), said)
            }
            ("AssetUriRef", _, Some(uri)) => {
                let said = direct().filter(|event| event.dest_asset_key.uri == *uri).collect();
                (AssetExpr::AssetRef(LooseRef::Uri(uri.clone())), said)
            }
            // An alias stands for the assets that the task gave it to.
            _ => continue,
        };
        let update = |extra: Map<String, Value>, partition_key: Option<String>| AssetUpdate {
            asset: expr.clone(),
            extra,
            aliases: Vec::new(),
            partition_key,
        };
        match said.is_empty() {
            true => found.push(update(Map::new(), None)),
            false => found.extend(said.iter().map(|event| update(event.extra.clone(), event.partition_key.clone()))),
        }
    }
    found.extend(by_alias(outlets, events));
    Ok(found)
}

/// The same asset with the same words by way of several aliases is one update.
fn by_alias(outlets: &[Profile], events: &[OutletEvent]) -> Vec<AssetUpdate> {
    let mut found: Vec<(&OutletEvent, AssetUpdate)> = Vec::new();
    for event in events {
        let Some(alias) = &event.source_alias_name else { continue };
        if !outlets.iter().any(|outlet| outlet.kind == "AssetAlias" && outlet.name.as_ref() == Some(alias)) {
            continue;
        }
        let same = |other: &OutletEvent| other.dest_asset_key == event.dest_asset_key && other.extra == event.extra;
        match found.iter_mut().find(|(other, _)| same(other)) {
            Some((_, update)) if update.aliases.contains(alias) => {}
            Some((_, update)) => update.aliases.push(alias.clone()),
            None => {
                let update = AssetUpdate {
                    asset: asset(event.dest_asset_key.clone(), event.dest_asset_extra.clone()),
                    extra: event.extra.clone(),
                    aliases: vec![alias.clone()],
                    partition_key: None,
                };
                found.push((event, update));
            }
        }
    }
    found.into_iter().map(|(_, update)| update).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn made(outlets: Value, events: Value) -> Value {
        let (outlets, events): (Vec<Profile>, Vec<OutletEvent>) =
            (serde_json::from_value(outlets).unwrap(), serde_json::from_value(events).unwrap());
        serde_json::to_value(updates(&outlets, &events).unwrap()).unwrap()
    }

    #[test]
    fn each_outlet_is_an_update_and_so_is_each_word_about_it() {
        let key = |name: &str| json!({"name": name, "uri": format!("s3://{name}")});
        let outlets = json!([
            {"type": "Asset", "name": "a", "uri": "s3://a"}, {"type": "AssetNameRef", "name": "b"},
            {"type": "AssetAlias", "name": "x"}, {"type": "AssetAlias", "name": "y"},
        ]);
        let events = json!([
            {"dest_asset_key": key("a"), "extra": {"n": 1}, "partition_key": "p"},
            {"dest_asset_key": key("a"), "extra": {"n": 2}},
            {"dest_asset_key": key("c"), "extra": {}, "source_alias_name": "x", "dest_asset_extra": {"o": 1}},
            {"dest_asset_key": key("c"), "extra": {}, "source_alias_name": "y", "dest_asset_extra": {"o": 1}},
            {"dest_asset_key": key("d"), "extra": {}, "source_alias_name": "no outlet", "dest_asset_extra": {}},
        ]);
        let made = made(outlets, events);
        assert_eq!(made.as_array().unwrap().len(), 4, "{made}");
        assert_eq!((&made[0]["extra"], &made[0]["partition_key"]), (&json!({"n": 1}), &json!("p")));
        assert_eq!(made[2]["asset"], json!({"asset_ref": {"name": "b"}}));
        assert_eq!((&made[3]["asset"]["asset"]["name"], &made[3]["aliases"]), (&json!("c"), &json!(["x", "y"])));
    }

    #[test]
    fn an_empty_partition_key_is_refused() {
        let event = json!({"dest_asset_key": {"name": "a", "uri": "a"}, "partition_key": " "});
        let error = updates(&[], &[serde_json::from_value(event).unwrap()]).unwrap_err();
        assert_eq!(error.detail["reason"], "invalid_partition_key");
    }
}
