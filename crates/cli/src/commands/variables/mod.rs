//! `variables`: values that DAG files share.

mod delete;
mod export;
mod get;
mod import;
mod list;
mod set;

use clap::Subcommand;

use super::Context;
use crate::error::CliError;

/// Commands of the group.
#[derive(Subcommand, Debug)]
pub enum VariablesCommand {
    /// Delete a variable
    Delete(delete::DeleteArgs),
    /// Write all variables to a file
    Export(export::ExportArgs),
    /// Print a variable
    Get(get::GetArgs),
    /// Read variables from a file
    Import(import::ImportArgs),
    /// List the variables
    List(list::ListArgs),
    /// Set a variable
    Set(set::SetArgs),
}

pub async fn run(command: VariablesCommand, context: &Context) -> Result<(), CliError> {
    match command {
        VariablesCommand::Delete(args) => delete::run(&args, context).await,
        VariablesCommand::Export(args) => export::run(&args, context).await,
        VariablesCommand::Get(args) => get::run(&args, context).await,
        VariablesCommand::Import(args) => import::run(&args, context).await,
        VariablesCommand::List(args) => list::run(&args, context).await,
        VariablesCommand::Set(args) => set::run(&args, context).await,
    }
}
