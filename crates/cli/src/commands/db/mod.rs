//! `db`: the metadata database.

mod check;
mod check_migrations;
mod migrate;
mod reset;

use clap::Subcommand;

use super::Context;
use crate::error::CliError;

/// Commands of the group.
#[derive(Subcommand, Debug)]
pub enum DbCommand {
    /// Check that the database can be reached
    Check(check::CheckArgs),
    /// Wait until the database's schema is right
    CheckMigrations(check_migrations::CheckMigrationsArgs),
    /// Make the database ready, or bring it up to date
    #[command(alias = "init", alias = "upgrade")]
    Migrate(migrate::MigrateArgs),
    /// Delete everything in the database and make it ready again
    Reset(reset::ResetArgs),
}

pub async fn run(command: DbCommand, context: &Context) -> Result<(), CliError> {
    match command {
        DbCommand::Check(args) => check::run(&args, context).await,
        DbCommand::CheckMigrations(args) => check_migrations::run(&args, context).await,
        DbCommand::Migrate(args) => migrate::run(&args, context).await,
        DbCommand::Reset(args) => reset::run(&args, context).await,
    }
}
