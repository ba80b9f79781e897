//! `db migrate`: makes the database ready, or brings it up to date.

use clap::Args;

use crate::commands::Context;
use crate::commands::session::{migrate, open_store};
use crate::error::CliError;
use crate::home;

/// Arguments of `db migrate`.
#[derive(Args, Debug)]
pub struct MigrateArgs {
    /// Airflow compiles its DAGs again after a migration; there is no need here
    #[arg(long, hide = true)]
    no_reserialize_dags: bool,
    /// Airflow chooses between two ways of making tables; there is one here
    #[arg(short = 'm', long, hide = true)]
    use_migration_files: bool,
}

pub async fn run(_args: &MigrateArgs, context: &Context) -> Result<(), CliError> {
    let config = home::ensure(context.config()?)?;
    let store = open_store(&config, false).await?;
    let report = migrate(&config, &store, context.program).await?;
    match report.applied.as_slice() {
        [] => println!("The database is up to date (schema version {}).", report.to),
        applied => {
            println!("Applied {} to {}: {}", report.from + 1, report.to, applied.join(", "));
            println!("Database migrating done!");
        }
    }
    Ok(())
}
