//! Asks an interpreter what it is and has.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

/// What an interpreter says of itself.
#[derive(Debug, Deserialize)]
pub struct Interpreter {
    /// Absolute path to start it by.
    pub executable: PathBuf,
    /// Major, minor, micro.
    pub version: (u32, u32, u32),
    /// Where its packages are.
    pub site: PathBuf,
    /// Where its commands are.
    pub scripts: PathBuf,
    /// Version and platform, as far as packages depend on them: `3.11 linux-x86_64`.
    pub tag: String,
    /// It is a virtual environment.
    pub virtual_env: bool,
    /// Modules that are needed and not there.
    pub missing: Vec<String>,
}

const QUESTION: &str = r#"
import json, sys
if sys.version_info < (3, 4):
    print(json.dumps({"executable": sys.executable, "version": sys.version_info[:3], "site": "", "scripts": "",
                      "tag": "", "virtual_env": False, "missing": []}))
    sys.exit()
import importlib.util, sysconfig
paths = sysconfig.get_paths()
print(json.dumps({
    "executable": sys.executable,
    "version": sys.version_info[:3],
    "site": paths["purelib"],
    "scripts": paths["scripts"],
    "tag": "%d.%d %s" % (sys.version_info[0], sys.version_info[1], sysconfig.get_platform()),
    "virtual_env": sys.prefix != sys.base_prefix,
    "missing": [m for m in ("jinja2", "markupsafe", "pendulum", "dateutil") if importlib.util.find_spec(m) is None],
}))
"#;

/// Why an interpreter cannot be asked; one clause.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// It does not start.
    #[error("{program} cannot be started: {error}")]
    Start {
        /// The program.
        program: String,
        /// Why.
        error: std::io::Error,
    },
    /// It does not answer as Python.
    #[error("{program} does not answer as a Python interpreter: {said}")]
    Answer {
        /// The program.
        program: String,
        /// Last line of what it said.
        said: String,
    },
}

/// Starts it once and asks.
///
/// # Errors
/// [`ProbeError`].
pub fn probe(program: &Path) -> Result<Interpreter, ProbeError> {
    let name = program.display().to_string();
    let output = Command::new(program)
        .args(["-c", QUESTION])
        .output()
        .map_err(|error| ProbeError::Start { program: name.clone(), error })?;
    serde_json::from_slice(&output.stdout).map_err(|_| {
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.lines().rev().find(|l| !l.trim().is_empty()).unwrap_or("it printed nothing").to_owned();
        ProbeError::Answer { program: name, said }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asks_a_real_interpreter_and_explains_what_is_none() {
        let python = probe(Path::new("python3")).unwrap();
        assert!(python.executable.is_absolute());
        assert_eq!(python.version.0, 3);
        let error = probe(Path::new("/nonexistent/python")).unwrap_err().to_string();
        assert!(error.starts_with("/nonexistent/python cannot be started"), "{error}");
        let error = probe(Path::new("/bin/true")).unwrap_err().to_string();
        assert!(error.contains("does not answer as a Python interpreter"), "{error}");
    }
}
