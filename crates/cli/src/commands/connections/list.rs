//! `connections list`: without secrets, unless asked for.

use clap::Args;

use super::{COLUMNS, full};
use crate::commands::Context;
use crate::commands::session::Session;
use crate::error::CliError;
use crate::output::{OutputArgs, print};
use crate::row;

/// Arguments of `connections list`.
#[derive(Args, Debug)]
pub struct ListArgs {
    #[command(flatten)]
    output: OutputArgs,
    /// With passwords, extras and URIs
    #[arg(long, conflicts_with = "hide_sensitive")]
    show_values: bool,
    /// Without them (the default)
    #[arg(long)]
    hide_sensitive: bool,
    /// Only this one
    #[arg(long, hide = true)]
    conn_id: Option<String>,
}

pub async fn run(args: &ListArgs, context: &Context) -> Result<(), CliError> {
    let session = Session::open(context).await?;
    let mut connections = session.store.connections().await?;
    connections.retain(|c| args.conn_id.as_ref().is_none_or(|id| *id == c.conn_id));
    if args.show_values {
        return print(args.output.output, &COLUMNS, connections.iter().map(full).collect());
    }
    let rows = connections
        .iter()
        .map(|c| {
            row! {
                "conn_id" => c.conn_id,
                "conn_type" => c.conn_type,
                "description" => c.description,
                "host" => c.host,
                "schema" => c.schema,
                "login" => c.login,
                "port" => c.port,
            }
        })
        .collect();
    print(args.output.output, &["conn_id", "conn_type", "description", "host", "schema", "login", "port"], rows)
}
