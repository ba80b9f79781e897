//! `variables delete KEY`.

use clap::Args;

use crate::commands::Context;
use crate::commands::session::Session;
use crate::error::CliError;

/// Arguments of `variables delete`.
#[derive(Args, Debug)]
pub struct DeleteArgs {
    /// Its key
    key: String,
}

pub async fn run(args: &DeleteArgs, context: &Context) -> Result<(), CliError> {
    let session = Session::open(context).await?;
    if !session.store.delete_variable(&args.key).await? {
        return Err(CliError::failed(format!("there is no variable '{}'", args.key)));
    }
    println!("Variable {} deleted", args.key);
    Ok(())
}
