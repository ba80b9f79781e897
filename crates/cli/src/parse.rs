//! The command line: parsing with clap, and words for what cannot be parsed.

use std::process::ExitCode;

use clap::builder::styling::{AnsiColor, Styles};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, FromArgMatches, Parser};

use crate::commands::Command;
use crate::{refused, terminal};

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Yellow.on_default().bold())
    .usage(AnsiColor::Yellow.on_default().bold())
    .literal(AnsiColor::Green.on_default())
    .placeholder(AnsiColor::Cyan.on_default())
    .valid(AnsiColor::Green.on_default())
    .invalid(AnsiColor::Red.on_default());

/// The whole command line.
#[derive(Parser, Debug)]
#[command(
    name = "tradewind",
    version,
    styles = STYLES,
    disable_help_subcommand = true,
    subcommand_required = true,
    arg_required_else_help = true,
    about = "Runs Apache Airflow workloads: the same DAG files, clients and command lines on a faster engine",
)]
pub struct Cli {
    /// Say more about what is done
    #[arg(short, long, global = true)]
    pub verbose: bool,
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// The name that the program answers to: `airflow` when called so.
pub fn program_name(argv0: &str) -> &'static str {
    match argv0.rsplit('/').next() {
        Some("airflow") => "airflow",
        _ => "tradewind",
    }
}

/// What to print instead of running a command.
pub struct Exit {
    text: String,
    code: u8,
}

impl Exit {
    /// What it prints.
    #[cfg(test)]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Prints it: help on standard output, errors on standard error.
    pub fn print(self) -> ExitCode {
        if self.code == 0 {
            print!("{}", self.text)
        } else {
            eprint!("{}", self.text)
        }
        ExitCode::from(self.code)
    }
}

/// Parses today's command line (see [`crate::legacy`]).
///
/// # Errors
/// [`Exit`]: help, version, or what is wrong.
pub fn parse(program: &'static str, args: &[String]) -> Result<Cli, Exit> {
    let mut command = Cli::command().name(program).bin_name(program);
    if program == "airflow" {
        command = command.about("Tradewind, answering as airflow");
    }
    let argv = std::iter::once(program.to_owned()).chain(args.iter().cloned());
    let matches = command.clone().try_get_matches_from_mut(argv).and_then(|mut m| Cli::from_arg_matches_mut(&mut m));
    matches.map_err(|error| explain(program, args, &command, &error))
}

fn explain(program: &str, args: &[String], command: &clap::Command, error: &clap::Error) -> Exit {
    let colours = match error.use_stderr() {
        true => terminal::stderr_colours(),
        false => terminal::stdout_colours(),
    };
    if let Some(text) = refusal(program, args, command, error) {
        return Exit {
            text: format!("{} {text}\n", terminal::paint(terminal::Style::Red, "error:", colours)),
            code: 2,
        };
    }
    let text = error.render();
    let mut text = if colours { text.ansi().to_string() } else { text.to_string() };
    if error.kind() == ErrorKind::InvalidSubcommand
        && error.get(ContextKind::SuggestedSubcommand).is_none()
        && let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidSubcommand)
        && let Some(place) = elsewhere(word, command)
    {
        text = text.replacen("\n\n", &format!("\n\n  tip: there is '{program} {place}'\n\n"), 1);
    }
    Exit { text, code: u8::try_from(error.exit_code()).unwrap_or(2) }
}

/// What to say of a command or an option of Airflow that Tradewind refuses.
fn refusal(program: &str, args: &[String], command: &clap::Command, error: &clap::Error) -> Option<String> {
    match error.kind() {
        ErrorKind::InvalidSubcommand => {
            let words: Vec<&str> =
                args.iter().map(String::as_str).take_while(|a| !a.starts_with('-')).take(2).collect();
            let refused = refused::command(&words)?;
            // A group that is refused as a whole is named with what was asked of it.
            let name = words.join(" ");
            Some(format!("'{name}' is not available: {}\n  See what there is with: {program} --help", refused.why))
        }
        ErrorKind::UnknownArgument => {
            let ContextValue::String(flag) = error.get(ContextKind::InvalidArg)? else { return None };
            let flag = flag.split(['=', ' ']).next().unwrap_or(flag);
            let name = path_of(args, command);
            let refused = refused::option(&name, flag)?;
            Some(format!(
                "the option {flag} of '{name}' is not available: {}\n  See what there is with: {program} {name} --help",
                refused.why
            ))
        }
        _ => None,
    }
}

/// The command that the words name, by the names that we know it under.
fn path_of(args: &[String], command: &clap::Command) -> String {
    let mut path = Vec::new();
    let mut at = command;
    for word in args.iter().filter(|a| !a.starts_with('-')) {
        let Some(next) = at.find_subcommand(word) else { break };
        path.push(next.get_name().to_owned());
        at = next;
    }
    path.join(" ")
}

/// Where a verb that was given without its group is: `trigger` is `dags trigger`.
fn elsewhere(word: &str, command: &clap::Command) -> Option<String> {
    let group = command.get_subcommands().find(|g| g.find_subcommand(word).is_some())?;
    Some(format!("{} {word}", group.get_name()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(line: &str) -> (String, u8) {
        let args: Vec<String> = line.split_whitespace().map(String::from).collect();
        let exit = parse("tradewind", &args).err().unwrap();
        (exit.text, exit.code)
    }

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn unknown_commands_get_a_helpful_answer() {
        let (text, code) = said("serve_logs");
        assert!(text.contains("'serve_logs' is not available: the api-server reads"), "{text}");
        assert_eq!(code, 2);
        let (text, _) = said("config lst");
        assert!(text.contains("similar subcommand"), "{text}");
        let (text, _) = said("get-value");
        assert!(text.contains("there is 'tradewind config get-value'"), "{text}");
    }

    #[test]
    fn called_as_airflow_it_answers_as_airflow() {
        assert_eq!(program_name("/usr/bin/airflow"), "airflow");
        assert_eq!(program_name("./target/tradewind"), "tradewind");
        let exit = parse("airflow", &["--help".into()]).err().unwrap();
        assert!(exit.text.contains("Usage: airflow"), "{}", exit.text);
        assert_eq!(exit.code, 0);
    }
}
