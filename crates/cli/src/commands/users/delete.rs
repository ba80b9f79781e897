//! `users delete`.

use clap::Args;

use super::Who;
use crate::commands::Context;
use crate::commands::session::Session;
use crate::error::CliError;

/// Arguments of `users delete`.
#[derive(Args, Debug)]
pub struct DeleteArgs {
    #[command(flatten)]
    who: Who,
}

pub async fn run(args: &DeleteArgs, context: &Context) -> Result<(), CliError> {
    let session = Session::open(context).await?;
    let user = args.who.find(&session.store).await?;
    session.store.delete_user(&user.username).await?;
    println!("User \"{}\" deleted", user.username);
    Ok(())
}
