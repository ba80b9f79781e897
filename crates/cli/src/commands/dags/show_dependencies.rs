//! `dags show-dependencies`: which DAGs start, wait for or clear which, and through which assets.

use std::collections::BTreeSet;

use clap::Args;
use serde_json::Value;
use tradewind_core::asset::AssetExpr;
use tradewind_core::timetable::TimetableSpec;
use tradewind_protocol::SerializedDag;
use tradewind_store::read::DagFilter;

use crate::commands::lookup::{ALL, order};
use crate::commands::session::Session;
use crate::commands::subdir::Subdir;
use crate::commands::{Context, serialized};
use crate::error::CliError;
use crate::graph::{GraphArgs, quoted};

/// Arguments of `dags show-dependencies`.
#[derive(Args, Debug)]
pub struct ShowDependenciesArgs {
    #[command(flatten)]
    graph: GraphArgs,
    #[command(flatten)]
    subdir: Subdir,
}

/// A line of the graph: from, to, and what leads from one to the other.
type Edge = (String, String, &'static str);

pub async fn run(args: &ShowDependenciesArgs, context: &Context) -> Result<(), CliError> {
    let session = Session::open(context).await?;
    let by = order(tradewind_store::read::DAG_COLUMNS, "dag_id")?;
    let dags = session.store.list_dags(&DagFilter::default(), &by, ALL).await?.rows;
    let mut edges: BTreeSet<Edge> = BTreeSet::new();
    let mut names: BTreeSet<String> = BTreeSet::new();
    for dag in dags.iter().filter(|d| !d.is_stale && args.subdir.has(&d.fileloc)) {
        names.insert(dag.dag_id.clone());
        edges.extend(of_dag(&serialized::dag(&session.store, &dag.dag_id).await?));
    }
    args.graph.put(&text(&names, &edges))
}

/// What one DAG has to do with others.
fn of_dag(dag: &SerializedDag) -> Vec<Edge> {
    let mut edges = Vec::new();
    for task in &dag.tasks {
        let field = |name: &str| task.fields.get(name).and_then(Value::as_str).map(str::to_owned);
        if let Some(started) = field("trigger_dag_id") {
            edges.push((dag.dag_id.clone(), started, "trigger"));
        }
        if let Some(other) = field("external_dag_id") {
            match task.operator.ends_with("Marker") {
                true => edges.push((dag.dag_id.clone(), other, "marker")),
                false => edges.push((other, dag.dag_id.clone(), "sensor")),
            }
        }
        for outlet in task.outlets.iter().flat_map(AssetExpr::leaves) {
            edges.push((dag.dag_id.clone(), asset_name(outlet), "asset"));
        }
    }
    if let Ok(timetable) = serde_json::from_value::<TimetableSpec>(dag.timetable.clone())
        && let Some(schedule) = timetable.asset_schedule()
    {
        let leaves = schedule.condition.leaves();
        edges.extend(leaves.into_iter().map(|asset| (asset_name(asset), dag.dag_id.clone(), "asset")));
    }
    edges
}

/// How an asset or alias is shown.
fn asset_name(asset: &AssetExpr) -> String {
    let value = serde_json::to_value(asset).unwrap_or_default();
    let inner = value.as_object().and_then(|one| one.values().next()).cloned().unwrap_or_default();
    let named = inner["name"].as_str().or_else(|| inner["uri"].as_str());
    format!("asset:{}", named.unwrap_or_default())
}

fn text(dags: &BTreeSet<String>, edges: &BTreeSet<Edge>) -> String {
    let mut graph = String::from("digraph dependencies {\n  rankdir=LR\n  node [shape=box style=rounded]\n");
    let linked = edges.iter().flat_map(|(from, to, _)| [from, to]);
    let all: BTreeSet<&String> = dags.iter().chain(linked).collect();
    for name in all {
        let shape = if name.starts_with("asset:") { " [shape=cylinder style=solid]" } else { "" };
        graph.push_str(&format!("  {}{shape}\n", quoted(name)));
    }
    for (from, to, what) in edges {
        graph.push_str(&format!("  {} -> {} [label={}]\n", quoted(from), quoted(to), quoted(what)));
    }
    graph + "}\n"
}
