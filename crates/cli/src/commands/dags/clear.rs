//! `dags clear DAG --run-id ID`: lets a run run again.

use clap::Args;
use tradewind_core::{TaskState, Timestamp};
use tradewind_server::rerun::{self, markers, select};
use tradewind_store::read::RunView;

use crate::commands::partitions::Window;
use crate::commands::session::Session;
use crate::commands::{Context, lookup};
use crate::confirm::confirm;
use crate::error::CliError;
use crate::roles::settings::dag_defaults;
use crate::wake;

/// Arguments of `dags clear`.
#[derive(Args, Debug)]
pub struct ClearArgs {
    /// The DAG's id
    dag_id: String,
    /// The run's id, or its logical date
    #[arg(long, value_name = "ID")]
    run_id: Option<String>,
    /// Every run of this partition
    #[arg(long, value_name = "KEY", conflicts_with = "run_id")]
    partition_key: Option<String>,
    /// Every run of a partition from this date on
    #[arg(long, value_name = "DATE", conflicts_with_all = ["run_id", "partition_key"])]
    partition_date_start: Option<Timestamp>,
    /// Every run of a partition up to this date
    #[arg(long, value_name = "DATE", conflicts_with_all = ["run_id", "partition_key"])]
    partition_date_end: Option<Timestamp>,
    /// Only task instances that failed
    #[arg(short = 'f', long)]
    only_failed: bool,
    /// Only task instances that run
    #[arg(short = 'r', long)]
    only_running: bool,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
}

pub async fn run(args: &ClearArgs, context: &Context) -> Result<(), CliError> {
    let window =
        Window { key: args.partition_key.clone(), from: args.partition_date_start, to: args.partition_date_end };
    if args.run_id.is_none() && window.is_empty() {
        return Err(CliError::usage("which runs are to be cleared?")
            .hint("name one with --run-id, or those of partitions with --partition-key or --partition-date-start"));
    }
    let session = Session::open(context).await?;
    let store = &session.store;
    let runs = match &args.run_id {
        Some(run_id) => vec![lookup::run(store, &args.dag_id, run_id).await?],
        None => window.runs(store, &lookup::dag(store, &args.dag_id).await?.dag_id).await?,
    };
    if runs.is_empty() {
        return Err(CliError::failed(format!("no run of '{}' is about such a partition", args.dag_id)));
    }
    let dag = rerun::newest(store, &args.dag_id).await?;
    let defaults = dag_defaults(&session.config);
    let which = select::Which { only_failed: args.only_failed, only_running: args.only_running };
    let mut tis = select::in_runs(store, runs.iter().map(|run| run.id).collect(), &[], &which).await?;
    tis.retain(|ti| ti.state.is_some());
    let followed = markers::follow(store, &defaults, &dag, &tis, &which).await?;
    let states = |ti: &tradewind_store::read::TiView| ti.state.map_or("None", TaskState::as_str).to_owned();
    let mut names: Vec<String> = tis.iter().map(|ti| format!("  {} [{}]", ti.task_id, states(ti))).collect();
    let others = followed.iter().flat_map(|one| &one.tis);
    names.extend(others.map(|ti| format!("  {}.{} {} [{}]", ti.dag_id, ti.task_id, ti.run_id, states(ti))));
    let question = format!(
        "You are about to clear {} of {} with {} task instances:\n{}\n\nAre you sure?",
        called(&runs),
        args.dag_id,
        names.len(),
        names.join("\n")
    );
    confirm(&question, args.yes)?;
    let how = select::Clearing {
        reopen_runs: true,
        latest_version: rerun::latest_version(None, &dag, &defaults, false),
        also_run: None,
    };
    for run in &runs {
        let own: Vec<_> = tis.iter().filter(|ti| ti.run_id == run.run_id).cloned().collect();
        let also_run = Some(run.id).filter(|_| !args.only_failed && !args.only_running);
        select::clear(store, &defaults, &own, select::Clearing { also_run, ..how }).await?;
    }
    markers::clear(store, &defaults, &followed, how).await?;
    wake::hint(&session.config);
    println!("Cleared {} task instances of {}.", names.len(), called(&runs));
    Ok(())
}

fn called(runs: &[RunView]) -> String {
    match runs {
        [run] => format!("the run {}", run.run_id),
        runs => {
            format!("the {} runs {}", runs.len(), runs.iter().map(|r| r.run_id.as_str()).collect::<Vec<_>>().join(", "))
        }
    }
}
