//! `connections create-default-connections`: the connections that Airflow makes in a new database, for scripts and
//! examples that use them by name. Those that are there already stay as they are.

use tradewind_server::api::v2::default_connections::default_connections;

use crate::commands::Context;
use crate::commands::session::Session;
use crate::error::CliError;

pub async fn run(context: &Context) -> Result<(), CliError> {
    let session = Session::open(context).await?;
    let there = session.store.connections().await?;
    let (mut made, mut kept) = (0, 0);
    for connection in default_connections() {
        if there.iter().any(|known| known.conn_id == connection.conn_id) {
            kept += 1;
            continue;
        }
        session.store.put_connection(&connection).await?;
        made += 1;
    }
    println!("{made} connections were made, {kept} were there already.");
    Ok(())
}
