//! Runs an environment's own pip, tells how far it is, and shortens what it complains about.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// Oldest pip that writes reports (`--report`).
pub const REPORTS_SINCE: (u32, u32) = (22, 2);

/// One call of pip.
pub struct Pip {
    command: Command,
}

/// Why pip did not do it.
#[derive(Debug)]
pub struct PipFailure {
    /// Everything that it said.
    pub said: String,
}

impl Pip {
    /// Of that interpreter.
    pub fn new(python: &Path) -> Self {
        let mut command = Command::new(python);
        command.args(["-m", "pip", "--disable-pip-version-check", "--no-input", "--no-color"]).stdin(Stdio::null());
        // What `activate` would forget as well; a user's own packages are none of this environment's.
        command.env_remove("PYTHONPATH").env_remove("PYTHONHOME").env("PYTHONNOUSERSITE", "1");
        Self { command }
    }

    /// More arguments.
    pub fn args(&mut self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> &mut Self {
        self.command.args(args);
        self
    }

    /// Relative paths in requirements are below this folder.
    pub fn in_folder(&mut self, folder: &Path) -> &mut Self {
        self.command.current_dir(folder);
        self
    }

    /// Runs it; `tell` hears what it does at the moment.
    ///
    /// # Errors
    /// It cannot be started, or it failed.
    pub fn run(mut self, mut tell: impl FnMut(&str)) -> Result<String, PipFailure> {
        let not_started = |error: std::io::Error| PipFailure { said: format!("ERROR: pip cannot be started: {error}") };
        let mut child = self.command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(not_started)?;
        let errors = child.stderr.take().map(|mut stderr| {
            std::thread::spawn(move || {
                let mut bytes = Vec::new();
                let _ = stderr.read_to_end(&mut bytes);
                String::from_utf8_lossy(&bytes).into_owned()
            })
        });
        let mut said = String::new();
        if let Some(stdout) = child.stdout.take() {
            for line in BufReader::new(stdout).split(b'\n').map_while(Result::ok) {
                let line = String::from_utf8_lossy(&line);
                if let Some(step) = step(&line) {
                    tell(&step);
                }
                said.push_str(line.trim_end());
                said.push('\n');
            }
        }
        let status = child.wait().map_err(not_started)?;
        let complaints = errors.and_then(|thread| thread.join().ok()).unwrap_or_default();
        if status.success() {
            return Ok(said);
        }
        said.push_str(&complaints);
        Err(PipFailure { said })
    }
}

/// What a line of pip's says about how far it is.
fn step(line: &str) -> Option<String> {
    let words: Vec<&str> = line.split_whitespace().collect();
    match words.as_slice() {
        ["Collecting", what, ..] => Some(format!("Looking for {what}")),
        ["Downloading", what, ..] => {
            let file = what.rsplit('/').next().unwrap_or(what).split("-cp").next().unwrap_or(what);
            Some(format!("Downloading {}", file.split("-py").next().unwrap_or(file)))
        }
        ["Building", "wheel", "for", what, ..] => Some(format!("Building {what}")),
        ["Installing", "collected", "packages:", names @ ..] => Some(format!("Installing {} packages", names.len())),
        _ => None,
    }
}

/// Lines of complaints that are shown at most.
const SHOWN: usize = 12;

impl PipFailure {
    /// Versions that contradict each other.
    pub fn is_conflict(&self) -> bool {
        self.said.contains("ResolutionImpossible") || self.said.contains("conflicting dependencies")
    }

    /// What is wrong, in pip's words and without the rest.
    pub fn short(&self) -> String {
        let mut lines: Vec<String> = Vec::new();
        let mut in_conflict = false;
        for line in self.said.lines().map(str::trim_end) {
            let text = line.trim();
            if in_conflict {
                in_conflict = !text.is_empty();
                if in_conflict {
                    lines.push(format!("  {text}"));
                }
                continue;
            }
            if text == "The conflict is caused by:" {
                in_conflict = true;
                lines.retain(|line| !line.starts_with("Cannot install"));
                lines.push("these contradict each other:".into());
                continue;
            }
            let Some(error) = text.strip_prefix("ERROR: ").or_else(|| text.strip_prefix("error: ")) else { continue };
            // What it could find is a long list; the newest are enough to see what is wrong.
            let error = shorten_versions(error);
            let noise = ["ResolutionImpossible", "Exception:", "subprocess-exited-with-error"];
            if !noise.iter().any(|word| error.starts_with(word)) && !lines.contains(&error) {
                lines.push(error);
            }
        }
        if let Some(build) = self.failed_build() {
            lines.push(build);
        }
        if lines.is_empty() {
            let last = self.said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it said nothing");
            return last.trim().to_owned();
        }
        lines.truncate(SHOWN);
        lines.join("\n")
    }

    /// The last words of a package's own build.
    fn failed_build(&self) -> Option<String> {
        let mut lines = self.said.lines();
        let what = lines.find(|line| line.trim_start().starts_with("× "))?.trim().trim_start_matches("× ");
        let output: Vec<&str> = lines
            .skip_while(|line| !line.contains("lines of output]"))
            .skip(1)
            .map(str::trim)
            .take_while(|line| !line.contains("[end of output]"))
            .filter(|line| !line.is_empty())
            .collect();
        let last = output.iter().skip(output.len().saturating_sub(4)).map(|line| format!("\n  {line}"));
        Some(format!("{what}{}", last.collect::<String>()))
    }

    /// Names of packages that the complaint is about, as pip writes them.
    pub fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        for line in self.said.lines() {
            for mark in [
                "No matching distribution found for ",
                "satisfies the requirement ",
                "The user requested ",
                "requirement ",
            ] {
                if let Some((_, rest)) = line.split_once(mark) {
                    let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')));
                    names.push(rest[..end.unwrap_or(rest.len())].to_owned());
                    break;
                }
            }
        }
        names
    }
}

/// `(from versions: 1, 2, …, 40)` with its last five.
fn shorten_versions(error: &str) -> String {
    let Some((before, rest)) = error.split_once("(from versions: ") else { return error.to_owned() };
    let Some((list, after)) = rest.split_once(')') else { return error.to_owned() };
    let versions: Vec<&str> = list.split(", ").collect();
    if versions.len() <= 6 {
        return error.to_owned();
    }
    format!(
        "{before}(there are {}, the last ones {}){after}",
        versions.len(),
        versions[versions.len() - 5..].join(", ")
    )
}

/// The pip of an interpreter: its version, if it answers.
pub fn version(python: &Path) -> Option<(u32, u32)> {
    let mut pip = Pip::new(python);
    pip.args(["--version"]);
    let said = pip.run(|_| {}).ok()?;
    let mut numbers = said.split_whitespace().nth(1)?.split('.').map_while(|part| part.parse().ok());
    Some((numbers.next()?, numbers.next().unwrap_or(0)))
}

/// What a command said last, preferably an error.
pub fn last_line(output: &Output) -> String {
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
    let error = lines.iter().rev().find(|l| l.to_lowercase().starts_with("error")).or(lines.last());
    error.map_or_else(|| output.status.to_string(), ToString::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(said: &str) -> PipFailure {
        PipFailure { said: said.into() }
    }

    #[test]
    fn complaints_are_shortened_to_what_helps() {
        let many = (0..40).map(|n| format!("1.{n}")).collect::<Vec<_>>().join(", ");
        let nothing = failure(&format!(
            "Collecting six==99\nERROR: Could not find a version that satisfies the requirement six==99 (from versions: \
             {many})\nERROR: No matching distribution found for six==99\n"
        ));
        assert_eq!(
            nothing.short(),
            "Could not find a version that satisfies the requirement six==99 (there are 40, the last ones 1.35, 1.36, \
             1.37, 1.38, 1.39)\nNo matching distribution found for six==99"
        );
        assert_eq!(nothing.names(), ["six", "six"]);
        let conflict = failure(
            "ERROR: Cannot install -r /x/requirements.txt (line 1) and six==1.15 because these package versions have \
             conflicting dependencies.\n\nThe conflict is caused by:\n    The user requested six==1.15\n    \
             python-dateutil 2.9 depends on six>=1.16\n\nTo fix this you could try to:\n1. loosen the range\n\nERROR: \
             ResolutionImpossible: for help visit x\n",
        );
        assert!(conflict.is_conflict());
        assert_eq!(
            conflict.short(),
            "these contradict each other:\n  The user requested six==1.15\n  python-dateutil 2.9 depends on six>=1.16"
        );
        let build = failure(
            "  error: subprocess-exited-with-error\n  × Getting requirements to build wheel did not run \
             successfully.\n  │ exit code: 1\n  ╰─> [3 lines of output]\n      Traceback\n      ValueError: no luck\n      \
             [end of output]\nERROR: Failed to build 'x'\n",
        );
        assert_eq!(
            build.short(),
            "Failed to build 'x'\nGetting requirements to build wheel did not run successfully.\n  Traceback\n  \
             ValueError: no luck"
        );
        assert_eq!(failure("Killed\n\n").short(), "Killed");
    }

    #[test]
    fn its_lines_become_steps() {
        assert_eq!(step("Collecting six>=1.5").as_deref(), Some("Looking for six>=1.5"));
        assert_eq!(step("  Downloading pandas-2.2-cp311-x.whl (13 MB)").as_deref(), Some("Downloading pandas-2.2"));
        assert_eq!(step("Installing collected packages: a, b, c").as_deref(), Some("Installing 3 packages"));
        assert_eq!(step("Using cached x"), None);
    }
}
