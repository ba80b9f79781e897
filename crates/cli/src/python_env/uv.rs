//! Installs what a lock with hashes says by way of `uv`, where it is there: the same packages in a tenth of the time.
//! Whatever uv can't do, pip does after it, whose complaints people know.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::pip::Pip;

/// uv on `PATH`.
pub fn find() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join("uv")).find(|file| file.is_file())
}

/// Installs the lines of a file, in which every package has hashes, and nothing else.
///
/// # Errors
/// uv's last words.
pub fn install(uv: &Path, python: &Path, file: &Path) -> Result<(), String> {
    let mut ask = Pip::new(python);
    ask.args(["config", "list"]);
    let settings = Settings::of_pip(&ask.run(|_| {}).unwrap_or_default());
    let mut command = Command::new(uv);
    command.args(["pip", "install", "--no-deps", "--require-hashes", "--no-progress", "--python"]).arg(python);
    command.arg("-r").arg(file).args(settings.arguments).stdin(Stdio::null());
    command.env_remove("PYTHONPATH").env_remove("PYTHONHOME").env_remove("VIRTUAL_ENV");
    if let Some(certificates) = settings.certificates {
        command.env("SSL_CERT_FILE", certificates);
    }
    let done = command.output().map_err(|error| error.to_string())?;
    match done.status.success() {
        true => Ok(()),
        false => Err(super::pip::last_line(&done)),
    }
}

/// Where packages come from, as pip is set up: uv does not read that.
#[derive(Debug, Default, PartialEq)]
struct Settings {
    arguments: Vec<OsString>,
    certificates: Option<String>,
}

impl Settings {
    /// From what `pip config list` prints: `global.index-url='…'`, weakest first.
    fn of_pip(list: &str) -> Self {
        let mut found = Self::default();
        let mut index = None;
        for (name, value) in list.lines().filter_map(|line| line.split_once('=')) {
            let value = value.trim_matches('\'');
            // Lists have a line break, which is printed as two characters.
            let each = || value.split(['\n', ' ']).flat_map(|part| part.split("\\n")).filter(|part| !part.is_empty());
            match name.rsplit('.').next().unwrap_or(name) {
                "index-url" => index = Some(value.to_owned()),
                "extra-index-url" => found.all("--index", each()),
                "find-links" => found.all("--find-links", each()),
                "trusted-host" => found.all("--allow-insecure-host", each()),
                "no-index" if matches!(value, "1" | "true" | "yes" | "on") => found.arguments.push("--no-index".into()),
                "cert" => found.certificates = Some(value.to_owned()),
                _ => {}
            }
        }
        found.all("--default-index", index.iter().map(String::as_str));
        found
    }

    fn all<'a>(&mut self, option: &str, values: impl Iterator<Item = &'a str>) {
        for value in values {
            self.arguments.extend([option.into(), value.into()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_come_from_where_pip_would_get_them() {
        let settings = Settings::of_pip(
            "global.index-url='https://weak/simple'\nglobal.cert='/etc/ca.crt'\nuser.index-url='https://index/simple'\n\
             :env:.find-links='/wheels /more'\n:env:.default-timeout='180'\nglobal.extra-index-url='\\nhttps://a\\nhttps://b'\n",
        );
        let expected = "--find-links /wheels --find-links /more --index https://a --index https://b --default-index https://index/simple";
        assert_eq!(settings.arguments, expected.split(' ').map(OsString::from).collect::<Vec<_>>());
        assert_eq!(settings.certificates.as_deref(), Some("/etc/ca.crt"));
        assert_eq!(Settings::of_pip(""), Settings::default());
    }
}
