//! What can go wrong with the database, in words for the person who runs it.

/// An error of the store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The connection address can't be used.
    #[error("{0}")]
    Address(String),
    /// The database does not answer, or does not let us in.
    #[error("the database at {address} can't be reached: {reason}")]
    Unreachable {
        /// Without the password.
        address: String,
        /// What the driver said.
        reason: String,
    },
    /// Another process runs on the same SQLite file.
    #[error("{path} is in use by another tradewind (process {pid}): stop that one first, or use another AIRFLOW_HOME")]
    InUse {
        /// The database file.
        path: String,
        /// Its process id, or "unknown".
        pid: String,
    },
    /// The database was migrated by a newer release.
    #[error(
        "the database is newer than this program (its schema has version {found}, this program knows {known}): use the release that migrated it, or a newer one"
    )]
    Newer {
        /// Version of the schema found.
        found: i64,
        /// Newest version that this program knows.
        known: i64,
    },
    /// The database has not been migrated yet.
    #[error("the database has no schema yet, or an old one (version {found} of {known}): run `tradewind db migrate`")]
    NotMigrated {
        /// Version of the schema found; 0 is an empty database.
        found: i64,
        /// Version that this program needs.
        known: i64,
    },
    /// The database can't be migrated.
    #[error("{0}")]
    Migration(String),
    /// A Fernet key or token is wrong.
    #[error("{0}")]
    Secret(String),
    /// There is no such thing.
    #[error("{0}")]
    NotFound(String),
    /// It is there already.
    #[error("{0}")]
    Exists(String),
    /// The request makes no sense.
    #[error("{0}")]
    Invalid(String),
    /// A stored value that this program could not have written.
    #[error("unexpected value in the database: {0}")]
    Corrupt(String),
    /// Everything else that the database says.
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
}

impl Error {
    /// Whether the same call may work a moment later: the database was busy, restarted, or broke a deadlock.
    pub fn is_transient(&self) -> bool {
        let Self::Database(error) = self else { return matches!(self, Self::Unreachable { .. }) };
        match error {
            sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::WorkerCrashed => true,
            sqlx::Error::Database(database) => {
                let code = database.code();
                let code = code.as_deref().unwrap_or_default();
                // Postgres: connection errors, shutdowns, serialization failures, deadlocks, too many connections.
                // SQLite: busy, locked and their extended forms.
                code.starts_with("08")
                    || code.starts_with("57P0")
                    || matches!(code, "40001" | "40P01" | "53300" | "55P03")
                    || code.parse::<i64>().is_ok_and(|c| code.len() < 5 && matches!(c & 0xff, 5 | 6))
            }
            _ => false,
        }
    }

    /// Whether a constraint of the schema refused a write, and which (as far as the database says).
    pub fn constraint(&self) -> Option<String> {
        let Self::Database(sqlx::Error::Database(database)) = self else { return None };
        match database.constraint() {
            Some(name) => Some(name.to_owned()),
            // SQLite puts the name in the text: "CHECK constraint failed: task_instance_state".
            None => database.message().split_once("constraint failed: ").map(|(_, name)| name.to_owned()),
        }
    }
}
