//! `connections delete ID`.

use clap::Args;

use crate::commands::Context;
use crate::commands::session::Session;
use crate::error::CliError;

/// Arguments of `connections delete`.
#[derive(Args, Debug)]
pub struct DeleteArgs {
    /// Its id
    conn_id: String,
    /// When to use colours; there are none in this output
    #[arg(long, hide = true)]
    color: Option<String>,
}

pub async fn run(args: &DeleteArgs, context: &Context) -> Result<(), CliError> {
    let session = Session::open(context).await?;
    if !session.store.delete_connection(&args.conn_id).await? {
        return Err(CliError::failed(format!("Did not find a connection with `conn_id`={}", args.conn_id)));
    }
    println!("Successfully deleted connection with `conn_id`={}", args.conn_id);
    Ok(())
}
