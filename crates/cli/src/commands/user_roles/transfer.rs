//! `roles export` and `import`: a JSON list with a line for each role and resource, as FAB writes it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use serde::{Deserialize, Serialize};
use tradewind_server::auth::rights::check_permission;
use tradewind_server::auth::role::BUILT_IN;
use tradewind_store::Permission;

use crate::commands::Context;
use crate::commands::session::Session;
use crate::error::CliError;

/// Arguments of `roles export`.
#[derive(Args, Debug)]
pub struct ExportArgs {
    /// The file
    file: PathBuf,
    /// Indent it
    #[arg(short, long)]
    pretty: bool,
}

/// Arguments of `roles import`.
#[derive(Args, Debug)]
pub struct ImportArgs {
    /// The file
    file: PathBuf,
}

/// A line of the file; both are empty for a role that may do nothing.
#[derive(Deserialize, Serialize)]
struct Line {
    name: String,
    resource: String,
    action: String,
}

pub async fn export(args: &ExportArgs, context: &Context) -> Result<(), CliError> {
    let session = Session::open(context).await?;
    let mut permissions = session.store.role_permissions().await?;
    let roles = session.store.own_roles().await?;
    let mut lines = Vec::new();
    for name in &roles {
        let mut by_resource: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for Permission { action, resource } in permissions.remove(name).unwrap_or_default() {
            by_resource.entry(resource).or_default().push(action);
        }
        if by_resource.is_empty() {
            by_resource.entry(String::new()).or_default().push(String::new());
        }
        let line = |(resource, actions): (String, Vec<String>)| Line {
            name: name.clone(),
            resource,
            action: actions.join(","),
        };
        lines.extend(by_resource.into_iter().map(line));
    }
    let text = if args.pretty { serde_json::to_string_pretty(&lines) } else { serde_json::to_string(&lines) };
    let failed =
        |error: &dyn std::fmt::Display| CliError::failed(format!("cannot write {}: {error}", args.file.display()));
    std::fs::write(&args.file, text.map_err(|error| failed(&error))?).map_err(|error| failed(&error))?;
    println!("{} roles with {} linked permissions exported to {}", roles.len(), lines.len(), args.file.display());
    Ok(())
}

pub async fn import(args: &ImportArgs, context: &Context) -> Result<(), CliError> {
    let failed =
        |error: &dyn std::fmt::Display| CliError::failed(format!("cannot read {}: {error}", args.file.display()));
    let text = std::fs::read_to_string(&args.file).map_err(|error| failed(&error))?;
    let lines: Vec<Line> = serde_json::from_str(&text).map_err(|error| failed(&error))?;
    // All of it is checked before anything is written.
    let mut wanted: BTreeMap<String, Vec<Permission>> = BTreeMap::new();
    for Line { name, resource, action } in lines {
        let permissions = wanted.entry(name).or_default();
        for action in action.split(',').map(str::trim).filter(|action| !action.is_empty()) {
            permissions.push(check_permission(action, &resource).map_err(CliError::failed)?);
        }
    }
    let session = Session::open(context).await?;
    let mut made = 0;
    for (name, permissions) in &wanted {
        // As in Airflow: a role that is there keeps what it has.
        if !BUILT_IN.contains(&name.as_str()) && session.store.create_role(name, permissions).await? {
            made += 1;
        }
    }
    println!("{made} of {} roles imported; the others are there already", wanted.len());
    Ok(())
}
