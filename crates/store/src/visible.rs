//! Which DAGs the present request may see. Ambient, so that no list forgets to ask: everything that `read` lists or
//! finds by name is limited to them while [`seeing`] runs. The engine and the task API run outside of it and see all.

use std::collections::BTreeSet;
use std::sync::Arc;

/// DAGs that somebody may see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Visible {
    /// All of them.
    All,
    /// These.
    Only(Arc<BTreeSet<String>>),
}

tokio::task_local! {
    static VISIBLE: Visible;
}

/// Runs `what` for somebody who may see these DAGs. Tasks that it spawns see all again, and so does the body of an
/// answer that is made later: both must ask by themselves.
pub async fn seeing<F: Future>(visible: Visible, what: F) -> F::Output {
    VISIBLE.scope(visible, what).await
}

impl Visible {
    /// Whether this DAG is among them.
    pub fn has(&self, dag_id: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(dags) => dags.contains(dag_id),
        }
    }

    /// What the present request may see.
    pub fn here() -> Self {
        VISIBLE.try_with(Clone::clone).unwrap_or(Self::All)
    }

    /// The DAGs that the present request is limited to; `None`: it is not.
    pub(crate) fn limits() -> Option<Vec<String>> {
        match Self::here() {
            Self::All => None,
            Self::Only(dags) => Some(dags.iter().cloned().collect()),
        }
    }
}
