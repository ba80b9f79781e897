//! `roles create`, `delete`, `add-perms`, `del-perms`.

use clap::Args;
use tradewind_server::auth::rights::check_permission;
use tradewind_server::auth::role::{BUILT_IN, built_in, built_in_words};
use tradewind_store::Permission;

use crate::commands::Context;
use crate::commands::session::Session;
use crate::error::CliError;

/// Names of roles.
#[derive(Args, Debug)]
pub struct NamesArgs {
    /// Names of roles
    #[arg(required = true)]
    role: Vec<String>,
}

/// Roles and permissions.
#[derive(Args, Debug)]
pub struct PermissionArgs {
    /// Names of roles
    #[arg(required = true)]
    role: Vec<String>,
    /// On what: DAGs, "DAG Runs", Variables, DAG:<dag_id> …
    #[arg(short, long, required = true, num_args = 1..)]
    resource: Vec<String>,
    /// What: can_read, can_create, can_edit, can_delete, menu_access
    #[arg(short, long, required = true, num_args = 1..)]
    action: Vec<String>,
}

impl PermissionArgs {
    fn permissions(&self) -> Result<Vec<Permission>, CliError> {
        let pairs = self.resource.iter().flat_map(|resource| self.action.iter().map(move |action| (action, resource)));
        pairs.map(|(action, resource)| check_permission(action, resource).map_err(CliError::usage)).collect()
    }
}

pub async fn create(args: &NamesArgs, context: &Context) -> Result<(), CliError> {
    let session = Session::open(context).await?;
    for role in &args.role {
        if built_in(role).is_some() || !session.store.create_role(role, &[]).await? {
            println!("The role '{role}' is there already");
        }
    }
    println!("Added {} role(s)", args.role.len());
    Ok(())
}

pub async fn delete(args: &NamesArgs, context: &Context) -> Result<(), CliError> {
    let session = Session::open(context).await?;
    for role in &args.role {
        if BUILT_IN.contains(&role.as_str()) {
            return Err(CliError::failed(format!("{role} is built in and stays")));
        }
        if !session.store.delete_role(role).await? {
            return Err(CliError::failed(format!("there is no role '{role}'")));
        }
    }
    println!("Deleted {} role(s)", args.role.len());
    Ok(())
}

/// The roles, in their proper spelling; all of them are there.
async fn roles(args: &PermissionArgs, session: &Session) -> Result<Vec<String>, CliError> {
    crate::accounts::proper_roles(&session.store, &args.role).await
}

pub async fn add_permissions(args: &PermissionArgs, context: &Context) -> Result<(), CliError> {
    let permissions = args.permissions()?;
    let session = Session::open(context).await?;
    for role in roles(args, &session).await? {
        session.store.add_permissions(&role, &permissions).await?;
        println!("{role} has {} more permission(s)", permissions.len());
    }
    Ok(())
}

pub async fn drop_permissions(args: &PermissionArgs, context: &Context) -> Result<(), CliError> {
    let permissions = args.permissions()?;
    let session = Session::open(context).await?;
    for role in roles(args, &session).await? {
        let fixed = built_in_words(&role);
        if let Some(kept) = permissions.iter().find(|permission| fixed.contains(permission)) {
            return Err(CliError::failed(format!("{role} is built in and keeps {} on {}", kept.action, kept.resource))
                .hint("make an own role that may do less: roles create, roles add-perms"));
        }
        let dropped = session.store.drop_permissions(&role, &permissions).await?;
        println!("{role} has {dropped} permission(s) less");
    }
    Ok(())
}
