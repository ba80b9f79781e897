//! The Python environment of DAG files and tasks: which interpreter, what it needs, and our `airflow` package in it.
//!
//! A stamp file remembers what was prepared, so that a later start only compares it and starts no Python.

mod choose;
mod engine_line;
mod interpreter;
mod lock;
mod managed;
mod name;
mod package;
mod pip;
mod requirements;
mod sync;
mod uv;
mod venv;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};

use crate::config::{Config, options};
use crate::error::CliError;
use crate::progress::Progress;
use crate::terminal;
use interpreter::Interpreter;
use package::{Found, Layout};
use tradewind_worker::host::led_to;

pub use choose::managed;
pub use managed::Managed;
pub use name::{COMMON, EnvironmentName};
pub use package::EXAMPLES;
pub use requirements::Requirements;
pub use sync::{Order, Synced, lock_of, packages_in, wanted as wanted_by};

/// What the `airflow` package needs, as pip says it; the same as in `python/pyproject.toml`.
pub const REQUIREMENTS: &[&str] = &["jinja2>=3.1", "markupsafe>=2.1", "pendulum>=3", "python-dateutil>=2.8"];

/// What provider packages import without naming it as a requirement: Airflow's own distributions bring it along. Ours
/// requires it as well, so that whoever installs a provider gets it, and an environment without providers does not.
pub const PROVIDERS_ASSUME: &[&str] = &[
    "attrs>=22.1",
    "dill>=0.2.3",
    "deprecated>=1.2.13",
    "fsspec>=2023.10",
    "httpx>=0.25",
    "jsonschema>=4.18",
    "lazy-object-proxy>=1.2",
    "packaging>=22",
    "psutil>=5.8",
    "pydantic>=2.5",
    "python-slugify>=5",
    "pyyaml>=6",
    "requests>=2.31",
    "setproctitle>=1.3",
    "sqlalchemy>=1.4.49",
    "structlog>=23.1",
    "tabulate>=0.9",
    "tenacity>=8.3",
    "universal-pathlib>=0.2.2",
];

/// Oldest version of Python that the package runs on.
const OLDEST: (u32, u32) = (3, 9);

/// An environment that is ready.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PythonEnv {
    /// The interpreter to start.
    pub interpreter: PathBuf,
    /// Where the `airflow` package is, if that is not in the interpreter's own path: goes first on `PYTHONPATH`.
    pub package_path: Option<PathBuf>,
    /// The link that leads to another interpreter when the environment is synced, if it is one of ours.
    pub follow: Option<PathBuf>,
}

/// What the environment depends on; when it is as it was, there is nothing to do.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Stamp {
    package: String,
    configured: String,
    virtual_env: Option<String>,
    binary: PathBuf,
    /// Of the interpreter's file, to notice that it was replaced: seconds and size.
    interpreter_file: (u64, u64),
    site: PathBuf,
    env: PythonEnv,
}

/// Finds the interpreter of the common environment and makes sure that it has everything; makes an environment if
/// there is none.
///
/// # Errors
/// One sentence about what is missing and what to do.
pub fn prepare(config: &Config, progress: &Progress) -> Result<PythonEnv, CliError> {
    prepare_one(config, &EnvironmentName::Common, progress)
}

/// The same for any environment.
///
/// # Errors
/// One sentence about what is missing and what to do.
pub fn prepare_one(config: &Config, name: &EnvironmentName, progress: &Progress) -> Result<PythonEnv, CliError> {
    let own = config.home().join(".tradewind");
    let stamp_file = stamp_of(config, name);
    if let Some(env) = still_good(&stamp_file, config, name) {
        return Ok(env);
    }
    let unwritable = |error| {
        CliError::failed(format!("cannot write to {}: {error}", own.display()))
            .hint("set AIRFLOW_HOME to a folder that you may write to")
    };
    fs::create_dir_all(&own).map_err(unwritable)?;
    // Roles that start at the same time prepare one after the other; all but the first find it done.
    let lock = fs::File::create(own.join("python.lock")).map_err(unwritable)?;
    lock.lock().map_err(unwritable)?;
    if let Some(env) = still_good(&stamp_file, config, name) {
        return Ok(env);
    }
    let (python, managed) = choose::choose(config, name, progress)?;
    let (mut env, site) = install(&python, &own, progress)?;
    env.follow = managed.map(|managed| managed.link());
    let stamp =
        Stamp { interpreter_file: file_identity(&env.interpreter), site, env: env.clone(), ..wanted(config, name) };
    let text = serde_json::to_string_pretty(&stamp).unwrap_or_default();
    let aside = stamp_file.with_extension("new");
    fs::write(&aside, text).and_then(|()| fs::rename(&aside, &stamp_file)).map_err(unwritable)?;
    Ok(env)
}

/// The environment, if it is ready; prepares nothing.
pub fn prepared(config: &Config, name: &EnvironmentName) -> Option<PythonEnv> {
    still_good(&stamp_of(config, name), config, name)
}

/// Builds an environment from requirements and puts it in force.
///
/// # Errors
/// What is wrong; the environment in force is as it was.
pub fn sync(config: &Config, name: &EnvironmentName, order: &Order, progress: &Progress) -> Result<Synced, CliError> {
    let managed = choose::to_sync(config, name)?;
    let own = config.home().join(".tradewind");
    fs::create_dir_all(&own)?;
    let lock = fs::File::create(own.join(format!("sync{}.lock", name.slug())))?;
    if lock.try_lock().is_err() {
        return Err(CliError::failed(format!("another `env sync` of the environment '{name}' is at work")));
    }
    let synced = sync::sync(&managed, name, order, progress)?;
    prepare_one(config, name, progress)?;
    Ok(synced)
}

fn stamp_of(config: &Config, name: &EnvironmentName) -> PathBuf {
    config.home().join(format!(".tradewind/python{}.json", name.slug()))
}

/// The environment of the last time, if nothing that it depends on has changed.
fn still_good(stamp_file: &Path, config: &Config, name: &EnvironmentName) -> Option<PythonEnv> {
    let stamp: Stamp = serde_json::from_slice(&fs::read(stamp_file).ok()?).ok()?;
    let wanted = Stamp {
        interpreter_file: file_identity(&stamp.env.interpreter),
        site: stamp.site.clone(),
        env: stamp.env.clone(),
        ..wanted(config, name)
    };
    let there = package::look(&stamp.site) == Found::Current;
    let in_force = match &stamp.env.follow {
        Some(link) => led_to(link).is_some_and(|folder| folder.join("bin/python") == stamp.env.interpreter),
        None => true,
    };
    (there && in_force && stamp == wanted && stamp.interpreter_file != (0, 0)).then_some(stamp.env)
}

fn wanted(config: &Config, name: &EnvironmentName) -> Stamp {
    Stamp {
        package: package::HASH.to_owned(),
        configured: match name {
            EnvironmentName::Common => config.text(&options::PYTHON).to_owned(),
            name => name.to_string(),
        },
        virtual_env: Some(name).filter(|name| **name == EnvironmentName::Common).and_then(|_| choose::active(config)),
        binary: std::env::current_exe().unwrap_or_default(),
        interpreter_file: (0, 0),
        site: PathBuf::new(),
        env: PythonEnv { interpreter: PathBuf::new(), package_path: None, follow: None },
    }
}

/// Modification time and size of the file that a path leads to.
fn file_identity(path: &Path) -> (u64, u64) {
    let Ok(meta) = fs::metadata(path) else { return (0, 0) };
    let modified = meta.modified().ok().and_then(|m| m.duration_since(UNIX_EPOCH).ok());
    (modified.map_or(0, |m| m.as_secs()), meta.len())
}

/// Newest version that the tests run on.
const NEWEST: (u32, u32) = (3, 13);

fn check_version(python: &Interpreter) -> Result<(), CliError> {
    let (major, minor, micro) = python.version;
    if (major, minor) > NEWEST {
        terminal::warn(&format!(
            "{} is Python {major}.{minor}.{micro}; Tradewind is tested on 3.9 to {}.{}",
            python.executable.display(),
            NEWEST.0,
            NEWEST.1
        ));
    }
    if (major, minor) >= OLDEST {
        return Ok(());
    }
    Err(CliError::failed(format!("{} is Python {major}.{minor}.{micro}", python.executable.display()))
        .hint("Tradewind needs Python 3.9 or newer; set [tradewind] python (AIRFLOW__TRADEWIND__PYTHON) to one"))
}

/// Puts the package into the interpreter's packages; beside them where that is not possible (not writable, or the
/// original Airflow is there, which stays untouched).
fn install(python: &Interpreter, own: &Path, progress: &Progress) -> Result<(PythonEnv, PathBuf), CliError> {
    let interpreter = python.executable.clone();
    // Outside of a virtual environment the packages belong to the system or the user's other programs.
    let inside = match package::look(&python.site) {
        Found::Current => Ok(true),
        Found::Foreign => Ok(false),
        Found::Nothing | Found::Outdated if python.virtual_env => {
            progress.step("Installing the airflow package");
            package::install(&python.site, Layout::Environment, Some(&python.scripts)).map(|()| true)
        }
        Found::Nothing | Found::Outdated => Ok(false),
    };
    if let Ok(true) = inside {
        compile(&interpreter, &Layout::Environment.root(&python.site));
        return Ok((PythonEnv { interpreter, package_path: None, follow: None }, python.site.clone()));
    }
    let beside = own.join("python");
    package::install(&beside, Layout::Alone, None).map_err(|error| {
        CliError::failed(format!("cannot install the airflow package into {}: {error}", beside.display()))
    })?;
    compile(&interpreter, &Layout::Alone.root(&beside));
    Ok((PythonEnv { interpreter, package_path: Some(beside.clone()), follow: None }, beside))
}

/// Byte code saves time at every later start. Without it everything works all the same.
fn compile(interpreter: &Path, root: &Path) {
    let compiled =
        Command::new(interpreter).args(["-m", "compileall", "-q", "-j", "2"]).arg(root.join("airflow")).output();
    if let Ok(output) = compiled
        && !output.status.success()
    {
        tracing::warn!(root = %root.display(), "the airflow package could not be compiled; starts take longer");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A home whose interpreter is configured, and the result of preparing it.
    fn prepare_with(python: &str) -> (tempfile::TempDir, Result<PythonEnv, CliError>) {
        let home = tempfile::tempdir().unwrap();
        let env = [("AIRFLOW_HOME", home.path().to_str().unwrap()), ("AIRFLOW__TRADEWIND__PYTHON", python)];
        let config = Config::from_env(env.map(|(k, v)| (k.to_owned(), v.to_owned()))).unwrap();
        let result = prepare(&config, &Progress::quiet());
        (home, result)
    }

    #[test]
    fn a_wrong_interpreter_is_named_with_the_place_that_names_it() {
        let (_home, result) = prepare_with("/nonexistent/python");
        let error = result.unwrap_err();
        assert!(error.message.starts_with("AIRFLOW__TRADEWIND__PYTHON: [tradewind] python: /nonexistent"), "{error}");
        assert_eq!(error.code, 2);
    }

    #[test]
    fn a_python_that_is_too_old_is_told_in_one_sentence() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        // Answers as a real one does that is older than what we could ask it more about.
        let old = folder.path().join("python");
        let answer = r#"{"executable": "/old/python", "version": [2, 7, 18], "site": "", "scripts": "", "tag": "",
            "virtual_env": false, "missing": []}"#;
        fs::write(&old, format!("#!/bin/sh\necho '{}'\n", answer.replace('\n', ""))).unwrap();
        fs::set_permissions(&old, fs::Permissions::from_mode(0o755)).unwrap();
        let (_home, result) = prepare_with(old.to_str().unwrap());
        let error = result.unwrap_err().to_string();
        assert!(error.starts_with("/old/python is Python 2.7.18\n  Tradewind needs Python 3.9 or newer"), "{error}");
    }

    #[test]
    fn the_requirements_are_those_of_the_package() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../python/pyproject.toml");
        let text = fs::read_to_string(file).unwrap();
        for requirement in REQUIREMENTS.iter().chain(PROVIDERS_ASSUME) {
            assert!(text.contains(&format!("\"{requirement}\"")), "{requirement} is not in python/pyproject.toml");
        }
    }
}
