//! What administrators keep: variables, connections, pools, users, settings, and the log of what they did.

mod connection_tests;
mod connections;
mod events;
mod favorites;
mod pools;
mod roles;
mod rotate;
mod settings;
mod tokens;
mod users;
mod variables;

pub use connection_tests::ConnectionTest;
pub use connections::Connection;
pub use events::NewEvent;
pub use pools::Pool;
pub use roles::Permission;
pub(crate) use roles::keep_dag_access;
pub use rotate::Rotated;
pub use users::{User, UserHistory};
pub use variables::Variable;

use crate::{Error, Store};

impl Store {
    /// A stored secret in the clear.
    fn reveal(&self, what: &str, stored: String, is_encrypted: bool) -> Result<String, Error> {
        if !is_encrypted {
            return Ok(stored);
        }
        self.fernet().decrypt(&stored).map_err(|error| Error::Secret(format!("{what} can't be decrypted: {error}")))
    }
}

/// Postgres has no NUL in texts; a text with one is a mistake that is better told than repaired.
fn without_nul(what: &str, text: &str) -> Result<(), Error> {
    if text.contains('\0') {
        return Err(Error::Invalid(format!("{what} has a NUL character in it")));
    }
    Ok(())
}

/// A name that can be kept: not empty, not too long for the interfaces that show it.
fn check_name(what: &str, name: &str) -> Result<(), Error> {
    if name.is_empty() || name.chars().count() > 250 {
        return Err(Error::Invalid(format!("{what} must have 1 to 250 characters")));
    }
    without_nul(what, name)
}
