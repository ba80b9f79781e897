//! DAGs: what the dag-processor found, and what schedules need.

mod external;
mod parse;
mod schedule;

pub use external::{AskError, ExternalDag, OpenQuestion, TimetableAnswer, TimetableQuestion, external_in};
pub use parse::{DagFileRow, FileResult, ParseReport, ParsedDag, StoredImportError};
pub use schedule::{DagScheduleRow, DagVersionRow};
