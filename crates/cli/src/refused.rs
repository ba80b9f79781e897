//! What Airflow's command lines have and Tradewind does not: each with the one sentence that says why, or what to use
//! instead. Everything else of Airflow 1.10, 2.11 and 3.3 is accepted; a test holds both against the lists of names in
//! `airflow_cli/`.

/// A command, or options of one.
pub struct Refusal {
    /// The command, by its words; a group stands for all its commands.
    pub command: &'static str,
    /// Its options; none: the whole command.
    pub options: &'static [&'static str],
    /// The sentence, without a full stop.
    pub why: &'static str,
}

macro_rules! refusals {
    ($($command:literal $([$($option:literal),+])? $why:literal;)+) => {
        /// All of them.
        pub static REFUSED: &[Refusal] = &[$(Refusal { command: $command, options: &[$($($option),+)?], why: $why }),+];
    };
}

refusals! {
    "api-server" ["--log-config"] "what the api-server logs is set with [logging] logging_level and json_logs";
    "api-server" ["--apps"] "one api-server serves the REST API, the task API and the web interface together";
    "api-server" ["--ssl-cert", "--ssl-key", "--ssl-ca-file", "--ssl-cert-reqs"] "the api-server speaks plain HTTP: let a proxy in front of it speak TLS, and set [api] base_url to its address";
    "api-server" ["-d", "--dev", "--debug"] "there is no other server for development: restart the binary that you build";
    "api-server" ["--proxy-headers"] "links are made with [api] base_url, so headers of a proxy are not needed";
    "api-server" ["-k", "--workerclass"] "one process serves all requests; there are no classes of workers";
    "api-server" ["-A", "--access-logfile", "-E", "--error-logfile", "-L", "--access-logformat"] "there is one log, on standard error; with -D, --log-file says where it goes";
    "aws-auth-manager" "accounts are kept in Tradewind's own database, so there is no policy store in AWS to prepare";
    "celery worker" ["-t", "--team"] "there are no teams in this version: give each team an installation of its own";
    "dag-processor" ["-d", "--dev"] "nothing of the processor reloads itself: DAG files are picked up when they are saved";
    "dag-processor" ["-p", "--do-pickle"] "DAGs are never pickled: workers read the DAG files themselves";
    "dags backfill" ["-t", "--task-regex"] "a backfill makes whole runs: let single tasks run again with `tasks clear -t`";
    "dags backfill" ["-m", "--mark-success"] "a backfill runs its tasks: mark runs in the web interface or with PATCH /api/v2/dags/{dag_id}/dagRuns/{dag_run_id}";
    "dags backfill" ["-l", "--local"] "a backfill's tasks run where all tasks run, by [core] executor";
    "dags backfill" ["--disable-retry"] "a backfill's tasks are retried as their DAG says";
    "dags backfill" ["-i", "--ignore-dependencies"] "a backfill minds the dependencies of its tasks";
    "dags backfill" ["--pool"] "a backfill's tasks take slots of the pools that their DAG names";
    "dags backfill" ["--delay-on-limit"] "a backfill starts its next run the moment one ends";
    "dags reserialize" ["--clear-only"] "a DAG is never without its structure: what was parsed is replaced file by file";
    "db downgrade" "the schema only goes forward: go back with the backup that was made before the upgrade";
    "db migrate" ["-r", "--to-revision", "-n", "--to-version", "--from-revision", "--from-version"] "Tradewind's schema has one version for each version of the program, and `db migrate` brings it to that";
    "db-manager" "nothing but Tradewind keeps tables in its database: `db migrate` does it all";
    "fab-db downgrade" "the schema only goes forward: go back with the backup that was made before the upgrade";
    "fab-db migrate" "accounts are in Tradewind's own tables, which `db migrate` makes";
    "fab-db reset" "accounts are in Tradewind's own tables, which `db reset` empties with everything else";
    "generate_pod_template" "write the pod into the file that [kubernetes_executor] pod_template_file names: docs/kubernetes.md has one to begin with, and `kubernetes generate-dag-yaml` shows what becomes of it";
    "info" ["--file-io"] "nothing is ever sent to a public site: redirect the output into a file with --anonymize and share that";
    "kubernetes generate-dag-yaml" ["--team"] "there are no teams in this version: give each team an installation of its own";
    "pools set" ["--team-name"] "there are no teams in this version: give each team an installation of its own";
    "scheduler" ["-n", "--num-runs", "-i", "--only-idle", "-r", "--run-duration"] "a scheduler runs until it is stopped; nothing makes it better to restart it now and then";
    "scheduler" ["-d", "--dev", "--dag-id"] "a scheduler looks after all DAGs; pause those that should not run";
    "scheduler" ["-S", "--subdir"] "the scheduler reads no DAG files: give [core] dags_folder to the dag-processor";
    "scheduler" ["-p", "--do-pickle"] "DAGs are never pickled: workers read the DAG files themselves";
    "serve_logs" "the api-server reads task logs from the log folder, and workers elsewhere send theirs";
    "tasks run" ["--pool"] "a task takes slots of the pool that its DAG names";
    "tasks run" ["--cfg-path"] "a try has the configuration of the worker that runs it";
    "tasks run" ["-r", "--raw", "-j", "--job-id", "--no-shut-down-logging", "--read-from-db"] "it is how Airflow's processes call each other: `tasks run DAG TASK RUN` is all that is needed here";
    "tasks run" ["-A", "--ignore-all-dependencies", "-i", "--ignore-dependencies", "-I", "--ignore-depends-on-past", "-d", "--depends-on-past"] "a task instance runs when what it waits for is there: `tasks why` says what that is, `tasks test` runs it regardless";
    "tasks run" ["--ship-dag", "-p", "--pickle"] "DAGs are never pickled: workers read the DAG files themselves";
    "tasks run" ["-N", "--interactive"] "a try has no terminal: use `tasks test`";
    "tasks test" ["-m", "--post-mortem"] "a try runs in a process of its own, without a terminal: `python -m pdb` on a file that calls dag.test() debugs it";
    "tasks test" ["--map-index"] "one task has no mapped instances yet when it is tried alone: `dags test` runs all of them";
    "teams" "there are no teams in this version: give each team an installation of its own";
    "triggerer" ["-d", "--dev"] "nothing of the triggerer reloads itself: restart it";
    "triggerer" ["--team-name"] "there are no teams in this version: give each team an installation of its own";
    "upgrade_check" "DAG files of 1.10 and 2.x run as they are; `config lint` says which options have no use any more";
    "worker" ["-p", "--do-pickle"] "DAGs are never pickled: workers read the DAG files themselves";
}

/// Why a whole command is refused, by its words (one or two).
pub fn command(words: &[&str]) -> Option<&'static Refusal> {
    let whole = |name: &str| REFUSED.iter().find(|r| r.options.is_empty() && r.command == name);
    let two = words.get(..2).map(|two| two.join(" "));
    words.first().and_then(|first| whole(first)).or_else(|| two.and_then(|two| whole(&two)))
}

/// Why an option of a command is refused.
pub fn option(command: &str, option: &str) -> Option<&'static Refusal> {
    REFUSED.iter().find(|r| r.command == command && r.options.contains(&option))
}
