//! The way back: connections, variables and pools are written into an Airflow's metadata database, encrypted with its
//! key, all in one transaction. Nothing that is there is replaced unless that is asked for.

use std::collections::BTreeSet;

use sqlx::{AssertSqlSafe, Connection as _, Postgres, Sqlite};

use super::report::KindReport;
use super::source::{AirflowSource, Writing};
use crate::sql::Dialect;
use crate::{Error, Fernet, Store};

/// How to export.
#[derive(Clone, Debug)]
pub struct ExportOptions {
    /// The Airflow's keys: the first one encrypts.
    pub fernet: Fernet,
    /// Connections.
    pub connections: bool,
    /// Variables.
    pub variables: bool,
    /// Pools.
    pub pools: bool,
    /// Replace what is there.
    pub overwrite: bool,
    /// Undo everything at the end.
    pub dry_run: bool,
}

/// A row to write: columns of the Airflow's table, with values as text and their types on Postgres.
struct Row {
    name: String,
    values: Vec<(&'static str, &'static str, Option<String>)>,
}

/// Writes into an Airflow's database.
///
/// # Errors
/// Those of both databases; nothing is written then. [`Error::Secret`] if one of our secrets can't be decrypted.
pub async fn export_airflow(
    store: &Store,
    airflow: &AirflowSource,
    options: &ExportOptions,
) -> Result<Vec<KindReport>, Error> {
    let mut tables = Vec::new();
    if options.pools {
        tables.push(("pools", "slot_pool", "pool", pools(store).await?));
    }
    if options.connections {
        tables.push(("connections", "connection", "conn_id", connections(store, &options.fernet).await?));
    }
    if options.variables {
        tables.push(("variables", "variable", "key", variables(store, &options.fernet).await?));
    }
    let mut writing = airflow.write().await?;
    let mut reports = Vec::new();
    writing.run("BEGIN", &[]).await?;
    for (kind, table, key, rows) in tables {
        let mut report = KindReport::new(kind);
        let known: BTreeSet<String> =
            airflow.texts(format!("SELECT \"{key}\" FROM {table}"), 1).await?.into_iter().flatten().flatten().collect();
        for row in rows {
            report.read += 1;
            let there = known.contains(&row.name);
            if there && !options.overwrite {
                report.kept += 1;
                continue;
            }
            write(airflow, &mut writing, table, key, &row, there).await?;
            report.written += 1;
        }
        reports.push(report);
    }
    writing.run(if options.dry_run { "ROLLBACK" } else { "COMMIT" }, &[]).await?;
    writing.close().await?;
    Ok(reports)
}

/// Writes one row with the columns that this Airflow has.
async fn write(
    airflow: &AirflowSource,
    writing: &mut Writing,
    table: &str,
    key: &str,
    row: &Row,
    there: bool,
) -> Result<(), Error> {
    let values: Vec<_> = row.values.iter().filter(|(column, _, _)| airflow.has(table, column)).collect();
    let value = |at: usize, of: &str| match airflow.dialect() {
        Dialect::Postgres => format!("CAST(${at} AS {of})"),
        Dialect::Sqlite if of == "text" => format!("${at}"),
        Dialect::Sqlite => format!("CAST(${at} AS INTEGER)"),
    };
    let numbered = values.iter().enumerate().map(|(at, (column, of, _))| (column, value(at + 1, of)));
    let sql = if there {
        let sets: Vec<String> = numbered.map(|(column, value)| format!("\"{column}\" = {value}")).collect();
        format!("UPDATE {table} SET {} WHERE \"{key}\" = {}", sets.join(", "), value(values.len() + 1, "text"))
    } else {
        let (columns, places): (Vec<String>, Vec<String>) =
            numbered.map(|(column, value)| (format!("\"{column}\""), value)).unzip();
        format!("INSERT INTO {table} ({}) VALUES ({})", columns.join(", "), places.join(", "))
    };
    let mut binds: Vec<Option<String>> = values.iter().map(|(_, _, value)| value.clone()).collect();
    if there {
        binds.push(Some(row.name.clone()));
    }
    writing.run(&sql, &binds).await
}

async fn pools(store: &Store) -> Result<Vec<Row>, Error> {
    let rows = store.pools().await?.into_iter().map(|pool| Row {
        values: vec![
            ("pool", "text", Some(pool.name.clone())),
            ("slots", "integer", Some(pool.slots.to_string())),
            ("description", "text", Some(pool.description.unwrap_or_default())),
            ("include_deferred", "boolean", Some(flag(pool.include_deferred))),
        ],
        name: pool.name,
    });
    Ok(rows.collect())
}

async fn connections(store: &Store, fernet: &Fernet) -> Result<Vec<Row>, Error> {
    let rows = store.connections().await?.into_iter().map(|connection| {
        let (password, is_encrypted) = secret(connection.password, fernet);
        let (extra, is_extra_encrypted) = secret(connection.extra, fernet);
        Row {
            values: vec![
                ("conn_id", "text", Some(connection.conn_id.clone())),
                ("conn_type", "text", Some(connection.conn_type)),
                ("description", "text", connection.description),
                ("host", "text", connection.host),
                ("schema", "text", connection.schema),
                ("login", "text", connection.login),
                ("password", "text", password),
                ("port", "integer", connection.port.map(|port| port.to_string())),
                ("extra", "text", extra),
                ("is_encrypted", "boolean", Some(flag(is_encrypted))),
                ("is_extra_encrypted", "boolean", Some(flag(is_extra_encrypted))),
            ],
            name: connection.conn_id,
        }
    });
    Ok(rows.collect())
}

async fn variables(store: &Store, fernet: &Fernet) -> Result<Vec<Row>, Error> {
    let rows = store.variables().await?.into_iter().map(|variable| {
        let (value, is_encrypted) = fernet.encrypt(&variable.value);
        Row {
            values: vec![
                ("key", "text", Some(variable.key.clone())),
                ("val", "text", Some(value)),
                ("description", "text", variable.description),
                ("is_encrypted", "boolean", Some(flag(is_encrypted))),
            ],
            name: variable.key,
        }
    });
    Ok(rows.collect())
}

/// A secret as Airflow keeps it; nothing is not encrypted.
fn secret(text: Option<String>, fernet: &Fernet) -> (Option<String>, bool) {
    match text.filter(|text| !text.is_empty()) {
        Some(text) => {
            let (token, is_encrypted) = fernet.encrypt(&text);
            (Some(token), is_encrypted)
        }
        None => (None, false),
    }
}

/// As both databases read it.
fn flag(set: bool) -> String {
    if set { "1" } else { "0" }.to_owned()
}

impl Writing {
    /// Runs a statement.
    async fn run(&mut self, sql: &str, binds: &[Option<String>]) -> Result<(), Error> {
        macro_rules! run {
            ($of:ty, $conn:expr) => {{
                let query = sqlx::query::<$of>(AssertSqlSafe(sql.to_owned()));
                binds.iter().fold(query, |query, bind| query.bind(bind.clone())).execute($conn).await?;
            }};
        }
        match self {
            Self::Sqlite(conn) => run!(Sqlite, &mut **conn),
            Self::Postgres(conn) => run!(Postgres, &mut **conn),
        }
        Ok(())
    }

    async fn close(self) -> Result<(), Error> {
        match self {
            Self::Sqlite(conn) => conn.close().await?,
            Self::Postgres(conn) => conn.close().await?,
        }
        Ok(())
    }
}
