//! Changes names in the text of `airflow.cfg` and leaves everything else as its author wrote it.

use std::path::Path;

use super::ini::{self, IniError};

/// What to do with a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// The option has another place now: section and key.
    Rename(&'static str, String),
    /// Nothing reads it, for this reason: it becomes a comment.
    Comment(&'static str),
}

/// The new text, and a line about each change.
///
/// # Errors
/// The file is not in the format.
pub fn rewrite(
    path: &Path,
    text: &str,
    change: &dyn Fn(&str, &str) -> Option<Change>,
) -> Result<(String, Vec<String>), IniError> {
    let entries = ini::parse(path, text)?;
    let set = |section: &str, key: &str| entries.iter().any(|e| e.section == section && e.key == key);
    let mut lines: Vec<Option<String>> = text.lines().map(|line| Some(line.to_owned())).collect();
    // What goes to the end of which section.
    let mut moved: Vec<(&'static str, Vec<String>)> = Vec::new();
    let mut told = Vec::new();
    for entry in &entries {
        let Some(change) = change(&entry.section, &entry.key) else { continue };
        let first = entry.line - 1;
        let more = lines.iter().skip(first + 1).take_while(|line| continues(line.as_deref())).count();
        let own = first..=first + more;
        let (section, key) = (&entry.section, &entry.key);
        match change {
            Change::Comment(reason) => {
                for line in lines[own].iter_mut().flatten() {
                    line.insert_str(0, "# ");
                }
                told.push(format!("[{section}] {key} becomes a comment: {reason}"));
            }
            // The new name wins where both are set.
            Change::Rename(to, name) if set(to, &name) => {
                for line in lines[own].iter_mut().flatten() {
                    line.insert_str(0, "# ");
                }
                told.push(format!("[{section}] {key} becomes a comment: [{to}] {name} is set as well, and wins"));
            }
            Change::Rename(to, name) => {
                told.push(format!("[{section}] {key} becomes [{to}] {name}"));
                let mut taken: Vec<String> = lines[own].iter_mut().filter_map(Option::take).collect();
                if let Some(line) = taken.first_mut() {
                    let at = line.find(['=', ':']).unwrap_or(line.len());
                    *line = format!("{name} {}", &line[at..]);
                }
                if to == section {
                    // It stays where it was.
                    for (line, new) in lines.iter_mut().skip(first).zip(taken) {
                        *line = Some(new);
                    }
                } else {
                    match moved.iter_mut().find(|(section, _)| *section == to) {
                        Some((_, more)) => more.append(&mut taken),
                        None => moved.push((to, taken)),
                    }
                }
            }
        }
    }
    Ok((put_together(lines, moved), told))
}

/// Whether a line goes on with the value of the one before.
fn continues(line: Option<&str>) -> bool {
    line.is_some_and(|line| line.starts_with([' ', '\t']) && !line.trim().is_empty())
}

fn put_together(lines: Vec<Option<String>>, mut moved: Vec<(&'static str, Vec<String>)>) -> String {
    let mut out: Vec<String> = Vec::new();
    let mut section = String::new();
    let mut flush = |section: &str, out: &mut Vec<String>| {
        let Some(at) = moved.iter().position(|(name, _)| *name == section) else { return };
        let blank = out.iter().rev().take_while(|line| line.trim().is_empty()).count();
        let end = out.len() - blank;
        out.splice(end..end, moved.remove(at).1);
    };
    for line in lines.into_iter().flatten() {
        if let Some((name, _)) = line.trim().strip_prefix('[').and_then(|l| l.split_once(']')) {
            flush(&section, &mut out);
            section = name.trim().to_lowercase();
        }
        out.push(line);
    }
    flush(&section, &mut out);
    for (name, lines) in moved {
        out.push(String::new());
        out.push(format!("[{name}]"));
        out.extend(lines);
    }
    out.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_change_and_nothing_else() {
        let old =
            "# mine\n[core]\nsql_alchemy_conn = x\n# why\ndag_concurrency: 4\nlist = [\n    1]\n\n[api]\nport = 1\n";
        let change = |section: &str, key: &str| match (section, key) {
            ("core", "sql_alchemy_conn") => Some(Change::Rename("database", "sql_alchemy_conn".into())),
            ("core", "dag_concurrency") => Some(Change::Rename("core", "max_active_tasks_per_dag".into())),
            ("core", "list") => Some(Change::Comment("nobody wants it")),
            ("api", "port") => Some(Change::Rename("core", "door".into())),
            _ => None,
        };
        let (new, told) = rewrite(Path::new("airflow.cfg"), old, &change).unwrap();
        assert_eq!(
            new,
            "# mine\n[core]\n# why\nmax_active_tasks_per_dag : 4\n# list = [\n#     1]\ndoor = 1\n\n[api]\n\n[database]\nsql_alchemy_conn = x\n"
        );
        assert_eq!(told.len(), 4);
        assert_eq!(told[2], "[core] list becomes a comment: nobody wants it");
        let (again, told) = rewrite(Path::new("airflow.cfg"), &new, &|_, _| None).unwrap();
        assert_eq!((again, told.len()), (new, 0));
    }

    #[test]
    fn the_new_name_wins_over_the_old_one() {
        let old = "[core]\nold = 1\nnew = 2\n";
        let change = |_: &str, key: &str| (key == "old").then(|| Change::Rename("core", "new".into()));
        let (new, _) = rewrite(Path::new("airflow.cfg"), old, &change).unwrap();
        assert_eq!(new, "[core]\n# old = 1\nnew = 2\n");
    }
}
