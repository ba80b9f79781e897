//! Which interpreter an environment has: the user's own, or that of an environment that we make.

use std::fs;
use std::path::{Path, PathBuf};

use super::interpreter::{Interpreter, probe};
use super::managed::{Managed, Record};
use super::name::EnvironmentName;
use super::{OLDEST, REQUIREMENTS, check_version, venv};
use crate::config::{Config, options};
use crate::error::CliError;
use crate::progress::Progress;

/// Where an environment comes from.
enum Source {
    /// `[tradewind] python`: a path, or a command on `PATH`.
    Option(PathBuf),
    /// The active virtual environment has what is needed.
    Active(Box<Interpreter>),
    /// `$AIRFLOW_HOME/venv` is a folder of the user's own.
    Home(PathBuf),
    /// A bundle's configuration names it.
    At(PathBuf),
    /// We make it.
    Managed(Managed),
}

/// The interpreter of an environment; one that we make is made first if it is not there. The second is `Some` for those.
///
/// # Errors
/// One sentence about what is missing and what to do.
pub fn choose(
    config: &Config,
    name: &EnvironmentName,
    progress: &Progress,
) -> Result<(Interpreter, Option<Managed>), CliError> {
    match source(config, name) {
        Source::Option(program) => {
            let setting = config.setting(&options::PYTHON);
            let python = probe(&program).map_err(|e| {
                CliError::usage(format!("{}: [tradewind] python: {e}", setting.source))
                    .hint("set it to a Python interpreter, 3.9 or newer, or leave it out")
            })?;
            complete(&python, &python.executable.clone()).map(|()| (python, None))
        }
        Source::Active(python) => Ok((*python, None)),
        Source::Home(folder) => {
            let python = probe(&folder.join("bin/python"))
                .map_err(|e| CliError::failed(format!("{} is there and not usable: {e}", folder.display())))?;
            let choose_another =
                "or set [tradewind] python (AIRFLOW__TRADEWIND__PYTHON) to an interpreter that has them";
            complete(&python, &folder).map(|()| (python, None)).map_err(|error| match error.hint.clone() {
                Some(hint) => error.hint(format!("{hint}\n  {choose_another}")),
                None => error,
            })
        }
        Source::At(path) => {
            let program = if path.is_dir() { path.join("bin/python") } else { path.clone() };
            let python = probe(&program)
                .map_err(|e| CliError::usage(format!("[dag_processor] dag_bundle_config_list: environment: {e}")))?;
            complete(&python, &path).map(|()| (python, None))
        }
        Source::Managed(managed) => {
            ensure(&managed, progress)?;
            let folder = managed.current().ok_or_else(|| CliError::failed("the new environment is gone again"))?;
            let python = probe(&folder.join("bin/python")).map_err(|e| CliError::failed(e.to_string()))?;
            Ok((python, Some(managed)))
        }
    }
}

/// The environment, if it is one that we make.
pub fn managed(config: &Config, name: &EnvironmentName) -> Option<Managed> {
    match source(config, name) {
        Source::Managed(managed) => Some(managed),
        Source::Option(_) | Source::Active(_) | Source::Home(_) | Source::At(_) => None,
    }
}

/// The environment that `env sync` is to build.
///
/// # Errors
/// Its packages are the user's own business; says where they come from.
pub fn to_sync(config: &Config, name: &EnvironmentName) -> Result<Managed, CliError> {
    let (whose, instead) = match source(config, name) {
        Source::Managed(managed) => return Ok(managed),
        Source::Option(program) => {
            let place = config.setting(&options::PYTHON).source.to_string();
            (
                format!("[tradewind] python ({place}) names {}", program.display()),
                format!("install packages with `{} -m pip install`, or leave the option out", program.display()),
            )
        }
        Source::Active(python) => (
            format!(
                "the active virtual environment has what is needed, and DAG files use {}",
                python.executable.display()
            ),
            "install packages with its pip, or `deactivate` first".to_owned(),
        ),
        Source::Home(folder) => (
            format!("{} is an environment of your own", folder.display()),
            "install packages with its pip, or move it away".to_owned(),
        ),
        Source::At(path) => {
            (format!("{} is an environment of your own", path.display()), "install packages with its pip".to_owned())
        }
    };
    Err(CliError::failed(format!("{whose}: there is nothing to sync")).hint(instead))
}

fn source(config: &Config, name: &EnvironmentName) -> Source {
    match name {
        EnvironmentName::At(path) => return Source::At(path.clone()),
        EnvironmentName::Named(_) => {}
        EnvironmentName::Common => {
            if let Some(own) = common_of_the_user(config) {
                return own;
            }
        }
    }
    match Managed::of(config.home(), name) {
        Some(managed) => Source::Managed(managed),
        None => Source::At(PathBuf::new()),
    }
}

fn common_of_the_user(config: &Config) -> Option<Source> {
    let ours = Managed::of(config.home(), &EnvironmentName::Common)?;
    if let Some(text) = config.some_text(&options::PYTHON) {
        // A bare name is looked up on PATH.
        let program = if text.contains('/') { config.path(&options::PYTHON) } else { PathBuf::from(text) };
        return (!ours.holds(&program)).then_some(Source::Option(program));
    }
    if let Some(active) = active(config)
        && let Ok(python) = probe(&Path::new(&active).join("bin/python"))
        && (python.version.0, python.version.1) >= OLDEST
        && python.missing.is_empty()
    {
        return Some(Source::Active(Box::new(python)));
    }
    let folder = config.home().join("venv");
    let theirs = fs::symlink_metadata(&folder).is_ok_and(|meta| !meta.is_symlink()) && !Managed::is_old(&folder);
    theirs.then_some(Source::Home(folder))
}

/// The virtual environment that is active, unless it is one of ours.
pub fn active(config: &Config) -> Option<String> {
    let active = std::env::var("VIRTUAL_ENV").ok().filter(|folder| !folder.is_empty())?;
    let ours = Managed::of(config.home(), &EnvironmentName::Common)?;
    let one_of_ours =
        ours.holds(Path::new(&active)) || Path::new(&active).starts_with(config.home().join(".tradewind"));
    (!one_of_ours).then_some(active)
}

/// Makes the environment with what our package needs, unless there is one.
fn ensure(managed: &Managed, progress: &Progress) -> Result<(), CliError> {
    let base: Vec<String> = REQUIREMENTS.iter().map(ToString::to_string).collect();
    if let (Some(folder), Some(record)) = (managed.current(), managed.record())
        && let Ok(python) = probe(&folder.join("bin/python"))
    {
        if record.base != base || !python.missing.is_empty() {
            // A newer version of our package needs more.
            venv::install_base(&python.executable, progress)?;
            managed.switch(&folder, &Record { base, ..record })?;
        }
        return Ok(());
    }
    let python = venv::base_interpreter(None)?;
    let folder = managed.next()?;
    progress.step(&format!("Making a Python environment in {} (only this once)", folder.display()));
    let made = venv::make(&folder, &python)
        .and_then(|made| venv::install_base(&made.executable, progress))
        .and_then(|()| Ok(managed.switch(&folder, &Record { base, python, ..Record::default() })?));
    if made.is_err() {
        let _ = fs::remove_dir_all(&folder);
    }
    made
}

/// Whether an interpreter of the user's own can be used.
fn complete(python: &Interpreter, what: &Path) -> Result<(), CliError> {
    check_version(python)?;
    if python.missing.is_empty() {
        return Ok(());
    }
    let requirements = REQUIREMENTS.iter().map(|r| format!("'{r}'")).collect::<Vec<_>>().join(" ");
    let install = format!("{} -m pip install {requirements}", python.executable.display());
    Err(CliError::failed(format!("{} lacks {}", what.display(), python.missing.join(" and ")))
        .hint(format!("install what is missing with: {install}")))
}
