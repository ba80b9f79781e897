//! `triggerer`: says that it is alive. What Airflow's triggerer waits for, timers and sensors, waits elsewhere here,
//! and deferrable operators are not available yet; deployments that start one by habit stay healthy.

use clap::Args;

use super::daemon::{DaemonArgs, Proceed};
use super::{begin, database};
use crate::commands::Context;
use crate::config::options;
use crate::error::CliError;
use crate::roles;

/// Arguments of `triggerer`.
#[derive(Args, Debug)]
pub struct TriggererArgs {
    /// How many triggers may wait here
    #[arg(long, hide = true)]
    capacity: Option<u32>,
    /// Airflow's triggerer serves logs; the api-server reads them from the log folder here
    #[arg(short, long, hide = true)]
    skip_serve_logs: bool,
    #[command(flatten)]
    daemon: DaemonArgs,
}

pub fn run(args: &TriggererArgs, context: &Context) -> Result<(), CliError> {
    let config = begin(context)?;
    let Proceed::Run(_pid_file) = args.daemon.proceed("triggerer", &config)? else { return Ok(()) };
    roles::run(async |shutdown| {
        let store = database(&config, context).await?;
        let job = store.register_job("TriggererJob", &roles::hostname(), std::process::id(), roles::now()).await?;
        tracing::info!(
            "the triggerer runs, with nothing to do: this version has no deferrable operators, and sensors that \
             reschedule wait in the scheduler"
        );
        let mut beat = tokio::time::interval(config.seconds(&options::JOB_HEARTBEAT_SEC));
        loop {
            tokio::select! {
                _ = beat.tick() => {
                    if let Err(error) = store.heartbeat_job(job, roles::now()).await {
                        tracing::error!(%error, "the triggerer could not write its heartbeat");
                    }
                }
                () = shutdown.cancelled() => break,
            }
        }
        store.end_job(job, roles::now()).await?;
        Ok(())
    })
}
