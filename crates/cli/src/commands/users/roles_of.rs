//! `users add-role` and `users remove-role`.

use clap::Args;

use super::Who;
use crate::accounts::proper_roles;
use crate::commands::Context;
use crate::commands::session::Session;
use crate::error::CliError;

/// Arguments of both.
#[derive(Args, Debug)]
pub struct RoleArgs {
    #[command(flatten)]
    who: Who,
    /// The role
    #[arg(short, long)]
    role: String,
}

pub async fn add(args: &RoleArgs, context: &Context) -> Result<(), CliError> {
    change(args, true, context).await
}

pub async fn remove(args: &RoleArgs, context: &Context) -> Result<(), CliError> {
    change(args, false, context).await
}

async fn change(args: &RoleArgs, add: bool, context: &Context) -> Result<(), CliError> {
    let session = Session::open(context).await?;
    let user = args.who.find(&session.store).await?;
    let role = proper_roles(&session.store, std::slice::from_ref(&args.role)).await?.join(", ");
    let mut roles = user.roles.clone();
    if roles.contains(&role) == add {
        let is = if add { "is already" } else { "is not" };
        return Err(CliError::failed(format!("User \"{}\" {is} a member of role \"{role}\"", user.username)));
    }
    roles.retain(|known| *known != role);
    roles.extend(add.then(|| role.clone()));
    session.store.set_user_roles(&user.username, &roles).await?;
    let done = if add { "added to" } else { "removed from" };
    println!("User \"{}\" {done} role \"{role}\"", user.username);
    Ok(())
}
