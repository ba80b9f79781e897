//! Pools, connections and variables of an Airflow.

use std::collections::BTreeSet;

use super::foreign::foreign;
use super::report::KindReport;
use super::{AirflowSource, ImportOptions};
use crate::{Connection, Error, Fernet, Pool, Store, Variable};

foreign! {
    struct PoolRow {
        name: String = "pool",
        slots: i64 = "slots",
        description: Option<String> = "description",
        include_deferred: bool = "include_deferred",
    }
}

foreign! {
    struct ConnectionRow {
        conn_id: String = "conn_id",
        conn_type: Option<String> = "conn_type",
        description: Option<String> = "description",
        host: Option<String> = "host",
        schema: Option<String> = "schema",
        login: Option<String> = "login",
        password: Option<String> = "password",
        port: Option<i64> = "port",
        extra: Option<String> = "extra",
        is_encrypted: bool = "is_encrypted",
        is_extra_encrypted: bool = "is_extra_encrypted",
    }
}

foreign! {
    struct VariableRow {
        key: String = "key",
        val: Option<String> = "val",
        description: Option<String> = "description",
        is_encrypted: bool = "is_encrypted",
    }
}

impl KindReport {
    /// Counts a row; a row that this store does not take is a reason of its own, not the end of the import.
    fn count(&mut self, name: &str, fate: Result<(), Error>) -> Result<(), Error> {
        match fate {
            Ok(()) => self.written += 1,
            Err(Error::Exists(_)) => self.kept += 1,
            Err(Error::Invalid(reason) | Error::Secret(reason)) => self.skip(reason, name),
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

pub(super) async fn pools(
    source: &AirflowSource,
    target: Option<&Store>,
    options: &ImportOptions,
) -> Result<KindReport, Error> {
    let mut report = KindReport::new("pools");
    if !source.has_table("slot_pool") {
        return Ok(report);
    }
    for row in source.all::<PoolRow>("slot_pool", "ORDER BY id").await? {
        report.read += 1;
        let slots = i32::try_from(row.slots).unwrap_or(i32::MAX);
        let pool = Pool { name: row.name, slots, description: row.description, include_deferred: row.include_deferred };
        let name = pool.name.clone();
        let fate = match target {
            None => Ok(()),
            Some(store) if options.overwrite || is_untouched(store.pool(&name).await?.as_ref()) => {
                store.put_pool(&pool).await
            }
            Some(store) => store.create_pool(&pool).await,
        };
        report.count(&name, fate)?;
    }
    Ok(report)
}

/// The pool that every new database has, as it was made.
fn is_untouched(pool: Option<&Pool>) -> bool {
    pool.is_some_and(|pool| {
        pool.name == "default_pool" && pool.slots == 128 && pool.description.as_deref() == Some("Default pool")
    })
}

pub(super) async fn connections(
    source: &AirflowSource,
    target: Option<&Store>,
    options: &ImportOptions,
) -> Result<KindReport, Error> {
    let mut report = KindReport::new("connections");
    let mut seen = BTreeSet::new();
    for row in source.all::<ConnectionRow>("connection", "ORDER BY id").await? {
        report.read += 1;
        let conn_id = row.conn_id.clone();
        if !seen.insert(conn_id.clone()) {
            // 1.10 allows that, and takes any of them.
            report.skip("another connection has the same id", &conn_id);
            continue;
        }
        let fate = match (clear_connection(row, &options.fernet), target) {
            (Err(error), _) => Err(error),
            (Ok(_), None) => Ok(()),
            (Ok(connection), Some(store)) if options.overwrite => store.put_connection(&connection).await,
            (Ok(connection), Some(store)) => store.create_connection(&connection).await,
        };
        report.count(&conn_id, fate)?;
    }
    Ok(report)
}

fn clear_connection(row: ConnectionRow, fernet: &Fernet) -> Result<Connection, Error> {
    let port = row.port.map(i32::try_from).transpose();
    Ok(Connection {
        password: reveal(row.password, row.is_encrypted, fernet)?,
        extra: reveal(row.extra, row.is_extra_encrypted, fernet)?,
        // 1.10 has connections without a type.
        conn_type: row.conn_type.filter(|of| !of.is_empty()).unwrap_or_else(|| "generic".into()),
        port: port.map_err(|_| Error::Invalid("the port of a connection is a number from 0 to 65535".into()))?,
        conn_id: row.conn_id,
        description: row.description,
        host: row.host,
        schema: row.schema,
        login: row.login,
    })
}

pub(super) async fn variables(
    source: &AirflowSource,
    target: Option<&Store>,
    options: &ImportOptions,
) -> Result<KindReport, Error> {
    let mut report = KindReport::new("variables");
    if !source.has_table("variable") {
        return Ok(report);
    }
    for row in source.all::<VariableRow>("variable", "ORDER BY id").await? {
        report.read += 1;
        let key = row.key.clone();
        let value = reveal(row.val, row.is_encrypted, &options.fernet);
        let fate = match (value, target) {
            (Err(error), _) => Err(error),
            (Ok(_), None) => Ok(()),
            (Ok(value), Some(store)) => {
                let variable = Variable {
                    key: row.key,
                    value: value.unwrap_or_default(),
                    description: row.description,
                    is_encrypted: row.is_encrypted,
                };
                if options.overwrite {
                    store.put_variable(&variable).await
                } else {
                    store.create_variable(&variable).await
                }
            }
        };
        report.count(&key, fate)?;
    }
    Ok(report)
}

/// A secret of the Airflow in the clear. An empty one may be stored as it is, whatever the mark says.
fn reveal(stored: Option<String>, is_encrypted: bool, fernet: &Fernet) -> Result<Option<String>, Error> {
    match stored {
        Some(token) if is_encrypted && !token.is_empty() => {
            if !fernet.is_enabled() {
                return Err(Error::Secret("it is encrypted, and the Airflow's Fernet key was not given".into()));
            }
            let text = fernet.decrypt(&token);
            text.map(Some).map_err(|_| Error::Secret("the given Fernet key does not fit".into()))
        }
        other => Ok(other),
    }
}
