//! The python hosts of a process: those of the common environment, and those of bundles that name another.

use std::collections::BTreeMap;
use std::ffi::OsString;

use tradewind_worker::host::{HostPool, Hosts};

use super::settings::{self, Bundle};
use crate::config::Config;
use crate::error::CliError;
use crate::progress::Progress;
use crate::python_env::{self, EnvironmentName, Requirements};
use crate::terminal;

/// Prepares the environments of these bundles. Hosts start when they are first needed.
///
/// # Errors
/// There is no usable Python in one of them.
pub fn hosts(config: &Config, bundles: &[Bundle], progress: &Progress) -> Result<Hosts, CliError> {
    hosts_with(config, bundles, &[], progress)
}

/// The same, with more environment for tasks.
///
/// # Errors
/// There is no usable Python in one of them.
pub fn hosts_with(
    config: &Config,
    bundles: &[Bundle],
    more: &[(OsString, OsString)],
    progress: &Progress,
) -> Result<Hosts, CliError> {
    let pool = |name: &EnvironmentName| -> Result<HostPool, CliError> {
        let python = python_env::prepare_one(config, name, progress)?;
        say_if_stale(config, name);
        let mut hosts = settings::hosts(config, &python);
        hosts.env.extend(more.iter().cloned());
        Ok(HostPool::new(hosts))
    };
    let common = pool(&EnvironmentName::Common)?;
    let mut pools: BTreeMap<&EnvironmentName, HostPool> = BTreeMap::new();
    let mut own = BTreeMap::new();
    for bundle in bundles.iter().filter(|bundle| bundle.environment != EnvironmentName::Common) {
        let pool = match pools.get(&bundle.environment) {
            Some(pool) => pool.clone(),
            None => pools.entry(&bundle.environment).or_insert(pool(&bundle.environment)?).clone(),
        };
        own.insert(bundle.name.clone(), pool);
    }
    Ok(Hosts::new(common, own))
}

/// A word about requirements that have changed and are not installed.
fn say_if_stale(config: &Config, name: &EnvironmentName) {
    let Some(record) = python_env::managed(config, name).and_then(|managed| managed.record()) else { return };
    let (Some(file), Some(wanted)) = (record.requirements, record.wanted) else { return };
    let now = Requirements::read(&file).map(|requirements| python_env::wanted_by(&requirements));
    if now.is_ok_and(|now| now != wanted) {
        let word = if *name == EnvironmentName::Common { String::new() } else { format!(" {name}") };
        terminal::warn(&format!("{} has changed; `tradewind env sync{word}` installs it", file.display()));
    }
}
