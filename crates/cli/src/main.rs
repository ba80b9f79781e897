//! The `tradewind` binary: reads the command line, runs one command, says what went wrong in one sentence.

mod accounts;
#[cfg(test)]
mod airflow_cli;
mod ask;
mod commands;
mod config;
mod confirm;
mod connection_uri;
mod error;
mod files;
mod graph;
mod home;
mod legacy;
mod memory;
mod output;
mod parse;
mod progress;
mod python_env;
#[cfg(test)]
mod reference;
mod refused;
mod roles;
mod suggest;
mod terminal;
mod trial;
mod wake;

use std::process::ExitCode;
use std::time::Instant;

fn main() -> ExitCode {
    let began = Instant::now();
    memory::give_back_large_blocks();
    let mut argv = std::env::args();
    let program = parse::program_name(&argv.next().unwrap_or_default());
    let args = legacy::modernise(argv.collect());
    let cli = match parse::parse(program, &args) {
        Ok(cli) => cli,
        Err(exit) => return exit.print(),
    };
    match commands::run(cli, program, began) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let colours = terminal::stderr_colours();
            eprintln!("{} {error}", terminal::paint(terminal::Style::Red, "error:", colours));
            ExitCode::from(error.code)
        }
    }
}
