//! `env`: the Python environments of DAG files and tasks.

mod check;
mod list;
mod show;
mod sync;

use std::path::PathBuf;

use clap::Subcommand;

use super::Context;
use crate::config::Config;
use crate::error::CliError;
use crate::python_env::{COMMON, EnvironmentName, Managed, managed, prepared};
use crate::roles::settings;

/// Commands of the group.
#[derive(Subcommand, Debug)]
pub enum EnvCommand {
    /// Install a requirements file, write its lock, and put the result in force
    Sync(sync::SyncArgs),
    /// List environments and the bundles that use them
    List(list::ListArgs),
    /// List the packages of an environment
    Show(show::ShowArgs),
    /// Exit with 1 unless an environment is as its requirements file says
    Check(check::CheckArgs),
}

pub fn run(command: EnvCommand, context: &Context) -> Result<(), CliError> {
    match command {
        EnvCommand::Sync(args) => sync::run(&args, context),
        EnvCommand::List(args) => list::run(&args, context),
        EnvCommand::Show(args) => show::run(&args, context),
        EnvCommand::Check(args) => check::run(&args, context),
    }
}

/// The environment of that name.
fn named(name: Option<&str>, config: &Config) -> Result<EnvironmentName, CliError> {
    EnvironmentName::parse(name.unwrap_or(COMMON), config.home()).map_err(CliError::usage)
}

/// Its requirements file: as given, else that of the last sync, else the one beside the DAG files that use it (or, for
/// the common environment, in the home).
fn requirements_of(name: &EnvironmentName, given: Option<&PathBuf>, config: &Config) -> Result<PathBuf, CliError> {
    if let Some(given) = given {
        return Ok(std::path::absolute(given)?);
    }
    let last = managed(config, name).and_then(|managed| managed.record()).and_then(|record| record.requirements);
    if let Some(last) = last.filter(|file| file.exists()) {
        return Ok(last);
    }
    let mut places: Vec<PathBuf> = Vec::new();
    if *name == EnvironmentName::Common {
        places.push(config.home().to_path_buf());
    }
    let bundles = settings::bundles(config)?;
    places.extend(bundles.into_iter().filter(|bundle| bundle.environment == *name).map(|bundle| bundle.root));
    let places: Vec<PathBuf> = places.into_iter().map(|place| place.join("requirements.txt")).collect();
    if let Some(found) = places.iter().find(|file| file.exists()) {
        return Ok(found.clone());
    }
    let error = CliError::usage(format!("there is no requirements file for the environment '{name}'"));
    Err(match places.as_slice() {
        [] => error.hint(
            "name it with --requirements, or give a bundle this environment in [dag_processor] dag_bundle_config_list",
        ),
        places => {
            let places: Vec<String> = places.iter().map(|place| place.display().to_string()).collect();
            error.hint(format!("write {}, or name it with --requirements", places.join(" or ")))
        }
    })
}

/// Every environment that the configuration names or that was made, with the bundles that use it.
fn all(config: &Config) -> Result<Vec<(EnvironmentName, Vec<String>)>, CliError> {
    let mut found: Vec<(EnvironmentName, Vec<String>)> = vec![(EnvironmentName::Common, Vec::new())];
    for bundle in settings::bundles(config)? {
        match found.iter_mut().find(|(name, _)| *name == bundle.environment) {
            Some((_, bundles)) => bundles.push(bundle.name),
            None => found.push((bundle.environment, vec![bundle.name])),
        }
    }
    for name in Managed::names(config.home()) {
        let name = EnvironmentName::parse(&name, config.home()).map_err(CliError::failed)?;
        if !found.iter().any(|(other, _)| *other == name) {
            found.push((name, Vec::new()));
        }
    }
    Ok(found)
}

/// The folder that an environment is in, if it is there.
fn folder_of(name: &EnvironmentName, config: &Config) -> Option<PathBuf> {
    if let Some(managed) = managed(config, name) {
        return managed.current();
    }
    let python = match name {
        EnvironmentName::At(path) if path.is_dir() => return Some(path.clone()),
        EnvironmentName::At(path) => path.clone(),
        name => prepared(config, name)?.interpreter,
    };
    python.parent()?.parent().map(PathBuf::from)
}
