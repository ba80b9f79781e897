//! `-S/--subdir` of Airflow 1.10 and 2.x: only the DAGs of one file or folder; and `-B`, which names bundles.

use std::path::{Path, PathBuf};

use clap::Args;
use tradewind_store::Store;

use super::lookup;
use crate::error::CliError;

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

/// Which DAG is meant, where an id alone says it already: `-B` and the old `-S`.
#[derive(Args, Debug, Default)]
pub struct Place {
    /// The DAG must be of one of these bundles
    #[arg(short = 'B', long, value_name = "NAME")]
    bundle_name: Vec<String>,
    #[command(flatten)]
    _subdir: Subdir,
}

impl Place {
    /// Whether the DAG's bundle is one of those that are asked for.
    ///
    /// # Errors
    /// It is not.
    pub fn accepts(&self, dag_id: &str, bundle: &str) -> Result<(), CliError> {
        match self.bundle_name.is_empty() || self.bundle_name.iter().any(|name| name == bundle) {
            true => Ok(()),
            false => Err(CliError::failed(format!(
                "the DAG '{dag_id}' is of the bundle '{bundle}', not of {}",
                self.bundle_name.join(", ")
            ))),
        }
    }

    /// The same of a DAG that the database knows.
    ///
    /// # Errors
    /// It is not, or there is no such DAG.
    pub async fn must_have(&self, store: &Store, dag_id: &str) -> Result<(), CliError> {
        match self.bundle_name.is_empty() {
            true => Ok(()),
            false => self.accepts(dag_id, &lookup::dag(store, dag_id).await?.bundle_name),
        }
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
