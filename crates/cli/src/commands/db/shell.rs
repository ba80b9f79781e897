//! `db shell`: the database's own shell.

use std::os::unix::process::CommandExt;
use std::process::Command;

use crate::commands::Context;
use crate::commands::session::must_exist;
use crate::config::options;
use crate::error::CliError;

pub fn run(context: &Context) -> Result<(), CliError> {
    let config = context.config()?;
    must_exist(&config, context.program)?;
    let address = config.text(&options::SQL_ALCHEMY_CONN);
    let (program, argument) = match address.strip_prefix("sqlite:///") {
        Some(path) => ("sqlite3", path.split('?').next().unwrap_or(path).to_owned()),
        None => ("psql", plain(address)),
    };
    // Takes this process's place: the shell has the terminal to itself.
    let mut shell = Command::new(program);
    if program == "psql" {
        // Not as an argument: everybody on the machine sees those.
        shell.args(address_without_password(&argument)).envs(password(&argument));
    } else {
        shell.arg(argument);
    }
    let error = shell.exec();
    Err(CliError::failed(format!("{program} cannot be started: {error}"))
        .hint(format!("install it: `db shell` is {program} with [database] sql_alchemy_conn")))
}

/// SQLAlchemy's `postgresql+psycopg2://…` as libpq reads it.
fn plain(address: &str) -> String {
    match address.split_once("://") {
        Some((_, rest)) => format!("postgresql://{rest}"),
        None => address.to_owned(),
    }
}

/// User, password and the rest of an address.
fn parts(address: &str) -> Option<(&str, &str, &str)> {
    let rest = address.strip_prefix("postgresql://")?;
    let slash = rest.find('/').unwrap_or(rest.len());
    let at = rest[..slash].rfind('@')?;
    let (user, password) = rest[..at].split_once(':')?;
    Some((user, password, &rest[at..]))
}

fn address_without_password(address: &str) -> [String; 1] {
    [parts(address).map_or_else(|| address.to_owned(), |(user, _, rest)| format!("postgresql://{user}{rest}"))]
}

fn password(address: &str) -> Option<(&'static str, String)> {
    let (_, password, _) = parts(address)?;
    let mut bytes = Vec::with_capacity(password.len());
    let mut rest = password.as_bytes();
    while let [first, after @ ..] = rest {
        let coded = std::str::from_utf8(after.get(..2).unwrap_or_default()).ok();
        match (first, coded.and_then(|hex| u8::from_str_radix(hex, 16).ok())) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    Some(("PGPASSWORD", String::from_utf8_lossy(&bytes).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_sees_the_password() {
        let address = plain("postgresql+psycopg2://me:p%40ss@host:5432/db?sslmode=require");
        assert_eq!(address_without_password(&address), ["postgresql://me@host:5432/db?sslmode=require"]);
        assert_eq!(password(&address), Some(("PGPASSWORD", "p@ss".into())));
        assert_eq!(password("postgresql://me@host/db"), None);
        assert_eq!(address_without_password("postgresql://me@host/db"), ["postgresql://me@host/db"]);
    }
}
