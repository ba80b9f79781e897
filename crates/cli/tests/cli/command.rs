//! Runs the real binary with a command line and shows everything that it printed.

use std::path::Path;
use std::process::{Command, Stdio};

/// A home of its own, and everything that commands in it print.
pub struct Home {
    folder: tempfile::TempDir,
    env: Vec<(String, String)>,
}

impl Home {
    /// An empty one.
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder"), env: Vec::new() }
    }

    /// With a database that is ready.
    pub fn migrated() -> Self {
        let home = Self::new();
        let said = home.run("db migrate");
        assert!(said.contains("exit code: 0"), "{said}");
        home
    }

    /// With an environment variable.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// `AIRFLOW_HOME`.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Runs `line` (words are separated by spaces; `'…'` keeps them together) and answers its whole output.
    pub fn run(&self, line: &str) -> String {
        self.run_as("tradewind", line)
    }

    /// The same, called by another name.
    pub fn run_as(&self, name: &str, line: &str) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tradewind"));
        std::os::unix::process::CommandExt::arg0(&mut command, name);
        let output = command
            .args(words(line))
            .env_clear()
            .env("AIRFLOW_HOME", self.path())
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .envs(self.env.iter().map(|(k, v)| (k, v)))
            .current_dir(self.path())
            .stdin(Stdio::null())
            .output()
            .expect("the binary starts");
        let mut said = String::new();
        let place = self.path().display().to_string();
        for (title, bytes) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
            let text = String::from_utf8_lossy(bytes).replace(&place, "$HOME");
            if !text.is_empty() {
                said.push_str(&format!("--- {title}\n{}\n", text.trim_end()));
            }
        }
        format!("$ {name} {line}\n{said}--- exit code: {}\n", output.status.code().unwrap_or(-1))
    }

    /// Runs several lines.
    pub fn session(&self, lines: &[&str]) -> String {
        lines.iter().map(|line| self.run(line)).collect::<Vec<_>>().join("\n")
    }
}

fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (n, part) in line.split('\'').enumerate() {
        if n % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(String::from));
        }
    }
    words
}
