//! DAGs: what the dag-processor found, and what schedules need.

mod parse;
mod schedule;

pub use parse::{DagFileRow, FileResult, ParseReport, ParsedDag, StoredImportError};
pub use schedule::{DagScheduleRow, DagVersionRow};
