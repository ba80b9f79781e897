//! `config`: what is in force, and where it comes from.

mod get_value;
mod list;

use clap::Subcommand;

use super::Context;
use crate::error::CliError;

/// Commands of the group.
#[derive(Subcommand, Debug)]
pub enum ConfigCommand {
    /// Print the value of one option
    GetValue(get_value::GetValueArgs),
    /// List options with their values
    List(list::ListArgs),
}

pub fn run(command: ConfigCommand, context: &Context) -> Result<(), CliError> {
    match command {
        ConfigCommand::GetValue(args) => get_value::run(&args, context),
        ConfigCommand::List(args) => list::run(&args, context),
    }
}
