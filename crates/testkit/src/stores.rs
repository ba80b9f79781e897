//! Stores to test with: each test has databases of its own, migrated.

use tempfile::TempDir;
use tradewind_store::{Store, StoreOptions};

use crate::postgres::{TestPostgres, postgres};

/// A migrated database that belongs to one test.
#[derive(Debug)]
pub struct TestStore {
    /// It, open.
    pub store: Store,
    /// Its address, for opening it once more.
    pub url: String,
    /// `sqlite` or `postgres`, for messages.
    pub name: &'static str,
    _folder: Option<TempDir>,
    _postgres: Option<TestPostgres>,
}

impl std::ops::Deref for TestStore {
    type Target = Store;
    fn deref(&self) -> &Store {
        &self.store
    }
}

/// One store of each kind.
pub async fn stores() -> [TestStore; 2] {
    [sqlite_store().await, postgres_store().await]
}

/// On SQLite.
///
/// # Panics
/// If it can't be made.
pub async fn sqlite_store() -> TestStore {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let url = format!("sqlite:///{}/test.db", folder.path().display());
    let store = Store::open(&url, StoreOptions::default()).await.expect("a new SQLite database opens");
    store.migrate().await.expect("a new database migrates");
    TestStore { store, url, name: "sqlite", _folder: Some(folder), _postgres: None }
}

/// On Postgres.
///
/// # Panics
/// If it can't be made, for instance because PostgreSQL is not installed.
pub async fn postgres_store() -> TestStore {
    let server = postgres();
    let template = server.template(async |url| {
        let store = Store::open(url, StoreOptions::default()).await.expect("the template database opens");
        store.migrate().await.expect("the template database migrates");
        store.close().await;
    });
    let url = template.await;
    let options = StoreOptions { pool_size: 4, ..StoreOptions::default() };
    let store = Store::open(&url, options).await.expect("the test's database opens");
    TestStore { store, url, name: "postgres", _folder: None, _postgres: Some(server) }
}
