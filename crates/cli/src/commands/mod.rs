//! The commands, one file each, in the folder of their group.

mod config;
mod db;
pub mod session;
pub mod version;

use clap::Subcommand;

use crate::config::Config;
use crate::error::CliError;
use crate::parse::Cli;
use crate::terminal;

/// Every command.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Show the configuration
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// Look after the database
    #[command(subcommand)]
    Db(db::DbCommand),
    /// Print the version
    Version(version::VersionArgs),
}

/// What every command gets.
pub struct Context {
    /// `tradewind` or `airflow`, for messages.
    pub program: &'static str,
    /// `-v`.
    pub verbose: bool,
}

impl Context {
    /// Reads the configuration, naming misspelt options.
    ///
    /// # Errors
    /// A wrong value: exit code 2.
    pub fn config(&self) -> Result<Config, CliError> {
        let config = Config::load()?;
        config.warnings(self.verbose).iter().for_each(|w| terminal::warn(w));
        Ok(config)
    }
}

/// Runs the command.
///
/// # Errors
/// See [`CliError`].
pub fn run(cli: Cli, program: &'static str) -> Result<(), CliError> {
    let context = Context { program, verbose: cli.verbose };
    match cli.command {
        Command::Config(command) => config::run(command, &context),
        Command::Version(args) => version::run(&args, &context),
        Command::Db(command) => wait_for(db::run(command, &context)),
    }
}

/// Runs a command that waits for the database, on this thread alone.
fn wait_for(command: impl Future<Output = Result<(), CliError>>) -> Result<(), CliError> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(command)
}
