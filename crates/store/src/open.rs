//! Opening a database.

use std::path::Path;
use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _};
use tokio::sync::Mutex;

use crate::Error;
use crate::address::Address;
use crate::db::Db;
use crate::lock::FileLock;

/// How to open a database.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    /// Connections at most (SQLite: for reading, besides the one that writes). At least 2 on Postgres.
    pub pool_size: u32,
    /// Be the only long-lived process on an SQLite file: a second one is refused. Commands leave this off.
    pub exclusive: bool,
    /// Comma-separated Fernet keys; the first encrypts, all decrypt. Empty: secrets are stored as plain text.
    pub fernet_key: String,
    /// Prepared statements kept by each connection. 0 for pgbouncer in transaction mode.
    pub statement_cache: usize,
    /// Leave the XComs of earlier tries to the tries that come: `[core] xcom_backend` names a class that keeps values
    /// elsewhere, and must be told of each one that goes.
    pub tries_forget_xcoms: bool,
    /// How long to wait for a connection, or for SQLite's lock.
    pub timeout: Duration,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            pool_size: 5,
            exclusive: false,
            fernet_key: String::new(),
            statement_cache: 256,
            tries_forget_xcoms: false,
            timeout: Duration::from_secs(30),
        }
    }
}

/// Longer than any pause between two statements of a transaction on a busy machine; in milliseconds.
const IDLE_IN_TRANSACTION: &str = "8000";

/// Connects.
pub(crate) async fn open(url: &str, options: &StoreOptions) -> Result<Db, Error> {
    match Address::from_str(url)? {
        Address::Sqlite(path) => sqlite(&path, options).await,
        Address::Postgres(connect, shown) => postgres(*connect, &shown, options).await,
    }
}

async fn sqlite(path: &Path, options: &StoreOptions) -> Result<Db, Error> {
    let failed = |reason: String| Error::Unreachable { address: path.display().to_string(), reason };
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(|error| failed(format!("its folder can't be made: {error}")))?;
    }
    let lock = if options.exclusive { Some(FileLock::take(path)?) } else { None };
    let connect = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        // A crash of this program loses nothing; a power cut may lose the last moments but never corrupts.
        .synchronous(SqliteSynchronous::Normal)
        .foreign_keys(true)
        .busy_timeout(options.timeout)
        .statement_cache_capacity(options.statement_cache.max(1))
        // Pages are shared between connections by the kernel instead of being cached once in each.
        .pragma("mmap_size", "134217728")
        .pragma("temp_store", "MEMORY")
        .disable_statement_logging();
    let writer = connect
        .clone()
        .pragma("cache_size", "-8000")
        .pragma("wal_autocheckpoint", "2000")
        .pragma("journal_size_limit", "67108864")
        .thread_name(|_| "sqlite-writer".into());
    let mut writer = sqlx::SqliteConnection::connect_with(&writer).await.map_err(|error| failed(error.to_string()))?;
    // Opening is lazy in SQLite: look inside now, so that a file that is not a database is refused here.
    sqlx::query("SELECT COUNT(*) FROM sqlite_master")
        .execute(&mut writer)
        .await
        .map_err(|error| failed(error.to_string()))?;
    let readers = SqlitePoolOptions::new()
        .max_connections(options.pool_size.max(1))
        .min_connections(0)
        .idle_timeout(Duration::from_secs(60))
        .max_lifetime(None)
        .test_before_acquire(false)
        .acquire_timeout(options.timeout)
        .connect_lazy_with(
            connect.pragma("cache_size", "-2000").pragma("query_only", "1").thread_name(|id| format!("sqlite-{id}")),
        );
    Ok(Db::Sqlite { writer: Arc::new(Mutex::new(writer)), readers, lock })
}

async fn postgres(connect: PgConnectOptions, shown: &str, options: &StoreOptions) -> Result<Db, Error> {
    let mut connect = connect.statement_cache_capacity(options.statement_cache).disable_statement_logging();
    if connect.get_application_name().is_none() {
        connect = connect.application_name("tradewind");
    }
    if options.statement_cache > 0 {
        // Not with pgbouncer, which refuses start-up parameters that it does not know.
        connect = connect.options([
            ("client_min_messages", "warning"),
            ("jit", "off"),
            // A process that was stopped, or whose machine is gone, in the middle of a transaction must not keep its
            // locks: everybody else would wait for it.
            ("idle_in_transaction_session_timeout", IDLE_IN_TRANSACTION),
        ]);
    }
    let pool = PgPoolOptions::new()
        // One more, which listens to notifications.
        .max_connections(options.pool_size.max(2) + 1)
        .min_connections(0)
        .acquire_timeout(options.timeout)
        .idle_timeout(Duration::from_secs(300))
        .test_before_acquire(false)
        // A connection that idled may have been cut; one that was just used is not worth another round trip.
        .before_acquire(|conn, meta| {
            Box::pin(async move {
                if meta.idle_for > Duration::from_secs(5) { Ok(conn.ping().await.is_ok()) } else { Ok(true) }
            })
        })
        .connect_lazy_with(connect.clone());
    // One attempt, so that a wrong address is told at once instead of after the pool's timeout.
    let failed = |reason: String| Error::Unreachable { address: shown.to_owned(), reason };
    let first = async {
        knock(&connect).await?;
        pool.acquire().await?.ping().await
    };
    match tokio::time::timeout(options.timeout, first).await {
        Ok(Ok(())) => Ok(Db::Postgres(pool)),
        Ok(Err(error)) => Err(failed(error.to_string())),
        Err(_) => Err(failed(format!("no answer within {} s", options.timeout.as_secs()))),
    }
}

/// Whether somebody listens at the address. The pool itself would go on knocking until its time is over.
async fn knock(at: &PgConnectOptions) -> std::io::Result<()> {
    match at.get_socket() {
        Some(folder) => {
            let socket = folder.join(format!(".s.PGSQL.{}", at.get_port()));
            tokio::net::UnixStream::connect(socket).await.map(drop)
        }
        None if at.get_host().starts_with('/') => {
            let socket = Path::new(at.get_host()).join(format!(".s.PGSQL.{}", at.get_port()));
            tokio::net::UnixStream::connect(socket).await.map(drop)
        }
        None => tokio::net::TcpStream::connect((at.get_host(), at.get_port())).await.map(drop),
    }
}
