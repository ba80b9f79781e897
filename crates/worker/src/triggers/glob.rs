//! Patterns of files as Python's `glob` reads them: `*`, `?`, `[…]`, and `**` for folders within folders.

use std::path::{Path, PathBuf};

/// The first path that the pattern names and that `wanted` accepts. What can't be read is not there.
pub(super) fn find(pattern: &str, recursive: bool, wanted: &mut dyn FnMut(&Path) -> bool) -> Option<PathBuf> {
    if !has_magic(pattern) {
        let path = PathBuf::from(pattern);
        return (path.symlink_metadata().is_ok() && wanted(&path)).then_some(path);
    }
    let (start, rest) = match pattern.strip_prefix('/') {
        Some(rest) => (PathBuf::from("/"), rest),
        None => (PathBuf::new(), pattern),
    };
    let parts: Vec<&str> = rest.split('/').filter(|part| !part.is_empty()).collect();
    descend(&start, &parts, recursive, wanted)
}

fn has_magic(text: &str) -> bool {
    text.contains(['*', '?', '['])
}

fn descend(folder: &Path, parts: &[&str], recursive: bool, wanted: &mut dyn FnMut(&Path) -> bool) -> Option<PathBuf> {
    let Some((part, rest)) = parts.split_first() else {
        return wanted(folder).then(|| folder.to_path_buf());
    };
    if *part == "**" && recursive {
        if rest.is_empty() {
            return everything(folder, wanted);
        }
        return descend(folder, rest, recursive, wanted).or_else(|| {
            names(folder).filter(|name| !name.starts_with('.')).find_map(|name| {
                let path = folder.join(name);
                // A link to a folder above would never end.
                let is_folder = path.symlink_metadata().is_ok_and(|found| found.is_dir());
                if is_folder { descend(&path, parts, recursive, wanted) } else { None }
            })
        });
    }
    if !has_magic(part) {
        let path = folder.join(part);
        let there = if rest.is_empty() { path.symlink_metadata().is_ok() } else { path.is_dir() };
        return if there { descend(&path, rest, recursive, wanted) } else { None };
    }
    let mut found: Vec<String> =
        names(folder).filter(|name| (part.starts_with('.') || !name.starts_with('.')) && matches(part, name)).collect();
    found.sort();
    found.into_iter().find_map(|name| {
        let path = folder.join(name);
        if rest.is_empty() || path.is_dir() { descend(&path, rest, recursive, wanted) } else { None }
    })
}

/// A last `**`: the folder itself and all that is below it.
fn everything(folder: &Path, wanted: &mut dyn FnMut(&Path) -> bool) -> Option<PathBuf> {
    if !folder.as_os_str().is_empty() && wanted(folder) {
        return Some(folder.to_path_buf());
    }
    names(folder).filter(|name| !name.starts_with('.')).find_map(|name| {
        let path = folder.join(name);
        if path.symlink_metadata().is_ok_and(|found| found.is_dir()) {
            everything(&path, wanted)
        } else {
            wanted(&path).then_some(path)
        }
    })
}

fn names(folder: &Path) -> impl Iterator<Item = String> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().into_string().ok())
}

/// One name and one part of a pattern.
fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    // Where the last `*` was, and how much of the name it has taken: it can always take more.
    let (mut at, mut seen, mut star) = (0, 0, None);
    while seen < name.len() {
        let step = match pattern.get(at) {
            Some('*') => {
                star = Some((at, seen));
                at += 1;
                continue;
            }
            Some('?') => Some(at + 1),
            Some('[') => class(&pattern[at..], name[seen])
                .map_or_else(|| (name[seen] == '[').then_some(at + 1), |(length, is_in)| is_in.then_some(at + length)),
            Some(same) => (*same == name[seen]).then_some(at + 1),
            None => None,
        };
        match (step, star) {
            (Some(next), _) => (at, seen) = (next, seen + 1),
            (None, Some((of_star, taken))) => {
                star = Some((of_star, taken + 1));
                (at, seen) = (of_star + 1, taken + 1);
            }
            (None, None) => return false,
        }
    }
    pattern[at..].iter().all(|rest| *rest == '*')
}

/// `[a-z]` or `[!a-z]` at the beginning: its length, and whether the character is in it. `None`: it is not closed.
fn class(pattern: &[char], of: char) -> Option<(usize, bool)> {
    let negated = pattern.get(1) == Some(&'!');
    let first = if negated { 2 } else { 1 };
    // A `]` that comes first is meant literally.
    let end = (first + 1..pattern.len()).find(|at| pattern[*at] == ']')?;
    let (mut at, mut is_in) = (first, false);
    while at < end {
        if at + 2 < end && pattern[at + 1] == '-' {
            is_in |= pattern[at] <= of && of <= pattern[at + 2];
            at += 3;
        } else {
            is_in |= pattern[at] == of;
            at += 1;
        }
    }
    Some((end + 1, is_in != negated))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_match_as_in_python() {
        for (pattern, name, expected) in [
            ("*.csv", "a.csv", true),
            ("*.csv", "a.csv.gz", false),
            ("a*b*c", "a-b-b-c", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("[a-c]x", "bx", true),
            ("[!a-c]x", "bx", false),
            ("[!a-c]x", "dx", true),
            ("[]]", "]", true),
            ("[", "[", true),
            ("data_[0-9][0-9]", "data_07", true),
            ("**", "anything", true),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn patterns_find_files_as_in_python() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir_all(at("in/deep/er")).unwrap();
        for name in ["in/one.csv", "in/.hidden.csv", "in/deep/er/two.txt"] {
            std::fs::write(at(name), "x").unwrap();
        }
        let found = |pattern: &str, recursive| {
            let pattern = format!("{}/{pattern}", folder.path().display());
            find(&pattern, recursive, &mut |path| path.is_file())
        };
        assert_eq!(found("in/one.csv", false), Some(at("in/one.csv")));
        assert_eq!(found("in/two.csv", false), None);
        assert_eq!(found("i?/*.csv", false), Some(at("in/one.csv")));
        assert_eq!(found("in/.*.csv", false), Some(at("in/.hidden.csv")));
        assert_eq!(found("in/*hidden*", false), None, "what is hidden is not meant");
        assert_eq!(found("in/**/two.txt", true), Some(at("in/deep/er/two.txt")));
        assert_eq!(found("in/**/one.csv", true), Some(at("in/one.csv")), "none of them is enough");
        assert_eq!(found("in/**/two.txt", false), None, "without `recursive` it is a `*`");
        assert_eq!(found("in/deep/**", true), Some(at("in/deep/er/two.txt")));
    }
}
