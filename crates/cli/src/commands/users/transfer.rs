//! `users export` and `import`: a JSON list as FAB writes it, without passwords.

use std::path::PathBuf;

use clap::Args;
use serde::{Deserialize, Serialize};
use tradewind_store::User;

use crate::commands::Context;
use crate::commands::session::Session;
use crate::error::CliError;
use crate::{accounts, home};

/// Arguments of `users export` and `import`.
#[derive(Args, Debug)]
pub struct FileArgs {
    /// The file
    file: PathBuf,
}

/// A user of the file.
#[derive(Deserialize, Serialize)]
struct Line {
    email: String,
    firstname: String,
    #[serde(default)]
    id: i64,
    lastname: String,
    roles: Vec<String>,
    username: String,
}

pub async fn export(args: &FileArgs, context: &Context) -> Result<(), CliError> {
    let session = Session::open(context).await?;
    let line = |(id, user): (i64, User)| Line {
        email: user.email.unwrap_or_default(),
        firstname: user.first_name.unwrap_or_default(),
        id,
        lastname: user.last_name.unwrap_or_default(),
        roles: user.roles,
        username: user.username,
    };
    let lines: Vec<Line> = (1..).zip(session.store.users().await?).map(line).collect();
    let failed =
        |error: &dyn std::fmt::Display| CliError::failed(format!("cannot write {}: {error}", args.file.display()));
    let text = serde_json::to_string_pretty(&lines).map_err(|error| failed(&error))?;
    std::fs::write(&args.file, text).map_err(|error| failed(&error))?;
    println!("{} users successfully exported to {}", lines.len(), args.file.display());
    Ok(())
}

pub async fn import(args: &FileArgs, context: &Context) -> Result<(), CliError> {
    let failed =
        |error: &dyn std::fmt::Display| CliError::failed(format!("cannot read {}: {error}", args.file.display()));
    let text = std::fs::read_to_string(&args.file).map_err(|error| failed(&error))?;
    let lines: Vec<Line> = serde_json::from_str(&text).map_err(|error| failed(&error))?;
    let session = Session::open(context).await?;
    // All of it is checked before anything is written.
    let mut users = Vec::new();
    for line in lines {
        let roles = accounts::proper_roles(&session.store, &line.roles).await?;
        let known = session.store.find_user(&line.username).await?;
        let is_known = known.is_some();
        let (password_hash, active) = match known {
            Some(user) => (user.password_hash, user.active),
            // Nobody knows a new user's password until `users reset-password`.
            None => (accounts::hash(&home::random_text(32))?, true),
        };
        users.push((
            is_known,
            User {
                roles,
                password_hash,
                username: line.username,
                email: Some(line.email),
                first_name: Some(line.firstname),
                last_name: Some(line.lastname),
                active,
            },
        ));
    }
    for (known, user) in &users {
        session.store.put_user(user).await?;
        println!("{} {}", if *known { "Updated" } else { "Created" }, user.username);
    }
    Ok(())
}
