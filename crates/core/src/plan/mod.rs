//! The planners: pure functions from snapshots to decisions.

mod runs;

pub use runs::RunDecision;
