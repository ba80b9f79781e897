//! `connections get ID`: as a DAG file would see it, the environment first.

use clap::Args;

use super::{COLUMNS, full};
use crate::commands::Context;
use crate::commands::session::Session;
use crate::connection_uri;
use crate::error::CliError;
use crate::output::{OutputArgs, print};
use crate::suggest::nearest;

/// Arguments of `connections get`.
#[derive(Args, Debug)]
pub struct GetArgs {
    /// Its id
    conn_id: String,
    /// When to use colours; there are none in this output
    #[arg(long, hide = true)]
    color: Option<String>,
    #[command(flatten)]
    output: OutputArgs,
}

pub async fn run(args: &GetArgs, context: &Context) -> Result<(), CliError> {
    let variable = format!("AIRFLOW_CONN_{}", args.conn_id.to_uppercase());
    let connection = match std::env::var(&variable) {
        Ok(text) => connection_uri::parse(&args.conn_id, &text)
            .map_err(|what| CliError::failed(format!("{variable} is no connection: {what}")))?,
        Err(_) => {
            let session = Session::open(context).await?;
            match session.store.connection(&args.conn_id).await? {
                Some(connection) => connection,
                None => {
                    let error = CliError::failed(format!("there is no connection '{}'", args.conn_id));
                    let ids: Vec<String> = session.store.connections().await?.into_iter().map(|c| c.conn_id).collect();
                    return Err(match nearest(&args.conn_id, ids.iter().map(String::as_str)) {
                        Some(near) => error.hint(format!("did you mean '{near}'?")),
                        None => error,
                    });
                }
            }
        }
    };
    print(args.output.output, &COLUMNS, vec![full(&connection)])
}
