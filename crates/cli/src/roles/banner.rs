//! What `standalone` says when it is ready.

use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use crate::terminal::{Style, paint};

/// Everything that a person needs to go on.
pub struct Banner<'a> {
    /// Where the web interface is.
    pub url: &'a str,
    /// How to sign in.
    pub sign_in: SignIn<'a>,
    /// Folders with DAG files.
    pub dags: Vec<String>,
    /// The database, without a password.
    pub database: &'a str,
    /// The interpreter of DAG files.
    pub python: &'a Path,
    /// Since the process began.
    pub took: Duration,
}

/// How to sign in.
pub enum SignIn<'a> {
    /// Everyone is an administrator.
    Nobody,
    /// As `admin`, with the password in a file; on the first start the password itself.
    Admin(&'a Path, Option<String>),
    /// With accounts that exist already.
    Own,
}

impl Banner<'_> {
    /// The text.
    pub fn text(&self, colours: bool) -> String {
        let mut out = String::new();
        let title = format!("Tradewind {}", env!("CARGO_PKG_VERSION"));
        let _ = writeln!(
            out,
            "\n  {}  is at  {}\n",
            paint(Style::Bold, &title, colours),
            paint(Style::Cyan, self.url, colours)
        );
        let mut line = |name: &str, value: &str| {
            let _ = writeln!(out, "  {}  {value}", paint(Style::Dim, &format!("{name:<8}"), colours));
        };
        match &self.sign_in {
            SignIn::Nobody => line("sign in", "nobody needs to (simple_auth_manager_all_admins)"),
            SignIn::Own => line("sign in", "with your account"),
            SignIn::Admin(file, None) => line("sign in", &format!("admin, with the password in {}", file.display())),
            SignIn::Admin(file, Some(password)) => {
                line("sign in", &format!("admin / {}", paint(Style::Green, password, colours)));
                line("", &format!("(only shown now; kept in {})", file.display()));
            }
        }
        line("DAGs", &self.dags.join(", "));
        line("database", self.database);
        line("python", &self.python.display().to_string());
        let _ = writeln!(out, "\n  Ready in {:.2} s. Stop with Ctrl-C.\n", self.took.as_secs_f64());
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_a_person_needs() {
        let banner = Banner {
            url: "http://127.0.0.1:8080",
            sign_in: SignIn::Admin(Path::new("/h/standalone_admin_password.txt"), Some("s3cret".into())),
            dags: vec!["/h/dags".into()],
            database: "sqlite /h/airflow.db",
            python: Path::new("/h/venv/bin/python"),
            took: Duration::from_millis(234),
        };
        insta::assert_snapshot!(banner.text(false));
    }
}
