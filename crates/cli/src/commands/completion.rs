//! `completion SHELL`: a script that completes commands and options.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::Context;
use crate::error::CliError;
use crate::parse::Cli;

/// Arguments of `completion`.
#[derive(Args, Debug)]
pub struct CompletionArgs {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

pub fn run(args: &CompletionArgs, context: &Context) -> Result<(), CliError> {
    use std::io::Write;
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), context.program, &mut script);
    match std::io::stdout().lock().write_all(&script) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}
