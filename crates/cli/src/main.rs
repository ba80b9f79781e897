//! The `tradewind` binary: reads the command line, runs one command, says what went wrong in one sentence.

mod commands;
mod config;
mod confirm;
mod error;
mod home;
mod legacy;
mod output;
mod parse;
mod progress;
mod python_env;
#[cfg(test)]
mod reference;
mod suggest;
mod terminal;
mod wake;

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut argv = std::env::args();
    let program = parse::program_name(&argv.next().unwrap_or_default());
    let args = legacy::modernise(argv.collect());
    let cli = match parse::parse(program, &args) {
        Ok(cli) => cli,
        Err(exit) => return exit.print(),
    };
    match commands::run(cli, program) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let colours = terminal::stderr_colours();
            eprintln!("{} {error}", terminal::paint(terminal::Style::Red, "error:", colours));
            ExitCode::from(error.code)
        }
    }
}
