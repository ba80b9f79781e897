//! `env sync`: builds an environment from a requirements file beside the one in force, checks it, writes the lock, and
//! only then puts it in force. Whatever goes wrong before leaves everything as it was.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::engine_line::{Translated, translate};
use super::interpreter::{Interpreter, probe};
use super::lock::{self, Lock, Locked};
use super::managed::{Managed, Record};
use super::package::{self, Found};
use super::pip::{self, Pip, PipFailure};
use super::requirements::{Requirements, normal};
use super::{EnvironmentName, PROVIDERS_ASSUME, REQUIREMENTS, uv, venv};
use crate::error::CliError;
use crate::progress::Progress;

/// What to sync from, and how.
#[derive(Clone, Debug, Default)]
pub struct Order {
    /// The requirements file.
    pub requirements: PathBuf,
    /// The Python to make it from: a path, a command or a version.
    pub python: Option<String>,
    /// Newest versions, whatever the lock says.
    pub upgrade: bool,
    /// Nothing but what the lock says.
    pub locked: bool,
}

/// What came of it.
#[derive(Debug)]
pub struct Synced {
    /// Version of Python.
    pub python: String,
    /// Packages that it has.
    pub packages: usize,
    /// `+ six 1.16`, `- six 1.15`, `~ six 1.15 -> 1.16`: against the one before.
    pub changes: Vec<String>,
    /// The lock, and whether it was written.
    pub lock: (PathBuf, bool),
    /// What people should know.
    pub notes: Vec<String>,
}

/// How to get from requirements to packages.
enum Plan {
    /// Install what the lock says.
    Exact,
    /// Look for versions, and keep those of the lock as far as they fit.
    Resolve,
}

/// Hash over what is asked for, by the file and by our package.
pub fn wanted(requirements: &Requirements) -> String {
    let all = format!("{}\n{}", requirements.hash(), REQUIREMENTS.join(" "));
    format!("{:x}", Sha256::digest(all))[..32].to_owned()
}

/// The lock of a requirements file.
pub fn lock_of(requirements: &Path) -> PathBuf {
    requirements.with_extension("lock")
}

/// Builds the environment and puts it in force.
///
/// # Errors
/// What is wrong; the environment in force is as it was.
pub fn sync(managed: &Managed, name: &EnvironmentName, order: &Order, progress: &Progress) -> Result<Synced, CliError> {
    let requirements = Requirements::read(&order.requirements).map_err(|error| {
        CliError::failed(format!("cannot read {error}")).hint("name another file with --requirements")
    })?;
    let translated = translate(&requirements).map_err(CliError::failed)?;
    let lock_path = lock_of(&order.requirements);
    let lock = Lock::read(&lock_path).map_err(|error| CliError::failed(format!("cannot read {error}")))?;
    let wanted = wanted(&requirements);

    let before = managed.current().map(|folder| packages_in(&folder)).unwrap_or_default();
    let base = match (&order.python, managed.record()) {
        (None, Some(record)) if probe(&record.python).is_ok() => record.python,
        (python, _) => venv::base_interpreter(python.as_deref())?,
    };
    let folder = managed.next()?;
    progress.step(&format!("Making a Python environment in {}", folder.display()));
    let built = Build { folder: &folder, requirements: &requirements, translated: &translated, order, name, progress }
        .run(&base, lock.as_ref(), &wanted);
    let (python, locked) = match built {
        Ok(built) => built,
        Err(error) => {
            let _ = fs::remove_dir_all(&folder);
            return Err(error);
        }
    };
    let mut notes = translated.notes.clone();
    notes.extend(contradictions(&python));
    let foreign_lock = lock.as_ref().is_some_and(|lock| lock.wanted.is_none());
    let written = match locked {
        Some(packages) => {
            let file = order.requirements.file_name().unwrap_or_default().to_string_lossy();
            let text = lock::text(&packages, &requirements, &file, &wanted, &python.tag);
            let written = lock::write(&lock_path, &text).map_err(|error| {
                let _ = fs::remove_dir_all(&folder);
                CliError::failed(format!("cannot write {}: {error}", lock_path.display()))
            })?;
            if written && foreign_lock {
                notes.push(format!("{} was written by something else and is now ours", lock_path.display()));
            }
            written
        }
        None => false,
    };
    let record = Record {
        base: REQUIREMENTS.iter().map(ToString::to_string).collect(),
        python: base,
        requirements: Some(std::path::absolute(&order.requirements)?),
        wanted: Some(wanted),
    };
    let after = packages_in(&folder);
    managed.switch(&folder, &record)?;
    let (major, minor, micro) = python.version;
    Ok(Synced {
        python: format!("{major}.{minor}.{micro}"),
        packages: after.len(),
        changes: changes(&before, &after),
        lock: (lock_path, written),
        notes,
    })
}

/// A generation that is being built.
struct Build<'a> {
    folder: &'a Path,
    requirements: &'a Requirements,
    translated: &'a Translated,
    order: &'a Order,
    name: &'a EnvironmentName,
    progress: &'a Progress,
}

impl Build<'_> {
    /// Builds it. Answers what to write into the lock; `None` leaves the lock as it is.
    fn run(
        &self,
        base: &Path,
        lock: Option<&Lock>,
        wanted: &str,
    ) -> Result<(Interpreter, Option<Vec<Locked>>), CliError> {
        let python = venv::make(self.folder, base)?;
        if pip::version(&python.executable).is_none_or(|version| version < pip::REPORTS_SINCE) {
            self.progress.step("Installing a newer pip");
            let mut pip = Pip::new(&python.executable);
            pip.args(["install", "--upgrade", "pip>=22.2"]);
            pip.run(|_| {}).map_err(|failure| self.failed(&failure))?;
        }
        let reports = match (self.plan(lock, wanted, &python.tag)?, lock) {
            (Plan::Exact, Some(lock)) => {
                self.install_exactly(&python, lock)?;
                None
            }
            _ => Some(self.resolve(&python, lock)?),
        };
        self.check(&python)?;
        let locked = reports.map(|reports| lock::installed(&reports)).transpose();
        let locked = locked.map_err(|error| CliError::failed(format!("pip's report can't be read: {error}")))?;
        Ok((python, locked))
    }

    fn plan(&self, lock: Option<&Lock>, wanted: &str, tag: &str) -> Result<Plan, CliError> {
        let path = lock_of(&self.order.requirements);
        let Some(lock) = lock.filter(|_| !self.order.upgrade) else {
            return match self.order.locked {
                true => Err(CliError::failed(format!("there is no {}", path.display()))
                    .hint("run `tradewind env sync` without --locked once, and keep the file that it writes")),
                false => Ok(Plan::Resolve),
            };
        };
        let exact = match (&lock.wanted, &lock.python) {
            (Some(hash), python) => hash == wanted && python.as_deref() == Some(tag),
            // Somebody else's, such as pip-compile's: with hashes it is meant to be installed as it is.
            (None, _) => lock.requirements.has_hashes() || self.order.locked,
        };
        match exact {
            true => Ok(Plan::Exact),
            false if self.order.locked => {
                Err(CliError::failed(format!("{} is not of these requirements on this Python ({tag})", path.display()))
                    .hint("run `tradewind env sync` without --locked, and keep the file that it writes"))
            }
            false => Ok(Plan::Resolve),
        }
    }

    fn install_exactly(&self, python: &Interpreter, lock: &Lock) -> Result<(), CliError> {
        let lines = translate(&lock.requirements).map_err(CliError::failed)?.lines;
        let file = self.write("lock.txt", &lines)?;
        if !self.with_uv(python, lock, &file) {
            let mut pip = self.pip(python);
            pip.args(["install", "--no-deps", "-r"]).args([&file]);
            pip.run(|step| self.progress.step(step)).map_err(|failure| self.failed(&failure))?;
        }
        if lock.wanted.is_none() {
            venv::install_base(&python.executable, self.progress)?;
        }
        Ok(())
    }

    /// Whether uv did it. Without hashes it might take packages from elsewhere than pip.
    fn with_uv(&self, python: &Interpreter, lock: &Lock, file: &Path) -> bool {
        let Some(uv) = uv::find().filter(|_| lock.requirements.has_hashes()) else { return false };
        self.progress.step("Installing what the lock says, with uv");
        match uv::install(&uv, &python.executable, file) {
            Ok(()) => true,
            Err(said) => {
                self.progress.step(&format!("Installing with pip, because uv said: {said}"));
                false
            }
        }
    }

    /// Installs what fits together; pip's reports.
    fn resolve(&self, python: &Interpreter, lock: Option<&Lock>) -> Result<Vec<String>, CliError> {
        let hashed = self.requirements.has_hashes();
        let brought: &[&str] = if self.translated.asks_for_engine { PROVIDERS_ASSUME } else { &[] };
        let base = REQUIREMENTS.iter().chain(brought).filter(|_| !hashed).map(ToString::to_string);
        let lines: Vec<String> = base.chain(self.translated.lines.iter().cloned()).collect();
        let file = self.write("requirements.txt", &lines)?;
        let report = self.folder.join("report.json");
        let mut last = None;
        for constraints in self.constraints(lock) {
            let constraints = self.write("constraints.txt", &constraints)?;
            let mut pip = self.pip(python);
            pip.args(["install", "-r"])
                .args([&file])
                .args(["-c"])
                .args([&constraints])
                .args(["--report"])
                .args([&report]);
            match pip.run(|step| self.progress.step(step)) {
                Ok(_) => {
                    let mut reports = vec![fs::read_to_string(&report)?];
                    if hashed {
                        // In pip's strict mode these would need hashes as well.
                        let mut pip = self.pip(python);
                        pip.args(["install", "--report"]).args([&report]).args(REQUIREMENTS);
                        pip.run(|step| self.progress.step(step)).map_err(|failure| self.failed(&failure))?;
                        reports.push(fs::read_to_string(&report)?);
                    }
                    return Ok(reports);
                }
                // Versions of the lock that no longer fit are given up, those that are asked for by name first.
                Err(failure) if failure.is_conflict() => last = Some(failure),
                Err(failure) => return Err(self.failed(&failure)),
            }
        }
        Err(self.failed(&last.unwrap_or(PipFailure { said: String::new() })))
    }

    /// Constraints to try, one after the other: what the lock pins, without what is asked for by name, none.
    fn constraints(&self, lock: Option<&Lock>) -> Vec<Vec<String>> {
        let Some(lock) = lock.filter(|_| !self.order.upgrade && !self.requirements.has_hashes()) else {
            return vec![Vec::new()];
        };
        let asked = |name: &str| self.requirements.asking_for(name);
        let pinned_otherwise = |name: &str, version: &str| {
            asked(name).is_some_and(|line| line.text.contains("==") && !line.text.contains(&format!("=={version}")))
        };
        let mut all =
            vec![lock.constraints(pinned_otherwise), lock.constraints(|name, _| asked(name).is_some()), vec![]];
        all.dedup();
        all
    }

    /// The environment is whole, and its engine is ours.
    fn check(&self, python: &Interpreter) -> Result<(), CliError> {
        let engines = package::foreign_engines(&python.site);
        if package::look(&python.site) != Found::Current || !engines.is_empty() {
            let who = if engines.is_empty() { "a package".to_owned() } else { engines.join(" and ") };
            return Err(CliError::failed(format!(
                "environment '{}' is not changed: {who} would put another engine in the place of Tradewind's `airflow`",
                self.name
            ))
            .hint("ask for provider packages (apache-airflow-providers-...) instead"));
        }
        let checked = std::process::Command::new(&python.executable)
            .args(["-c", "import airflow, jinja2, pendulum"])
            .env_remove("PYTHONPATH")
            .output()?;
        if !checked.status.success() {
            let why = pip::last_line(&checked);
            return Err(CliError::failed(format!(
                "environment '{}' is not changed: it does not work: {why}",
                self.name
            )));
        }
        Ok(())
    }

    fn write(&self, name: &str, lines: &[String]) -> Result<PathBuf, CliError> {
        let path = self.folder.join(name);
        fs::write(&path, lines.join("\n") + "\n")?;
        Ok(path)
    }

    fn pip(&self, python: &Interpreter) -> Pip {
        let mut pip = Pip::new(&python.executable);
        let folder = self.order.requirements.parent().filter(|folder| !folder.as_os_str().is_empty());
        pip.in_folder(folder.unwrap_or(Path::new(".")));
        pip
    }

    fn failed(&self, failure: &PipFailure) -> CliError {
        let file = self.order.requirements.display();
        let folder = format!("{}/", self.folder.display());
        let why = failure.short().replace(&folder, "").replace('\n', "\n  ");
        let mut places: Vec<String> = Vec::new();
        for name in failure.names() {
            if let Some(line) = self.requirements.asking_for(&name) {
                let place = format!("{}:{}: {}", line.file.display(), line.number, line.text);
                if !places.contains(&place) {
                    places.push(place);
                }
            }
        }
        let error =
            CliError::failed(format!("environment '{}' is not changed: pip can't install {file}:\n  {why}", self.name));
        match places.is_empty() {
            true => error,
            false => error.hint(format!("asked for in {}", places.join("\n  asked for in "))),
        }
    }
}

/// What `pip check` complains about.
fn contradictions(python: &Interpreter) -> Vec<String> {
    let mut pip = Pip::new(&python.executable);
    pip.args(["check"]);
    match pip.run(|_| {}) {
        Ok(_) => Vec::new(),
        Err(failure) => {
            // Ours requires for providers what nobody needs who has none.
            let others = |line: &&str| !line.trim().is_empty() && !line.starts_with("apache-airflow ");
            failure.said.lines().filter(others).map(|line| format!("pip check: {line}")).collect()
        }
    }
}

/// Name and version of what an environment has.
pub fn packages_in(environment: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for python in fs::read_dir(environment.join("lib")).into_iter().flatten().flatten() {
        for entry in fs::read_dir(python.path().join("site-packages")).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if let Some((name, version)) = name.strip_suffix(".dist-info").and_then(|stem| stem.rsplit_once('-')) {
                found.insert(normal(name), version.to_owned());
            }
        }
    }
    // What `venv` brings along.
    found.remove("pip");
    found.remove("setuptools");
    found
}

fn changes(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) -> Vec<String> {
    let mut out = Vec::new();
    for (name, version) in after {
        match before.get(name) {
            None => out.push(format!("+ {name} {version}")),
            Some(old) if old != version => out.push(format!("~ {name} {old} -> {version}")),
            Some(_) => {}
        }
    }
    out.extend(
        before.iter().filter(|(name, _)| !after.contains_key(*name)).map(|(name, old)| format!("- {name} {old}")),
    );
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_told_against_the_one_before() {
        let of = |list: &[(&str, &str)]| list.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        assert_eq!(
            changes(&of(&[("a", "1"), ("b", "1"), ("c", "1")]), &of(&[("a", "1"), ("b", "2"), ("d", "1")])),
            ["~ b 1 -> 2", "+ d 1", "- c 1"]
        );
    }
}
