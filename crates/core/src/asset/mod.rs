//! Assets: what tasks update and DAGs wait for, and the conditions that schedules make of them.

pub mod partition;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What tells assets apart: both together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AssetKey {
    /// The name.
    pub name: String,
    /// The URI.
    pub uri: String,
}

/// Assets as DAG files write them: one, or a condition of several. The JSON is Airflow's expression:
/// `{"any": [{"asset": {"name": …, "uri": …, "group": …}}, {"alias": {"name": …}}, {"asset_ref": {"name": …}}]}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AssetExpr {
    /// One asset.
    Asset(AssetSpec),
    /// A name that tasks give to assets when they run: any of those that it was given to.
    Alias(AliasSpec),
    /// The asset of that name or URI, whatever the other is.
    AssetRef(LooseRef),
    /// One of them at least.
    Any(Vec<AssetExpr>),
    /// Every one of them.
    All(Vec<AssetExpr>),
}

/// An asset as its author describes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AssetSpec {
    /// Name and URI.
    #[serde(flatten)]
    pub key: AssetKey,
    /// For people.
    #[serde(default = "asset_group")]
    pub group: String,
    /// Whatever its author attached to it.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub extra: Map<String, Value>,
    /// What outside updates it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub watchers: Vec<WatcherSpec>,
}

/// A trigger whose every event is an event of the asset.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WatcherSpec {
    /// Tells the watchers of an asset apart.
    pub name: String,
    /// Path of the trigger's class.
    pub classpath: String,
    /// Arguments that make the trigger again, encoded as XComs are.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub kwargs: Map<String, Value>,
}

/// An alias as its author describes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AliasSpec {
    /// The name.
    pub name: String,
    /// For people.
    #[serde(default = "asset_group")]
    pub group: String,
}

/// A reference by name or URI alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LooseRef {
    /// By name.
    Name(String),
    /// By URI.
    Uri(String),
}

/// A task updated an asset.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AssetUpdate {
    /// The asset, or a reference to it by name or URI.
    pub asset: AssetExpr,
    /// Whatever the task says about it.
    #[serde(default)]
    pub extra: Map<String, Value>,
    /// Aliases that it came by way of.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// The partition; absent: that of the run.
    #[serde(default)]
    pub partition_key: Option<String>,
}

impl AssetUpdate {
    /// What a task that says nothing more does to one of its outlets; `None` for an alias, which stands for no asset
    /// until a task says for which.
    pub fn of_outlet(outlet: &AssetExpr) -> Option<Self> {
        matches!(outlet, AssetExpr::Asset(_) | AssetExpr::AssetRef(_)).then(|| Self {
            asset: outlet.clone(),
            extra: Map::new(),
            aliases: Vec::new(),
            partition_key: None,
        })
    }
}

/// What has come for a DAG since it last had a run of its assets.
#[derive(Clone, Debug, Default)]
pub struct Arrived {
    /// Assets with events that the DAG has not consumed.
    pub assets: BTreeSet<AssetKey>,
    /// Alias to the assets that it was given to.
    pub aliases: BTreeMap<String, BTreeSet<AssetKey>>,
}

impl AssetExpr {
    /// Whether the condition is met by what has come. A condition of nothing is never met.
    pub fn is_met(&self, arrived: &Arrived) -> bool {
        match self {
            Self::Asset(asset) => arrived.assets.contains(&asset.key),
            Self::Alias(alias) => arrived
                .aliases
                .get(&alias.name)
                .is_some_and(|members| members.iter().any(|member| arrived.assets.contains(member))),
            Self::AssetRef(LooseRef::Name(name)) => arrived.assets.iter().any(|key| key.name == *name),
            Self::AssetRef(LooseRef::Uri(uri)) => arrived.assets.iter().any(|key| key.uri == *uri),
            Self::Any(parts) => parts.iter().any(|part| part.is_met(arrived)),
            Self::All(parts) => !parts.is_empty() && parts.iter().all(|part| part.is_met(arrived)),
        }
    }

    /// Everything that the expression is made of, conditions aside, in its order.
    pub fn leaves(&self) -> Vec<&AssetExpr> {
        match self {
            Self::Any(parts) | Self::All(parts) => parts.iter().flat_map(Self::leaves).collect(),
            leaf => vec![leaf],
        }
    }

    /// The expression as clients see it: without what authors attached.
    #[must_use]
    pub fn for_people(&self) -> Self {
        match self {
            Self::Asset(asset) => Self::Asset(AssetSpec { extra: Map::new(), watchers: Vec::new(), ..asset.clone() }),
            Self::Any(parts) => Self::Any(parts.iter().map(Self::for_people).collect()),
            Self::All(parts) => Self::All(parts.iter().map(Self::for_people).collect()),
            leaf => leaf.clone(),
        }
    }
}

fn asset_group() -> String {
    "asset".into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn key(name: &str) -> AssetKey {
        AssetKey { name: name.into(), uri: format!("s3://{name}") }
    }

    fn expr(value: Value) -> AssetExpr {
        serde_json::from_value(value).unwrap()
    }

    fn asset(name: &str) -> Value {
        json!({"asset": {"name": name, "uri": format!("s3://{name}")}})
    }

    #[test]
    fn conditions_follow_any_and_all() {
        let a_and_b_or_c = expr(json!({"any": [{"all": [asset("a"), asset("b")]}, asset("c")]}));
        let met = |names: &[&str]| {
            a_and_b_or_c.is_met(&Arrived { assets: names.iter().map(|name| key(name)).collect(), ..Arrived::default() })
        };
        assert_eq!(
            [met(&[]), met(&["a"]), met(&["a", "b"]), met(&["c"]), met(&["b", "c"])],
            [false, false, true, true, true]
        );
        assert!(!expr(json!({"all": []})).is_met(&Arrived::default()), "nothing to wait for never comes");
    }

    #[test]
    fn aliases_and_loose_references_stand_for_what_has_come() {
        let mut arrived = Arrived { assets: [key("a")].into(), ..Arrived::default() };
        let alias = expr(json!({"alias": {"name": "x"}}));
        assert!(!alias.is_met(&arrived), "the alias was given to nothing yet");
        arrived.aliases.insert("x".into(), [key("b")].into());
        assert!(!alias.is_met(&arrived), "another asset has it");
        arrived.aliases.insert("x".into(), [key("a"), key("b")].into());
        assert!(alias.is_met(&arrived));
        assert!(expr(json!({"asset_ref": {"name": "a"}})).is_met(&arrived));
        assert!(expr(json!({"asset_ref": {"uri": "s3://a"}})).is_met(&arrived));
        assert!(!expr(json!({"asset_ref": {"uri": "a"}})).is_met(&arrived));
    }

    #[test]
    fn the_json_is_airflows() {
        let value = json!({"all": [
            {"asset": {"name": "a", "uri": "s3://a", "group": "asset", "extra": {"k": 1}}},
            {"alias": {"name": "x", "group": "g"}},
        ]});
        let parsed = expr(value.clone());
        assert_eq!(serde_json::to_value(&parsed).unwrap(), value);
        let shown = serde_json::to_value(parsed.for_people()).unwrap();
        assert_eq!(shown["all"][0], json!({"asset": {"name": "a", "uri": "s3://a", "group": "asset"}}));
        assert_eq!(parsed.leaves().len(), 2);
    }
}
