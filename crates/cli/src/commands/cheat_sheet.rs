//! `cheat-sheet`: every command with what it does, a line each.

use clap::CommandFactory;

use super::Context;
use crate::error::CliError;
use crate::parse::Cli;
use crate::terminal::{self, Style, paint};

pub fn run(context: &Context) -> Result<(), CliError> {
    let root = Cli::command().name(context.program).bin_name(context.program);
    let mut lines: Vec<(String, String)> = Vec::new();
    collect(&root, context.program, &mut lines);
    let width = lines.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let colours = terminal::stdout_colours();
    let mut group = String::new();
    for (name, about) in lines {
        let words: Vec<&str> = name.split(' ').collect();
        let own = if words.len() > 2 { words[1].to_owned() } else { String::new() };
        if own != group {
            println!();
            group = own;
        }
        println!("{} | {about}", paint(Style::Cyan, &format!("{name:width$}"), colours));
    }
    Ok(())
}

fn collect(command: &clap::Command, path: &str, lines: &mut Vec<(String, String)>) {
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set() && sub.get_name() != "help") {
        let name = format!("{path} {}", sub.get_name());
        if sub.has_subcommands() {
            collect(sub, &name, lines);
        } else {
            lines.push((name, sub.get_about().map(ToString::to_string).unwrap_or_default()));
        }
    }
}
