//! Accounts of people: what the first start and the `users` commands have in common.

use tradewind_store::{Store, User};

use crate::error::CliError;

/// What an account may do, as Airflow names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Role {
    /// Everything.
    #[value(name = "Admin", alias = "admin")]
    Admin,
    /// Run the place: DAGs, connections, variables, pools.
    #[value(name = "Op", alias = "op")]
    Op,
    /// Work with DAGs.
    #[value(name = "User", alias = "user")]
    User,
    /// Look.
    #[value(name = "Viewer", alias = "viewer")]
    Viewer,
}

impl Role {
    /// The name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "Admin",
            Self::Op => "Op",
            Self::User => "User",
            Self::Viewer => "Viewer",
        }
    }
}

/// A new account.
pub struct Account {
    /// Name to sign in with.
    pub username: String,
    /// What it may do.
    pub role: Role,
    /// Address.
    pub email: String,
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// In the clear; only its hash is kept.
    pub password: String,
}

/// Stores a new account.
///
/// # Errors
/// The name is taken, or something about it is not right.
pub async fn create(store: &Store, account: Account) -> Result<(), CliError> {
    let user = User {
        username: account.username,
        password_hash: hash(&account.password)?,
        role: account.role.as_str().to_owned(),
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
