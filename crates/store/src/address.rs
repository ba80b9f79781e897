//! Where the database is: every usual spelling of a connection address.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use sqlx::postgres::PgConnectOptions;

use crate::Error;

/// A parsed connection address.
#[derive(Clone, Debug)]
pub(crate) enum Address {
    /// A file.
    Sqlite(PathBuf),
    /// A server, and the address without its password.
    Postgres(Box<PgConnectOptions>, String),
}

impl FromStr for Address {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        let Some((scheme, rest)) = text.split_once(':') else {
            return Err(Error::Address(format!("'{}' is not a database address: {EXPECTED}", shown(text))));
        };
        // SQLAlchemy names the Python driver after a plus sign; it means nothing to us.
        let engine = scheme.split_once('+').map_or(scheme, |(engine, _)| engine).to_ascii_lowercase();
        match engine.as_str() {
            "sqlite" => sqlite_path(rest).map(Self::Sqlite),
            "postgres" | "postgresql" => {
                let address = format!("postgresql:{rest}");
                let options = address.parse::<PgConnectOptions>().map_err(|error| {
                    Error::Address(format!("'{}' is not a PostgreSQL address: {error}", shown(text)))
                })?;
                Ok(Self::Postgres(Box::new(options), shown(&address)))
            }
            "mysql" | "mariadb" | "mssql" | "oracle" => Err(Error::Address(format!(
                "{engine} is not supported as the metadata database: use PostgreSQL or SQLite ({EXPECTED})"
            ))),
            _ => Err(Error::Address(format!("'{}' is not a database address: {EXPECTED}", shown(text)))),
        }
    }
}

const EXPECTED: &str = "expected postgresql://user:password@host:5432/name or sqlite:////absolute/path.db";

/// `sqlite:///relative`, `sqlite:////absolute`.
fn sqlite_path(rest: &str) -> Result<PathBuf, Error> {
    let path = rest.split('?').next().unwrap_or_default();
    let path = path.strip_prefix("///").or_else(|| path.strip_prefix("//")).unwrap_or(path);
    if path.is_empty() || path.contains(":memory:") {
        return Err(Error::Address(
            "an SQLite database in memory can't be shared by the parts of this program: give a file, \
             for instance sqlite:////var/lib/tradewind/tradewind.db"
                .into(),
        ));
    }
    Ok(Path::new(path).to_path_buf())
}

/// Without the password.
pub(crate) fn shown(address: &str) -> String {
    let Some((scheme, rest)) = address.split_once("://") else { return address.to_owned() };
    let authority_end = rest.find(['/', '?']).unwrap_or(rest.len());
    // A password may hold '/': then the last '@' of the whole address ends the credentials.
    let Some(at) = rest[..authority_end].rfind('@').or_else(|| rest.rfind('@')) else { return address.to_owned() };
    let user = rest[..at].split(':').next().unwrap_or_default();
    format!("{scheme}://{user}:***@{}", &rest[at + 1..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> String {
        match text.parse::<Address>() {
            Ok(Address::Sqlite(path)) => path.display().to_string(),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn sqlite_spellings() {
        assert_eq!(path("sqlite:////var/lib/a.db"), "/var/lib/a.db");
        assert_eq!(path("sqlite:///a.db"), "a.db");
        assert_eq!(path("sqlite+aiosqlite:////a.db?timeout=5"), "/a.db");
        assert_eq!(path("sqlite:a.db"), "a.db");
        assert!("sqlite://".parse::<Address>().unwrap_err().to_string().contains("give a file"));
        assert!("sqlite:///:memory:".parse::<Address>().is_err());
    }

    #[test]
    fn postgres_spellings() {
        for text in [
            "postgresql+psycopg2://me:p%40ss@db:6543/air?sslmode=disable",
            "postgres://me:p%40ss@db:6543/air?sslmode=disable",
            "postgresql+asyncpg://me:p%40ss@db:6543/air?sslmode=disable",
            "POSTGRESQL://me:p%40ss@db:6543/air?sslmode=disable",
        ] {
            let Ok(Address::Postgres(options, shown)) = text.parse() else { panic!("{text}") };
            assert_eq!((options.get_host(), options.get_port()), ("db", 6543));
            assert_eq!((options.get_username(), options.get_database()), ("me", Some("air")));
            assert_eq!(shown, "postgresql://me:***@db:6543/air?sslmode=disable");
        }
    }

    #[test]
    fn refuses_with_a_word_that_helps_and_without_the_password() {
        for text in
            ["mysql://me:secret@db/air", "nonsense", "http://me:secret@db", "postgresql://me:secret@db:port/air"]
        {
            let message = text.parse::<Address>().unwrap_err().to_string();
            assert!(!message.contains("secret"), "{message}");
        }
        assert!("mysql://db/air".parse::<Address>().unwrap_err().to_string().contains("use PostgreSQL or SQLite"));
    }
}
