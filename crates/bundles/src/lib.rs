//! Bundles of DAG files that come from a Git repository: a mirror, and a folder for each commit that somebody needs.
//!
//! Everything is done by the `git` and `ssh` programs. Secrets reach them in files that only this user may read and
//! that are gone afterwards, so that no list of processes, environment, log or error ever shows them.

mod access;
mod clean;
mod command;
mod error;
mod git;
mod url;

pub use access::{Access, HostKeys, Key, Secret};
pub use clean::Keep;
pub use error::{GitError, What};
pub use git::{Checkout, GitBundle, GitSettings};
pub use url::{RepoUrl, Transport};
