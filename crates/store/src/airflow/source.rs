//! The metadata database of an Airflow, open for reading: what tables and columns it has, and rows of it.
//!
//! Nothing is ever written: Postgres sessions are read-only and SQLite files are opened for reading. Every column is
//! selected as text, so that one piece of code reads both databases and every version.

use std::collections::BTreeMap;
use std::str::FromStr as _;

use futures::TryStreamExt as _;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Executor as _, PgConnection, Row as _, SqliteConnection};
use tokio::sync::mpsc;

use super::foreign::{Foreign, Record};
use crate::Error;
use crate::address::Address;
use crate::sql::Dialect;

/// Rows that travel together from the source's connection to whoever writes them.
const CHUNK: usize = 1_000;
/// Bytes of them, so that large XComs do not pile up in memory.
const CHUNK_BYTES: usize = 4 << 20;

/// An Airflow's metadata database.
#[derive(Clone, Debug)]
pub struct AirflowSource {
    pool: Pool,
    /// Table to column to type.
    tables: BTreeMap<String, BTreeMap<String, String>>,
    shown: String,
    revision: Option<String>,
}

#[derive(Clone, Debug)]
enum Pool {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

/// A connection that may write, for exports alone.
pub(super) enum Writing {
    /// Of SQLite.
    Sqlite(Box<SqliteConnection>),
    /// Of Postgres.
    Postgres(Box<PgConnection>),
}

impl AirflowSource {
    /// Opens the database at that address, for reading only.
    ///
    /// # Errors
    /// [`Error::Address`] and [`Error::Unreachable`]; [`Error::Invalid`] if it is not an Airflow's.
    pub async fn open(url: &str) -> Result<Self, Error> {
        let engine = url.split(':').next().unwrap_or_default().split('+').next().unwrap_or_default().to_lowercase();
        if matches!(engine.as_str(), "mysql" | "mariadb" | "mssql") {
            return Err(Error::Address(format!(
                "{engine} can't be read directly: copy the database into a PostgreSQL first, for instance with pgloader, \
                 and import from there"
            )));
        }
        let (pool, shown) = match Address::from_str(url)? {
            Address::Sqlite(path) => (sqlite(&path).await?, format!("sqlite:///{}", path.display())),
            Address::Postgres(connect, shown) => (postgres(*connect, &shown).await?, shown),
        };
        let mut source = Self { pool, tables: BTreeMap::new(), shown, revision: None };
        source.look().await?;
        Ok(source)
    }

    /// The address, without its password.
    pub fn address(&self) -> &str {
        &self.shown
    }

    /// What its migrations say of it (`alembic_version`).
    pub fn revision(&self) -> Option<&str> {
        self.revision.as_deref()
    }

    /// Which Airflow made it, as far as its columns tell.
    pub fn version(&self) -> &'static str {
        match () {
            () if self.has("dag_run", "logical_date") => "Airflow 3",
            () if self.has("dag_run", "data_interval_start") => "Airflow 2.2 to 2.11",
            () if self.has("dag_run", "run_type") => "Airflow 2.0 or 2.1",
            () => "Airflow 1.10",
        }
    }

    /// Whether there is such a table.
    pub(super) fn has_table(&self, table: &str) -> bool {
        self.tables.contains_key(table)
    }

    /// Whether there is such a column.
    pub(super) fn has(&self, table: &str, column: &str) -> bool {
        self.type_of(table, column).is_some()
    }

    /// The database's word for a column's type, in small letters.
    pub(super) fn type_of(&self, table: &str, column: &str) -> Option<&str> {
        self.tables.get(table)?.get(column).map(String::as_str)
    }

    /// Which database it is.
    pub(super) fn dialect(&self) -> Dialect {
        match self.pool {
            Pool::Sqlite(_) => Dialect::Sqlite,
            Pool::Postgres(_) => Dialect::Postgres,
        }
    }

    /// How many rows a table has; 0 if there is no such table.
    pub(super) async fn count(&self, table: &str) -> Result<u64, Error> {
        if self.has_table(table) { self.count_where(table, "1 = 1").await } else { Ok(0) }
    }

    /// How many rows of a table are so.
    pub(super) async fn count_where(&self, table: &str, condition: &str) -> Result<u64, Error> {
        let rows = self.texts(format!("SELECT CAST(COUNT(*) AS TEXT) FROM {table} WHERE {condition}"), 1).await?;
        Ok(rows.first().and_then(|row| row.first()?.as_deref()?.parse().ok()).unwrap_or_default())
    }

    /// All rows of a struct whose tables are these (`FROM …`), with what follows.
    pub(super) async fn all<T: Foreign>(&self, from: &str, rest: &str) -> Result<Vec<T>, Error> {
        let rows = self.texts(self.select::<T>(from, rest), T::COLUMNS.len()).await?;
        rows.into_iter().map(|row| T::from_record(Record(row))).collect()
    }

    /// The same without having all of them in memory at once.
    pub(super) fn stream<T: Foreign + Send + 'static>(
        &self,
        from: &str,
        rest: &str,
    ) -> mpsc::Receiver<Result<Vec<T>, Error>> {
        let (send, receive) = mpsc::channel(2);
        let (source, sql) = (self.clone(), self.select::<T>(from, rest));
        tokio::spawn(async move {
            if let Err(error) = source.chunks::<T>(sql, &send).await {
                // Nobody listens any more when the reader has failed, and then its own error is told.
                let _ = send.send(Err(error)).await;
            }
        });
        receive
    }

    async fn chunks<T: Foreign>(&self, sql: String, send: &mpsc::Sender<Result<Vec<T>, Error>>) -> Result<(), Error> {
        let width = T::COLUMNS.len();
        macro_rules! chunks {
            ($pool:expr) => {{
                let mut rows = sqlx::query(AssertSqlSafe(sql)).fetch($pool);
                let (mut chunk, mut bytes) = (Vec::with_capacity(CHUNK), 0);
                while let Some(row) = rows.try_next().await? {
                    let texts = (0..width).map(|at| row.try_get(at)).collect::<Result<Vec<Option<String>>, _>>()?;
                    bytes += texts.iter().flatten().map(String::len).sum::<usize>();
                    chunk.push(T::from_record(Record(texts))?);
                    let full = chunk.len() == CHUNK || bytes > CHUNK_BYTES;
                    if full {
                        bytes = 0;
                    }
                    if full && send.send(Ok(std::mem::take(&mut chunk))).await.is_err() {
                        return Ok(());
                    }
                }
                if !chunk.is_empty() {
                    let _ = send.send(Ok(chunk)).await;
                }
            }};
        }
        match &self.pool {
            Pool::Sqlite(pool) => chunks!(pool),
            Pool::Postgres(pool) => chunks!(pool),
        }
        Ok(())
    }

    /// Another connection, which may write.
    pub(super) async fn write(&self) -> Result<Writing, Error> {
        Ok(match &self.pool {
            Pool::Sqlite(pool) => {
                let connect = (*pool.connect_options()).clone().read_only(false);
                let connect = connect.busy_timeout(std::time::Duration::from_secs(10));
                Writing::Sqlite(Box::new(connect.connect().await?))
            }
            Pool::Postgres(pool) => Writing::Postgres(Box::new(pool.connect_options().connect().await?)),
        })
    }

    fn select<T: Foreign>(&self, from: &str, rest: &str) -> String {
        let columns: Vec<String> = T::COLUMNS.iter().map(|(names, kind)| kind.expression(self, from, names)).collect();
        format!("SELECT {} FROM {from} {rest}", columns.join(", "))
    }

    /// Rows of so many texts each.
    pub(super) async fn texts(&self, sql: String, width: usize) -> Result<Vec<Vec<Option<String>>>, Error> {
        macro_rules! rows {
            ($pool:expr) => {{
                let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all($pool).await?;
                let texts = rows.iter().map(|row| (0..width).map(|at| row.try_get(at)).collect());
                texts.collect::<Result<Vec<Vec<Option<String>>>, sqlx::Error>>()?
            }};
        }
        Ok(match &self.pool {
            Pool::Sqlite(pool) => rows!(pool),
            Pool::Postgres(pool) => rows!(pool),
        })
    }

    /// Finds out what there is.
    async fn look(&mut self) -> Result<(), Error> {
        let sql = match self.dialect() {
            Dialect::Sqlite => {
                "SELECT m.name, c.name, lower(c.type) FROM sqlite_master AS m, pragma_table_info(m.name) AS c \
                 WHERE m.type = 'table'"
            }
            Dialect::Postgres => {
                "SELECT table_name::text, column_name::text, lower(data_type::text) FROM information_schema.columns \
                 WHERE table_schema = ANY (current_schemas(false))"
            }
        };
        for row in self.texts(sql.to_owned(), 3).await? {
            if let [Some(table), Some(column), Some(of)] = row.as_slice() {
                self.tables.entry(table.clone()).or_default().insert(column.clone(), of.clone());
            }
        }
        if self.has_table("schema_migration") && self.has("dag_run", "run_after") && !self.has_table("alembic_version")
        {
            return Err(Error::Invalid(format!("{} is a database of tradewind itself", self.shown)));
        }
        if !self.has("connection", "conn_id") || !self.has("dag_run", "dag_id") {
            return Err(Error::Invalid(format!(
                "{} is not the metadata database of an Airflow: it has no tables dag_run and connection (in a schema \
                 of its own? add ?options=-csearch_path%3Dname to the address)",
                self.shown
            )));
        }
        if self.has_table("alembic_version") {
            let rows = self.texts("SELECT CAST(version_num AS TEXT) FROM alembic_version".into(), 1).await?;
            self.revision = rows.into_iter().flatten().flatten().next();
        }
        Ok(())
    }
}

async fn sqlite(path: &std::path::Path) -> Result<Pool, Error> {
    let connect = SqliteConnectOptions::new().filename(path).read_only(true).disable_statement_logging();
    let opened = SqlitePoolOptions::new().max_connections(2).connect_with(connect).await;
    let failed = |error: sqlx::Error| Error::Unreachable {
        address: path.display().to_string(),
        reason: if path.exists() { error.to_string() } else { "there is no such file".into() },
    };
    let pool = opened.map_err(failed)?;
    // Opening is lazy in SQLite.
    pool.execute("SELECT COUNT(*) FROM sqlite_master").await.map_err(failed)?;
    Ok(Pool::Sqlite(pool))
}

async fn postgres(connect: PgConnectOptions, shown: &str) -> Result<Pool, Error> {
    let connect = connect.application_name("tradewind db import-airflow").disable_statement_logging();
    let opened = PgPoolOptions::new()
        .max_connections(2)
        .acquire_timeout(std::time::Duration::from_secs(10))
        // A statement, not a start-up parameter: pgbouncer refuses those.
        .after_connect(|conn, _| {
            Box::pin(async move {
                let session = "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY; SET TIME ZONE 'UTC'";
                conn.execute(session).await.map(|_| ())
            })
        })
        .connect_with(connect)
        .await;
    opened
        .map(Pool::Postgres)
        .map_err(|error| Error::Unreachable { address: shown.to_owned(), reason: error.to_string() })
}
