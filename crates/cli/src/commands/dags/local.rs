//! `--local`: what the DAG files say now, whatever the database knows.

use std::path::PathBuf;

use tradewind_store::{Store, StoreOptions};

use super::reserialize::once;
use crate::commands::Context;
use crate::commands::session::{Session, must_exist};
use crate::config::Config;
use crate::error::CliError;
use crate::home;
use crate::progress::Progress;
use crate::roles::settings;
use crate::roles::{answerer, answerer_without_database};

/// A database that has nothing but what was just parsed; gone when this is.
pub struct Local {
    /// It.
    pub store: Store,
    folder: PathBuf,
}

impl Drop for Local {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Parses all files of these bundles (none: of all). Variables and connections come from the real database, if there
/// is one.
///
/// # Errors
/// There is no usable Python, or no bundle of a name.
pub async fn parse(config: &Config, bundle_names: &[String], context: &Context) -> Result<Local, CliError> {
    let bundles = settings::bundles_named(config, bundle_names)?;
    settings::write_examples(config, &bundles)?;
    let variables = match must_exist(config, context.program) {
        Ok(()) => answerer(Session::open(context).await?.store),
        Err(_) => answerer_without_database(),
    };
    let folder = std::env::temp_dir().join(format!("tradewind-local-{}-{}", std::process::id(), home::random_text(6)));
    home::private_folder(&folder)?;
    let address = format!("sqlite:///{}", folder.join("local.db").display());
    let store = Store::open(&address, StoreOptions::default()).await?;
    let local = Local { store, folder };
    local.store.migrate().await?;
    let progress = Progress::new();
    once(config, &local.store, &variables, &bundles, &progress).await?;
    progress.done();
    Ok(local)
}
