//! Tries: what workers and executors report. Starts and ends go through one actor that commits them in groups:
//! everything that came in while the last commit ran goes into the next transaction.

mod actor;
mod finish;
mod liveness;
mod start;

pub use finish::{FinishOutcome, FinishTry};
pub use start::{StartOutcome, StartTry};

pub(crate) use actor::TryActor;
