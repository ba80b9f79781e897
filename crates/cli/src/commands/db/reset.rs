//! `db reset`: deletes everything.

use clap::Args;

use crate::commands::Context;
use crate::commands::session::{open_store, store_error};
use crate::config::options;
use crate::confirm::confirm;
use crate::error::CliError;

/// Arguments of `db reset`.
#[derive(Args, Debug)]
pub struct ResetArgs {
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    /// Leave the database empty: `db migrate` makes it ready
    #[arg(short, long)]
    skip_init: bool,
    /// Airflow chooses between two ways of making tables; there is one here
    #[arg(short = 'm', long, hide = true)]
    use_migration_files: bool,
}

pub async fn run(args: &ResetArgs, context: &Context) -> Result<(), CliError> {
    let config = context.config()?;
    // The address may hold a password; what follows the '@' does not.
    let address = config.text(&options::SQL_ALCHEMY_CONN);
    let shown = address.rsplit_once('@').map_or(address, |(_, place)| place);
    confirm(&format!("This deletes everything in the database {shown}. Proceed?"), args.yes)?;
    let store = open_store(&config, false).await?;
    if args.skip_init {
        store.empty().await.map_err(|error| store_error(error, context.program))?;
        println!("The database is empty.");
        return Ok(());
    }
    store.reset().await.map_err(|error| store_error(error, context.program))?;
    println!("The database is empty and ready.");
    Ok(())
}
