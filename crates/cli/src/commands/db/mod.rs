//! `db`: the metadata database.

mod airflow_address;
mod archived;
mod check;
mod check_migrations;
mod clean;
mod export_airflow;
mod import_airflow;
mod migrate;
mod reset;
mod shell;

use clap::Subcommand;

use super::Context;
use crate::error::CliError;

/// Commands of the group.
#[derive(Subcommand, Debug)]
pub enum DbCommand {
    /// Check that the database can be reached
    Check(check::CheckArgs),
    /// Delete old rows, and keep them in archive tables
    Clean(clean::CleanArgs),
    /// Wait until the database's schema is right
    CheckMigrations(check_migrations::CheckMigrationsArgs),
    /// Drop the archive tables of `db clean`
    DropArchived(archived::DropArgs),
    /// Write connections, variables and pools into the metadata database of an Airflow
    ExportAirflow(export_airflow::ExportAirflowArgs),
    /// Write the archive tables of `db clean` to files
    ExportArchived(archived::ExportArgs),
    /// Read the metadata database of an Airflow 1.10, 2 or 3 into this one
    ImportAirflow(import_airflow::ImportAirflowArgs),
    /// Make the database ready, or bring it up to date
    #[command(alias = "init", alias = "upgrade")]
    Migrate(migrate::MigrateArgs),
    /// Delete everything in the database and make it ready again
    Reset(reset::ResetArgs),
    /// Open the database's own shell
    Shell,
}

pub async fn run(command: DbCommand, context: &Context) -> Result<(), CliError> {
    match command {
        DbCommand::Clean(args) => clean::run(&args, context).await,
        DbCommand::DropArchived(args) => archived::drop(&args, context).await,
        DbCommand::ExportArchived(args) => archived::export(&args, context).await,
        DbCommand::Shell => shell::run(context),
        DbCommand::Check(args) => check::run(&args, context).await,
        DbCommand::CheckMigrations(args) => check_migrations::run(&args, context).await,
        DbCommand::ExportAirflow(args) => export_airflow::run(&args, context).await,
        DbCommand::ImportAirflow(args) => import_airflow::run(&args, context).await,
        DbCommand::Migrate(args) => migrate::run(&args, context).await,
        DbCommand::Reset(args) => reset::run(&args, context).await,
    }
}
