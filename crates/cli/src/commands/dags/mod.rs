//! `dags`: lists and changes DAGs and their runs.

mod clear;
mod delete;
mod details;
mod list;
mod list_import_errors;
mod list_jobs;
mod list_runs;
mod local;
mod next_execution;
mod pause;
mod report;
mod reserialize;
mod show;
mod show_dependencies;
mod state;
mod test;
mod trigger;

use clap::Subcommand;

pub use reserialize::once;
pub use show::graph;

use super::Context;
use crate::error::CliError;

/// Commands of the group.
#[derive(Subcommand, Debug)]
pub enum DagsCommand {
    /// Make a backfill and wait for its end, as in Airflow 1.10 and 2 (see backfill create)
    #[command(hide = true)]
    Backfill(crate::commands::backfill::old::OldBackfillArgs),
    /// Let a run run again
    Clear(clear::ClearArgs),
    /// Delete everything that the database knows about a DAG
    Delete(delete::DeleteArgs),
    /// Show everything about one DAG
    Details(details::DetailsArgs),
    /// List the DAGs
    List(list::ListArgs),
    /// List the DAG files that could not be read, and why
    ListImportErrors(list_import_errors::ListImportErrorsArgs),
    /// List the processes that work on DAGs
    ListJobs(list_jobs::ListJobsArgs),
    /// List the runs of a DAG
    ListRuns(list_runs::ListRunsArgs),
    /// Show when a DAG will run next
    NextExecution(next_execution::NextExecutionArgs),
    /// Pause DAGs
    Pause(pause::PauseArgs),
    /// Show what parsing each DAG file took
    Report(report::ReportArgs),
    /// Parse every DAG file again, changed or not
    Reserialize(reserialize::ReserializeArgs),
    /// Print the tasks of a DAG and their dependencies as a Graphviz graph
    Show(show::ShowArgs),
    /// Print which DAGs depend on which, and through which assets, as a Graphviz graph
    ShowDependencies(show_dependencies::ShowDependenciesArgs),
    /// Show the state of a run
    State(state::StateArgs),
    /// Run a DAG here and now, with its logs on the terminal
    Test(test::TestArgs),
    /// Start a run of a DAG
    Trigger(trigger::TriggerArgs),
    /// Un-pause DAGs
    Unpause(pause::PauseArgs),
}

pub async fn run(command: DagsCommand, context: &Context) -> Result<(), CliError> {
    match command {
        DagsCommand::Backfill(args) => crate::commands::backfill::old::run(&args, context).await,
        DagsCommand::Clear(args) => clear::run(&args, context).await,
        DagsCommand::Delete(args) => delete::run(&args, context).await,
        DagsCommand::Details(args) => details::run(&args, context).await,
        DagsCommand::List(args) => list::run(&args, context).await,
        DagsCommand::ListImportErrors(args) => list_import_errors::run(&args, context).await,
        DagsCommand::ListJobs(args) => list_jobs::run(&args, context).await,
        DagsCommand::ListRuns(args) => list_runs::run(&args, context).await,
        DagsCommand::NextExecution(args) => next_execution::run(&args, context).await,
        DagsCommand::Pause(args) => pause::run(&args, true, context).await,
        DagsCommand::Report(args) => report::run(&args, context).await,
        DagsCommand::Reserialize(args) => reserialize::run(&args, context).await,
        DagsCommand::ShowDependencies(args) => show_dependencies::run(&args, context).await,
        DagsCommand::Show(args) => show::run(&args, context).await,
        DagsCommand::State(args) => state::run(&args, context).await,
        DagsCommand::Test(args) => test::run(args, context).await,
        DagsCommand::Trigger(args) => trigger::run(&args, context).await,
        DagsCommand::Unpause(args) => pause::run(&args, false, context).await,
    }
}
