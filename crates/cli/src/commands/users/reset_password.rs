//! `users reset-password`.

use clap::Args;
use tradewind_store::User;

use super::Who;
use super::password::PasswordArgs;
use crate::accounts;
use crate::commands::Context;
use crate::commands::session::Session;
use crate::error::CliError;

/// Arguments of `users reset-password`.
#[derive(Args, Debug)]
pub struct ResetPasswordArgs {
    #[command(flatten)]
    who: Who,
    #[command(flatten)]
    password: PasswordArgs,
}

pub async fn run(args: &ResetPasswordArgs, context: &Context) -> Result<(), CliError> {
    let session = Session::open(context).await?;
    let user = args.who.find(&session.store).await?;
    let password_hash = accounts::hash(&args.password.get()?)?;
    session.store.put_user(&User { password_hash, ..user.clone() }).await?;
    println!("User \"{}\" password reset successfully", user.username);
    Ok(())
}
