//! `db migrate`: makes the database ready, or brings it up to date.

use clap::Args;
use tradewind_store::{Dialect, Store};

use crate::commands::Context;
use crate::commands::session::{migrate, must_exist, open_store};
use crate::error::CliError;
use crate::home;

/// Arguments of `db migrate`.
#[derive(Args, Debug)]
pub struct MigrateArgs {
    /// Only print the SQL that would be run
    #[arg(short, long)]
    show_sql_only: bool,
    /// Airflow compiles its DAGs again after a migration; there is no need here
    #[arg(long, hide = true)]
    no_reserialize_dags: bool,
    /// Airflow chooses between two ways of making tables; there is one here
    #[arg(short = 'm', long, hide = true)]
    use_migration_files: bool,
}

pub async fn run(args: &MigrateArgs, context: &Context) -> Result<(), CliError> {
    if args.show_sql_only {
        return show(context).await;
    }
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

/// Prints what is missing; an SQLite file that is not there is not made for it.
async fn show(context: &Context) -> Result<(), CliError> {
    let config = context.config()?;
    let sql = match must_exist(&config, context.program) {
        Ok(()) => open_store(&config, false).await?.pending_sql().await?,
        Err(_) => Store::whole_sql(Dialect::Sqlite),
    };
    print!("{sql}");
    Ok(())
}
