//! `plan_runs`: which runs of which DAGs are due, and when to look again.

use crate::timetable::NextRun;

/// What to do about one DAG's schedule. Every decision is one guarded write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunDecision {
    /// Create this scheduled run.
    Create {
        /// The DAG.
        dag_id: String,
        /// The run.
        run: NextRun,
        /// Its id, for instance `scheduled__2024-01-01T00:00:00+00:00`.
        run_id: String,
    },
    /// Store what comes next on the DAG's row (`None`: nothing ever again).
    SetNext {
        /// The DAG.
        dag_id: String,
        /// The next run.
        next: Option<NextRun>,
    },
}
