//! `connections import FILE`: all or nothing is read; those that are there stay unless `--overwrite`.

use std::path::PathBuf;

use clap::Args;

use crate::commands::Context;
use crate::commands::session::Session;
use crate::error::CliError;
use crate::{connection_uri, files};

/// Arguments of `connections import`.
#[derive(Args, Debug)]
pub struct ImportArgs {
    /// A .json, .yaml, .yml or .env file
    file: PathBuf,
    /// Replace connections that are there already
    #[arg(long)]
    overwrite: bool,
}

pub async fn run(args: &ImportArgs, context: &Context) -> Result<(), CliError> {
    let mut connections = Vec::new();
    for (conn_id, record) in files::read(&args.file)? {
        let parsed = match record.as_str() {
            Some(text) => connection_uri::parse(&conn_id, text),
            None => connection_uri::from_json(&conn_id, &record),
        };
        let place = args.file.display();
        connections
            .push(parsed.map_err(|what| CliError::failed(format!("{place}: '{conn_id}' is no connection: {what}")))?);
    }
    let session = Session::open(context).await?;
    for connection in &connections {
        let there = session.store.connection(&connection.conn_id).await?.is_some();
        if there && !args.overwrite {
            println!("Could not import connection {}: connection already exists.", connection.conn_id);
            continue;
        }
        session.store.put_connection(connection).await?;
        println!("Imported connection {}", connection.conn_id);
    }
    Ok(())
}
