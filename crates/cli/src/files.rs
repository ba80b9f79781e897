//! Files of records that commands import and export: JSON, YAML or `.env`, by the ending of the name; `-` is the
//! terminal.

use std::path::Path;

use serde_json::{Map, Value};

use crate::error::CliError;

/// How records are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum FileFormat {
    /// A JSON object.
    Json,
    /// A YAML mapping.
    Yaml,
    /// `NAME=value` lines.
    Env,
}

impl FileFormat {
    /// By the ending of a file's name.
    ///
    /// # Errors
    /// Another ending, or none.
    pub fn of(path: &Path) -> Result<Self, CliError> {
        match path.extension().and_then(|e| e.to_str()).map(str::to_lowercase).as_deref() {
            Some("json") => Ok(Self::Json),
            Some("yaml" | "yml") => Ok(Self::Yaml),
            Some("env") => Ok(Self::Env),
            _ => Err(CliError::usage(format!("the ending of {} does not say its format", path.display()))
                .hint("name it .json, .yaml, .yml or .env")),
        }
    }
}

/// Reads the records of a file: name to whatever the file has for it.
///
/// # Errors
/// It is not there, or not in its format.
pub fn read(path: &Path) -> Result<Map<String, Value>, CliError> {
    let format = FileFormat::of(path)?;
    let text = std::fs::read_to_string(path)
        .map_err(|error| CliError::failed(format!("cannot read {}: {error}", path.display())))?;
    let wrong = |what: String| CliError::failed(format!("{}: {what}", path.display()));
    match format {
        FileFormat::Json => serde_json::from_str(&text).map_err(|error| wrong(error.to_string())),
        FileFormat::Yaml => serde_yaml_ng::from_str(&text).map_err(|error| wrong(error.to_string())),
        FileFormat::Env => {
            let mut records = Map::new();
            for (n, line) in text.lines().enumerate().map(|(n, l)| (n + 1, l.trim())) {
                if line.is_empty() || line.starts_with('#') {
                    continue;
                }
                let Some((name, value)) = line.split_once('=') else {
                    return Err(wrong(format!("line {n} is no NAME=value")));
                };
                records.insert(name.trim().to_owned(), value.trim().into());
            }
            Ok(records)
        }
    }
}

/// Writes a file, or prints when its name is `-`.
///
/// # Errors
/// It cannot be written.
pub fn write(path: &Path, text: &str) -> Result<(), CliError> {
    if path.as_os_str() == "-" {
        print!("{text}");
        return Ok(());
    }
    std::fs::write(path, text).map_err(|error| CliError::failed(format!("cannot write {}: {error}", path.display())))
}

/// JSON for a file that people read.
pub fn pretty(records: &Map<String, Value>) -> String {
    use serde::Serialize;
    let mut out = Vec::new();
    let formatter = serde_json::ser::PrettyFormatter::with_indent(b"    ");
    let mut serializer = serde_json::Serializer::with_formatter(&mut out, formatter);
    // Into memory; keys are text.
    let _ = records.serialize(&mut serializer);
    out.push(b'\n');
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_each_format_and_names_the_place_of_what_is_wrong() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let json = read(&file("a.json", r#"{"k": {"value": 1}}"#)).unwrap();
        let yaml = read(&file("a.yaml", "k:\n  value: 1\n")).unwrap();
        assert_eq!(json, yaml);
        assert_eq!(read(&file("a.env", "# note\n\nK = v=1\n")).unwrap()["K"], "v=1");
        assert!(read(&file("b.env", "K\n")).unwrap_err().message.ends_with("b.env: line 1 is no NAME=value"));
        assert!(read(&file("b.json", "[")).unwrap_err().message.contains("b.json: "));
        assert_eq!(read(&file("b.txt", "")).unwrap_err().code, 2);
    }
}
