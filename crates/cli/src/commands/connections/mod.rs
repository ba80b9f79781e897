//! `connections`: addresses and credentials of other systems.

mod add;
mod defaults;
mod delete;
mod export;
mod get;
mod import;
mod list;
mod test;

use clap::Subcommand;
use tradewind_store::Connection;

use super::Context;
use crate::connection_uri;
use crate::error::CliError;
use crate::output::Row;
use crate::row;

/// Commands of the group.
#[derive(Subcommand, Debug)]
pub enum ConnectionsCommand {
    /// Add a connection
    Add(add::AddArgs),
    /// Make the connections that Airflow makes in a new database
    CreateDefaultConnections,
    /// Delete a connection
    Delete(delete::DeleteArgs),
    /// Write all connections to a file, with their secrets
    Export(export::ExportArgs),
    /// Show one connection with its secrets
    Get(get::GetArgs),
    /// Read connections from a file
    Import(import::ImportArgs),
    /// List the connections
    List(list::ListArgs),
    /// Find out whether a connection works
    Test(test::TestArgs),
}

pub async fn run(command: ConnectionsCommand, context: &Context) -> Result<(), CliError> {
    match command {
        ConnectionsCommand::Add(args) => add::run(&args, context).await,
        ConnectionsCommand::CreateDefaultConnections => defaults::run(context).await,
        ConnectionsCommand::Test(args) => test::run(&args, context).await,
        ConnectionsCommand::Delete(args) => delete::run(&args, context).await,
        ConnectionsCommand::Export(args) => export::run(&args, context).await,
        ConnectionsCommand::Get(args) => get::run(&args, context).await,
        ConnectionsCommand::Import(args) => import::run(&args, context).await,
        ConnectionsCommand::List(args) => list::run(&args, context).await,
    }
}

/// Everything about a connection.
fn full(connection: &Connection) -> Row {
    row! {
        "conn_id" => connection.conn_id,
        "conn_type" => connection.conn_type,
        "description" => connection.description,
        "host" => connection.host,
        "schema" => connection.schema,
        "login" => connection.login,
        "password" => connection.password,
        "port" => connection.port,
        "extra" => connection.extra,
        "get_uri" => connection_uri::format(connection),
    }
}

/// Columns of [`full`].
const COLUMNS: [&str; 10] =
    ["conn_id", "conn_type", "description", "host", "schema", "login", "password", "port", "extra", "get_uri"];
