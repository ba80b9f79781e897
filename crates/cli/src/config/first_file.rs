//! Writes the first `airflow.cfg`: every option with its doc, commented out at its default, and the secrets that were
//! made for this installation.

use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::options;

/// Secrets that a new installation gets.
pub struct FirstSecrets {
    /// `[core] fernet_key`.
    pub fernet_key: String,
    /// `[api_auth] jwt_secret`.
    pub jwt_secret: String,
}

/// Writes `file` unless it exists. Only its owner may read it: it holds secrets.
///
/// # Errors
/// I/O, among them `AlreadyExists`.
pub fn write(file: &Path, secrets: &FirstSecrets) -> io::Result<()> {
    // Written aside and linked into place, so that nobody ever sees half a file.
    let aside = file.with_extension(format!("cfg.{}", std::process::id()));
    let mut out = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&aside)?;
    let done = out.write_all(text(secrets).as_bytes()).and_then(|()| std::fs::hard_link(&aside, file));
    std::fs::remove_file(&aside)?;
    done
}

fn text(secrets: &FirstSecrets) -> String {
    let mut out = String::from(
        "# Tradewind's configuration, by Airflow's names. An environment variable AIRFLOW__SECTION__KEY wins over the\n\
         # line here. `tradewind config list` shows what is in force. Lines that start with '#' show the defaults.\n",
    );
    let mut section = "";
    for spec in options::ALL {
        if spec.section != section {
            section = spec.section;
            out.push_str(&format!("\n[{section}]\n"));
        }
        for line in wrap(spec.doc, 108) {
            out.push_str(&format!("# {line}\n"));
        }
        let secret = match (spec.section, spec.key) {
            ("core", "fernet_key") => Some(&secrets.fernet_key),
            ("api_auth", "jwt_secret") => Some(&secrets.jwt_secret),
            _ => None,
        };
        match secret {
            Some(value) => out.push_str(&format!("{} = {}\n", spec.key, value.replace('%', "%%"))),
            None => out.push_str(format!("# {} = {}", spec.key, spec.default.replace('%', "%%")).trim_end()),
        }
        if secret.is_none() {
            out.push('\n');
        }
    }
    out
}

/// Breaks a text into lines of at most `width` bytes, at spaces.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let last = lines.last_mut().expect("never empty");
        if last.is_empty() {
            last.push_str(word);
        } else if last.len() + 1 + word.len() <= width {
            last.push(' ');
            last.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::config::Config;

    #[test]
    fn what_is_written_can_be_read_and_changes_nothing_but_the_secrets() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("airflow.cfg");
        let secrets = FirstSecrets { fernet_key: "f=".into(), jwt_secret: "j%".into() };
        write(&file, &secrets).unwrap();
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        let env = [("AIRFLOW_HOME".to_owned(), home.path().to_string_lossy().into_owned())];
        let config = Config::from_env(env).unwrap();
        let set: Vec<_> = options::ALL.iter().filter(|o| config.is_set(o)).map(|o| (o.key, config.text(o))).collect();
        assert_eq!(set, [("fernet_key", "f="), ("jwt_secret", "j%")]);
        assert!(config.warnings(true).is_empty());
        assert_eq!(write(&file, &secrets).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 1);
    }
}
