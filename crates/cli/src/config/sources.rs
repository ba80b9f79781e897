//! Where the text of an option comes from, in Airflow's order: the environment, then `airflow.cfg`; in each the plain
//! value, then `_CMD`, then `_SECRET`; then the old names of the option; then the default.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::process::Command;

use super::ini::{self, Entry};
use super::options::{Spec, env_var};
use super::renames;

/// Where a value was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// An environment variable.
    Env(String),
    /// A line of `airflow.cfg`.
    File(PathBuf, usize),
    /// Nowhere: the default.
    Default,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "{name}"),
            Self::File(path, line) => write!(f, "{}:{line}", path.display()),
            Self::Default => write!(f, "default"),
        }
    }
}

/// Everything that was set, before it is known what it means.
pub struct Raw {
    /// `airflow.cfg`, whether or not it exists.
    pub file: PathBuf,
    /// Entries of `airflow.cfg`.
    pub entries: Vec<Entry>,
    /// The process's environment.
    pub env: BTreeMap<String, String>,
    /// For `{AIRFLOW_HOME}`.
    pub home: PathBuf,
}

/// What stands in the way of a value.
#[derive(Debug, PartialEq, Eq)]
pub struct Refused {
    /// Where the value would have come from.
    pub source: Source,
    /// One clause.
    pub what: String,
}

impl Raw {
    /// The text of an option and where it stands; the default where it is set nowhere.
    ///
    /// # Errors
    /// [`Refused`] when a `_CMD` fails, a `_SECRET` is asked for, or a `%` in the file is wrong.
    pub fn find(&self, spec: &Spec) -> Result<(String, Source), Refused> {
        let names = std::iter::once((spec.section, spec.key)).chain(renames::old_names(spec.section, spec.key));
        for (section, key) in names {
            if let Some(found) = self.find_named(section, key, spec.sensitive)? {
                return Ok(found);
            }
        }
        Ok((self.expand(spec.default), Source::Default))
    }

    /// The same under one name; `None` when it is not set.
    ///
    /// # Errors
    /// See [`Raw::find`].
    pub fn find_named(&self, section: &str, key: &str, sensitive: bool) -> Result<Option<(String, Source)>, Refused> {
        let variable = env_var(section, key);
        if let Some(value) = self.env.get(&variable) {
            return Ok(Some((self.expand(value), Source::Env(variable))));
        }
        if sensitive {
            if let Some(command) = self.env.get(&format!("{variable}_CMD")) {
                return run(command, Source::Env(format!("{variable}_CMD"))).map(Some);
            }
            if self.env.contains_key(&format!("{variable}_SECRET")) {
                return Err(no_backend(Source::Env(format!("{variable}_SECRET"))));
            }
        }
        if let Some((value, source)) = self.file_value(section, key)? {
            return Ok(Some((self.expand(&value), source)));
        }
        if sensitive {
            if let Some((command, source)) = self.file_value(section, &format!("{key}_cmd"))? {
                return run(&command, source).map(Some);
            }
            if let Some((_, source)) = self.file_value(section, &format!("{key}_secret"))? {
                return Err(no_backend(source));
            }
        }
        Ok(None)
    }

    /// Where a name is set, by itself or by a `_CMD` or `_SECRET`.
    pub fn place(&self, section: &str, key: &str) -> Option<Source> {
        ["", "_cmd", "_secret"].into_iter().find_map(|ending| {
            let variable = format!("{}{}", env_var(section, key), ending.to_uppercase());
            if self.env.contains_key(&variable) {
                return Some(Source::Env(variable));
            }
            let key = format!("{key}{ending}");
            let entry = self.entries.iter().find(|e| e.section == section && e.key == key)?;
            Some(Source::File(self.file.clone(), entry.line))
        })
    }

    fn file_value(&self, section: &str, key: &str) -> Result<Option<(String, Source)>, Refused> {
        let of = |section: &str, key: &str| self.entries.iter().find(|e| e.section == section && e.key == key);
        let Some(entry) = of(section, key) else { return Ok(None) };
        let source = Source::File(self.file.clone(), entry.line);
        let lookup = |name: &str| of(section, name).or_else(|| of("default", name)).map(|e| e.value.clone());
        match ini::interpolate(&entry.value, &lookup) {
            Ok(value) => Ok(Some((value, source))),
            Err(what) => Err(Refused { source, what }),
        }
    }

    /// `{AIRFLOW_HOME}`, `$NAME`, `${NAME}` (where set) and a leading `~`.
    fn expand(&self, value: &str) -> String {
        let value = value.replace("{AIRFLOW_HOME}", &self.home.to_string_lossy());
        let mut out = String::with_capacity(value.len());
        let mut rest = value.as_str();
        while let Some(at) = rest.find('$') {
            out.push_str(&rest[..at]);
            rest = &rest[at + 1..];
            let (name, after) = match rest.strip_prefix('{').and_then(|r| r.split_once('}')) {
                Some((name, after)) => (name, after),
                None => rest.split_at(rest.find(|c: char| c != '_' && !c.is_alphanumeric()).unwrap_or(rest.len())),
            };
            match self.env.get(name) {
                Some(text) if !name.is_empty() => {
                    out.push_str(text);
                    rest = after;
                }
                _ => out.push('$'),
            }
        }
        out.push_str(rest);
        match (out.strip_prefix('~'), self.env.get("HOME")) {
            (Some(below), Some(user)) if below.is_empty() || below.starts_with('/') => format!("{user}{below}"),
            _ => out,
        }
    }
}

fn no_backend(source: Source) -> Refused {
    Refused {
        source,
        what: "asks for a secrets backend, which Tradewind does not have yet; use _CMD or the value".into(),
    }
}

/// The output of a shell command, without the line end.
fn run(command: &str, source: Source) -> Result<(String, Source), Refused> {
    let refused = |what: String| Refused { source: source.clone(), what };
    let output =
        Command::new("/bin/sh").arg("-c").arg(command).output().map_err(|e| refused(format!("/bin/sh: {e}")))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(refused(format!("the command '{command}' ended with {}: {}", output.status, said.trim())));
    }
    let text = String::from_utf8(output.stdout).map_err(|_| refused(format!("'{command}' printed no valid UTF-8")))?;
    Ok((text.trim_end_matches(['\r', '\n']).to_owned(), source))
}

#[cfg(test)]
mod tests {
    use super::super::options::{DEFAULT_QUEUE, FERNET_KEY, PARALLELISM, SQL_ALCHEMY_CONN};
    use super::*;

    fn raw(text: &str, env: &[(&str, &str)]) -> Raw {
        let file = PathBuf::from("/h/airflow.cfg");
        Raw {
            entries: ini::parse(&file, text).unwrap(),
            file,
            env: env.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
            home: "/h".into(),
        }
    }

    #[test]
    fn the_environment_wins_over_the_file_over_old_names_over_the_default() {
        let line = |n| Source::File("/h/airflow.cfg".into(), n);
        let text = "[core]\nparallelism = 8\n[celery]\ndefault_queue = old\n";
        let got = raw(text, &[("AIRFLOW__CORE__PARALLELISM", "4")]);
        assert_eq!(got.find(&PARALLELISM).unwrap(), ("4".into(), Source::Env("AIRFLOW__CORE__PARALLELISM".into())));
        assert_eq!(got.find(&DEFAULT_QUEUE).unwrap(), ("old".into(), line(4)));
        assert_eq!(raw(text, &[]).find(&PARALLELISM).unwrap(), ("8".into(), line(2)));
        assert_eq!(raw("", &[]).find(&SQL_ALCHEMY_CONN).unwrap(), ("sqlite:////h/airflow.db".into(), Source::Default));
    }

    #[test]
    fn commands_are_run_for_secrets_only() {
        let got = raw("[core]\nfernet_key_cmd = echo k%%1\n", &[]);
        assert_eq!(got.find(&FERNET_KEY).unwrap().0, "k%1");
        let got =
            raw("[core]\nparallelism_cmd = echo 1\n", &[("AIRFLOW__CORE__FERNET_KEY_CMD", "echo no >&2; exit 3")]);
        assert_eq!(got.find(&PARALLELISM).unwrap().1, Source::Default);
        let refused = got.find(&FERNET_KEY).unwrap_err();
        assert!(refused.what.contains("exit status: 3: no"), "{refused:?}");
        let refused = raw("", &[("AIRFLOW__CORE__FERNET_KEY_SECRET", "x")]).find(&FERNET_KEY).unwrap_err();
        assert!(refused.what.contains("secrets backend"), "{refused:?}");
    }

    #[test]
    fn expands_home_and_variables() {
        let raw = raw("", &[("HOME", "/u"), ("DB", "x"), ("_A", "y")]);
        assert_eq!(raw.expand("~/dags"), "/u/dags");
        assert_eq!(raw.expand("{AIRFLOW_HOME}/$DB/${_A}b/$MISSING$"), "/h/x/yb/$MISSING$");
        assert_eq!(raw.expand("a~b"), "a~b");
    }
}
