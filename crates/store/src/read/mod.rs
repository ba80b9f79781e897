//! Lists and filters for REST and UI: one file per resource, pages only, the same text for both databases.

mod admin;
mod assets;
mod backfills;
mod cluster;
mod dag_runs;
mod dag_versions;
mod dags;
mod deadlines;
mod exec;
mod operations;
mod query;
mod task_instances;
mod totals;
mod triggers;
mod ui;
mod warnings;
mod xcoms;

pub use admin::*;
pub use assets::*;
pub use backfills::*;
pub use cluster::*;
pub use dag_runs::*;
pub use dag_versions::*;
pub use dags::*;
pub use deadlines::*;
pub use operations::*;
pub(crate) use query::prefixes;
pub use query::{COUNT_LIMIT, Column, Cursor, Cut, Listed, Match, OrderBy, Page, Span, UnknownColumn};
pub use task_instances::*;
pub(crate) use totals::Totals;
pub use triggers::*;
pub use ui::*;
pub use warnings::*;
pub use xcoms::*;
