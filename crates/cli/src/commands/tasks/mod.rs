//! `tasks`: lists and changes tasks and their instances.

mod clear;
mod list;
mod render;
mod run;
mod state;
mod states_for_dag_run;
mod test;
mod why;

use clap::Subcommand;

use super::Context;
use crate::error::CliError;

/// Commands of the group.
#[derive(Subcommand, Debug)]
pub enum TasksCommand {
    /// Let task instances run again
    Clear(clear::ClearArgs),
    /// Show which conditions of a task instance are not met
    FailedDeps(why::WhyArgs),
    /// List the tasks of a DAG
    List(list::ListArgs),
    /// Show the templates of a task as a try would fill them in
    Render(render::RenderArgs),
    /// Let a task instance run again and wait for its end
    Run(run::RunArgs),
    /// Show the state of a task instance
    State(state::StateArgs),
    /// Show the states of all task instances of a run
    StatesForDagRun(states_for_dag_run::StatesArgs),
    /// Run one task here and now, with its log on the terminal
    Test(test::TestArgs),
    /// Say why a task instance does not run, or why it ended
    Why(why::WhyArgs),
}

pub async fn run(command: TasksCommand, context: &Context) -> Result<(), CliError> {
    match command {
        TasksCommand::Clear(args) => clear::run(&args, context).await,
        TasksCommand::List(args) => list::run(&args, context).await,
        TasksCommand::Render(args) => render::run(&args, context).await,
        TasksCommand::Run(args) => run::run(&args, context).await,
        TasksCommand::State(args) => state::run(&args, context).await,
        TasksCommand::StatesForDagRun(args) => states_for_dag_run::run(&args, context).await,
        TasksCommand::FailedDeps(args) => why::failed_deps(&args, context).await,
        TasksCommand::Test(args) => test::run(args, context).await,
        TasksCommand::Why(args) => why::why(&args, context).await,
    }
}
