//! `users`: who may sign in.

mod create;
mod delete;
mod file;
mod list;
mod password;
mod reset_password;
mod roles_of;

use clap::{Args, Subcommand};
use tradewind_store::{Store, User};

use super::Context;
use crate::error::CliError;
use crate::suggest::nearest;

/// Commands of the group.
#[derive(Subcommand, Debug)]
pub enum UsersCommand {
    /// Give an account another role
    AddRole(roles_of::RoleArgs),
    /// Make an account
    Create(create::CreateArgs),
    /// Delete an account
    Delete(delete::DeleteArgs),
    /// Write the accounts to a file, without passwords
    Export(file::ExportArgs),
    /// Make or change the accounts of a file
    Import(file::ImportArgs),
    /// List the accounts
    List(list::ListArgs),
    /// Take a role from an account
    RemoveRole(roles_of::RoleArgs),
    /// Give an account a new password
    ResetPassword(reset_password::ResetPasswordArgs),
}

pub async fn run(command: UsersCommand, context: &Context) -> Result<(), CliError> {
    match command {
        UsersCommand::AddRole(args) => roles_of::add(&args, context).await,
        UsersCommand::RemoveRole(args) => roles_of::remove(&args, context).await,
        UsersCommand::Export(args) => file::export(&args, context).await,
        UsersCommand::Import(args) => file::import(&args, context).await,
        UsersCommand::Create(args) => create::run(args, context).await,
        UsersCommand::Delete(args) => delete::run(&args, context).await,
        UsersCommand::List(args) => list::run(&args, context).await,
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
