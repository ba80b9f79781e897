//! Test support: a private PostgreSQL, and stores on both databases.

mod postgres;
mod stores;

pub use postgres::{TestPostgres, postgres};
pub use stores::{TestStore, postgres_store, sqlite_store, stores};
