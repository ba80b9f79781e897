//! `connections add ID`: from a URI, JSON, or part by part.

use clap::Args;
use tradewind_store::Connection;

use crate::commands::Context;
use crate::commands::session::Session;
use crate::connection_uri;
use crate::error::CliError;

/// Arguments of `connections add`.
#[derive(Args, Debug)]
pub struct AddArgs {
    /// Its id
    conn_id: String,
    /// All of it: type://login:password@host:port/schema?extra=1
    #[arg(long, value_name = "URI", conflicts_with_all = ["conn_json", "conn_type"])]
    conn_uri: Option<String>,
    /// All of it as JSON
    #[arg(long, value_name = "JSON", conflicts_with = "conn_type")]
    conn_json: Option<String>,
    /// Its type, such as postgres
    #[arg(long, value_name = "TYPE", required_unless_present_any = ["conn_uri", "conn_json"])]
    conn_type: Option<String>,
    /// More about it, usually JSON
    #[arg(long, value_name = "JSON")]
    conn_extra: Option<String>,
    /// For people
    #[arg(long, value_name = "TEXT")]
    conn_description: Option<String>,
    /// Host
    #[arg(long, value_name = "HOST")]
    conn_host: Option<String>,
    /// User
    #[arg(long, value_name = "NAME")]
    conn_login: Option<String>,
    /// Password
    #[arg(long, value_name = "PASSWORD")]
    conn_password: Option<String>,
    /// Schema or database
    #[arg(long, value_name = "NAME")]
    conn_schema: Option<String>,
    /// Port
    #[arg(long, value_name = "PORT")]
    conn_port: Option<u16>,
}

pub async fn run(args: &AddArgs, context: &Context) -> Result<(), CliError> {
    let connection = connection(args)?;
    let session = Session::open(context).await?;
    if session.store.connection(&args.conn_id).await?.is_some() {
        return Err(CliError::failed(format!("A connection with `conn_id`={} already exists.", args.conn_id))
            .hint(format!("delete it first with: {} connections delete {}", context.program, args.conn_id)));
    }
    session.store.create_connection(&connection).await?;
    let mut shown = connection.clone();
    shown.password = shown.password.map(|_| "******".into());
    shown.extra = None;
    // Asterisks need no escaping for people.
    println!("Successfully added `conn_id`={} : {}", args.conn_id, connection_uri::format(&shown).replace("%2A", "*"));
    Ok(())
}

fn connection(args: &AddArgs) -> Result<Connection, CliError> {
    let parsed = match (&args.conn_uri, &args.conn_json) {
        (Some(uri), _) => {
            let parts = [&args.conn_host, &args.conn_login, &args.conn_password, &args.conn_schema];
            if parts.iter().any(|part| part.is_some()) || args.conn_port.is_some() {
                return Err(CliError::usage("--conn-uri and single parts of a connection do not go together"));
            }
            connection_uri::parse(&args.conn_id, uri).map_err(|what| ("--conn-uri", what))
        }
        (None, Some(json)) => connection_uri::parse(&args.conn_id, json).map_err(|what| ("--conn-json", what)),
        (None, None) => Ok(Connection {
            conn_id: args.conn_id.clone(),
            conn_type: args.conn_type.clone().unwrap_or_default(),
            description: None,
            host: args.conn_host.clone(),
            schema: args.conn_schema.clone(),
            login: args.conn_login.clone(),
            password: args.conn_password.clone(),
            port: args.conn_port.map(Into::into),
            extra: None,
        }),
    };
    let mut connection =
        parsed.map_err(|(option, what)| CliError::usage(format!("{option} is no connection: {what}")))?;
    if args.conn_extra.is_some() {
        connection.extra.clone_from(&args.conn_extra);
    }
    if args.conn_description.is_some() {
        connection.description.clone_from(&args.conn_description);
    }
    Ok(connection)
}
