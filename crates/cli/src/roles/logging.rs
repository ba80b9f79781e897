//! What Tradewind's own processes log: lines for people on a terminal, JSON where programs read.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::time::SystemTime;

use crate::config::{Config, options};
use crate::terminal;

/// Starts logging on standard error. `verbose` shows everything that our own crates have to say.
pub fn start(config: &Config, verbose: bool) {
    let level = match config.text(&options::LOGGING_LEVEL) {
        _ if verbose => "debug",
        "DEBUG" => "debug",
        "WARNING" => "warn",
        "ERROR" | "CRITICAL" | "FATAL" => "error",
        _ => "info",
    };
    // Libraries speak up only about what is wrong; RUST_LOG overrules all of it.
    let ours = ["store", "engine", "executors", "worker", "server", "cli"]
        .map(|name| format!("tradewind_{name}={level}"))
        .join(",");
    let filter =
        EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(format!("warn,{ours},tradewind={level}")));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_timer(SystemTime);
    if config.flag(&options::JSON_LOGS) {
        builder.json().flatten_event(true).init();
    } else {
        builder.with_ansi(terminal::stderr_colours()).with_target(false).init();
    }
}
