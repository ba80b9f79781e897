//! Where the task instance of a try stands.

use axum::http::StatusCode;
use tradewind_core::{TaskState, TryId};
use tradewind_store::TiRow;

use super::failure::{failure, not_found, wrong_state};
use crate::clock::now;
use crate::http::error::{ApiError, ApiResult};
use crate::state::App;

/// What is left of a try.
pub enum Standing {
    /// It is the task instance's present or last one.
    Present(Box<TiRow>),
    /// A later try has taken its place.
    Past,
    /// The task instance does not exist any more.
    Missing,
}

impl Standing {
    /// Looks.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn of(app: &App, id: TryId) -> ApiResult<Self> {
        Ok(match app.store.load_tis(&[id.ti_id]).await?.pop() {
            Some(row) if row.try_number == id.try_number => Self::Present(Box::new(row)),
            Some(row) if row.try_number > id.try_number => Self::Past,
            _ => Self::Missing,
        })
    }

    /// The row; a try of the past is as missing as one that never was.
    ///
    /// # Errors
    /// 404.
    pub fn row(self) -> ApiResult<TiRow> {
        match self {
            Self::Present(row) => Ok(*row),
            Self::Past | Self::Missing => Err(not_found("Task Instance not found")),
        }
    }

    /// The row, for operations that tell a try of the past from one that never was.
    ///
    /// # Errors
    /// 410 and 404.
    pub fn row_or_gone(self) -> ApiResult<TiRow> {
        match self {
            Self::Past => {
                let message = "Task Instance not found, it may have been moved to the Task Instance History table";
                Err(failure(StatusCode::GONE, "not_found", message))
            }
            other => other.row(),
        }
    }
}

/// 409 for a try that is not in the state that an operation needs, by what the database says now.
pub async fn conflict(app: &App, id: TryId, message: &str) -> ApiError {
    match Standing::of(app, id).await.and_then(Standing::row) {
        Ok(row) => wrong_state(message, row.state),
        Err(error) => error,
    }
}

/// The supervisor of a try has nothing to run any more: its job ends, instead of falling silent.
pub async fn dismiss(app: &App, worker_id: Option<i64>) {
    let Some(worker_id) = worker_id else { return };
    if let Err(error) = app.store.end_job(worker_id, now()).await {
        // It lapses by itself.
        tracing::debug!(%error, worker_id, "the job of a supervisor could not be ended");
    }
}

/// A running try of that process, or somebody else's.
pub fn is_of(row: &TiRow, hostname: &str, pid: u32) -> bool {
    row.state == Some(TaskState::Running) && same_process(row, hostname, pid)
}

/// Whether that process is the one that started the try.
pub fn same_process(row: &TiRow, hostname: &str, pid: u32) -> bool {
    row.hostname.as_deref() == Some(hostname) && row.pid == Some(i64::from(pid))
}
