//! Our own virtual environment, `$AIRFLOW_HOME/venv`, made from `python3` on first use.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::interpreter::probe;
use super::{REQUIREMENTS, check_version};
use crate::error::CliError;
use crate::progress::Progress;

/// In the environment: says that we made it, and that it is complete.
const MARKER: &str = ".tradewind";

/// Whether the environment was made by us (or was being made when we were stopped).
pub fn is_ours(folder: &Path) -> bool {
    folder.join(MARKER).exists()
}

/// Makes the environment and installs what is needed, unless that was done.
///
/// # Errors
/// One sentence about what is missing. What was begun is removed again.
pub fn ensure(folder: &Path, progress: &Progress) -> Result<(), CliError> {
    let wanted = REQUIREMENTS.join(" ");
    let complete = fs::read_to_string(folder.join(MARKER)).is_ok_and(|text| text == wanted);
    if complete && probe(&folder.join("bin/python")).is_ok_and(|python| python.missing.is_empty()) {
        return Ok(());
    }
    let python = base_interpreter()?;
    progress.step(&format!("Making a Python environment in {} (only this once)", folder.display()));
    let made = make(folder, &python, &wanted, progress);
    if made.is_err() {
        let _ = fs::remove_dir_all(folder);
    }
    made
}

fn make(folder: &Path, python: &Path, wanted: &str, progress: &Progress) -> Result<(), CliError> {
    let io = |error: std::io::Error| {
        CliError::failed(format!("cannot make {}: {error}", folder.display()))
            .hint("set AIRFLOW_HOME to a folder that you may write to")
    };
    let _ = fs::remove_dir_all(folder);
    fs::create_dir_all(folder).map_err(io)?;
    fs::write(folder.join(MARKER), "").map_err(io)?;
    let output = Command::new(python).args(["-m", "venv"]).arg(folder).output().map_err(io)?;
    if !output.status.success() {
        let error = CliError::failed(format!("{} -m venv failed: {}", python.display(), last_line(&output)));
        let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        return Err(match text.contains("ensurepip") || text.contains("No module named venv") {
            true => error.hint("on Debian and Ubuntu install it with: apt-get install python3-venv"),
            false => error,
        });
    }
    progress.step("Installing jinja2 and pendulum");
    let pip = Command::new(folder.join("bin/python"))
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"])
        .args(REQUIREMENTS)
        .output()
        .map_err(io)?;
    if !pip.status.success() {
        return Err(CliError::failed(format!("pip could not install jinja2 and pendulum: {}", last_line(&pip))).hint(
            "check the network (or pip's index), or set [tradewind] python (AIRFLOW__TRADEWIND__PYTHON) to an \
             interpreter that has them",
        ));
    }
    fs::write(folder.join(MARKER), wanted).map_err(io)
}

/// The Python to make the environment from.
fn base_interpreter() -> Result<PathBuf, CliError> {
    let python = probe(Path::new("python3")).map_err(|error| {
        CliError::failed(format!("DAG files need Python: {error}"))
            .hint("install Python 3.9 or newer, or set [tradewind] python (AIRFLOW__TRADEWIND__PYTHON) to it")
    })?;
    check_version(&python)?;
    Ok(python.executable)
}

/// What pip or venv said last, preferably an error.
fn last_line(output: &Output) -> String {
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
    let error = lines.iter().rev().find(|l| l.to_lowercase().starts_with("error")).or(lines.last());
    error.map_or_else(|| output.status.to_string(), ToString::to_string)
}
