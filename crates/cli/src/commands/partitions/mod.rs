//! `partitions`: what runs say about the partition that they are about.

mod clear;

use clap::Subcommand;

use super::Context;
use crate::error::CliError;

pub use clear::Window;

/// Commands of the group.
#[derive(Subcommand, Debug)]
pub enum PartitionsCommand {
    /// Let runs forget which partition they are about
    Clear(clear::ClearArgs),
}

pub async fn run(command: PartitionsCommand, context: &Context) -> Result<(), CliError> {
    match command {
        PartitionsCommand::Clear(args) => clear::run(&args, context).await,
    }
}
