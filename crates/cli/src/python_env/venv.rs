//! Makes virtual environments.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::interpreter::{Interpreter, probe};
use super::pip::{Pip, last_line};
use super::{REQUIREMENTS, check_version, package};
use crate::error::CliError;
use crate::progress::Progress;

/// Makes a virtual environment with our `airflow` package in it, and nothing of what that needs.
///
/// # Errors
/// One sentence about what is missing. What was begun is removed again.
pub fn make(folder: &Path, base: &Path) -> Result<Interpreter, CliError> {
    let made = (|| {
        let output =
            Command::new(base).args(["-m", "venv"]).arg(folder).output().map_err(|e| unwritable(folder, &e))?;
        if !output.status.success() {
            let error = CliError::failed(format!("{} -m venv failed: {}", base.display(), last_line(&output)));
            let text =
                format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
            return Err(match text.contains("ensurepip") || text.contains("No module named venv") {
                true => error.hint("on Debian and Ubuntu install it with: apt-get install python3-venv"),
                false => error,
            });
        }
        let python = probe(&folder.join("bin/python")).map_err(|error| CliError::failed(error.to_string()))?;
        // Before anything else: pip is to find that whoever needs apache-airflow has it.
        package::install(&python.site, package::Layout::Environment, Some(&python.scripts))
            .map_err(|e| unwritable(folder, &e))?;
        Ok(python)
    })();
    if made.is_err() {
        let _ = fs::remove_dir_all(folder);
    }
    made
}

/// Installs what the `airflow` package needs.
///
/// # Errors
/// What pip said.
pub fn install_base(python: &Path, progress: &Progress) -> Result<(), CliError> {
    progress.step("Installing jinja2 and pendulum");
    let mut pip = Pip::new(python);
    pip.args(["install"]).args(REQUIREMENTS);
    pip.run(|_| {}).map(drop).map_err(|failure| {
        CliError::failed(format!("pip could not install jinja2 and pendulum: {}", failure.short())).hint(
            "check the network (or pip's index), or set [tradewind] python (AIRFLOW__TRADEWIND__PYTHON) to an \
             interpreter that has them",
        )
    })
}

/// The Python to make environments from: `wanted` is a path, a command or a version such as `3.12`.
///
/// # Errors
/// One sentence about what is missing.
pub fn base_interpreter(wanted: Option<&str>) -> Result<PathBuf, CliError> {
    let program = match wanted {
        None => PathBuf::from("python3"),
        Some(text) if text.starts_with(|c: char| c.is_ascii_digit()) => PathBuf::from(format!("python{text}")),
        Some(text) => PathBuf::from(text),
    };
    let python = probe(&program).map_err(|error| {
        let hint = "install Python 3.9 or newer, or set [tradewind] python (AIRFLOW__TRADEWIND__PYTHON) to it";
        match wanted {
            None => CliError::failed(format!("DAG files need Python: {error}")).hint(hint),
            Some(_) => CliError::usage(error.to_string()).hint("name a version such as 3.12, or an interpreter"),
        }
    })?;
    check_version(&python)?;
    Ok(python.executable)
}

fn unwritable(folder: &Path, error: &std::io::Error) -> CliError {
    CliError::failed(format!("cannot make {}: {error}", folder.display()))
        .hint("set AIRFLOW_HOME to a folder that you may write to")
}
