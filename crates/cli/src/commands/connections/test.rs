//! `connections test`: lets the hook of a connection's type find out whether it works.

use clap::Args;
use serde_json::{Value, json};

use crate::ask::ask;
use crate::commands::Context;
use crate::commands::session::Session;
use crate::config::options;
use crate::connection_uri;
use crate::error::CliError;

/// Arguments of `connections test`.
#[derive(Args, Debug)]
pub struct TestArgs {
    /// The connection's id
    conn_id: String,
}

pub async fn run(args: &TestArgs, context: &Context) -> Result<(), CliError> {
    let config = context.config()?;
    if config.text(&options::TEST_CONNECTION).to_lowercase() != "enabled" {
        return Err(CliError::failed("testing connections is disabled").hint(
            "allow it with [core] test_connection = Enabled (AIRFLOW__CORE__TEST_CONNECTION): a hook may do anything with an address",
        ));
    }
    let id = &args.conn_id;
    let from_env = std::env::var(format!("AIRFLOW_CONN_{}", id.to_uppercase())).ok();
    let connection = match from_env {
        Some(text) => connection_uri::parse(id, &text).map_err(|what| CliError::failed(format!("'{id}': {what}")))?,
        None => {
            let session = Session::open(context).await?;
            let stored = session.store.connection(id).await?;
            stored.ok_or_else(|| {
                CliError::failed(format!("there is no connection '{id}'"))
                    .hint("see what there is with: connections list")
            })?
        }
    };
    println!("Testing connection {id} ...");
    let given = json!({"conn_id": id, "connection": connection_uri::to_json(&connection)});
    let table = ask(&config, "connection", &given)?;
    let answer = table.rows.first().map(Vec::as_slice).unwrap_or_default();
    let message = answer.get(1).and_then(Value::as_str).unwrap_or_default();
    match answer.first() {
        Some(Value::Bool(true)) => {
            println!("Connection success! {message}");
            Ok(())
        }
        _ => Err(CliError::failed(format!("the connection does not work: {message}"))),
    }
}
