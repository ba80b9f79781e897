//! `config`: what is in force, and where it comes from.

mod get_value;
mod lint;
mod list;
mod update;

use clap::Subcommand;

use super::Context;
use crate::error::CliError;

/// Commands of the group.
#[derive(Subcommand, Debug)]
pub enum ConfigCommand {
    /// Print the value of one option
    GetValue(get_value::GetValueArgs),
    /// Say what is set and not read, option by option, with the reason
    Lint(lint::LintArgs),
    /// List options with their values
    List(list::ListArgs),
    /// Bring airflow.cfg up to date
    Update(update::UpdateArgs),
}

pub fn run(command: ConfigCommand, context: &Context) -> Result<(), CliError> {
    match command {
        ConfigCommand::GetValue(args) => get_value::run(&args, context),
        ConfigCommand::Lint(args) => lint::run(&args),
        ConfigCommand::Update(args) => update::run(&args, context),
        ConfigCommand::List(args) => list::run(&args, context),
    }
}
