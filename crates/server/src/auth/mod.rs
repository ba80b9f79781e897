//! Who is asking, and may they? Tokens, passwords, roles, the permission matrix and the guard that applies it.

pub mod fab;
pub mod guard;
pub mod jwt;
pub mod login;
pub mod password;
pub mod permission;
pub mod rights;
pub mod role;

pub use guard::{Identity, Via};
pub use jwt::{Scope, Tokens, TryTokens};
pub use password::{PasswordChecker, hash_password};

/// Name of the user that everybody is when `[core] simple_auth_manager_all_admins` is on.
pub const ANONYMOUS: &str = "Anonymous";
