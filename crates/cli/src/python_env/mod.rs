//! The Python environment of DAG files and tasks: which interpreter, what it needs, and our `airflow` package in it.
//!
//! A stamp file remembers what was prepared, so that a later start only compares it and starts no Python.

mod interpreter;
mod package;
mod venv;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};

use crate::config::{Config, options};
use crate::error::CliError;
use crate::progress::Progress;
use interpreter::{Interpreter, probe};
use package::{Found, Layout};

pub use package::EXAMPLES;

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

/// Finds the interpreter and makes sure that it has everything; makes `$AIRFLOW_HOME/venv` if there is none.
///
/// # Errors
/// One sentence about what is missing and what to do.
pub fn prepare(config: &Config, progress: &Progress) -> Result<PythonEnv, CliError> {
    let own = config.home().join(".tradewind");
    let stamp_file = own.join("python.json");
    if let Some(env) = still_good(&stamp_file, config) {
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
    if let Some(env) = still_good(&stamp_file, config) {
        return Ok(env);
    }
    let python = choose(config, progress)?;
    let (env, site) = install(&python, &own, progress)?;
    let stamp = Stamp { interpreter_file: file_identity(&env.interpreter), site, env: env.clone(), ..wanted(config) };
    let text = serde_json::to_string_pretty(&stamp).unwrap_or_default();
    let aside = stamp_file.with_extension("new");
    fs::write(&aside, text).and_then(|()| fs::rename(&aside, &stamp_file)).map_err(unwritable)?;
    Ok(env)
}

/// The environment, if it is ready; prepares nothing.
pub fn prepared(config: &Config) -> Option<PythonEnv> {
    still_good(&config.home().join(".tradewind/python.json"), config)
}

/// The environment of the last time, if nothing that it depends on has changed.
fn still_good(stamp_file: &Path, config: &Config) -> Option<PythonEnv> {
    let stamp: Stamp = serde_json::from_slice(&fs::read(stamp_file).ok()?).ok()?;
    let wanted = Stamp {
        interpreter_file: file_identity(&stamp.env.interpreter),
        site: stamp.site.clone(),
        env: stamp.env.clone(),
        ..wanted(config)
    };
    let there = package::look(&stamp.site) == Found::Current;
    (there && stamp == wanted && stamp.interpreter_file != (0, 0)).then_some(stamp.env)
}

fn wanted(config: &Config) -> Stamp {
    Stamp {
        package: package::HASH.to_owned(),
        configured: config.text(&options::PYTHON).to_owned(),
        virtual_env: virtual_env(),
        binary: std::env::current_exe().unwrap_or_default(),
        interpreter_file: (0, 0),
        site: PathBuf::new(),
        env: PythonEnv { interpreter: PathBuf::new(), package_path: None },
    }
}

fn virtual_env() -> Option<String> {
    std::env::var("VIRTUAL_ENV").ok().filter(|v| !v.is_empty())
}

/// Modification time and size of the file that a path leads to.
fn file_identity(path: &Path) -> (u64, u64) {
    let Ok(meta) = fs::metadata(path) else { return (0, 0) };
    let modified = meta.modified().ok().and_then(|m| m.duration_since(UNIX_EPOCH).ok());
    (modified.map_or(0, |m| m.as_secs()), meta.len())
}

/// The interpreter: configured, or of the active virtual environment, or of our own one.
fn choose(config: &Config, progress: &Progress) -> Result<Interpreter, CliError> {
    let choose_another = "or set [tradewind] python (AIRFLOW__TRADEWIND__PYTHON) to an interpreter that has them";
    if let Some(text) = config.some_text(&options::PYTHON) {
        let setting = config.setting(&options::PYTHON);
        // A bare name is looked up on PATH.
        let program = if text.contains('/') { config.path(&options::PYTHON) } else { PathBuf::from(text) };
        let python = probe(&program).map_err(|e| {
            CliError::usage(format!("{}: [tradewind] python: {e}", setting.source))
                .hint("set it to a Python interpreter, 3.9 or newer, or leave it out")
        })?;
        check_version(&python)?;
        if python.missing.is_empty() {
            return Ok(python);
        }
        let install = format!("{} -m pip install {}", python.executable.display(), quoted_requirements());
        return Err(CliError::failed(format!(
            "{} lacks {}",
            python.executable.display(),
            python.missing.join(" and ")
        ))
        .hint(format!("install what is missing with: {install}")));
    }
    if let Some(active) = virtual_env()
        && let Ok(python) = probe(&Path::new(&active).join("bin/python"))
        && (python.version.0, python.version.1) >= OLDEST
        && python.missing.is_empty()
    {
        return Ok(python);
    }
    let folder = config.home().join("venv");
    if folder.exists() && !venv::is_ours(&folder) {
        let python = probe(&folder.join("bin/python"))
            .map_err(|e| CliError::failed(format!("{} is there and not usable: {e}", folder.display())))?;
        check_version(&python)?;
        if python.missing.is_empty() {
            return Ok(python);
        }
        let pip = format!("{}/bin/pip install {}", folder.display(), quoted_requirements());
        return Err(CliError::failed(format!("{} lacks {}", folder.display(), python.missing.join(" and ")))
            .hint(format!("install what is missing with: {pip}\n  {choose_another}")));
    }
    venv::ensure(&folder, progress)?;
    probe(&folder.join("bin/python")).map_err(|e| CliError::failed(e.to_string()))
}

/// `'jinja2>=3.1,<4' 'pendulum…'`, for a shell.
fn quoted_requirements() -> String {
    REQUIREMENTS.iter().map(|r| format!("'{r}'")).collect::<Vec<_>>().join(" ")
}

fn check_version(python: &Interpreter) -> Result<(), CliError> {
    let (major, minor, micro) = python.version;
    if (major, minor) >= OLDEST {
        return Ok(());
    }
    Err(CliError::failed(format!("{} is Python {major}.{minor}.{micro}", python.executable.display()))
        .hint("Tradewind needs Python 3.9 or newer; set [tradewind] python to one"))
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
        return Ok((PythonEnv { interpreter, package_path: None }, python.site.clone()));
    }
    let beside = own.join("python");
    package::install(&beside, Layout::Alone, None).map_err(|error| {
        CliError::failed(format!("cannot install the airflow package into {}: {error}", beside.display()))
    })?;
    compile(&interpreter, &Layout::Alone.root(&beside));
    Ok((PythonEnv { interpreter, package_path: Some(beside.clone()) }, beside))
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
    fn the_requirements_are_those_of_the_package() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../python/pyproject.toml");
        let text = fs::read_to_string(file).unwrap();
        for requirement in REQUIREMENTS.iter().chain(PROVIDERS_ASSUME) {
            assert!(text.contains(&format!("\"{requirement}\"")), "{requirement} is not in python/pyproject.toml");
        }
    }
}
