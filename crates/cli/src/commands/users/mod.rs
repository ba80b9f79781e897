//! `users`: who may sign in.

mod create;
mod delete;
mod list;
mod password;
mod reset_password;
mod roles;
mod transfer;

use clap::{Args, Subcommand};
use tradewind_store::{Store, User};

use super::Context;
use crate::error::CliError;
use crate::suggest::nearest;

/// Commands of the group.
#[derive(Subcommand, Debug)]
pub enum UsersCommand {
    /// Make an account
    Create(create::CreateArgs),
    /// Delete an account
    Delete(delete::DeleteArgs),
    /// List the accounts
    List(list::ListArgs),
    /// Give an account a role
    AddRole(roles::RoleArgs),
    /// Take a role from an account
    RemoveRole(roles::RoleArgs),
    /// Write the accounts, without passwords, to a file
    Export(transfer::FileArgs),
    /// Read accounts from a file
    Import(transfer::FileArgs),
    /// Give an account a new password
    ResetPassword(reset_password::ResetPasswordArgs),
}

pub async fn run(command: UsersCommand, context: &Context) -> Result<(), CliError> {
    match command {
        UsersCommand::Create(args) => create::run(args, context).await,
        UsersCommand::Delete(args) => delete::run(&args, context).await,
        UsersCommand::List(args) => list::run(&args, context).await,
        UsersCommand::AddRole(args) => roles::run(&args, true, context).await,
        UsersCommand::RemoveRole(args) => roles::run(&args, false, context).await,
        UsersCommand::Export(args) => transfer::export(&args, context).await,
        UsersCommand::Import(args) => transfer::import(&args, context).await,
        UsersCommand::ResetPassword(args) => reset_password::run(&args, context).await,
    }
}

/// Names one account.
#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
pub struct Who {
    /// By the name that it signs in with
    #[arg(short, long)]
    username: Option<String>,
    /// By its address
    #[arg(short, long)]
    email: Option<String>,
}

impl Who {
    /// Finds it.
    async fn find(&self, store: &Store) -> Result<User, CliError> {
        let users = store.users().await?;
        let (named, what) = match (&self.username, &self.email) {
            (Some(name), _) => (users.iter().find(|u| u.username == *name), name),
            (None, Some(email)) => (users.iter().find(|u| u.email.as_deref() == Some(email)), email),
            (None, None) => return Err(CliError::usage("name the account with -u or -e")),
        };
        if let Some(user) = named {
            return Ok(user.clone());
        }
        let error = CliError::failed(format!("there is no account '{what}'"));
        Err(match nearest(what, users.iter().map(|u| u.username.as_str())) {
            Some(near) => error.hint(format!("did you mean '{near}'?")),
            None => error,
        })
    }
}
