//! Adoption: an Airflow's metadata database is read into ours, and connections, variables and pools are written back.
//!
//! The databases of 1.10, 2.x and 3.x are told apart by the columns that they have, never by a list of releases: a
//! struct of [`foreign`] names every name that a column ever had. History is read in batches of runs; what a batch
//! brings is written in one transaction together with how far the import is (`progress`), so an import that was
//! killed goes on where it was, and nothing is written twice.

mod admin;
mod assets;
mod dags;
mod export;
mod foreign;
mod history;
mod payload;
mod people;
mod pickle;
mod progress;
mod report;
mod source;

use tradewind_core::Timestamp;

pub use export::{ExportOptions, export_airflow};
pub use people::RoleWords;
pub use report::{KindReport, Skipped};
pub use source::AirflowSource;

use crate::{Error, Fernet, Store};

/// What can be imported, in the order in which it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ImportKind {
    /// Pools.
    Pools,
    /// Connections.
    Connections,
    /// Variables.
    Variables,
    /// Roles and what they may do.
    Roles,
    /// Users with their passwords and roles.
    Users,
    /// Which DAGs are paused.
    Dags,
    /// Assets and their events.
    Assets,
    /// Runs, their task instances and earlier tries.
    Runs,
    /// XComs of those runs.
    XComs,
}

impl ImportKind {
    /// All, in order.
    pub const ALL: &'static [Self] = &[
        Self::Pools,
        Self::Connections,
        Self::Variables,
        Self::Roles,
        Self::Users,
        Self::Dags,
        Self::Assets,
        Self::Runs,
        Self::XComs,
    ];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pools => "pools",
            Self::Connections => "connections",
            Self::Variables => "variables",
            Self::Roles => "roles",
            Self::Users => "users",
            Self::Dags => "dags",
            Self::Assets => "assets",
            Self::Runs => "runs",
            Self::XComs => "xcoms",
        }
    }
}

/// How to import.
#[derive(Clone, Debug)]
pub struct ImportOptions {
    /// What.
    pub kinds: Vec<ImportKind>,
    /// The Airflow's keys.
    pub fernet: Fernet,
    /// Replace pools, connections and variables that are here already.
    pub overwrite: bool,
    /// Only runs from this instant on, besides the newest scheduled one of each DAG.
    pub since: Option<Timestamp>,
    /// What roles are here.
    pub roles: RoleWords,
    /// What becomes of runs that are not finished.
    pub unfinished: Unfinished,
}

/// What becomes of runs that Airflow had not finished. They are never taken up where they were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unfinished {
    /// They are failed, and somebody who clears them decides that they run again.
    #[default]
    Fail,
    /// They are not imported. The schedule may make them anew, from the beginning.
    LeaveOut,
}

/// Reads an Airflow's database into `target`; without one, only finds out what would be read.
///
/// `progress` is told of each step: what, how much of it is done, and how much there is.
///
/// # Errors
/// Those of both databases. What was written before stays, and the next import goes on from there.
pub async fn import_airflow(
    source: &AirflowSource,
    target: Option<&Store>,
    options: &ImportOptions,
    progress: &(dyn Fn(&'static str, u64, u64) + Send + Sync),
) -> Result<Vec<KindReport>, Error> {
    let mut reports = Vec::new();
    for kind in ImportKind::ALL.iter().filter(|kind| options.kinds.contains(kind)) {
        progress(kind.as_str(), 0, 0);
        match kind {
            ImportKind::Pools => reports.push(admin::pools(source, target, options).await?),
            ImportKind::Connections => reports.push(admin::connections(source, target, options).await?),
            ImportKind::Variables => reports.push(admin::variables(source, target, options).await?),
            ImportKind::Roles => reports.extend(people::roles(source, target, options).await?),
            ImportKind::Users => reports.push(people::users(source, target).await?),
            ImportKind::Dags => reports.push(dags::dags(source, target).await?),
            ImportKind::Assets => reports.extend(assets::assets(source, target).await?),
            ImportKind::Runs => reports.extend(history::runs(source, target, options, progress).await?),
            ImportKind::XComs => reports.push(history::xcoms(source, target, progress).await?),
        }
    }
    Ok(reports)
}
