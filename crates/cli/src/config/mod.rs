//! Configuration by Airflow's rules: `$AIRFLOW_HOME/airflow.cfg`, overridden by `AIRFLOW__SECTION__KEY`.
//!
//! Everything is read and checked once, before anything is created. What is set and not used is named.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tradewind_executors::{AVAILABLE, OF_TWO, kubernetes};
use tradewind_protocol::serialized_dag::ExecutorName;

mod first_file;
mod ini;
pub mod options;
pub mod renames;
pub mod rewrite;
mod sources;
mod unknown;
pub mod unused;

pub use first_file::{FirstSecrets, write as write_first_file};
pub use options::{Kind, Spec};
pub use renames::renamed;
pub use sources::Source;
pub use unknown::Unused;

use sources::{Raw, Refused};

/// What is wrong with the configuration. Names the file and line or the variable, and what would be right.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read.
    #[error("cannot read {}: {error}", .file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The file is not in the format.
    #[error(transparent)]
    Format(#[from] ini::IniError),
    /// A value cannot be had.
    #[error("{source_name}: [{section}] {key} {what}")]
    Refused {
        /// Section.
        section: String,
        /// Key.
        key: String,
        /// File and line, or variable.
        source_name: String,
        /// One clause.
        what: String,
    },
    /// A value is not one of those that the option takes.
    #[error("{source_name}: [{section}] {key} is {value}; it must be {allowed}")]
    Value {
        /// Section.
        section: String,
        /// Key.
        key: String,
        /// File and line, or variable.
        source_name: String,
        /// The value in quotes, hidden if sensitive.
        value: String,
        /// What would be right.
        allowed: String,
    },
}

/// An option's checked text and where it comes from.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The text after interpolation and expansion.
    pub text: String,
    /// Where it was set.
    pub source: Source,
}

/// An old name, the new one, and where the old one stands.
pub type OldName = ((&'static str, &'static str), (&'static str, &'static str), Source);

/// The whole configuration, checked.
pub struct Config {
    home: PathBuf,
    settings: BTreeMap<(&'static str, &'static str), Setting>,
    others: BTreeMap<(String, String), Setting>,
    unused: Vec<Unused>,
    old: Vec<OldName>,
    file: PathBuf,
}

impl Config {
    /// Reads the process's environment and `airflow.cfg`.
    ///
    /// # Errors
    /// [`Error`]; nothing has been created then.
    pub fn load() -> Result<Self, Error> {
        Self::from_env(std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?))))
    }

    /// The same with another environment.
    ///
    /// # Errors
    /// [`Error`].
    pub fn from_env(env: impl IntoIterator<Item = (String, String)>) -> Result<Self, Error> {
        let env: BTreeMap<String, String> = env.into_iter().collect();
        let user = env.get("HOME").map_or("/", String::as_str);
        let home = match env.get("AIRFLOW_HOME").filter(|h| !h.is_empty()) {
            Some(home) => home.strip_prefix("~/").map_or_else(|| PathBuf::from(home), |h| Path::new(user).join(h)),
            None => Path::new(user).join("airflow"),
        };
        let home = std::path::absolute(&home).unwrap_or(home);
        let file = env.get("AIRFLOW_CONFIG").map_or_else(|| home.join("airflow.cfg"), PathBuf::from);
        let text = match std::fs::read_to_string(&file) {
            Ok(text) => text,
            Err(e) if matches!(e.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => {
                String::new()
            }
            Err(error) => return Err(Error::Unreadable { file, error }),
        };
        let raw = Raw { entries: ini::parse(&file, &text)?, file, env, home: home.clone() };
        let mut settings = BTreeMap::new();
        for spec in options::ALL {
            let (text, source) = raw.find(spec).map_err(|refused| refused_error(spec.section, spec.key, &refused))?;
            check(spec, &text).map_err(|allowed| value_error(spec, &text, &source, allowed))?;
            settings.insert((spec.section, spec.key), Setting { text, source });
        }
        let (others, unused) = others(&raw);
        let mut old = Vec::new();
        for (section, key, new_section, new_key) in renames::RENAMES {
            // Only where it stands: its value was read above, or another name won.
            if let Some(source) = raw.place(section, key) {
                old.push(((*section, *key), (*new_section, *new_key), source));
            }
        }
        Ok(Self { home, settings, others, unused, old, file: raw.file })
    }

    /// `AIRFLOW_HOME`.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// `airflow.cfg`, which need not exist.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Warnings about what is set and not used. `all`: also the harmless ones.
    pub fn warnings(&self, all: bool) -> Vec<String> {
        let unused: Vec<Unused> =
            self.unused.iter().filter(|u| all || matches!(u.what, unknown::Known::Misspelt(_))).cloned().collect();
        unknown::warnings(&unused)
    }

    /// What is set and not read.
    pub fn unused(&self) -> &[Unused] {
        &self.unused
    }

    /// Whether it is an option that is read, under its present name.
    pub fn is_option(&self, section: &str, key: &str) -> bool {
        self.settings.keys().any(|(s, k)| *s == section && *k == key)
    }

    /// Old names that are in use, with the new ones and where they stand.
    pub fn old_names(&self) -> &[OldName] {
        &self.old
    }

    /// An option's text and source.
    pub fn setting(&self, spec: &Spec) -> &Setting {
        &self.settings[&(spec.section, spec.key)]
    }

    /// Text of an option.
    pub fn text(&self, spec: &Spec) -> &str {
        &self.setting(spec).text
    }

    /// Text of an option; `None` when it is empty.
    pub fn some_text(&self, spec: &Spec) -> Option<&str> {
        Some(self.text(spec)).filter(|t| !t.is_empty())
    }

    /// Whether somebody set it.
    pub fn is_set(&self, spec: &Spec) -> bool {
        self.setting(spec).source != Source::Default
    }

    /// A path; relative ones are below the home.
    pub fn path(&self, spec: &Spec) -> PathBuf {
        self.home.join(self.text(spec))
    }

    /// A flag.
    pub fn flag(&self, spec: &Spec) -> bool {
        parse_flag(self.text(spec)).unwrap_or_default()
    }

    /// A whole number, checked to be in the option's range.
    pub fn int(&self, spec: &Spec) -> i64 {
        self.text(spec).parse().unwrap_or_default()
    }

    /// Seconds.
    pub fn seconds(&self, spec: &Spec) -> Duration {
        Duration::try_from_secs_f64(self.text(spec).parse().unwrap_or_default()).unwrap_or(Duration::MAX)
    }

    /// Any name, as `config get-value` and DAG files ask for it: options under new or old names, and whatever else
    /// is set.
    pub fn lookup(&self, section: &str, key: &str) -> Option<&Setting> {
        let (section, key) = (section.to_lowercase(), key.to_lowercase());
        let here = |s: &str, k: &str| {
            self.settings.iter().find(|((os, ok), _)| *os == s && *ok == k).map(|(_, setting)| setting)
        };
        here(&section, &key)
            .or_else(|| renames::renamed(&section, &key).and_then(|(s, k)| here(s, k)))
            .or_else(|| self.others.get(&(section, key)))
    }

    /// What is set beyond the options of [`options::ALL`], by section and key.
    pub fn others(&self) -> &BTreeMap<(String, String), Setting> {
        &self.others
    }
}

fn refused_error(section: &str, key: &str, refused: &Refused) -> Error {
    Error::Refused {
        section: section.to_owned(),
        key: key.to_owned(),
        source_name: refused.source.to_string(),
        what: refused.what.clone(),
    }
}

fn value_error(spec: &Spec, text: &str, source: &Source, allowed: String) -> Error {
    Error::Value {
        section: spec.section.to_owned(),
        key: spec.key.to_owned(),
        source_name: source.to_string(),
        value: if spec.sensitive { "< hidden >".into() } else { format!("'{text}'") },
        allowed,
    }
}

/// Options by section and key.
type Others = BTreeMap<(String, String), Setting>;

/// Everything that is set and is not an option of ours, under its own name.
fn others(raw: &Raw) -> (Others, Vec<Unused>) {
    let mut names: Vec<(String, String, Source)> = raw
        .entries
        .iter()
        .map(|e| (e.section.clone(), e.key.clone(), Source::File(raw.file.clone(), e.line)))
        .collect();
    for variable in raw.env.keys() {
        let Some((section, key)) = variable.strip_prefix("AIRFLOW__").and_then(|r| r.split_once("__")) else {
            continue;
        };
        names.push((section.to_lowercase(), key.to_lowercase(), Source::Env(variable.clone())));
    }
    let mut others = Others::new();
    let mut unused: Vec<Unused> = Vec::new();
    for (section, key, source) in names {
        // Variables cannot spell sections with a dot; the one that is known wins.
        let ours = |s: &str, k: &str| options::ALL.iter().find(|o| o.section == s && o.key == k);
        let base = key.strip_suffix("_cmd").or_else(|| key.strip_suffix("_secret"));
        let now = |k: &str| renames::renamed(&section, k).map_or_else(|| ours(&section, k), |(s, k)| ours(s, k));
        let sensitive_base = base.and_then(now).is_some_and(|o| o.sensitive);
        if ours(&section, &key).is_some() || sensitive_base || renames::renamed(&section, &key).is_some() {
            continue;
        }
        if others.contains_key(&(section.clone(), key.clone())) {
            continue;
        }
        // Nobody here reads it, so a stray '%' in it is only an error for whoever asks for the value.
        if let Ok(Some((text, source))) = raw.find_named(&section, &key, false) {
            others.insert((section.clone(), key.clone()), Setting { text, source });
        }
        // A section of Airflow 1.10 that only held defaults of the file.
        if section != "default" && !unused::is_read(&section, &key) {
            unused.push(Unused { what: unknown::classify(&section, &key), section, key, source });
        }
    }
    (others, unused)
}

fn parse_flag(text: &str) -> Option<bool> {
    match text.to_lowercase().as_str() {
        "t" | "true" | "1" => Some(true),
        "f" | "false" | "0" => Some(false),
        _ => None,
    }
}

/// `Err`: what would be right.
fn check(spec: &Spec, text: &str) -> Result<(), String> {
    match spec.kind {
        Kind::Text => Ok(()),
        Kind::Path => {
            if text.is_empty() && !spec.default.is_empty() {
                return Err("a path".into());
            }
            Ok(())
        }
        Kind::Flag => parse_flag(text).map(|_| ()).ok_or_else(|| "True or False".into()),
        Kind::Int(min, max) => match text.parse::<i64>() {
            Ok(n) if n >= min && n <= max => Ok(()),
            _ if max == i64::MAX => Err(format!("a whole number, {min} or more")),
            _ => Err(format!("a whole number from {min} to {max}")),
        },
        Kind::Seconds(min) => match text.parse::<f64>() {
            Ok(n) if n >= min && n.is_finite() => Ok(()),
            _ => Err(format!("a number of seconds, {min} or more")),
        },
        Kind::Choice(words) => {
            if words.contains(&text) {
                return Ok(());
            }
            Err(format!("one of {}", words.join(", ")))
        }
        Kind::Executors => executors(text),
        Kind::Json => {
            if text.is_empty() {
                return Ok(());
            }
            serde_json::from_str::<serde_json::Value>(text).map(|_| ()).map_err(|e| format!("JSON ({e})"))
        }
    }
}

/// Executors between commas: each once, and each there.
fn executors(text: &str) -> Result<(), String> {
    let names = ExecutorName::list(text);
    let there: Vec<&str> =
        AVAILABLE.iter().copied().chain([kubernetes::NAME]).chain(OF_TWO.iter().map(|(name, _)| *name)).collect();
    let known = || format!("one of {}, or several of them between commas", there.join(", "));
    if text.contains(';') || text.contains('=') {
        return Err(format!("{}; there are no teams in this version", known()));
    }
    if names.is_empty() {
        return Err(known());
    }
    for (at, name) in names.iter().enumerate() {
        if !there.contains(&name.class()) {
            return Err(known());
        }
        if names[..at].iter().any(|before| before.class() == name.class()) {
            return Err(format!("each executor once; {} is named twice", name.class()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::options::{DAGS_FOLDER, EXECUTOR, PARALLELISM, SQL_ALCHEMY_CONN};
    use super::*;

    fn load(text: &str, env: &[(&str, &str)]) -> (tempfile::TempDir, Result<Config, Error>) {
        let home = tempfile::tempdir().unwrap();
        if !text.is_empty() {
            std::fs::write(home.path().join("airflow.cfg"), text).unwrap();
        }
        let own = [("AIRFLOW_HOME".to_owned(), home.path().to_string_lossy().into_owned())];
        let env = env.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        let config = Config::from_env(own.into_iter().chain(env));
        (home, config)
    }

    #[test]
    fn an_empty_home_gives_the_defaults() {
        let (home, config) = load("", &[]);
        let config = config.unwrap();
        assert_eq!(config.path(&DAGS_FOLDER), home.path().join("dags"));
        assert_eq!(config.int(&PARALLELISM), 32);
        assert_eq!(config.text(&EXECUTOR), "LocalExecutor");
        assert_eq!(config.warnings(true), Vec::<String>::new());
        assert!(std::fs::read_dir(home.path()).unwrap().next().is_none(), "loading creates nothing");
    }

    #[test]
    fn wrong_values_name_the_place_and_what_is_allowed() {
        let (home, error) = load("[core]\nparallelism = lots\n", &[]);
        let place = home.path().join("airflow.cfg").display().to_string();
        assert_eq!(
            error.err().unwrap().to_string(),
            format!("{place}:2: [core] parallelism is 'lots'; it must be a whole number from 1 to 100000")
        );
        let (_home, error) = load("", &[("AIRFLOW__CORE__EXECUTOR", "DaskExecutor")]);
        assert_eq!(
            error.err().unwrap().to_string(),
            "AIRFLOW__CORE__EXECUTOR: [core] executor is 'DaskExecutor'; it must be one of LocalExecutor, \
             SequentialExecutor, EdgeExecutor, CeleryExecutor, KubernetesExecutor, CeleryKubernetesExecutor, \
             LocalKubernetesExecutor, or several of them between commas"
        );
    }

    #[test]
    fn old_names_work_and_other_names_are_reported() {
        let (_home, config) =
            load("[core]\nsql_alchemy_conn = sqlite:////x.db\ndag_folder = y\n[celery]\nresult_backend = z\n", &[]);
        let config = config.unwrap();
        assert_eq!(config.text(&SQL_ALCHEMY_CONN), "sqlite:////x.db");
        assert_eq!(config.lookup("CORE", "sql_alchemy_conn").unwrap().text, "sqlite:////x.db");
        assert_eq!(config.lookup("celery", "result_backend").unwrap().text, "z");
        assert!(config.lookup("celery", "nothing").is_none());
        assert_eq!(config.warnings(true).len(), 2);
        assert!(config.warnings(false)[0].ends_with("did you mean [core] dags_folder?"));
    }

    #[test]
    fn a_variable_without_section_is_not_an_option() {
        let (_home, config) = load("", &[("AIRFLOW__X", "1"), ("AIRFLOW_VAR_A", "b")]);
        assert!(config.unwrap().others().is_empty());
    }
}
