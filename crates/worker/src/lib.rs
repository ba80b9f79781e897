//! Runs tries: python hosts, the native bash lane, supervision, logs. Speaks the task API; never links the store.

mod attempt;
mod backoff;
pub mod celery;
mod clock;
mod heartbeat;
pub mod host;
pub mod http;
pub mod lane;
pub mod log;
mod orphans;
mod pull;
mod repositories;
mod setup;
#[cfg(test)]
mod testing;
mod token;
pub mod triggers;
mod worker;

pub use http::HttpTaskApi;
pub use repositories::{Repositories, Root};
pub use token::Token;
pub use worker::{Worker, WorkerConfig};
