//! The roles: processes that stay.

pub mod daemon;

pub mod api_server;
pub mod dag_processor;
pub mod run_try;
pub mod scheduler;
pub mod standalone;
pub mod triggerer;
pub mod worker;

use super::Context;
use super::session::{migrate, open_store, store_error};
use crate::config::{Config, options};
use crate::error::CliError;
use crate::{roles, terminal};

use tradewind_store::Store;

/// Reads the configuration, names everything in it that has no effect, and starts logging.
fn begin(context: &Context) -> Result<Config, CliError> {
    let config = Config::load()?;
    config.warnings(true).iter().for_each(|warning| terminal::warn(warning));
    roles::start_logging(&config, context.verbose);
    Ok(config)
}

/// Opens the database for a role of its own: with the schema that it needs.
async fn database(config: &Config, context: &Context) -> Result<Store, CliError> {
    let store = open_store(config, false).await?;
    if config.flag(&options::CHECK_MIGRATIONS) {
        migrate(config, &store, context.program).await?;
    } else {
        store.check().await.map_err(|error| store_error(error, context.program))?;
    }
    tradewind_engine::end_jobs_of_dead_processes(&store, &roles::hostname(), roles::now()).await?;
    Ok(store)
}
