//! Which Python environment: the one that all share, one by name, or one somewhere on this machine.

use std::fmt;
use std::path::{Path, PathBuf};

/// A Python environment, as the configuration names it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum EnvironmentName {
    /// The one of every bundle that names none.
    #[default]
    Common,
    /// One that `env sync NAME` keeps.
    Named(String),
    /// A virtual environment or an interpreter of the user's own.
    At(PathBuf),
}

/// What the common environment is called on the command line.
pub const COMMON: &str = "default";

impl EnvironmentName {
    /// Reads a name; a text with a slash in it is a path, below `home` unless it is absolute.
    ///
    /// # Errors
    /// One clause on what a name may be.
    pub fn parse(text: &str, home: &Path) -> Result<Self, String> {
        if text.contains('/') {
            return Ok(Self::At(home.join(text)));
        }
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if text.is_empty() || text.starts_with('.') || !text.chars().all(fits) {
            return Err(format!(
                "'{text}' is no name of an environment: letters, digits, '-', '_' and '.' (a path has a '/' in it)"
            ));
        }
        Ok(if text == COMMON { Self::Common } else { Self::Named(text.to_owned()) })
    }

    /// For names of files.
    pub(super) fn slug(&self) -> String {
        match self {
            Self::Common => String::new(),
            Self::Named(name) => format!("-{name}"),
            Self::At(path) => {
                let letters = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
                format!("-at{}", path.to_string_lossy().chars().map(letters).collect::<String>())
            }
        }
    }
}

impl fmt::Display for EnvironmentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Common => f.write_str(COMMON),
            Self::Named(name) => f.write_str(name),
            Self::At(path) => write!(f, "{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_paths_are_told_apart() {
        let parse = |text: &str| EnvironmentName::parse(text, Path::new("/h"));
        assert_eq!(parse("default"), Ok(EnvironmentName::Common));
        assert_eq!(parse("team_a"), Ok(EnvironmentName::Named("team_a".into())));
        assert_eq!(parse("envs/a"), Ok(EnvironmentName::At("/h/envs/a".into())));
        assert_eq!(parse("/opt/a"), Ok(EnvironmentName::At("/opt/a".into())));
        for wrong in ["", ".", "..", "a b", "a;b"] {
            assert!(parse(wrong).unwrap_err().contains("is no name"), "{wrong}");
        }
    }
}
