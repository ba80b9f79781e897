//! `celery`: workers that a broker tells of tasks, and what looks after them.

mod control;
mod flower;
mod stop;

use clap::Subcommand;

use super::Context;
use super::roles::worker::{self, WorkerArgs};
use crate::error::CliError;

/// Commands of `celery`.
#[derive(Subcommand, Debug)]
pub enum CeleryCommand {
    /// Run a worker, which a broker tells of tasks
    Worker(WorkerArgs),
    /// Ask the worker of this machine to end when its tasks are over
    Stop(stop::StopArgs),
    /// Run Flower, which shows workers and tasks in a browser
    Flower(flower::FlowerArgs),
    /// List the workers that answer
    ListWorkers(control::ListArgs),
    /// Ask a worker to end when its tasks are over
    ShutdownWorker(control::NodeArgs),
    /// Ask all workers to end when their tasks are over
    ShutdownAllWorkers(control::AllArgs),
    /// Have a worker serve more queues
    AddQueue(control::QueueArgs),
    /// Have a worker serve fewer queues
    RemoveQueue(control::QueueArgs),
    /// Have a worker serve no queue
    RemoveAllQueues(control::NodeArgs),
}

/// Runs a command of `celery`.
///
/// # Errors
/// The command's.
pub fn run(command: CeleryCommand, context: &Context) -> Result<(), CliError> {
    match command {
        CeleryCommand::Worker(args) => worker::run(&args, context, true),
        CeleryCommand::Stop(args) => stop::run(&args, context),
        CeleryCommand::Flower(args) => flower::run(&args, context),
        CeleryCommand::ListWorkers(args) => control::list(&args, context),
        CeleryCommand::ShutdownWorker(args) => control::shutdown(&args, context),
        CeleryCommand::ShutdownAllWorkers(args) => control::shutdown_all(&args, context),
        CeleryCommand::AddQueue(args) => control::queues("add_consumer", &args, context),
        CeleryCommand::RemoveQueue(args) => control::queues("cancel_consumer", &args, context),
        CeleryCommand::RemoveAllQueues(args) => control::no_queues(&args, context),
    }
}
