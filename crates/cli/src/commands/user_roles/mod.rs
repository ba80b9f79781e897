//! `roles`: what users may do, in the words of Airflow's FAB.

mod change;
mod list;
mod transfer;

use clap::Subcommand;

use super::Context;
use crate::error::CliError;

/// Commands of the group.
#[derive(Subcommand, Debug)]
pub enum RolesCommand {
    /// List the roles
    List(list::ListArgs),
    /// Make roles
    Create(change::NamesArgs),
    /// Delete roles
    Delete(change::NamesArgs),
    /// Let roles do more
    AddPerms(change::PermissionArgs),
    /// Let roles do less
    DelPerms(change::PermissionArgs),
    /// Write own roles with their permissions to a file
    Export(transfer::ExportArgs),
    /// Read roles with their permissions from a file
    Import(transfer::ImportArgs),
}

pub async fn run(command: RolesCommand, context: &Context) -> Result<(), CliError> {
    match command {
        RolesCommand::List(args) => list::run(&args, context).await,
        RolesCommand::Create(args) => change::create(&args, context).await,
        RolesCommand::Delete(args) => change::delete(&args, context).await,
        RolesCommand::AddPerms(args) => change::add_permissions(&args, context).await,
        RolesCommand::DelPerms(args) => change::drop_permissions(&args, context).await,
        RolesCommand::Export(args) => transfer::export(&args, context).await,
        RolesCommand::Import(args) => transfer::import(&args, context).await,
    }
}
