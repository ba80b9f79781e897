//! What is true in Tradewind: ids, states, the DAG model, timetables, trigger rules and the planners.
//!
//! This crate is pure: no I/O, no clock, no randomness, no async, no logging. Time is an argument.

pub mod asset;
pub mod dag;
pub mod deferral;
pub mod ids;
pub mod param;
pub mod plan;
pub mod rerun;
pub mod state;
pub mod time;
pub mod timetable;
pub mod waiting;
pub mod xcom;

pub use dag::{Dag, Lane, Task};
pub use deferral::{Deferral, Ends, Resume, WaitOutcome};
pub use ids::{TiKey, TryId};
pub use state::{Reprocess, RunState, RunType, TaskState, TriggerRule, WeightRule};
pub use time::{Duration, Timestamp};
