//! `users export` and `users import`: JSON as Airflow writes it, without passwords.

use std::path::PathBuf;

use clap::Args;
use serde::{Deserialize, Serialize};
use tradewind_store::User;

use crate::accounts::{self, Account};
use crate::commands::Context;
use crate::commands::session::Session;
use crate::error::CliError;
use crate::{files, home};

/// Arguments of `users export`.
#[derive(Args, Debug)]
pub struct ExportArgs {
    /// The file; - prints
    export: PathBuf,
}

/// Arguments of `users import`.
#[derive(Args, Debug)]
pub struct ImportArgs {
    /// A file of `users export`, Airflow's or ours
    import: PathBuf,
}

/// An account.
#[derive(Deserialize, Serialize)]
struct Record {
    username: String,
    email: String,
    firstname: String,
    lastname: String,
    roles: Vec<String>,
}

pub async fn export(args: &ExportArgs, context: &Context) -> Result<(), CliError> {
    let session = Session::open(context).await?;
    let record = |user: User| Record {
        username: user.username,
        email: user.email.unwrap_or_default(),
        firstname: user.first_name.unwrap_or_default(),
        lastname: user.last_name.unwrap_or_default(),
        roles: user.roles,
    };
    let records: Vec<Record> = session.store.users().await?.into_iter().map(record).collect();
    let text = serde_json::to_string_pretty(&records).unwrap_or_default() + "\n";
    files::write(&args.export, &text)?;
    eprintln!("{} users successfully exported to {}", records.len(), args.export.display());
    Ok(())
}

pub async fn import(args: &ImportArgs, context: &Context) -> Result<(), CliError> {
    let place = args.import.display();
    let text = std::fs::read_to_string(&args.import)
        .map_err(|error| CliError::failed(format!("cannot read {place}: {error}")))?;
    let records: Vec<Record> = serde_json::from_str(&text).map_err(|error| {
        CliError::failed(format!("{place} is no list of users as `users export` writes it: {error}"))
    })?;
    let session = Session::open(context).await?;
    let store = &session.store;
    // Everything is checked before anything is written.
    let mut users = Vec::with_capacity(records.len());
    for record in records {
        let roles = accounts::proper_roles(store, &record.roles).await?;
        users.push(Record { roles, ..record });
    }
    for user in users {
        let Record { username, email, firstname, lastname, roles } = user;
        if let Some(known) = store.find_user(&username).await? {
            let (first_name, last_name) = (Some(firstname), Some(lastname));
            store.put_user(&User { email: Some(email), first_name, last_name, roles, ..known }).await?;
            println!("Updated the user \"{username}\"");
            continue;
        }
        // Nobody knows it: the account waits for a password.
        let password = home::random_text(32);
        let (first_name, last_name) = (firstname, lastname);
        let account = Account { username: username.clone(), roles, email, first_name, last_name, password };
        accounts::create(store, account).await?;
        println!("Made the user \"{username}\"; give it a password with: users reset-password -u {username}");
    }
    Ok(())
}
