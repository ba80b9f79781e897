//! Holds that docs/reference says what the option table and the command line say. `make gen` writes the pages anew.

use std::fmt::Write;
use std::path::PathBuf;

use clap::CommandFactory;
use tradewind_executors::{AVAILABLE, OF_TWO, kubernetes};

use crate::config::Kind;
use crate::config::options::{ALL, Spec};
use crate::config::renames::RENAMES;
use crate::config::unused::{UNUSED, Why};
use crate::parse::Cli;
use crate::refused::REFUSED;

fn allowed(spec: &Spec) -> String {
    match spec.kind {
        Kind::Text => "text".into(),
        Kind::Path => "path".into(),
        Kind::Flag => "True, False".into(),
        Kind::Int(min, i64::MAX) => format!("whole number ≥ {min}"),
        Kind::Int(min, max) => format!("whole number, {min} to {max}"),
        Kind::Seconds(min) => format!("seconds ≥ {min}"),
        Kind::Choice(words) => words.join(", "),
        Kind::Json => "JSON".into(),
        Kind::Executors => AVAILABLE
            .iter()
            .copied()
            .chain([kubernetes::NAME])
            .chain(OF_TWO.iter().map(|(name, _)| *name))
            .collect::<Vec<_>>()
            .join(", "),
    }
}

fn configuration() -> String {
    let mut page = String::from(
        "# Options\n\nSet them in `$AIRFLOW_HOME/airflow.cfg` or, stronger, in the environment: `[core] dags_folder` is\n\
         `AIRFLOW__CORE__DAGS_FOLDER`. Of secrets, `AIRFLOW__CORE__FERNET_KEY_CMD` is a command that prints the value.\n\
         Options of Airflow that are not read are below, with the reason; those that are set are named when a process starts.\n",
    );
    let mut section = "";
    for spec in ALL {
        if spec.section != section {
            section = spec.section;
            write!(page, "\n## [{section}]\n\n| option | default | values | |\n| --- | --- | --- | --- |\n").unwrap();
        }
        let default = if spec.default.is_empty() { String::new() } else { format!("`{}`", spec.default) };
        writeln!(page, "| `{}` | {default} | {} | {} |", spec.key, allowed(spec), spec.doc).unwrap();
    }
    page.push_str(
        "\n## Options of Airflow that are not read\n\n`tradewind config lint` names those that are set. Old names of options above \
         are read; `tradewind config update` changes them to the new ones.\n\n| section | options | why not |\n| --- | --- | --- |\n",
    );
    for (section, keys, why) in UNUSED {
        let keys = if *keys == "*" { "all".to_owned() } else { format!("`{}`", keys.replace(' ', "` `")) };
        let what = match why {
            Why::Obsolete(_) => "not needed",
            Why::NotAvailable(_) => "not available",
            Why::Read(_) => "read under this name",
        };
        writeln!(page, "| `[{section}]` | {keys} | {what}: {} |", why.reason()).unwrap();
    }
    page.push_str("\n## Old names\n\n| old | new |\n| --- | --- |\n");
    for (section, key, new_section, new_key) in RENAMES {
        writeln!(page, "| `[{section}] {key}` | `[{new_section}] {new_key}` |").unwrap();
    }
    page
}

fn commands() -> String {
    let mut page = String::from(
        "# Commands\n\nEvery command also answers to `airflow` when the binary is called so. Commands of Airflow 1.10 and\n\
         2.x work under their old names too: `initdb`, `trigger_dag`, `webserver`, …\n",
    );
    let mut root = Cli::command().name("tradewind").bin_name("tradewind").term_width(100);
    root.build();
    describe(&root, &mut page);
    page.push_str("\n## Not available\n\nWhat Airflow's command lines have besides, and why it is refused.\n\n| command | options | |\n| --- | --- | --- |\n");
    for refusal in REFUSED {
        let options = refusal.options.iter().map(|o| format!("`{o}`")).collect::<Vec<_>>().join(" ");
        writeln!(page, "| `{}` | {options} | {} |", refusal.command, refusal.why).unwrap();
    }
    page
}

fn describe(command: &clap::Command, page: &mut String) {
    for sub in command.get_subcommands().filter(|s| !s.is_hide_set()) {
        if sub.has_subcommands() {
            describe(sub, page);
            continue;
        }
        let name = sub.get_bin_name().unwrap_or(sub.get_name()).to_owned();
        let help = sub.clone().term_width(100).render_help().to_string();
        let help: Vec<&str> = help.lines().map(str::trim_end).collect();
        write!(page, "\n## {name}\n\n```text\n{}\n```\n", help.join("\n").trim_end()).unwrap();
    }
}

fn check(file: &str, wanted: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference").join(file);
    if std::env::var_os("TRADEWIND_WRITE_REFERENCE").is_some() {
        std::fs::write(&path, wanted).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == wanted, "docs/reference/{file} is out of date: run `make gen`");
}

#[test]
fn reference_of_options_is_fresh() {
    check("configuration.md", &configuration());
}

#[test]
fn reference_of_commands_is_fresh() {
    check("commands.md", &commands());
}
