//! Params: whether the configuration of a run fits what its DAG says that it takes.
//!
//! A DAG's params are checked with their JSON schemas when a run is asked for, so that who asks hears of it, and again
//! when its tasks run (`airflow/sdk/definitions/param.py`): words of a schema that are unknown here are left to that.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use tradewind_core::param;
use tradewind_protocol::serialized_dag::DagDefaults;

/// What is wrong with a configuration by a DAG's `params`; `None`: nothing. What it does not name has the param's own
/// value.
pub fn problem(
    params: &BTreeMap<String, Value>,
    conf: Option<&Map<String, Value>>,
    defaults: &DagDefaults,
) -> Option<String> {
    let nothing = Map::new();
    let conf = conf.filter(|_| defaults.conf_overrides_params).unwrap_or(&nothing);
    let problem = param::problem(params, conf)?;
    Some(format!("Invalid input for param {problem}"))
}
