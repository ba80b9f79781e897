//! `roles`: what accounts may do: own roles, and additions to the built-in ones.

mod file;

use clap::{Args, Subcommand};
use tradewind_server::auth::rights::check_permission;
use tradewind_server::auth::role::{ADMIN, BUILT_IN, built_in, built_in_words};
use tradewind_store::{Permission, Store};

use super::Context;
use super::session::Session;
use crate::accounts::proper_roles;
use crate::error::CliError;
use crate::output::{OutputArgs, print};
use crate::row;

/// Commands of the group.
#[derive(Subcommand, Debug)]
pub enum UserRolesCommand {
    /// Let roles do more
    AddPerms(PermissionsArgs),
    /// Make roles
    Create(NamesArgs),
    /// Take something from roles
    DelPerms(LessArgs),
    /// Delete roles, also from accounts that have them
    Delete(NamesArgs),
    /// Write own roles to a file
    Export(file::ExportArgs),
    /// Make the roles of a file
    Import(file::ImportArgs),
    /// List the roles
    List(ListArgs),
}

/// Arguments of `roles list`.
#[derive(Args, Debug)]
pub struct ListArgs {
    /// With what each may do
    #[arg(short, long)]
    permission: bool,
    #[command(flatten)]
    output: OutputArgs,
}

/// Names of roles.
#[derive(Args, Debug)]
pub struct NamesArgs {
    /// Names of roles
    #[arg(required = true)]
    role: Vec<String>,
}

/// Arguments of `roles add-perms`.
#[derive(Args, Debug)]
pub struct PermissionsArgs {
    /// Names of roles
    #[arg(required = true)]
    role: Vec<String>,
    /// What it is about: DAGs, DAG:my_dag, Variables …
    #[arg(short, long, required = true, num_args = 1.., value_name = "NAME")]
    resource: Vec<String>,
    /// What may be done with it: can_read, can_edit, can_create, can_delete
    #[arg(short, long, required = true, num_args = 1.., value_name = "NAME")]
    action: Vec<String>,
}

/// Arguments of `roles del-perms`.
#[derive(Args, Debug)]
pub struct LessArgs {
    /// Names of roles
    #[arg(required = true)]
    role: Vec<String>,
    /// What it is about: DAGs, DAG:my_dag, Variables …
    #[arg(short, long, required = true, num_args = 1.., value_name = "NAME")]
    resource: Vec<String>,
    /// What may not be done with it any more [default: anything]
    #[arg(short, long, num_args = 1.., value_name = "NAME")]
    action: Vec<String>,
}

pub async fn run(command: UserRolesCommand, context: &Context) -> Result<(), CliError> {
    let session = Session::open(context).await?;
    let store = &session.store;
    match command {
        UserRolesCommand::AddPerms(args) => add(&args, store).await,
        UserRolesCommand::Create(args) => create(&args.role, store).await,
        UserRolesCommand::DelPerms(args) => less(&args, store).await,
        UserRolesCommand::Delete(args) => delete(&args.role, store).await,
        UserRolesCommand::Export(args) => file::export(&args, store).await,
        UserRolesCommand::Import(args) => file::import(&args, store).await,
        UserRolesCommand::List(args) => list(&args, store).await,
    }
}

async fn list(args: &ListArgs, store: &Store) -> Result<(), CliError> {
    let own = store.own_roles().await?;
    let more = store.role_permissions().await?;
    let mut rows = Vec::new();
    for name in BUILT_IN.iter().copied().chain(own.iter().map(String::as_str)) {
        if !args.permission {
            rows.push(row! {"name" => name});
            continue;
        }
        let mut permissions = built_in_words(name);
        permissions.extend(more.get(name).into_iter().flatten().cloned());
        permissions.sort();
        permissions.dedup();
        for (resource, actions) in by_resource(&permissions) {
            rows.push(row! {"name" => name, "resource" => resource, "action" => actions.join(",")});
        }
    }
    let columns: &[&str] = if args.permission { &["name", "resource", "action"] } else { &["name"] };
    print(args.output.output, columns, rows)
}

/// Actions of each resource.
fn by_resource(permissions: &[Permission]) -> std::collections::BTreeMap<&str, Vec<&str>> {
    let mut found: std::collections::BTreeMap<&str, Vec<&str>> = std::collections::BTreeMap::new();
    for permission in permissions {
        found.entry(&permission.resource).or_default().push(&permission.action);
    }
    found
}

async fn create(names: &[String], store: &Store) -> Result<(), CliError> {
    for name in names {
        if built_in(name).is_some() || !store.create_role(name, &[]).await? {
            println!("There is a role '{name}' already");
        } else {
            println!("Added role '{name}'");
        }
    }
    Ok(())
}

async fn delete(names: &[String], store: &Store) -> Result<(), CliError> {
    let own = store.own_roles().await?;
    if let Some(name) = names.iter().find(|name| !own.contains(name)) {
        return Err(match built_in(name) {
            Some(name) => CliError::failed(format!("{name} is a built-in role, which stays")),
            None => CliError::failed(format!("there is no role '{name}'")).hint("see what there is with: roles list"),
        });
    }
    for name in names {
        store.delete_role(name).await?;
        println!("Deleted role '{name}'");
    }
    Ok(())
}

/// Every action on every resource.
fn pairs(resources: &[String], actions: &[String]) -> Result<Vec<Permission>, CliError> {
    let all = resources.iter().flat_map(|resource| actions.iter().map(move |action| (action, resource)));
    all.map(|(action, resource)| check_permission(action, resource).map_err(CliError::usage)).collect()
}

async fn add(args: &PermissionsArgs, store: &Store) -> Result<(), CliError> {
    let permissions = pairs(&args.resource, &args.action)?;
    for role in proper_roles(store, &args.role).await? {
        store.add_permissions(&role, &permissions).await?;
        println!("Role '{role}' has {} permissions more", permissions.len());
    }
    Ok(())
}

async fn less(args: &LessArgs, store: &Store) -> Result<(), CliError> {
    let all: Vec<String> = ["can_create", "can_read", "can_edit", "can_delete", "menu_access"].map(String::from).into();
    let permissions = pairs(&args.resource, if args.action.is_empty() { &all } else { &args.action })?;
    for role in proper_roles(store, &args.role).await? {
        let dropped = store.drop_permissions(&role, &permissions).await?;
        let fixed = built_in_words(&role).iter().any(|own| permissions.contains(own));
        if fixed || role == ADMIN {
            println!(
                "Role '{role}' keeps what it has as a built-in role; {dropped} permissions that were added are gone"
            );
        } else {
            println!("Role '{role}' has {dropped} permissions less");
        }
    }
    Ok(())
}
