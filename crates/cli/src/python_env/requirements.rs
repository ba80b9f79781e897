//! Reads requirements files as pip does, as far as one must to know what is asked for: joined lines, included files,
//! names, hashes. Everything else goes to pip unchanged.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// A requirements file with everything that it includes.
#[derive(Clone, Debug, Default)]
pub struct Requirements {
    /// Its lines, without comments and empty ones.
    pub lines: Vec<Line>,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The file that it is in.
    pub file: PathBuf,
    /// Where in the file it begins, from 1.
    pub number: usize,
    /// The line, joined if it goes over several.
    pub text: String,
}

/// A file that can't be read.
#[derive(Debug, thiserror::Error)]
#[error("{}: {error}", path.display())]
pub struct ReadError {
    /// The file.
    pub path: PathBuf,
    /// Why.
    pub error: io::Error,
}

impl Requirements {
    /// Reads a file and those that it includes with `-r`.
    ///
    /// # Errors
    /// One of them can't be read.
    pub fn read(path: &Path) -> Result<Self, ReadError> {
        let mut requirements = Self::default();
        requirements.add(path, &mut Vec::new())?;
        Ok(requirements)
    }

    fn add(&mut self, path: &Path, above: &mut Vec<PathBuf>) -> Result<(), ReadError> {
        let failed = |error: io::Error| ReadError { path: path.to_owned(), error };
        if above.iter().any(|other| other == path) {
            return Err(failed(io::Error::other("it includes itself")));
        }
        let text = fs::read_to_string(path).map_err(failed)?;
        above.push(path.to_owned());
        let folder = path.parent().unwrap_or(Path::new("."));
        for (number, text) in joined(&text) {
            if let Some(file) = option_value(&text, "-r", "--requirement").filter(|file| !file.contains("://")) {
                self.add(&folder.join(file), above)?;
                continue;
            }
            let text = match option_value(&text, "-c", "--constraint").filter(|file| !file.contains("://")) {
                Some(file) => format!("-c {}", folder.join(file).display()),
                None => text,
            };
            self.lines.push(Line { file: path.to_owned(), number, text });
        }
        above.pop();
        Ok(())
    }

    /// Hash over all that is asked for.
    pub fn hash(&self) -> String {
        let mut hash = Sha256::new();
        for line in &self.lines {
            hash.update(&line.text);
            hash.update("\n");
            if let Some(file) = option_value(&line.text, "-c", "--constraint") {
                hash.update(fs::read(file).unwrap_or_default());
            }
        }
        format!("{:x}", hash.finalize())
    }

    /// Whether any line pins what it asks for by a hash: pip then demands one of all.
    pub fn has_hashes(&self) -> bool {
        self.lines.iter().any(|line| line.text.contains("--hash"))
    }

    /// The line that asks for a package.
    pub fn asking_for(&self, name: &str) -> Option<&Line> {
        self.lines.iter().find(|line| line.name().is_some_and(|own| normal(own) == normal(name)))
    }

    /// Options of pip that say where packages come from.
    pub fn sources(&self) -> Vec<&str> {
        const OPTIONS: [&str; 11] = [
            "-i",
            "--index-url",
            "--extra-index-url",
            "--no-index",
            "-f",
            "--find-links",
            "--pre",
            "--prefer-binary",
            "--no-binary",
            "--only-binary",
            "--trusted-host",
        ];
        let is_source = |text: &str| {
            let word = text.split(['=', ' ']).next().unwrap_or_default();
            OPTIONS.contains(&word)
        };
        self.lines.iter().map(|line| line.text.as_str()).filter(|text| is_source(text)).collect()
    }
}

impl Line {
    /// The package's name, if the line begins with one.
    pub fn name(&self) -> Option<&str> {
        let text = self.text.as_str();
        let end =
            text.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))).unwrap_or(text.len());
        let rest = text[end..].trim_start();
        // `./package` and `package/` are paths, `git+https:` is an address.
        let begins_well = text.starts_with(|c: char| c.is_ascii_alphanumeric());
        let goes_on_well = rest.is_empty() || rest.starts_with(['[', '=', '<', '>', '!', '~', ';', '@', '(', '-']);
        (begins_well && goes_on_well).then(|| &text[..end])
    }

    /// The extras in brackets.
    pub fn extras(&self) -> Vec<&str> {
        let before_marker = self.text.split(';').next().unwrap_or_default();
        let Some((_, rest)) = before_marker.split_once('[') else { return Vec::new() };
        let inside = rest.split(']').next().unwrap_or_default();
        inside.split(',').map(str::trim).filter(|extra| !extra.is_empty()).collect()
    }

    /// `; python_version < "3.12"`, with the semicolon.
    pub fn marker(&self) -> Option<&str> {
        let at = self.text.find(';')?;
        Some(self.text[at..].split(" --").next().unwrap_or_default().trim())
    }
}

/// A package's name as indexes compare it.
pub fn normal(name: &str) -> String {
    let mut out = String::new();
    for part in name.split(['-', '_', '.']).filter(|part| !part.is_empty()) {
        if !out.is_empty() {
            out.push('-');
        }
        out.push_str(&part.to_lowercase());
    }
    out
}

/// Lines without comments, those that end in a backslash joined with the next; each with its number.
fn joined(text: &str) -> Vec<(usize, String)> {
    let mut out: Vec<(usize, String)> = Vec::new();
    let mut open = false;
    for (index, line) in text.lines().enumerate() {
        let (line, goes_on) = match line.strip_suffix('\\') {
            Some(line) => (line, true),
            None => (line, false),
        };
        let comment = if line.trim_start().starts_with('#') { Some(0) } else { line.find(" #") };
        let line = line[..comment.unwrap_or(line.len())].trim();
        match out.last_mut() {
            Some((_, before)) if open => {
                before.push(' ');
                before.push_str(line);
            }
            _ => out.push((index + 1, line.to_owned())),
        }
        open = goes_on;
    }
    out.retain_mut(|(_, line)| {
        *line = line.trim().to_owned();
        !line.is_empty()
    });
    out
}

/// `-r file`, `--requirement=file`: the file.
fn option_value<'a>(text: &'a str, short: &str, long: &str) -> Option<&'a str> {
    let rest = text.strip_prefix(long).or_else(|| text.strip_prefix(short))?;
    rest.strip_prefix('=').or_else(|| rest.strip_prefix(char::is_whitespace)).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(files: &[(&str, &str)]) -> Result<Requirements, ReadError> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        Requirements::read(&folder.path().join(files[0].0))
    }

    #[test]
    fn lines_are_joined_and_files_included() {
        let read = read(&[
            (
                "requirements.txt",
                "# what we need\nsix==1.16 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\n\n-r more.txt\n",
            ),
            ("more.txt", "Foo_Bar [x, y] >= 1 ; python_version < '3.12'  # why\n-e ./own\ngit+https://h/x.git\n"),
        ])
        .unwrap();
        let lines: Vec<(usize, &str)> = read.lines.iter().map(|line| (line.number, line.text.as_str())).collect();
        assert_eq!(
            lines,
            [
                (2, "six==1.16 --hash=sha256:aa --hash=sha256:bb"),
                (1, "Foo_Bar [x, y] >= 1 ; python_version < '3.12'"),
                (2, "-e ./own"),
                (3, "git+https://h/x.git"),
            ]
        );
        assert!(read.has_hashes());
        let foo = read.asking_for("foo.bar").unwrap();
        assert_eq!((foo.extras(), foo.marker()), (vec!["x", "y"], Some("; python_version < '3.12'")));
        assert_eq!(read.lines[2].name(), None);
        assert_eq!(read.lines[3].name(), None);
    }

    #[test]
    fn a_file_that_is_not_there_or_includes_itself_is_named() {
        assert!(read(&[("a.txt", "-r b.txt")]).unwrap_err().to_string().contains("b.txt: "));
        assert!(read(&[("a.txt", "-r a.txt")]).unwrap_err().to_string().contains("includes itself"));
    }

    #[test]
    fn the_hash_is_over_what_is_asked_for() {
        let one = read(&[("a.txt", "six\n")]).unwrap().hash();
        assert_eq!(read(&[("a.txt", "# only said\n\nsix\n")]).unwrap().hash(), one);
        assert_ne!(read(&[("a.txt", "six==1\n")]).unwrap().hash(), one);
    }

    #[test]
    fn options_that_say_where_packages_come_from_are_known() {
        let read = read(&[("a.txt", "--extra-index-url https://x/simple\n-f ./wheels\nsix\n-e ./x\n--pre\n")]).unwrap();
        assert_eq!(read.sources(), ["--extra-index-url https://x/simple", "-f ./wheels", "--pre"]);
    }
}
