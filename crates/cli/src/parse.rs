//! The command line: parsing with clap, and words for what cannot be parsed.

use std::process::ExitCode;

use clap::builder::styling::{AnsiColor, Styles};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, FromArgMatches, Parser};

use crate::commands::Command;
use crate::terminal;

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
    if matches!(error.kind(), ErrorKind::InvalidSubcommand | ErrorKind::UnknownArgument)
        && let Some(name) = airflow_only(args, command)
    {
        let text = format!(
            "{} '{name}' is a command of Airflow that this version of Tradewind does not have\n  See what there is with: {program} --help\n",
            terminal::paint(terminal::Style::Red, "error:", colours),
        );
        return Exit { text, code: 2 };
    }
    if error.kind() == ErrorKind::UnknownArgument
        && let Some(ContextValue::String(flag)) = error.get(ContextKind::InvalidArg)
        && let Some((name, flag)) = airflow_flag(args, command, flag)
    {
        let text = format!(
            "{} the option {flag} of Airflow's '{name}' does nothing here, so it is refused\n  See what there is with: {program} {name} --help\n",
            terminal::paint(terminal::Style::Red, "error:", colours),
        );
        return Exit { text, code: 2 };
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

/// The command of Airflow that the words name, if we have none of that name.
fn airflow_only(args: &[String], command: &clap::Command) -> Option<String> {
    let words: Vec<&str> = args.iter().map(String::as_str).take_while(|a| !a.starts_with('-')).take(2).collect();
    let first = *words.first()?;
    let ours = command.find_subcommand(first);
    let known = |group: &str| {
        include_str!("airflow_commands.txt")
            .lines()
            .find_map(|line| line.strip_prefix(group)?.strip_prefix(':'))
            .map(|names| names.split_whitespace().collect::<Vec<_>>())
    };
    if ours.is_none() && known("-").is_some_and(|names| names.contains(&first)) {
        return Some(first.to_owned());
    }
    let group = known(first)?;
    match words.get(1) {
        Some(second) if group.contains(second) && ours.and_then(|g| g.find_subcommand(second)).is_none() => {
            Some(format!("{first} {second}"))
        }
        None if ours.is_none() => Some(first.to_owned()),
        _ => None,
    }
}

/// Our command of that name and the option, if Airflow's has it.
fn airflow_flag(args: &[String], command: &clap::Command, flag: &str) -> Option<(String, String)> {
    let mut path = Vec::new();
    let mut at = command;
    for word in args.iter().filter(|a| !a.starts_with('-')) {
        let Some(next) = at.find_subcommand(word) else { break };
        path.push(next.get_name().to_owned());
        at = next;
    }
    let name = path.join(" ");
    let flag = flag.split(['=', ' ']).next().unwrap_or(flag);
    let line = airflow_flags().find(|(command, _)| *command == name)?.1;
    let known = |option: &str| option.trim_end_matches(['=', '?']).split('|').any(|n| n == flag);
    line.split_whitespace().any(known).then(|| (name, flag.to_owned()))
}

/// Commands with their options, as Airflow has them.
fn airflow_flags() -> impl Iterator<Item = (&'static str, &'static str)> {
    include_str!("airflow_flags.txt").lines().filter(|l| !l.starts_with('#')).filter_map(|l| l.split_once(": "))
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
        let (text, code) = said("celery flower");
        assert!(text.contains("'celery flower' is a command of Airflow that this version"), "{text}");
        assert_eq!(code, 2);
        let (text, _) = said("config lst");
        assert!(text.contains("similar subcommand"), "{text}");
        let (text, _) = said("get-value");
        assert!(text.contains("there is 'tradewind config get-value'"), "{text}");
    }

    /// Words that a command needs besides the option that is looked at.
    fn rest(name: &str, flag: &str) -> Vec<&'static str> {
        let all: &[&str] = match name {
            "dags state" | "tasks states-for-dag-run" => &["d", "2024-01-01"],
            "backfill create" => &["--dag-id", "d", "--from-date", "2024-01-01", "--to-date", "2024-01-02"],
            "dags backfill"
            | "dags clear"
            | "dags details"
            | "dags next-execution"
            | "dags pause"
            | "dags unpause"
            | "dags trigger"
            | "dags delete"
            | "dags show"
            | "dags test"
            | "tasks list"
            | "tasks clear" => &["d"],
            "dags list-runs" if !flag.contains("--dag-id") => &["d"],
            "tasks state" | "tasks run" => &["d", "t", "2024-01-01"],
            "tasks test" => &["d", "t"],
            "pools get" | "pools delete" | "variables get" | "variables delete" | "connections get"
            | "connections delete" => &["x"],
            "pools set" => &["p", "1", "text"],
            "variables set" => &["k", "v"],
            "config get-value" => &["core", "executor"],
            _ if name.ends_with("import") || name.ends_with("export") => &["f.json"],
            "connections add" if flag.contains("uri") || flag.contains("json") || flag.contains("type") => &["c"],
            "connections add" => &["c", "--conn-type", "http"],
            "users create" => &["-u", "u", "-r", "Admin", "-e", "e", "-f", "f", "-l", "l"],
            "users delete" | "users reset-password" if !flag.contains("user") && !flag.contains("mail") => &["-u", "u"],
            _ => &[],
        };
        let mut words = all.to_vec();
        // The option may be one of those that are needed anyway.
        if let Some(at) = words.iter().position(|w| w.starts_with('-') && flag.split('|').any(|f| f == *w)) {
            words.drain(at..at + 2);
        }
        words
    }

    fn value(flag: &str) -> &'static str {
        match flag.split('|').next_back().unwrap_or(flag) {
            "--output" => "json",
            "--columns" => "dag_id",
            "--state" => "success",
            "--field" => "run_after",
            "--reprocess-behavior" => "failed",
            "--start-date" | "--end-date" | "--from-date" | "--to-date" | "--logical-date" | "--exec-date" => {
                "2024-01-01T00:00:00+00:00"
            }
            "--job-type" => "SchedulerJob",
            "--color" => "auto",
            "--role" => "Viewer",
            "--action-on-existing-key" => "skip",
            "--format" | "--file-format" | "--serialization-format" => "json",
            _ => "1",
        }
    }

    #[test]
    fn every_option_of_airflows_commands_parses_or_is_refused_in_words() {
        let mut refused = Vec::new();
        for (name, options) in airflow_flags() {
            let mut line: Vec<String> = name.split(' ').map(String::from).collect();
            line.extend(rest(name, "").into_iter().map(String::from));
            let parsed = parse("airflow", &line);
            assert!(name.starts_with("users ") || parsed.is_ok(), "{name}: {}", parsed.err().unwrap().text);
            for option in options.split_whitespace() {
                let flag = option.trim_end_matches(['=', '?']);
                for spelling in flag.split('|') {
                    let mut line: Vec<String> = name.split(' ').map(String::from).collect();
                    line.extend(rest(name, flag).into_iter().map(String::from));
                    line.push(spelling.to_owned());
                    if option.ends_with('=') {
                        line.push(value(flag).to_owned());
                    }
                    if let Err(exit) = parse("airflow", &line) {
                        assert!(exit.text.contains("so it is refused"), "{line:?}: {}", exit.text);
                        refused.push(format!("{name} {spelling}"));
                    }
                }
            }
        }
        insta::assert_snapshot!(refused.join("\n"));
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
