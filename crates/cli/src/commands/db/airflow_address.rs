//! Where an Airflow's database is and with what its secrets are encrypted: options, or the airflow.cfg of that Airflow.

use std::path::{Path, PathBuf};

use clap::Args;
use tradewind_store::Fernet;

use crate::commands::Context;
use crate::config::{Config, options};
use crate::error::CliError;

/// How to reach and read an Airflow's database.
#[derive(Args, Debug)]
pub struct AirflowArgs {
    /// The Fernet keys of that Airflow, separated by commas [default: those of --config, else the configured ones]
    #[arg(long, value_name = "KEYS", hide_env_values = true)]
    fernet_key: Option<String>,
    /// The airflow.cfg of that Airflow: has its Fernet keys, and the address if that is not given
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// What was found out.
pub struct AirflowAddress {
    /// Of its database.
    pub url: String,
    /// Its keys.
    pub fernet: Fernet,
}

impl AirflowArgs {
    /// From the options, then from its airflow.cfg, then (the keys only) from our configuration.
    ///
    /// # Errors
    /// A file that can't be read, a key that is none, no address.
    pub fn address(&self, url: Option<&str>, flag: &str, context: &Context) -> Result<AirflowAddress, CliError> {
        let theirs = self.config.as_deref().map(read).transpose()?;
        let keys = match (&self.fernet_key, &theirs) {
            (Some(keys), _) => keys.clone(),
            (None, Some(theirs)) => theirs.text(&options::FERNET_KEY).to_owned(),
            (None, None) => context.config()?.text(&options::FERNET_KEY).to_owned(),
        };
        let url = match (url, &theirs) {
            (Some(url), _) => url.to_owned(),
            (None, Some(theirs)) => theirs.text(&options::SQL_ALCHEMY_CONN).to_owned(),
            (None, None) => {
                return Err(CliError::usage(format!("{flag} is missing")).hint(format!(
                    "{flag} postgresql://user:password@host/airflow, or --config with its airflow.cfg"
                )));
            }
        };
        let fernet = Fernet::new(&keys).map_err(|error| CliError::usage(error.to_string()))?;
        Ok(AirflowAddress { url, fernet })
    }
}

/// The configuration of another installation: its file alone, and not what the environment says about ours.
fn read(file: &Path) -> Result<Config, CliError> {
    if !file.exists() {
        return Err(CliError::usage(format!("there is no file {}", file.display())));
    }
    let file = std::path::absolute(file)?;
    let home = file.parent().map(Path::to_path_buf).unwrap_or_default();
    let kept = std::env::vars().filter(|(name, _)| !name.starts_with("AIRFLOW__") && !name.starts_with("TRADEWIND__"));
    let own = [("AIRFLOW_HOME", home), ("AIRFLOW_CONFIG", file)];
    let own = own.into_iter().map(|(name, path)| (name.to_owned(), path.display().to_string()));
    Ok(Config::from_env(kept.chain(own))?)
}
