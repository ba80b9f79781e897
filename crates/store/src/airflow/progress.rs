//! How far an import is: kept in the target, in the transactions that write what was read.

use crate::sql::{Dialect, Statement};
use crate::{Error, Store, Tx};

use super::AirflowSource;

static GET: Statement = Statement::new("SELECT value FROM setting WHERE key = $1");
static SET: Statement = Statement::new(
    "INSERT INTO setting (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
);

/// A transaction waits for the source between its statements, and that may take long.
static PATIENT: Statement = Statement::new("SET LOCAL idle_in_transaction_session_timeout = 0");

/// Begins a transaction for a batch; none in a dry run.
pub(super) async fn begin(target: Option<&Store>) -> Result<Option<Tx>, Error> {
    let Some(store) = target else { return Ok(None) };
    let mut tx = store.begin().await?;
    if store.dialect() == Dialect::Postgres {
        PATIENT.query().run(&mut tx).await?;
    }
    Ok(Some(tx))
}

/// The name of one number: each source has its own, so that several Airflows can be read into one.
fn key(source: &AirflowSource, what: &str) -> String {
    format!("airflow_import {what} {}", source.address())
}

/// The last row that was taken in; 0 at first.
pub(super) async fn after(store: Option<&Store>, source: &AirflowSource, what: &str) -> Result<i64, Error> {
    let Some(store) = store else { return Ok(0) };
    let kept = GET.bind(key(source, what)).optional::<(String,)>(&mut store.db().reader().await?).await?;
    Ok(kept.and_then(|(text,)| text.parse().ok()).unwrap_or_default())
}

/// Everything up to that row is taken in with this transaction.
pub(super) async fn keep(tx: &mut Tx, source: &AirflowSource, what: &str, last: i64) -> Result<(), Error> {
    SET.bind(key(source, what)).bind(last.to_string()).run(tx).await.map(|_| ())
}
