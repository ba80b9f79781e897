//! `backfill`: makes up for dates of the past. The scheduler runs them.

pub mod create;
mod wait;
mod words;

pub mod old;

use clap::Subcommand;

use super::Context;
use crate::error::CliError;

/// Commands of the group.
#[derive(Subcommand, Debug)]
pub enum BackfillCommand {
    /// Make a backfill: runs for dates of a DAG's schedule
    Create(create::CreateArgs),
}

pub async fn run(command: BackfillCommand, context: &Context) -> Result<(), CliError> {
    match command {
        BackfillCommand::Create(args) => create::run(&args, context).await,
    }
}
