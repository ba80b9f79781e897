//! Holds our command line against Airflow's: every command and option of 3.3, 2.11 and 1.10 is accepted, or refused
//! with the sentence that [`crate::refused`] has for it.

use std::collections::BTreeSet;

use crate::legacy::modernise;
use crate::parse::parse;
use crate::refused::REFUSED;

/// The versions, with their commands.
const VERSIONS: [(&str, &str, usize); 3] = [
    ("3.3", include_str!("commands_3.3.txt"), 128),
    ("2.11", include_str!("commands_2.11.txt"), 87),
    ("1.10", include_str!("commands_1.10.txt"), 89),
];

/// An option: spellings, and what it takes.
struct Flag {
    spellings: Vec<&'static str>,
    takes: &'static str,
    needed: bool,
}

impl Flag {
    fn read(word: &'static str) -> Self {
        let needed = word.ends_with('!');
        let word = word.trim_end_matches('!');
        let names = word.trim_end_matches(['=', '?', '*']);
        Self { spellings: names.split('|').collect(), takes: &word[names.len()..], needed }
    }

    /// The words of a spelling with its values.
    fn words(&self, spelling: &str, command: &str) -> Vec<String> {
        let long = self.spellings.last().unwrap_or(&"").replace('_', "-");
        let one = || value(&long, command).to_owned();
        match self.takes {
            "=" | "*" => vec![spelling.to_owned(), one()],
            "==" => vec![spelling.to_owned(), "k".into(), "v".into()],
            "===" => vec![spelling.to_owned(), "p".into(), "1".into(), "text".into()],
            _ => vec![spelling.to_owned()],
        }
    }
}

/// A value that fits an option.
fn value(long: &str, command: &str) -> &'static str {
    match long {
        "--output" if !command.contains("generate") => "json",
        "--columns" if command.starts_with("assets") => "name",
        "--columns" => "dag_id",
        "--state" if command.ends_with("list-jobs") => "running",
        "--state" => "success",
        "--field" => "run_after",
        "--reprocess-behavior" => "failed",
        "--from-date"
        | "--to-date"
        | "--logical-date"
        | "--exec-date"
        | "--execution-date"
        | "--clean-before-timestamp"
        | "--partition-date-start"
        | "--partition-date-end"
        | "--start-date"
        | "--end-date" => "2024-01-01T00:00:00+00:00",
        "--date" => "2024-01-01~2024-01-02",
        "--job-type" => "SchedulerJob",
        "--color" => "auto",
        "--role" => "Viewer",
        "--resource" => "DAGs",
        "--action" => "can_read",
        "--action-on-existing-key" => "skip",
        "--export-format" => "csv",
        "--format" | "--file-format" | "--serialization-format" => "json",
        "--set" | "--get" | "--delete" => "key",
        "--min-pending-minutes" => "30",
        _ => "1",
    }
}

/// A value that fits an argument without a name.
fn argument(name: &str, command: &str) -> &'static str {
    match name.trim_end_matches(['?', '*']) {
        "slots" => "1",
        "section" => "core",
        "option" => "executor",
        "logical_date" | "execution_date" => "2024-01-01",
        "file" | "import" | "export" if command.contains("env") => "f.env",
        "file" | "import" | "export" => "f.json",
        _ => "x",
    }
}

/// What must stand beside an option that is looked at: arguments, and options that are needed.
fn rest(command: &str, words: &[&'static str], looked_at: Option<&Flag>) -> Vec<String> {
    let mut line: Vec<String> = Vec::new();
    let same = |flag: &Flag| looked_at.is_some_and(|l| l.spellings == flag.spellings);
    for word in words {
        if !word.starts_with('-') {
            if !word.ends_with('?') {
                line.push(argument(word, command).to_owned());
            }
            continue;
        }
        let flag = Flag::read(word);
        if flag.needed && !same(&flag) {
            line.extend(flag.words(flag.spellings[flag.spellings.len() - 1], command));
        }
    }
    let named = |name: &str| looked_at.is_some_and(|l| l.spellings.contains(&name));
    match command {
        // What one of several options has to say.
        "users delete" | "users reset-password" | "users add-role" | "users remove-role"
            if !named("--username") && !named("--email") && !line.iter().any(|w| w == "--username") =>
        {
            line.extend(["-u".into(), "u".into()]);
        }
        "connections add" if !named("--conn-uri") && !named("--conn-json") && !named("--conn-type") => {
            line.extend(["--conn-type".into(), "http".into()]);
        }
        "connections" => {
            let mine = looked_at.is_some_and(|l| l.spellings.contains(&"--list"));
            if named("--delete") {
                line.extend(["--conn_id".into(), "c".into()]);
            } else if !mine {
                line.extend(["--add".into()].into_iter().filter(|_| !named("--add")));
                line.extend(["--conn_id", "c"].into_iter().filter(|_| !named("--conn_id")).map(String::from));
                if !named("--conn_uri") && !named("--conn_type") {
                    line.extend(["--conn_type".into(), "http".into()]);
                }
            }
        }
        "variables" if looked_at.is_none() || named("--json") || named("--default") => {
            line.extend(["-g".into(), "k".into()])
        }
        "partitions clear" if !named("--run-id") && !named("--partition-key") && !named("--date") => {
            line.extend(["--run-id".into(), "r".into()]);
        }
        _ => {}
    }
    line
}

fn commands(text: &'static str) -> impl Iterator<Item = (&'static str, Vec<&'static str>)> {
    let lines = text.lines().filter(|l| !l.starts_with('#'));
    lines.filter_map(|l| l.split_once(':')).map(|(name, words)| (name, words.split_whitespace().collect()))
}

#[test]
fn every_command_and_option_of_airflow_is_accepted_or_refused_in_words() {
    let mut used: BTreeSet<&str> = BTreeSet::new();
    let mut wrong: Vec<String> = Vec::new();
    let mut accepted = 0;
    for (version, text, count) in VERSIONS {
        assert_eq!(commands(text).count(), count, "commands of {version}");
        for (name, words) in commands(text) {
            let mut check = |line: Vec<String>| {
                let modern = modernise(line.clone());
                let Err(exit) = parse("airflow", &modern) else {
                    accepted += 1;
                    return;
                };
                match REFUSED.iter().find(|r| exit.text().contains(r.why)) {
                    Some(refusal) => drop(used.insert(refusal.why)),
                    None => wrong.push(format!("{version}: {}: {}", line.join(" "), exit.text().trim())),
                }
            };
            let line = |looked_at: Option<(&Flag, &str)>| {
                let mut line: Vec<String> = name.split(' ').map(String::from).collect();
                line.extend(rest(name, &words, looked_at.map(|(flag, _)| flag)));
                line.extend(looked_at.into_iter().flat_map(|(flag, spelling)| flag.words(spelling, name)));
                line
            };
            check(line(None));
            for flag in words.iter().filter(|w| w.starts_with('-')).map(|w| Flag::read(w)) {
                flag.spellings.iter().for_each(|spelling| check(line(Some((&flag, *spelling)))));
            }
        }
    }
    assert!(wrong.is_empty(), "{} are neither accepted nor refused:\n{}", wrong.len(), wrong.join("\n"));
    assert!(accepted > 1000, "{accepted}");
    let unused: Vec<&str> = REFUSED.iter().filter(|r| !used.contains(r.why)).map(|r| r.why).collect();
    assert!(unused.is_empty(), "nothing of Airflow's needs these refusals: {unused:#?}");
}
