//! `-S/--subdir` of Airflow 1.10 and 2.x: only the DAGs of one file or folder.

use std::path::{Path, PathBuf};

use clap::Args;

/// The option, hidden: it is for old scripts.
#[derive(Args, Debug, Default)]
pub struct Subdir {
    /// Only DAGs of this file or folder
    #[arg(short = 'S', long, hide = true, value_name = "PATH")]
    subdir: Option<PathBuf>,
}

impl Subdir {
    /// Whether a DAG file is there. Everything is, without the option.
    pub fn has(&self, fileloc: &str) -> bool {
        let Some(subdir) = &self.subdir else { return true };
        let absolute = std::path::absolute(subdir).unwrap_or_else(|_| subdir.clone());
        Path::new(fileloc).starts_with(absolute)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_what_is_below_it() {
        let subdir = Subdir { subdir: Some("/dags/team".into()) };
        assert!(subdir.has("/dags/team/a.py"));
        assert!(!subdir.has("/dags/teamwork/a.py"));
        assert!(Subdir::default().has("/anywhere.py"));
    }
}
