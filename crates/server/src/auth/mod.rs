//! Who is asking, and may they? Tokens, passwords, roles, the permission matrix and the guard that applies it.

pub mod config;
pub mod external;
pub mod fab;
pub mod guard;
pub mod jwks;
pub mod jwt;
pub mod ldap;
pub mod login;
pub mod oidc;
pub mod password;
pub mod permission;
pub mod proxy;
pub mod rate;
mod revoked;
pub mod rights;
pub mod role;
mod werkzeug;

pub use config::AuthConfig;
pub use guard::{Identity, Via};
pub use jwt::{Scope, Tokens, TryTokens};
pub use password::{PasswordChecker, hash_password};
pub use revoked::Revoked;

/// Name of the user that everybody is when `[core] simple_auth_manager_all_admins` is on.
pub const ANONYMOUS: &str = "Anonymous";
