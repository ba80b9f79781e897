//! `dags clear DAG --run-id ID`: lets a run run again.

use clap::Args;
use tradewind_core::TaskState;
use tradewind_server::rerun::{self, markers, select};

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
    let Some(run_id) = &args.run_id else {
        return Err(CliError::usage("which run is to be cleared?").hint("name it with --run-id"));
    };
    let session = Session::open(context).await?;
    let store = &session.store;
    let run = lookup::run(store, &args.dag_id, run_id).await?;
    let dag = rerun::newest(store, &args.dag_id).await?;
    let defaults = dag_defaults(&session.config);
    let which = select::Which { only_failed: args.only_failed, only_running: args.only_running };
    let mut tis = select::in_runs(store, vec![run.id], &[], &which).await?;
    tis.retain(|ti| ti.state.is_some());
    let followed = markers::follow(store, &defaults, &dag, &tis, &which).await?;
    let states = |ti: &tradewind_store::read::TiView| ti.state.map_or("None", TaskState::as_str).to_owned();
    let mut names: Vec<String> = tis.iter().map(|ti| format!("  {} [{}]", ti.task_id, states(ti))).collect();
    let others = followed.iter().flat_map(|one| &one.tis);
    names.extend(others.map(|ti| format!("  {}.{} {} [{}]", ti.dag_id, ti.task_id, ti.run_id, states(ti))));
    let question = format!(
        "You are about to clear the run {} of {} with {} task instances:\n{}\n\nAre you sure?",
        run.run_id,
        run.dag_id,
        names.len(),
        names.join("\n")
    );
    confirm(&question, args.yes)?;
    let how = select::Clearing {
        reopen_runs: true,
        latest_version: rerun::latest_version(None, &dag, &defaults, false),
        also_run: Some(run.id).filter(|_| !args.only_failed && !args.only_running),
    };
    select::clear(store, &defaults, &tis, how).await?;
    markers::clear(store, &defaults, &followed, how).await?;
    wake::hint(&session.config);
    println!("Cleared {} task instances of the run {}.", names.len(), run.run_id);
    Ok(())
}
