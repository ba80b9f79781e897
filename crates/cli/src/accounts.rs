//! Accounts of people: what the first start and the `users` commands have in common.

use tradewind_server::auth::role::{BUILT_IN, built_in};
use tradewind_store::{Store, User};

use crate::error::CliError;
use crate::suggest::nearest;

/// A new account.
pub struct Account {
    /// Name to sign in with.
    pub username: String,
    /// Names of roles: what it may do.
    pub roles: Vec<String>,
    /// Address.
    pub email: String,
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// In the clear; only its hash is kept.
    pub password: String,
}

/// Roles in their proper spelling: built-in ones in any case, own ones as they are.
///
/// # Errors
/// There is no such role.
pub async fn proper_roles(store: &Store, names: &[String]) -> Result<Vec<String>, CliError> {
    let own = store.own_roles().await?;
    let mut roles: Vec<String> = Vec::new();
    for name in names.iter().flat_map(|name| name.split(',')).map(str::trim).filter(|name| !name.is_empty()) {
        let role = match built_in(name) {
            _ if own.iter().any(|role| role == name) => name,
            Some(role) => role,
            None => {
                let known = BUILT_IN.iter().copied().chain(own.iter().map(String::as_str));
                let error = CliError::failed(format!("{name} is not a role"));
                return Err(match nearest(name, known.clone()) {
                    Some(near) => error.hint(format!("did you mean '{near}'?")),
                    None => error.hint(format!("roles are {}", known.collect::<Vec<_>>().join(", "))),
                });
            }
        };
        if !roles.iter().any(|known| known == role) {
            roles.push(role.to_owned());
        }
    }
    Ok(roles)
}

/// Stores a new account.
///
/// # Errors
/// The name is taken, or something about it is not right.
pub async fn create(store: &Store, account: Account) -> Result<(), CliError> {
    let user = User {
        username: account.username,
        password_hash: hash(&account.password)?,
        roles: account.roles,
        email: Some(account.email),
        first_name: Some(account.first_name),
        last_name: Some(account.last_name),
        active: true,
    };
    Ok(store.create_user(&user).await?)
}

/// The hash that is kept of a password.
///
/// # Errors
/// An empty password.
pub fn hash(password: &str) -> Result<String, CliError> {
    if password.is_empty() {
        return Err(CliError::usage("the password is empty"));
    }
    tradewind_server::hash_password(password).map_err(|error| CliError::failed(error.to_string()))
}
