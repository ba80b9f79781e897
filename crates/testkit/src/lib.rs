//! Test support: a private PostgreSQL, and stores on both databases.

pub mod build;
mod postgres;
mod stores;

pub use postgres::{TestPostgres, postgres};
pub use stores::{TestStore, postgres_store, sqlite_store, stores};
