//! Python hosts: long-lived interpreters that fork a child for each job, so that a task starts in milliseconds.
//!
//! [`HostPool`] is the door. It keeps one *root* host (our `airflow` package imported) and a few *warm* ones (one DAG
//! file imported as well). See `ARCHITECTURE.md`, "Python host protocol".

mod callback;
mod child;
mod conversation;
mod frame;
mod hosts;
mod parse;
mod pipe;
mod pool;
mod process;
mod warm;

pub use callback::CallbackFailure;
pub use child::{Child, Control, Exit, How, signal_name};
pub use conversation::Host;
pub use hosts::Hosts;
pub use parse::{Answerer, ParseFailure, ParseRequest, TimetableRequest};
pub use pipe::{PipeReader, pipe};
pub use pool::{HostPool, PoolStatus};
pub use process::{HostConfig, HostError, led_to};
