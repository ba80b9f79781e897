//! Reads `airflow.cfg`: the dialect of Python's `configparser` that Airflow uses, with the line of every value.

use std::path::{Path, PathBuf};

/// One `key = value` of a file, lower-cased names, value not yet interpolated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Section, lower-cased.
    pub section: String,
    /// Key, lower-cased.
    pub key: String,
    /// The value; continuation lines are joined with `\n`.
    pub value: String,
    /// 1-based line of the key.
    pub line: usize,
}

/// What is wrong with a file.
#[derive(Debug, thiserror::Error)]
#[error("{}:{line}: {what}", .file.display())]
pub struct IniError {
    /// The file.
    pub file: PathBuf,
    /// 1-based line.
    pub line: usize,
    /// One clause.
    pub what: String,
}

/// Reads the whole text of `file`.
///
/// # Errors
/// [`IniError`] for a key outside of a section, a line that is none of section, key or comment, and a key that is
/// given twice in a section.
pub fn parse(file: &Path, text: &str) -> Result<Vec<Entry>, IniError> {
    let error = |line: usize, what: String| IniError { file: file.to_path_buf(), line, what };
    let mut section: Option<String> = None;
    let mut entries: Vec<Entry> = Vec::new();
    let mut open = false;
    let mut blank_lines = 0;
    for (number, raw) in text.lines().enumerate().map(|(n, l)| (n + 1, l)) {
        let line = raw.trim();
        if line.is_empty() {
            blank_lines += 1;
            continue;
        }
        if line.starts_with(['#', ';']) {
            continue;
        }
        let blanks = std::mem::take(&mut blank_lines);
        if raw.starts_with([' ', '\t']) && open {
            if let Some(last) = entries.last_mut() {
                last.value.push_str(&"\n".repeat(1 + blanks));
                last.value.push_str(line);
            }
            continue;
        }
        if let Some(name) = line.strip_prefix('[') {
            let Some((name, _)) = name.split_once(']') else {
                return Err(error(number, format!("the section '{line}' has no closing ']'")));
            };
            section = Some(name.trim().to_lowercase());
            open = false;
            continue;
        }
        let Some(section) = &section else {
            return Err(error(number, format!("'{line}' stands before the first [section]")));
        };
        let Some(at) = line.find(['=', ':']) else {
            return Err(error(number, format!("'{line}' is neither a [section] nor a 'key = value'")));
        };
        let key = line[..at].trim().to_lowercase();
        if let Some(first) = entries.iter().find(|e| e.section == *section && e.key == key) {
            return Err(error(number, format!("[{section}] {key} is set twice; it is on line {} already", first.line)));
        }
        entries.push(Entry { section: section.clone(), key, value: line[at + 1..].trim().to_owned(), line: number });
        open = true;
    }
    Ok(entries)
}

/// Resolves `%%` to `%` and `%(other)s` to the value of another key of the section, as `configparser` does.
///
/// # Errors
/// One clause that says which piece cannot be resolved.
pub fn interpolate(value: &str, lookup: &dyn Fn(&str) -> Option<String>) -> Result<String, String> {
    let mut out = String::with_capacity(value.len());
    let mut rest = value;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('%') {
            out.push('%');
            rest = after;
        } else if let Some((name, after)) = rest.strip_prefix('(').and_then(|r| r.split_once(")s")) {
            let name = name.to_lowercase();
            out.push_str(&lookup(&name).ok_or_else(|| format!("%({name})s names a key that this section lacks"))?);
            rest = after;
        } else {
            return Err("a '%' must be written '%%' in this file".into());
        }
    }
    out.push_str(rest);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(String, String, usize)> {
        let entries = parse(Path::new("airflow.cfg"), text).unwrap();
        entries.into_iter().map(|e| (format!("{}.{}", e.section, e.key), e.value, e.line)).collect()
    }

    #[test]
    fn reads_sections_comments_and_continuations() {
        let got = read(
            "# top\n[core]\nDags_Folder = /a b\n; note\nlist: [\n    {\"x\": 1},\n  # inside\n\n    2]\n\n[api]\nempty =\n",
        );
        assert_eq!(
            got,
            [
                ("core.dags_folder".into(), "/a b".into(), 3),
                ("core.list".into(), "[\n{\"x\": 1},\n\n2]".into(), 5),
                ("api.empty".into(), String::new(), 12),
            ]
        );
    }

    #[test]
    fn names_the_line_of_what_is_wrong() {
        let error = |text| parse(Path::new("airflow.cfg"), text).unwrap_err().to_string();
        assert_eq!(error("a = 1"), "airflow.cfg:1: 'a = 1' stands before the first [section]");
        assert_eq!(error("[core\n"), "airflow.cfg:1: the section '[core' has no closing ']'");
        assert_eq!(error("[core]\nword\n"), "airflow.cfg:2: 'word' is neither a [section] nor a 'key = value'");
        assert_eq!(error("[a]\nx=1\nx=2"), "airflow.cfg:3: [a] x is set twice; it is on line 2 already");
    }

    #[test]
    fn interpolates_percent_signs() {
        let lookup = |key: &str| (key == "host").then(|| "h".to_owned());
        assert_eq!(interpolate("%%(asctime)s at %(host)s", &lookup).unwrap(), "%(asctime)s at h");
        assert!(interpolate("100% sure", &lookup).unwrap_err().contains("'%%'"));
        assert!(interpolate("%(port)s", &lookup).unwrap_err().contains("%(port)s"));
    }
}
