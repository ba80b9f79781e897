//! The composition root: puts store, engine, executors, worker and server together for each role.

pub mod access;
mod banner;
mod callbacks;
pub mod celery;
mod desk;
mod engine;
mod git_settings;
mod hosts;
pub mod kubernetes;
mod logging;
mod parser;
mod pod_hook;
mod pod_options;
mod repositories;
mod secrets;
pub mod settings;
mod shutdown;
mod standalone;
mod triggerer;

use std::future::Future;

use tokio_util::sync::CancellationToken;
use tradewind_core::Timestamp;

use crate::error::CliError;

pub use callbacks::callbacks;
pub use engine::{Runner, dag_processors, scheduler, timetables};
pub use hosts::{hosts, hosts_with};
pub use logging::start as start_logging;
pub use parser::{HostParser, answerer, answerer_without_database};
pub use pod_hook::PythonPodHook;
pub use repositories::{bring_here, gave_up};
pub use shutdown::{Wishes, on_signal, on_signals};
pub use standalone::standalone;
pub use triggerer::{Triggering, triggerer};

/// Runs a role to its end on all cores.
///
/// # Errors
/// The role's.
pub fn run<F: Future<Output = Result<(), CliError>>>(
    role: impl FnOnce(CancellationToken) -> F,
) -> Result<(), CliError> {
    to_its_end(async || role(on_signal()?).await)
}

/// Like [`run`], for a role that two signals end in two ways.
///
/// # Errors
/// The role's.
pub fn run_patiently<F: Future<Output = Result<(), CliError>>>(role: impl FnOnce(Wishes) -> F) -> Result<(), CliError> {
    to_its_end(async || role(on_signals()?).await)
}

fn to_its_end<F: Future<Output = Result<(), CliError>>>(role: impl FnOnce() -> F) -> Result<(), CliError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let result = runtime.block_on(async { role().await });
    // Whatever still runs then has had its chance.
    runtime.shutdown_timeout(std::time::Duration::from_millis(200));
    result
}

/// The name of this host.
pub fn hostname() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname")
        .map_or_else(|_| "localhost".into(), |name| name.trim().to_owned())
}

/// What time it is.
pub fn now() -> Timestamp {
    use tradewind_engine::{Clock, SystemClock};
    SystemClock.now()
}
