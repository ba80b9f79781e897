//! Connections: one writer and some readers on SQLite, a pool on Postgres; and how statements run on them.

use std::sync::Arc;

use sqlx::pool::PoolConnection;
use sqlx::{AssertSqlSafe, PgConnection, PgPool, Postgres, Sqlite, SqliteConnection, SqlitePool};
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::Error;
use crate::lock::FileLock;
use crate::row::{AnyRow, FromDb};
use crate::sql::{Bind, Dialect, Statement};

/// An open database.
#[derive(Debug)]
pub(crate) enum Db {
    /// SQLite has one writer at a time anyway; waiting for it here is fair and cheap.
    Sqlite {
        /// The one that writes.
        writer: Arc<Mutex<SqliteConnection>>,
        /// Those that read.
        readers: SqlitePool,
        /// Keeps other long-lived processes away.
        lock: Option<FileLock>,
    },
    /// Postgres.
    Postgres(PgPool),
}

impl Db {
    /// Which database it is.
    pub(crate) fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite { .. } => Dialect::Sqlite,
            Self::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Closes all connections.
    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite { writer, readers, .. } => {
                readers.close().await;
                // Leaves one tidy file behind instead of a file and its log.
                let _ = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut *writer.lock().await).await;
            }
            Self::Postgres(pool) => pool.close().await,
        }
    }

    /// A connection for reading. On SQLite it can't write.
    pub(crate) async fn reader(&self) -> Result<Reader, Error> {
        Ok(match self {
            Self::Sqlite { readers, .. } => Reader::Sqlite(readers.acquire().await?),
            Self::Postgres(pool) => {
                settle(pool).await;
                Reader::Postgres(pool.acquire().await?)
            }
        })
    }

    /// Begins a write transaction.
    pub(crate) async fn write(&self) -> Result<Writing, Error> {
        match self {
            Self::Sqlite { writer, .. } => {
                let mut writing = SqliteWriting { conn: Some(Arc::clone(writer).lock_owned().await) };
                sqlx::query("BEGIN IMMEDIATE").execute(writing.conn()?).await?;
                Ok(Writing::Sqlite(writing))
            }
            Self::Postgres(pool) => {
                settle(pool).await;
                Ok(Writing::Postgres(pool.begin().await?))
            }
        }
    }
}

/// A connection goes back to its pool in a task of its own. Let that run, so that what is wanted next does not open
/// another one for nothing.
async fn settle(pool: &sqlx::PgPool) {
    if pool.size() > 0 && pool.num_idle() == 0 {
        tokio::task::yield_now().await;
    }
}

impl Drop for Db {
    /// Whoever listens on a connection of the pool hears that it is over.
    fn drop(&mut self) {
        if let Self::Postgres(pool) = self {
            drop(pool.close());
        }
    }
}

/// A connection for reading; each statement sees the newest committed state.
pub(crate) enum Reader {
    /// Of SQLite.
    Sqlite(PoolConnection<Sqlite>),
    /// Of Postgres.
    Postgres(PoolConnection<Postgres>),
}

/// A write transaction; dropping it rolls back.
pub(crate) enum Writing {
    /// Of SQLite.
    Sqlite(SqliteWriting),
    /// Of Postgres.
    Postgres(sqlx::Transaction<'static, Postgres>),
}

/// The writer while its transaction is open.
pub(crate) struct SqliteWriting {
    conn: Option<OwnedMutexGuard<SqliteConnection>>,
}

impl SqliteWriting {
    fn conn(&mut self) -> Result<&mut SqliteConnection, Error> {
        self.conn.as_deref_mut().ok_or(Error::Database(sqlx::Error::WorkerCrashed))
    }
}

impl Drop for SqliteWriting {
    /// The connection is free for others only once the transaction is undone.
    fn drop(&mut self) {
        let (Some(mut conn), Ok(runtime)) = (self.conn.take(), tokio::runtime::Handle::try_current()) else { return };
        runtime.spawn(async move {
            // Refused when there is nothing to undo, for instance because BEGIN itself had failed.
            let _ = sqlx::query("ROLLBACK").execute(&mut *conn).await;
        });
    }
}

impl Writing {
    /// Makes it last.
    pub(crate) async fn commit(self) -> Result<(), Error> {
        match self {
            Self::Sqlite(mut writing) => {
                sqlx::query("COMMIT").execute(writing.conn()?).await?;
                writing.conn = None;
            }
            Self::Postgres(tx) => tx.commit().await?,
        }
        Ok(())
    }
}

/// A connection to run statements on.
pub(crate) enum Conn<'c> {
    /// Of SQLite.
    Sqlite(&'c mut SqliteConnection),
    /// Of Postgres.
    Postgres(&'c mut PgConnection),
}

/// Something that has a connection.
pub(crate) trait Connected {
    /// It.
    fn conn(&mut self) -> Result<Conn<'_>, Error>;
}

impl Connected for Reader {
    fn conn(&mut self) -> Result<Conn<'_>, Error> {
        Ok(match self {
            Self::Sqlite(conn) => Conn::Sqlite(conn),
            Self::Postgres(conn) => Conn::Postgres(conn),
        })
    }
}

impl Connected for Writing {
    fn conn(&mut self) -> Result<Conn<'_>, Error> {
        Ok(match self {
            Self::Sqlite(writing) => Conn::Sqlite(writing.conn()?),
            Self::Postgres(tx) => Conn::Postgres(tx),
        })
    }
}

impl Connected for Conn<'_> {
    fn conn(&mut self) -> Result<Conn<'_>, Error> {
        Ok(match self {
            Self::Sqlite(conn) => Conn::Sqlite(conn),
            Self::Postgres(conn) => Conn::Postgres(conn),
        })
    }
}

/// A statement with its arguments.
pub(crate) struct Query<'s> {
    text: Text<'s>,
    binds: Vec<Bind>,
}

enum Text<'s> {
    Known(&'s Statement),
    Made(Arc<str>),
}

impl Statement {
    /// With its first argument.
    pub(crate) fn bind(&self, value: impl Into<Bind>) -> Query<'_> {
        self.query().bind(value)
    }

    /// Without arguments yet.
    pub(crate) fn query(&self) -> Query<'_> {
        Query { text: Text::Known(self), binds: Vec::new() }
    }
}

/// A text that was put together at run time. Values belong into arguments, never into the text.
pub(crate) fn sql(text: impl Into<Arc<str>>) -> Query<'static> {
    Query { text: Text::Made(text.into()), binds: Vec::new() }
}

/// Gives the arguments to a sqlx query and runs one of its methods, on whichever database it is.
macro_rules! run {
    ($query:expr, $on:expr, $method:ident, |$rows:ident, $wrap:ident| $result:expr) => {{
        let Query { text, binds } = $query;
        let conn = $on.conn()?;
        match conn {
            Conn::Sqlite(conn) => {
                let $wrap = AnyRow::Sqlite;
                let text = text.of(Dialect::Sqlite);
                trace(&text, &binds);
                let mut query = sqlx::query::<Sqlite>(AssertSqlSafe(text));
                for bind in binds {
                    query = match bind {
                        Bind::Int(v) => query.bind(v),
                        Bind::Text(v) => query.bind(v),
                        Bind::Bool(v) => query.bind(v),
                    };
                }
                let $rows = query.$method(conn).await?;
                $result
            }
            Conn::Postgres(conn) => {
                let $wrap = AnyRow::Postgres;
                let text = text.of(Dialect::Postgres);
                trace(&text, &binds);
                let mut query = sqlx::query::<Postgres>(AssertSqlSafe(text));
                for bind in binds {
                    query = match bind {
                        Bind::Int(v) => query.bind(v),
                        Bind::Text(v) => query.bind(v),
                        Bind::Bool(v) => query.bind(v),
                    };
                }
                let $rows = query.$method(conn).await?;
                $result
            }
        }
    }};
}

/// Tells what runs, with the types of its arguments; their values may be secrets.
fn trace(text: &str, binds: &[Bind]) {
    if tracing::enabled!(target: "tradewind_store::sql", tracing::Level::TRACE) {
        let types: Vec<&str> = binds.iter().map(Bind::sql_type).collect();
        tracing::trace!(target: "tradewind_store::sql", sql = text, types = types.join(","));
    }
}

impl Text<'_> {
    fn of(&self, dialect: Dialect) -> Arc<str> {
        match self {
            Self::Known(statement) => statement.text(dialect),
            Self::Made(text) => Arc::clone(text),
        }
    }
}

impl Query<'_> {
    /// With one more argument.
    pub(crate) fn bind(mut self, value: impl Into<Bind>) -> Self {
        self.binds.push(value.into());
        self
    }

    /// With more arguments.
    pub(crate) fn bind_all(mut self, values: impl IntoIterator<Item = Bind>) -> Self {
        self.binds.extend(values);
        self
    }

    /// Runs it; answers the number of rows written.
    pub(crate) async fn run(self, on: &mut impl Connected) -> Result<u64, Error> {
        Ok(run!(self, on, execute, |done, _wrap| done.rows_affected()))
    }

    /// All rows.
    pub(crate) async fn all<T: FromDb>(self, on: &mut impl Connected) -> Result<Vec<T>, Error> {
        run!(self, on, fetch_all, |rows, wrap| rows.into_iter().map(|row| T::from_row(&wrap(row))).collect())
    }

    /// The first row, if any.
    pub(crate) async fn optional<T: FromDb>(self, on: &mut impl Connected) -> Result<Option<T>, Error> {
        run!(self, on, fetch_optional, |row, wrap| row.map(|row| T::from_row(&wrap(row))).transpose())
    }

    /// The first row; there always is one.
    pub(crate) async fn one<T: FromDb>(self, on: &mut impl Connected) -> Result<T, Error> {
        self.optional(on).await?.ok_or(Error::Database(sqlx::Error::RowNotFound))
    }
}
