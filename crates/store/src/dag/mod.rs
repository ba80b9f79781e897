//! DAGs: what the dag-processor found, and what schedules need.

mod external;
mod parse;
mod requests;
mod schedule;

pub use external::{AskError, ExternalDag, OpenQuestion, TimetableAnswer, TimetableQuestion, external_in};
pub use parse::{DagFileRow, FileResult, ParseReport, ParsedDag, StoredImportError};
pub use requests::PythonQuestion;
pub use schedule::{DagScheduleRow, DagVersionRow};
