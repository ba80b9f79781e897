//! `jobs`: processes that say that they are alive.

mod check;

use clap::Subcommand;

use super::Context;
use crate::error::CliError;

/// Commands of the group.
#[derive(Subcommand, Debug)]
pub enum JobsCommand {
    /// Check whether a process is alive; for health checks of containers
    Check(check::CheckArgs),
}

pub async fn run(command: JobsCommand, context: &Context) -> Result<(), CliError> {
    match command {
        JobsCommand::Check(args) => check::run(&args, context).await,
    }
}
