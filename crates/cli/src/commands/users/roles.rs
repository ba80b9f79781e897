//! `users add-role` and `remove-role`.

use clap::Args;

use super::Who;
use crate::accounts;
use crate::commands::Context;
use crate::commands::session::Session;
use crate::error::CliError;

/// Arguments of `users add-role` and `remove-role`.
#[derive(Args, Debug)]
pub struct RoleArgs {
    #[command(flatten)]
    who: Who,
    /// The role
    #[arg(short, long)]
    role: String,
}

pub async fn run(args: &RoleArgs, add: bool, context: &Context) -> Result<(), CliError> {
    let session = Session::open(context).await?;
    let user = args.who.find(&session.store).await?;
    let role = accounts::proper_roles(&session.store, std::slice::from_ref(&args.role)).await?.concat();
    let mut roles = user.roles;
    match (add, roles.contains(&role)) {
        (true, true) => {
            return Err(CliError::failed(format!("User \"{}\" is already a member of role \"{role}\"", user.username)));
        }
        (false, false) => {
            return Err(CliError::failed(format!("User \"{}\" is not a member of role \"{role}\"", user.username)));
        }
        (true, false) => roles.push(role.clone()),
        (false, true) => roles.retain(|known| *known != role),
    }
    session.store.set_user_roles(&user.username, &roles).await?;
    let (done, to) = if add { ("added", "to") } else { ("removed", "from") };
    println!("User \"{}\" {done} {to} role \"{role}\"", user.username);
    Ok(())
}
