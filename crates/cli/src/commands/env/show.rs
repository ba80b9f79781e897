//! `env show`: the packages of an environment.

use clap::Args;

use super::{folder_of, named};
use crate::commands::Context;
use crate::error::CliError;
use crate::output::{OutputArgs, Row, print};
use crate::python_env::packages_in;
use crate::row;

/// Arguments of `env show`.
#[derive(Args, Debug)]
pub struct ShowArgs {
    /// The environment [default: the one of all bundles that name none]
    name: Option<String>,
    #[command(flatten)]
    output: OutputArgs,
}

pub fn run(args: &ShowArgs, context: &Context) -> Result<(), CliError> {
    let config = context.config()?;
    let name = named(args.name.as_deref(), &config)?;
    let Some(folder) = folder_of(&name, &config) else {
        return Err(CliError::failed(format!("the environment '{name}' has not been made yet"))
            .hint("the first start makes it, and so does `tradewind env sync`"));
    };
    let packages = packages_in(&folder).into_iter();
    let rows: Vec<Row> = packages.map(|(name, version)| row! {"package" => name, "version" => version}).collect();
    print(args.output.output, &["package", "version"], rows)
}
