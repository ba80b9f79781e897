//! `dags show DAG`: the graph in Graphviz's language.

use std::path::PathBuf;

use clap::Args;

use crate::commands::session::Session;
use crate::commands::subdir::Subdir;
use crate::commands::{Context, serialized};
use crate::error::CliError;

/// Arguments of `dags show`.
#[derive(Args, Debug)]
pub struct ShowArgs {
    /// The DAG's id
    dag_id: String,
    /// Save the graph in this file: .dot, or what Graphviz's `dot` can draw (.png, .svg, .pdf)
    #[arg(short, long, value_name = "FILE")]
    save: Option<PathBuf>,
    #[command(flatten)]
    _subdir: Subdir,
}

pub async fn run(args: &ShowArgs, context: &Context) -> Result<(), CliError> {
    let session = Session::open(context).await?;
    let dag = serialized::dag(&session.store, &args.dag_id).await?;
    let mut graph = format!("digraph {} {{\n  rankdir=LR\n  node [shape=box style=rounded]\n", quoted(&dag.dag_id));
    for task in &dag.tasks {
        graph.push_str(&format!("  {} [label={}]\n", quoted(&task.task_id), quoted(&task.task_id)));
    }
    for task in &dag.tasks {
        for downstream in &task.downstream {
            graph.push_str(&format!("  {} -> {}\n", quoted(&task.task_id), quoted(downstream)));
        }
    }
    graph.push_str("}\n");
    let Some(file) = &args.save else {
        print!("{graph}");
        return Ok(());
    };
    let format = file.extension().map(|e| e.to_string_lossy().into_owned()).unwrap_or_default();
    if matches!(format.as_str(), "dot" | "gv") {
        std::fs::write(file, graph)?;
    } else {
        draw(&graph, &format, file)?;
    }
    println!("File {} saved", file.display());
    Ok(())
}

/// Lets Graphviz draw it.
fn draw(graph: &str, format: &str, file: &std::path::Path) -> Result<(), CliError> {
    use std::io::Write;
    use std::process::{Command, Stdio};
    if format.is_empty() {
        return Err(CliError::usage(format!("{} has no ending that says the format", file.display()))
            .hint("end it with .dot, .svg, .png or .pdf"));
    }
    let started = Command::new("dot").arg(format!("-T{format}")).arg("-o").arg(file).stdin(Stdio::piped()).spawn();
    let mut dot = started.map_err(|error| {
        CliError::failed(format!("Graphviz's dot cannot be started: {error}"))
            .hint("install graphviz, or save a .dot file, which needs nothing")
    })?;
    if let Some(mut input) = dot.stdin.take() {
        input.write_all(graph.as_bytes())?;
    }
    match dot.wait()? {
        status if status.success() => Ok(()),
        status => Err(CliError::failed(format!("Graphviz's dot ended with {status}"))),
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
