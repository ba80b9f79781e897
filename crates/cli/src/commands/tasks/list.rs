//! `tasks list DAG`: its tasks, upstream first.

use std::collections::HashMap;

use clap::Args;
use tradewind_protocol::SerializedDag;
use tradewind_protocol::serialized_dag::DagDefaults;

use crate::commands::session::Session;
use crate::commands::subdir::Place;
use crate::commands::{Context, serialized};
use crate::error::CliError;

/// Arguments of `tasks list`.
#[derive(Args, Debug)]
pub struct ListArgs {
    /// The DAG's id
    dag_id: String,
    /// As a tree of what comes after what
    #[arg(short, long)]
    tree: bool,
    #[command(flatten)]
    place: Place,
}

pub async fn run(args: &ListArgs, context: &Context) -> Result<(), CliError> {
    let session = Session::open(context).await?;
    args.place.must_have(&session.store, &args.dag_id).await?;
    let dag = serialized::dag(&session.store, &args.dag_id).await?;
    let core = dag.to_core(&DagDefaults::default()).map_err(|error| CliError::failed(error.to_string()))?;
    if !args.tree {
        core.tasks.iter().for_each(|task| println!("{}", task.task_id));
        return Ok(());
    }
    let mut out = String::new();
    let operators = operators(&dag);
    for task in core.tasks.iter().filter(|t| t.upstream.is_empty()) {
        branch(&core.tasks, core.by_id[&task.task_id], 0, &operators, &mut out);
    }
    print!("{out}");
    Ok(())
}

fn operators(dag: &SerializedDag) -> HashMap<&str, &str> {
    dag.tasks.iter().map(|t| (t.task_id.as_str(), t.operator.as_str())).collect()
}

fn branch(tasks: &[tradewind_core::Task], n: usize, depth: usize, operators: &HashMap<&str, &str>, out: &mut String) {
    let id = tasks[n].task_id.as_str();
    let operator = operators.get(id).copied().unwrap_or("Task");
    out.push_str(&format!("{}<Task({operator}): {id}>\n", "    ".repeat(depth)));
    for &next in &tasks[n].downstream {
        branch(tasks, next, depth + 1, operators, out);
    }
}
