//! `sync-perm`: what scripts of Airflow 1.10 and 2 call after an update.

use super::Context;
use super::session::Session;
use crate::error::CliError;

pub async fn run(context: &Context) -> Result<(), CliError> {
    // Says what is wrong with the database, as the command always did.
    Session::open(context).await?;
    println!("Nothing to do: rights follow roles and DAGs the moment that these change.");
    Ok(())
}
