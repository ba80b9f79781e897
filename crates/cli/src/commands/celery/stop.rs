//! `celery stop`: asks the worker of this machine to end when its tasks are over.

use std::path::PathBuf;

use clap::Args;
use rustix::process::{Pid, Signal, kill_process};

use super::Context;
use crate::commands::roles::daemon::running;
use crate::error::CliError;

/// Arguments of `celery stop`.
#[derive(Args, Debug)]
pub struct StopArgs {
    /// File with the worker's process id [default: $AIRFLOW_HOME/airflow-worker.pid]
    #[arg(long, value_name = "FILE", num_args = 0..=1)]
    pid: Option<Option<PathBuf>>,
}

pub fn run(args: &StopArgs, context: &Context) -> Result<(), CliError> {
    let config = context.config()?;
    let path = args.pid.clone().flatten().unwrap_or_else(|| config.home().join("airflow-worker.pid"));
    let text = std::fs::read_to_string(&path).map_err(|error| {
        CliError::failed(format!("cannot read {}: {error}", path.display()))
            .hint("a worker writes its process id with --pid or -D; --pid says in which file")
    })?;
    let pid = text.trim().parse().ok().and_then(Pid::from_raw);
    let pid = pid.ok_or_else(|| CliError::failed(format!("{} has no process id in it", path.display())))?;
    if running(&path).is_none() {
        return Err(CliError::failed(format!(
            "{} names process {}, which is no worker",
            path.display(),
            pid.as_raw_nonzero()
        ))
        .hint("it is gone; the next worker writes the file anew"));
    }
    kill_process(pid, Signal::TERM)
        .map_err(|error| CliError::failed(format!("cannot ask process {} to end: {error}", pid.as_raw_nonzero())))?;
    println!("process {} ends when its tasks are over; asked once more, it ends at once", pid.as_raw_nonzero());
    Ok(())
}
