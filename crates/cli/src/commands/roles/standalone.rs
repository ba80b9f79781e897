//! `standalone`: everything in one process.

use std::time::Instant;

use clap::Args;

use super::begin;
use crate::commands::Context;
use crate::error::CliError;
use crate::roles;

/// Arguments of `standalone`: none, as for Airflow. Options say where it listens.
#[derive(Args, Debug)]
pub struct StandaloneArgs {}

pub fn run(_args: &StandaloneArgs, began: Instant, context: &Context) -> Result<(), CliError> {
    let config = begin(context)?;
    roles::run(|shutdown| roles::standalone(config, began, shutdown))
}
