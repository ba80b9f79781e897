//! `dags show DAG`: the graph in Graphviz's language.

use clap::Args;
use tradewind_protocol::SerializedDag;

use crate::commands::session::Session;
use crate::commands::subdir::Subdir;
use crate::commands::{Context, serialized};
use crate::error::CliError;
use crate::graph::{GraphArgs, quoted};

/// Arguments of `dags show`.
#[derive(Args, Debug)]
pub struct ShowArgs {
    /// The DAG's id
    dag_id: String,
    #[command(flatten)]
    graph: GraphArgs,
    #[command(flatten)]
    _subdir: Subdir,
}

pub async fn run(args: &ShowArgs, context: &Context) -> Result<(), CliError> {
    let session = Session::open(context).await?;
    let dag = serialized::dag(&session.store, &args.dag_id).await?;
    args.graph.put(&graph(&dag, |_| None))
}

/// Tasks and what follows from what; `colour` fills the box of a task.
pub fn graph(dag: &SerializedDag, colour: impl Fn(&str) -> Option<&'static str>) -> String {
    let mut graph = format!("digraph {} {{\n  rankdir=LR\n  node [shape=box style=rounded]\n", quoted(&dag.dag_id));
    for task in &dag.tasks {
        let fill = colour(&task.task_id)
            .map_or_else(String::new, |colour| format!(" style=\"rounded,filled\" fillcolor={}", quoted(colour)));
        graph.push_str(&format!("  {} [label={}{fill}]\n", quoted(&task.task_id), quoted(&task.task_id)));
    }
    for task in &dag.tasks {
        for downstream in &task.downstream {
            graph.push_str(&format!("  {} -> {}\n", quoted(&task.task_id), quoted(downstream)));
        }
    }
    graph.push_str("}\n");
    graph
}
