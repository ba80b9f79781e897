//! Asks the Python environment: what is installed in it, whether a connection works.

use std::ffi::OsString;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde::Deserialize;
use serde_json::Value;

use crate::config::Config;
use crate::error::CliError;
use crate::output::Row;
use crate::progress::Progress;
use crate::python_env::{self, PythonEnv};

/// Records with their columns, in order.
#[derive(Debug, Default, Deserialize)]
pub struct Table {
    /// Names.
    pub columns: Vec<String>,
    /// A value for each.
    pub rows: Vec<Vec<Value>>,
}

impl Table {
    /// As records.
    pub fn records(self) -> Vec<Row> {
        let record =
            |values: Vec<Value>| Row(self.columns.iter().map(|name| name.clone().into()).zip(values).collect());
        self.rows.into_iter().map(record).collect()
    }
}

/// An answer of `airflow._runtime.tell`.
#[derive(Deserialize)]
#[serde(untagged)]
enum Answer {
    Table(Table),
    Error { error: String },
}

/// A module of the `airflow` package, as a program.
pub fn module(home: &Path, python: &PythonEnv, name: &str) -> Command {
    let mut command = Command::new(&python.interpreter);
    command.args(["-m", name]).env("AIRFLOW_HOME", home);
    if let Some(package) = &python.package_path {
        let more = std::env::var_os("PYTHONPATH").filter(|path| !path.is_empty());
        let mut path = OsString::from(package);
        if let Some(more) = more {
            path.push(":");
            path.push(more);
        }
        command.env("PYTHONPATH", path);
    }
    command
}

/// Asks one question in the common environment, which is prepared first if it is not.
///
/// # Errors
/// There is no usable Python, or the answer is that it cannot be told.
pub fn ask(config: &Config, question: &str, given: &Value) -> Result<Table, CliError> {
    let progress = Progress::new();
    let python = python_env::prepare(config, &progress)?;
    progress.done();
    let mut command = module(config.home(), &python, "airflow._runtime.tell");
    let mut child = command.arg(question).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(given.to_string().as_bytes())?;
    }
    let output = child.wait_with_output()?;
    let interpreter = python.interpreter.display();
    match serde_json::from_slice(&output.stdout) {
        Ok(Answer::Table(table)) => Ok(table),
        Ok(Answer::Error { error }) => Err(CliError::failed(error)),
        Err(_) => Err(CliError::failed(format!("{interpreter} ended with {} and no answer", output.status))),
    }
}
