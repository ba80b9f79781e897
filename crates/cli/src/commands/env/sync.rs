//! `env sync`: installs a requirements file into an environment that Tradewind keeps.

use std::path::PathBuf;
use std::time::Instant;

use clap::Args;

use super::{named, requirements_of};
use crate::commands::Context;
use crate::error::CliError;
use crate::home;
use crate::progress::Progress;
use crate::python_env::{self, EnvironmentName, Order};
use crate::roles::settings;

/// Arguments of `env sync`.
#[derive(Args, Debug)]
pub struct SyncArgs {
    /// The environment [default: the one of all bundles that name none]
    name: Option<String>,
    /// Requirements file [default: that of the last time, else requirements.txt in AIRFLOW_HOME or the bundle's folder]
    #[arg(short, long, value_name = "FILE")]
    requirements: Option<PathBuf>,
    /// Python to make it from: a version such as 3.12, or an interpreter [default: that of the last time, else python3]
    #[arg(short, long, value_name = "PYTHON")]
    python: Option<String>,
    /// Take the newest versions, whatever the lock says
    #[arg(short = 'U', long, conflicts_with = "locked")]
    upgrade: bool,
    /// Install exactly what the lock says, and fail if it is not of these requirements
    #[arg(long, visible_alias = "frozen")]
    locked: bool,
}

pub fn run(args: &SyncArgs, context: &Context) -> Result<(), CliError> {
    let began = Instant::now();
    let config = context.config()?;
    let name = named(args.name.as_deref(), &config)?;
    let requirements = requirements_of(&name, args.requirements.as_ref(), &config)?;
    let config = home::ensure(config)?;
    let order = Order { requirements, python: args.python.clone(), upgrade: args.upgrade, locked: args.locked };
    let progress = Progress::new();
    let synced = python_env::sync(&config, &name, &order, &progress);
    progress.done();
    let synced = synced?;
    synced.notes.iter().for_each(|note| println!("{note}"));
    for change in &synced.changes {
        println!("  {change}");
    }
    let (lock, written) = &synced.lock;
    println!(
        "Environment '{name}': Python {}, {} packages, {} changed, in {:.1} s",
        synced.python,
        synced.packages,
        synced.changes.len(),
        began.elapsed().as_secs_f64()
    );
    println!("{} {}", if *written { "Wrote" } else { "Installed as in" }, lock.display());
    let used = settings::bundles(&config)?.iter().any(|bundle| bundle.environment == name);
    match (used, &name) {
        (true, _) => {
            println!("Services that run on this AIRFLOW_HOME use it from now on for new tasks, without a restart");
        }
        (false, EnvironmentName::Common) => println!("All bundles name an environment of their own: none uses it"),
        (false, _) => println!(
            "No bundle uses it yet: give one \"environment\": \"{name}\" in [dag_processor] dag_bundle_config_list and \
             restart"
        ),
    }
    Ok(())
}
