//! Which files of a folder may hold DAGs, and whether they changed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use ignore::WalkBuilder;
use regex::Regex;
use sha2::{Digest, Sha256};

/// How lines of `.airflowignore` are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IgnoreSyntax {
    /// As in `.gitignore` (Airflow 3's default).
    Glob,
    /// Regular expressions, searched for in the path below the folder of the ignore file (the default before).
    Regexp,
}

/// Why a folder can't be listed.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// The file system said no.
    #[error("{path}: {error}")]
    Io {
        /// What was read.
        path: PathBuf,
        /// What went wrong.
        error: std::io::Error,
    },
    /// A walk over the folder failed.
    #[error(transparent)]
    Walk(#[from] ignore::Error),
}

const IGNORE_FILE: &str = ".airflowignore";

/// Paths of files below `root` that may hold DAGs, relative to it.
///
/// # Errors
/// When the folder can't be read. A line of an ignore file that is no pattern is logged and passed over.
pub fn list_dag_files(root: &Path, syntax: IgnoreSyntax, safe_mode: bool) -> Result<BTreeSet<String>, ListError> {
    std::fs::read_dir(root).map_err(|error| ListError::Io { path: root.to_owned(), error })?;
    let mut found = BTreeSet::new();
    let mut walk = WalkBuilder::new(root);
    walk.standard_filters(false).hidden(true).follow_links(true);
    match syntax {
        IgnoreSyntax::Glob => {
            walk.add_custom_ignore_filename(IGNORE_FILE);
        }
        IgnoreSyntax::Regexp => {
            let rules = regexp_rules(root);
            let top = root.to_owned();
            walk.filter_entry(move |entry| !is_ignored(&rules, &top, entry.path()));
        }
    }
    for entry in walk.build() {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                tracing::warn!(%error, "part of the DAG folder can't be read");
                continue;
            }
        };
        let path = entry.path();
        if !entry.file_type().is_some_and(|kind| kind.is_file()) {
            continue;
        }
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("py") if !safe_mode || mentions_dags(path) => {
                let relative = path.strip_prefix(root).unwrap_or(path);
                found.insert(relative.to_string_lossy().into_owned());
            }
            Some("zip") => {
                tracing::warn!(file = %path.display(), "packaged DAGs (zip files) are not read; unpack the file")
            }
            _ => {}
        }
    }
    Ok(found)
}

/// The cheap look of `dag_discovery_safe_mode`: the file has the words `dag` (or `asset`) and `airflow` in it.
fn mentions_dags(path: &Path) -> bool {
    let Ok(content) = std::fs::read(path) else { return true };
    let lower = content.to_ascii_lowercase();
    let has = |word: &[u8]| lower.windows(word.len()).any(|window| window == word);
    (has(b"dag") || has(b"asset")) && has(b"airflow")
}

/// Folder of an ignore file, and its patterns.
type Rules = Vec<(PathBuf, Vec<Regex>)>;

fn regexp_rules(root: &Path) -> Rules {
    let mut rules = Rules::new();
    for entry in WalkBuilder::new(root).standard_filters(false).follow_links(true).build().flatten() {
        if entry.file_name() != IGNORE_FILE {
            continue;
        }
        let (Ok(text), Some(folder)) = (std::fs::read_to_string(entry.path()), entry.path().parent()) else { continue };
        let mut patterns = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let pattern = line.split('#').next().unwrap_or("").trim();
            if pattern.is_empty() {
                continue;
            }
            match Regex::new(pattern) {
                Ok(regex) => patterns.push(regex),
                Err(error) => tracing::warn!(
                    file = %entry.path().display(), line = number + 1, %error,
                    "this line is no regular expression and ignores nothing"
                ),
            }
        }
        rules.push((folder.to_owned(), patterns));
    }
    rules
}

fn is_ignored(rules: &Rules, root: &Path, path: &Path) -> bool {
    path != root
        && rules.iter().any(|(folder, patterns)| {
            path.strip_prefix(folder)
                .is_ok_and(|below| patterns.iter().any(|pattern| pattern.is_match(&below.to_string_lossy())))
        })
}

/// Hash over a file, the modules that it imported, the settings that it is read with, and this program's version. A
/// file that can't be read has a hash of its own.
pub(crate) fn fingerprint(path: &Path, modules: &[String], settings: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(env!("CARGO_PKG_VERSION"));
    hash.update(settings.len().to_le_bytes());
    hash.update(settings);
    for path in std::iter::once(path).chain(modules.iter().map(Path::new)) {
        match std::fs::read(path) {
            Ok(content) => {
                hash.update(content.len().to_le_bytes());
                hash.update(content);
            }
            Err(_) => hash.update(b"unreadable"),
        }
    }
    format!("{:x}", hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        dir
    }

    const DAG: &str = "from airflow import DAG";

    fn listed(dir: &tempfile::TempDir, syntax: IgnoreSyntax) -> Vec<String> {
        list_dag_files(dir.path(), syntax, true).unwrap().into_iter().collect()
    }

    #[test]
    fn finds_python_files_that_mention_dags() {
        let dir =
            folder(&[("a.py", DAG), ("sub/b.py", DAG), ("c.txt", DAG), ("d.py", "print(1)"), (".hidden/e.py", DAG)]);
        assert_eq!(listed(&dir, IgnoreSyntax::Glob), ["a.py", "sub/b.py"]);
        assert_eq!(list_dag_files(dir.path(), IgnoreSyntax::Glob, false).unwrap().len(), 3);
    }

    #[test]
    fn honours_ignore_files_in_both_syntaxes() {
        let files =
            [("a.py", DAG), ("skip_me.py", DAG), ("sub/b.py", DAG), ("sub/tests/c.py", DAG), ("sub/keep.py", DAG)];
        let dir = folder(&files);
        std::fs::write(dir.path().join(IGNORE_FILE), "skip_*.py\n# comment\n").unwrap();
        std::fs::write(dir.path().join("sub").join(IGNORE_FILE), "tests/\n").unwrap();
        assert_eq!(listed(&dir, IgnoreSyntax::Glob), ["a.py", "sub/b.py", "sub/keep.py"]);
        std::fs::write(dir.path().join(IGNORE_FILE), "skip_.*\n(\n").unwrap();
        std::fs::write(dir.path().join("sub").join(IGNORE_FILE), "tests # why\n^b\\.py$\n").unwrap();
        assert_eq!(listed(&dir, IgnoreSyntax::Regexp), ["a.py", "sub/keep.py"]);
    }

    #[test]
    fn a_folder_that_is_not_there_is_an_error() {
        let dir = folder(&[]);
        let error = list_dag_files(&dir.path().join("nowhere"), IgnoreSyntax::Glob, true).unwrap_err();
        assert!(error.to_string().contains("nowhere"), "{error}");
    }

    #[test]
    fn the_fingerprint_changes_with_the_file_and_its_modules() {
        let dir = folder(&[("a.py", DAG), ("helper.py", "x = 1")]);
        let (file, helper) = (dir.path().join("a.py"), dir.path().join("helper.py"));
        let modules = [helper.to_string_lossy().into_owned()];
        let before = fingerprint(&file, &modules, "");
        assert_ne!(before, fingerprint(&file, &modules, "catchup_by_default=True"));
        assert_eq!(before, fingerprint(&file, &modules, ""));
        std::fs::write(&helper, "x = 2").unwrap();
        let after = fingerprint(&file, &modules, "");
        assert_ne!(before, after);
        std::fs::remove_file(&helper).unwrap();
        assert_ne!(after, fingerprint(&file, &modules, ""));
    }
}
