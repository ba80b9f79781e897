//! What commands that need the database start from.

use std::path::Path;
use std::time::Duration;

use tradewind_store::{MigrateReport, Pool, Store, StoreOptions};

use super::Context;
use crate::config::{Config, options};
use crate::error::CliError;

/// Configuration and an open database whose schema is right.
pub struct Session {
    /// The configuration.
    pub config: Config,
    /// The database.
    pub store: Store,
}

impl Session {
    /// Opens the configured database and checks its schema.
    ///
    /// # Errors
    /// Wrong configuration, no or an old or a newer database.
    pub async fn open(context: &Context) -> Result<Self, CliError> {
        let config = context.config()?;
        must_exist(&config, context.program)?;
        let store = open_store(&config, false).await?;
        store.check().await.map_err(|error| store_error(error, context.program))?;
        Ok(Self { config, store })
    }
}

/// A command that only looks or changes makes no SQLite file: there would be nothing in it.
///
/// # Errors
/// There is no such file.
pub fn must_exist(config: &Config, program: &str) -> Result<(), CliError> {
    let address = config.text(&options::SQL_ALCHEMY_CONN);
    let Some(path) = address.strip_prefix("sqlite:///") else { return Ok(()) };
    if Path::new(path.split('?').next().unwrap_or(path)).exists() {
        return Ok(());
    }
    Err(CliError::failed(format!("there is no database at {path}"))
        .hint(format!("make one with: {program} db migrate, or start: {program} standalone")))
}

/// Opens the configured database. `exclusive`: this process will stay, and no other may run on the same SQLite file.
///
/// # Errors
/// The database's, with what to do.
pub async fn open_store(config: &Config, exclusive: bool) -> Result<Store, CliError> {
    let options = StoreOptions {
        pool_size: u32::try_from(config.int(&options::SQL_ALCHEMY_POOL_SIZE)).unwrap_or(5).max(2),
        exclusive,
        fernet_key: config.text(&options::FERNET_KEY).to_owned(),
        tries_forget_xcoms: config.lookup("core", "xcom_backend").is_some_and(|set| !is_own_xcom(&set.text)),
        // A person who waits for an answer should not wait long for "there is no server".
        timeout: Duration::from_secs(10),
        ..StoreOptions::default()
    };
    Store::open(config.text(&options::SQL_ALCHEMY_CONN), options).await.map_err(|error| store_error(error, "tradewind"))
}

/// Whether `[core] xcom_backend` names what keeps XComs in the database and nowhere else.
fn is_own_xcom(class: &str) -> bool {
    class.is_empty() || class.starts_with("airflow.models.xcom.") || class.starts_with("airflow.sdk.")
}

/// Brings the schema up to date; an empty database gets what the configuration says about new ones.
///
/// # Errors
/// The database's, with what to do.
pub async fn migrate(config: &Config, store: &Store, program: &str) -> Result<MigrateReport, CliError> {
    let report = store.migrate().await.map_err(|error| store_error(error, program))?;
    if report.from == 0 && config.is_set(&options::DEFAULT_POOL_TASK_SLOT_COUNT) {
        let slots = i32::try_from(config.int(&options::DEFAULT_POOL_TASK_SLOT_COUNT)).unwrap_or(128);
        if let Some(pool) = store.pool("default_pool").await? {
            store.put_pool(&Pool { slots, ..pool }).await?;
        }
    }
    Ok(report)
}

/// The database's error with what to do about it.
pub fn store_error(error: tradewind_store::Error, program: &str) -> CliError {
    use tradewind_store::Error;
    let cli = CliError::failed(error.to_string());
    match error {
        Error::Address(_) => CliError { code: 2, ..cli }
            .hint("set [database] sql_alchemy_conn (AIRFLOW__DATABASE__SQL_ALCHEMY_CONN) to an address of that form"),
        Error::Unreachable { .. } => {
            cli.hint("check [database] sql_alchemy_conn (AIRFLOW__DATABASE__SQL_ALCHEMY_CONN) and that the server runs")
        }
        Error::NotMigrated { found: 0, known } => {
            CliError::failed(format!("the database is empty (its schema should have version {known})"))
                .hint(format!("make it ready with: {program} db migrate"))
        }
        Error::NotMigrated { found, known } => {
            CliError::failed(format!("the database has schema version {found} and this program needs {known}"))
                .hint(format!("bring it up to date with: {program} db migrate"))
        }
        _ => cli,
    }
}

impl From<tradewind_store::Error> for CliError {
    fn from(error: tradewind_store::Error) -> Self {
        store_error(error, "tradewind")
    }
}
