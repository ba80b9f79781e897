//! `roles export` and `roles import`: JSON, a record for each role and resource, as Airflow writes them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use serde::{Deserialize, Serialize};
use tradewind_server::auth::rights::check_permission;
use tradewind_server::auth::role::built_in;
use tradewind_store::{Permission, Store};

use super::by_resource;
use crate::error::CliError;
use crate::files;

/// Arguments of `roles export`.
#[derive(Args, Debug)]
pub struct ExportArgs {
    /// The file; - prints
    file: PathBuf,
    /// Indented
    #[arg(short, long)]
    pretty: bool,
}

/// Arguments of `roles import`.
#[derive(Args, Debug)]
pub struct ImportArgs {
    /// A file of `roles export`, Airflow's or ours
    file: PathBuf,
}

/// A role may do these things with one resource; of a role without permissions both are empty.
#[derive(Deserialize, Serialize)]
struct Record {
    name: String,
    #[serde(default)]
    resource: String,
    /// Separated by commas.
    #[serde(default)]
    action: String,
}

pub async fn export(args: &ExportArgs, store: &Store) -> Result<(), CliError> {
    let mut all = store.role_permissions().await?;
    for name in store.own_roles().await? {
        all.entry(name).or_default();
    }
    let mut records = Vec::new();
    for (name, permissions) in &all {
        let record = |resource: &str, action: String| Record { name: name.clone(), resource: resource.into(), action };
        if permissions.is_empty() {
            records.push(record("", String::new()));
        }
        records.extend(by_resource(permissions).into_iter().map(|(of, actions)| record(of, actions.join(","))));
    }
    let text = match args.pretty {
        true => serde_json::to_string_pretty(&records),
        false => serde_json::to_string(&records),
    };
    files::write(&args.file, &(text.unwrap_or_default() + "\n"))?;
    eprintln!("{} roles exported to {}", all.len(), args.file.display());
    Ok(())
}

pub async fn import(args: &ImportArgs, store: &Store) -> Result<(), CliError> {
    let place = args.file.display();
    let text = std::fs::read_to_string(&args.file)
        .map_err(|error| CliError::failed(format!("cannot read {place}: {error}")))?;
    let records: Vec<Record> = serde_json::from_str(&text).map_err(|error| {
        CliError::failed(format!("{place} is no list of roles as `roles export` writes it: {error}"))
    })?;
    // Everything is checked before anything is written.
    let mut roles: BTreeMap<String, Vec<Permission>> = BTreeMap::new();
    for record in records {
        let permissions = roles.entry(record.name).or_default();
        for action in record.action.split(',').map(str::trim).filter(|action| !action.is_empty()) {
            let permission = check_permission(action, &record.resource);
            permissions.push(permission.map_err(|what| CliError::failed(format!("{place}: {what}")))?);
        }
    }
    for (name, permissions) in &roles {
        if built_in(name).is_none() {
            store.create_role(name, &[]).await?;
        }
        store.add_permissions(name, permissions).await?;
    }
    println!("{} roles imported", roles.len());
    Ok(())
}
