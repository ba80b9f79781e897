//! `users create`.

use clap::Args;

use super::password::PasswordArgs;
use crate::accounts::{self, Account};
use crate::commands::Context;
use crate::commands::session::Session;
use crate::error::CliError;

/// Arguments of `users create`.
#[derive(Args, Debug)]
pub struct CreateArgs {
    /// Name to sign in with
    #[arg(short, long)]
    username: String,
    /// What the account may do: Admin, Op, User, Viewer, Public or an own role
    #[arg(short, long)]
    role: String,
    /// Address
    #[arg(short, long)]
    email: String,
    /// First name
    #[arg(short, long)]
    firstname: String,
    /// Last name
    #[arg(short, long)]
    lastname: String,
    #[command(flatten)]
    password: PasswordArgs,
}

pub async fn run(args: CreateArgs, context: &Context) -> Result<(), CliError> {
    let session = Session::open(context).await?;
    if session.store.find_user(&args.username).await?.is_some() {
        println!("{} already exist in the db", args.username);
        return Ok(());
    }
    let roles = accounts::proper_roles(&session.store, &[args.role]).await?;
    let account = Account {
        password: args.password.get()?,
        username: args.username.clone(),
        roles: roles.clone(),
        email: args.email,
        first_name: args.firstname,
        last_name: args.lastname,
    };
    accounts::create(&session.store, account).await?;
    println!("User \"{}\" created with role \"{}\"", args.username, roles.join(", "));
    Ok(())
}
