//! Turns command lines of Airflow 1.10 and 2.x into today's, so that scripts keep working: `initdb` is `db migrate`,
//! `trigger_dag --run_id x` is `dags trigger --run-id x`, `variables -s k v` is `variables set k v`.

/// Commands of 1.10 and 2.x by their new names.
pub const COMMANDS: &[(&str, &[&str])] = &[
    ("initdb", &["db", "migrate"]),
    ("upgradedb", &["db", "migrate"]),
    ("resetdb", &["db", "reset"]),
    ("checkdb", &["db", "check"]),
    ("shell", &["db", "shell"]),
    ("list_dags", &["dags", "list"]),
    ("list_dag_runs", &["dags", "list-runs"]),
    ("trigger_dag", &["dags", "trigger"]),
    ("pause", &["dags", "pause"]),
    ("unpause", &["dags", "unpause"]),
    ("delete_dag", &["dags", "delete"]),
    ("show_dag", &["dags", "show"]),
    ("dag_state", &["dags", "state"]),
    ("next_execution", &["dags", "next-execution"]),
    ("list_tasks", &["tasks", "list"]),
    ("task_state", &["tasks", "state"]),
    ("task_failed_deps", &["tasks", "failed-deps"]),
    ("render", &["tasks", "render"]),
    ("run", &["tasks", "run"]),
    ("test", &["tasks", "test"]),
    ("clear", &["tasks", "clear"]),
    ("create_user", &["users", "create"]),
    ("delete_user", &["users", "delete"]),
    ("list_users", &["users", "list"]),
    ("webserver", &["api-server"]),
    // These have their names still, but other spellings of options.
    ("scheduler", &["scheduler"]),
    ("worker", &["worker"]),
    ("flower", &["celery", "flower"]),
    ("rotate_fernet_key", &["rotate-fernet-key"]),
    ("sync_perm", &["sync-perm"]),
    ("kubernetes_generate_dag_yaml", &["kubernetes", "generate-dag-yaml"]),
];

/// Options of 1.10 with one dash and several letters.
const FLAGS: &[(&str, &str)] = &[
    ("-sd", "--subdir"),
    ("-dr", "--dry-run"),
    ("-tp", "--task-params"),
    ("-pm", "--post-mortem"),
    ("-hn", "--hostname"),
    ("-cn", "--celery-hostname"),
    ("-int", "--interactive"),
    ("-fc", "--flower-conf"),
    ("-ba", "--basic-auth"),
    ("-dx", "--dag-regex"),
    ("-xp", "--exclude-parentdag"),
];

/// Today's command line for `args` (without the program's name).
pub fn modernise(args: Vec<String>) -> Vec<String> {
    let Some(first) = args.first() else { return args };
    let grouped = args.iter().skip(1).any(|a| a.starts_with('-')) && args.get(1).is_some_and(|a| a.starts_with('-'));
    match first.as_str() {
        // Since Airflow 3 `backfill` is a group; before, the DAG and options followed.
        "backfill" if args.len() > 1 && !matches!(args[1].as_str(), "create" | "-h" | "--help") => {
            let rest = args.iter().skip(1).map(|a| flag(a));
            return ["dags", "backfill"].map(String::from).into_iter().chain(rest).collect();
        }
        "variables" if grouped => return with_action(&args, VARIABLES),
        "pool" => return with_action(&args, POOL),
        "connections" if grouped => return connections(&args),
        "users" if grouped => return with_action(&args, USERS),
        "config" if args.get(1).is_none_or(|a| a.starts_with("--color")) => {
            return ["config", "list"].map(String::from).into_iter().chain(args.into_iter().skip(1)).collect();
        }
        "list_dags" if args.iter().any(|a| a == "-r" || a == "--report") => {
            let rest = args.iter().skip(1).filter(|a| *a != "-r" && *a != "--report").cloned();
            return ["dags", "report"].map(String::from).into_iter().chain(rest.map(|a| flag(&a))).collect();
        }
        _ => {}
    }
    let Some((_, new)) = COMMANDS.iter().find(|(old, _)| old == first) else {
        return args;
    };
    let mut modern: Vec<String> = new.iter().map(ToString::to_string).collect();
    modern.extend(args.iter().skip(1).map(|a| flag(a)));
    // Runs of 1.10 always had a date.
    if first == "trigger_dag" && !modern.iter().any(|a| a == "-e" || a.starts_with("--exec-date")) {
        modern.push("--now".into());
    }
    modern
}

/// `--run_id=x_y` is `--run-id=x_y`.
fn flag(arg: &str) -> String {
    if let Some((_, new)) = FLAGS.iter().find(|(old, _)| *old == arg) {
        return (*new).to_owned();
    }
    match arg.strip_prefix("--") {
        Some(long) => {
            let (name, value) = long.find('=').map_or((long, ""), |at| long.split_at(at));
            format!("--{}{value}", name.replace('_', "-"))
        }
        None => arg.to_owned(),
    }
}

/// An option of 1.10 that chose what to do, and today's command for it.
type Action = (&'static [&'static str], &'static [&'static str]);

const VARIABLES: &[Action] = &[
    (&["-s", "--set"], &["variables", "set"]),
    (&["-g", "--get"], &["variables", "get"]),
    (&["-x", "--delete"], &["variables", "delete"]),
    (&["-i", "--import"], &["variables", "import"]),
    (&["-e", "--export"], &["variables", "export"]),
];

const POOL: &[Action] = &[
    (&["-s", "--set"], &["pools", "set"]),
    (&["-g", "--get"], &["pools", "get"]),
    (&["-x", "--delete"], &["pools", "delete"]),
    (&["-i", "--import"], &["pools", "import"]),
    (&["-e", "--export"], &["pools", "export"]),
];

const USERS: &[Action] = &[
    (&["-l", "--list"], &["users", "list"]),
    (&["-c", "--create"], &["users", "create"]),
    (&["-d", "--delete"], &["users", "delete"]),
];

/// The first option that names an action becomes the command; without one it is `list`.
fn with_action(args: &[String], actions: &[Action]) -> Vec<String> {
    let chosen = args.iter().enumerate().skip(1).find_map(|(n, arg)| {
        let name = arg.split('=').next().unwrap_or(arg);
        actions.iter().find(|(names, _)| names.contains(&name)).map(|(_, new)| (n, *new))
    });
    let Some((at, new)) = chosen else {
        let group = actions[0].1[0];
        return [group, "list"].map(String::from).into_iter().chain(args[1..].iter().map(|a| flag(a))).collect();
    };
    let mut out: Vec<String> = new.iter().map(ToString::to_string).collect();
    out.extend(args[1..at].iter().map(|a| flag(a)));
    if let Some((_, value)) = args[at].split_once('=') {
        out.push(value.to_owned());
    }
    // What follows the action are its arguments: a value may start with anything.
    out.extend(args[at + 1..].iter().map(|a| flag(a)));
    out
}

/// `connections -a --conn_id x --conn_uri y` is `connections add x --conn-uri y`.
fn connections(args: &[String]) -> Vec<String> {
    let verb = args[1..].iter().find_map(|a| match a.as_str() {
        "-a" | "--add" => Some("add"),
        "-d" | "--delete" => Some("delete"),
        "-l" | "--list" => Some("list"),
        _ => None,
    });
    let Some(verb) = verb else { return args.to_vec() };
    let mut out = vec!["connections".to_owned(), verb.to_owned()];
    let mut rest = args[1..].iter().map(|a| flag(a));
    while let Some(arg) = rest.next() {
        match arg.as_str() {
            "-a" | "--add" | "-d" | "--delete" | "-l" | "--list" => {}
            "--conn-id" => out.extend(rest.next()),
            _ => match arg.strip_prefix("--conn-id=") {
                Some(id) => out.push(id.to_owned()),
                None => out.push(arg),
            },
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_command_lines_become_todays() {
        for (old, new) in [
            ("initdb", "db migrate"),
            ("trigger_dag --run_id a_b -e 2024-01-01 my_dag", "dags trigger --run-id a_b -e 2024-01-01 my_dag"),
            ("trigger_dag my_dag --run_id=a_b", "dags trigger my_dag --run-id=a_b --now"),
            ("list_dags -sd /dags", "dags list --subdir /dags"),
            ("list_dags -r", "dags report"),
            ("test -dr d t 2024-01-01", "tasks test --dry-run d t 2024-01-01"),
            ("backfill -s 2024-01-01 -dr --reset_dagruns d", "dags backfill -s 2024-01-01 --dry-run --reset-dagruns d"),
            ("backfill create --dag-id d", "backfill create --dag-id d"),
            ("variables -s key value", "variables set key value"),
            ("variables -g key -j -d 1", "variables get key -j -d 1"),
            ("variables -j --set key {}", "variables set -j key {}"),
            ("variables --export=out.json", "variables export out.json"),
            ("pool -s p 4 some", "pools set p 4 some"),
            ("pool", "pools list"),
            ("connections -l", "connections list"),
            ("connections -a --conn_id c --conn_uri x://", "connections add c --conn-uri x://"),
            ("connections --delete --conn_id=c", "connections delete c"),
            ("users -c -u me -r Admin", "users create -u me -r Admin"),
            ("config", "config list"),
            ("variables set a b", "variables set a b"),
            ("dags list -o json", "dags list -o json"),
            ("webserver -hn 0.0.0.0 -p 80", "api-server --hostname 0.0.0.0 -p 80"),
        ] {
            let args = old.split(' ').map(String::from).collect();
            assert_eq!(modernise(args).join(" "), new);
        }
    }
}
