//! The loops of Tradewind: scheduler and dag processor. They decide with `core`, remember with `store` and hand
//! work to `executors`; they never call the server.

pub mod callbacks;
pub mod clock;
pub mod dag_processor;
mod dead_jobs;
pub mod scheduler;
pub mod triggerer;
pub mod waits;

pub use clock::{Clock, SystemClock};
pub use dead_jobs::end_jobs_of_dead_processes;
