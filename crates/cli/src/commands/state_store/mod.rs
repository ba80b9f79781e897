//! `state-store`: looks after what tasks remember.

mod clean;

use clap::Subcommand;

use super::Context;
use crate::error::CliError;

/// Commands of the group.
#[derive(Subcommand, Debug)]
pub enum StateStoreCommand {
    /// Delete what tasks remembered and should be forgotten by now
    Clean(clean::CleanArgs),
}

pub async fn run(command: StateStoreCommand, context: &Context) -> Result<(), CliError> {
    match command {
        StateStoreCommand::Clean(args) => clean::run(&args, context).await,
    }
}
