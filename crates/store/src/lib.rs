//! The database: statements, migrations, snapshots, guarded writes. The only crate with SQL.

mod address;
mod db;
mod error;
mod lock;
mod migrate;
mod models;
mod notifier;
mod open;
mod planning;
pub mod read;
mod row;
mod sql;

use std::sync::Arc;

use tradewind_core::Timestamp;

pub use error::Error;
pub use migrate::MigrateReport;
pub use models::{RunRow, TiRow};
pub use notifier::{Listener, Notifier, Topic};
pub use open::StoreOptions;
pub use planning::{DagStatus, PreviousRun, RunningTry, TaskOutcome};
pub use sql::Dialect;

use crate::db::Db;

/// An open database. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    db: Arc<Db>,
    notifier: Notifier,
}

impl Store {
    /// Opens the database at that address: `postgresql://…` or `sqlite:////path`, in every usual spelling.
    ///
    /// # Errors
    /// [`Error::Address`], [`Error::Unreachable`] or [`Error::InUse`], each with a text for the person who set it up.
    pub async fn open(url: &str, options: StoreOptions) -> Result<Self, Error> {
        let db = Arc::new(open::open(url, &options).await?);
        Ok(Self { inner: Arc::new(Inner { db, notifier: Notifier::new() }) })
    }

    /// Which database it is.
    pub fn dialect(&self) -> Dialect {
        self.inner.db.dialect()
    }

    /// Wakes and waits.
    pub fn notifier(&self) -> &Notifier {
        &self.inner.notifier
    }

    pub(crate) fn db(&self) -> &Arc<Db> {
        &self.inner.db
    }
}

/// The clock, for columns that only tell people when a row changed.
pub(crate) fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}
