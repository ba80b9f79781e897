//! `env check`: whether an environment is what its requirements file and its lock say.

use clap::Args;

use super::{named, requirements_of};
use crate::commands::Context;
use crate::error::CliError;
use crate::python_env::{Requirements, lock_of, managed, wanted_by};

/// Arguments of `env check`.
#[derive(Args, Debug)]
pub struct CheckArgs {
    /// The environment [default: the one of all bundles that name none]
    name: Option<String>,
}

pub fn run(args: &CheckArgs, context: &Context) -> Result<(), CliError> {
    let config = context.config()?;
    let name = named(args.name.as_deref(), &config)?;
    let command = match &args.name {
        Some(name) => format!("tradewind env sync {name}"),
        None => "tradewind env sync".to_owned(),
    };
    let Some(managed) = managed(&config, &name) else {
        println!("The environment '{name}' is your own: its packages are what its pip installed");
        return Ok(());
    };
    let requirements = requirements_of(&name, None, &config)?;
    let read = Requirements::read(&requirements).map_err(|error| CliError::failed(format!("cannot read {error}")))?;
    let file = requirements.display();
    match managed.record().and_then(|record| record.wanted) {
        None => Err(CliError::failed(format!("{file} has never been installed")).hint(format!("run `{command}`"))),
        Some(installed) if installed != wanted_by(&read) => {
            Err(CliError::failed(format!("{file} has changed since it was installed")).hint(format!("run `{command}`")))
        }
        Some(_) if !lock_of(&requirements).exists() => {
            let lock = lock_of(&requirements);
            Err(CliError::failed(format!("{} is gone", lock.display())).hint(format!("`{command}` writes it anew")))
        }
        Some(_) => {
            println!("The environment '{name}' is as {file} says");
            Ok(())
        }
    }
}
