//! Prints the logs of a trial's tasks as they grow.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::terminal::{self, Style, paint};

/// Log files below a folder, and how far each was printed.
pub struct Logs {
    folder: PathBuf,
    printed: BTreeMap<PathBuf, u64>,
    colours: bool,
}

impl Logs {
    /// Nothing is printed yet.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, printed: BTreeMap::new(), colours: terminal::stdout_colours() }
    }

    /// Prints the lines that were added since the last time.
    pub fn print_new(&mut self) {
        let mut files = Vec::new();
        collect(&self.folder, &mut files);
        files.sort();
        for path in files {
            let from = self.printed.get(&path).copied().unwrap_or(0);
            let Some((text, to)) = read_lines(&path, from) else { continue };
            let task = task_of(&path);
            text.lines().for_each(|line| println!("{}", self.line(&task, line)));
            self.printed.insert(path, to);
        }
    }

    fn line(&self, task: &str, line: &str) -> String {
        let Ok(Value::Object(record)) = serde_json::from_str::<Value>(line) else { return line.to_owned() };
        let text = |key: &str| record.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let time = text("timestamp");
        let time = time.get(11..23).unwrap_or(&time).to_owned();
        let level = text("level").to_uppercase();
        let style = match level.as_str() {
            "ERROR" | "CRITICAL" => Style::Red,
            "WARNING" => Style::Yellow,
            _ => Style::Dim,
        };
        let mut out = format!(
            "{} {} {} {}",
            paint(Style::Dim, &time, self.colours),
            paint(Style::Cyan, task, self.colours),
            paint(style, &level, self.colours),
            text("event")
        );
        for error in record.get("error_detail").and_then(Value::as_array).into_iter().flatten() {
            let part = |key: &str| error.get(key).and_then(Value::as_str).unwrap_or_default();
            out.push_str(&format!("\n    {}: {}", part("exc_type"), part("exc_value")));
            for frame in error.get("frames").and_then(Value::as_array).into_iter().flatten() {
                let part = |key: &str| frame.get(key).and_then(Value::as_str).unwrap_or_default();
                let line = frame.get("lineno").and_then(Value::as_i64).unwrap_or(0);
                out.push_str(&format!("\n      {}:{line} in {}: {}", part("filename"), part("name"), part("line")));
            }
        }
        out
    }
}

/// `task` or `task[2]`, from a path of Airflow's shape.
fn task_of(path: &Path) -> String {
    let part = |name: &str| {
        let parts = path.components().filter_map(|c| c.as_os_str().to_str());
        parts.filter_map(|p| p.strip_prefix(name)?.strip_prefix('=')).next_back().map(str::to_owned)
    };
    match (part("task_id"), part("map_index")) {
        (Some(task), Some(index)) => format!("{task}[{index}]"),
        (Some(task), None) => task,
        _ => "?".into(),
    }
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.push(path);
        }
    }
}

/// Whole lines from an offset on, and the offset after them.
fn read_lines(path: &Path, from: u64) -> Option<(String, u64)> {
    let mut file = File::open(path).ok()?;
    if file.metadata().ok()?.len() <= from {
        return None;
    }
    file.seek(SeekFrom::Start(from)).ok()?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).ok()?;
    let whole = bytes.iter().rposition(|b| *b == b'\n')? + 1;
    Some((String::from_utf8_lossy(&bytes[..whole]).into_owned(), from + whole as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_task_and_keeps_half_lines_for_later() {
        let path = Path::new("/l/dag_id=d/run_id=r/task_id=g.t/map_index=3/attempt=1.log");
        assert_eq!(task_of(path), "g.t[3]");
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x.log");
        std::fs::write(&file, "one\ntw").unwrap();
        assert_eq!(read_lines(&file, 0), Some(("one\n".into(), 4)));
        assert_eq!(read_lines(&file, 4), None);
        std::fs::write(&file, "one\ntwo\n").unwrap();
        assert_eq!(read_lines(&file, 4), Some(("two\n".into(), 8)));
    }
}
