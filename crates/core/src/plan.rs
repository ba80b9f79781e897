//! The planners: pure functions from snapshots to decisions.
