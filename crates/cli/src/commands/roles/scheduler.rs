//! `scheduler`: starts runs and tasks when they are due. Any number may work side by side.

use clap::Args;

use super::daemon::{DaemonArgs, Proceed};
use super::{begin, database};
use crate::commands::Context;
use crate::error::CliError;
use crate::home;
use crate::progress::Progress;
use crate::roles::{self, settings};

/// Arguments of `scheduler`.
#[derive(Args, Debug)]
pub struct SchedulerArgs {
    /// Airflow's scheduler serves logs; the api-server reads them from the log folder here
    #[arg(short, long, hide = true)]
    skip_serve_logs: bool,
    #[command(flatten)]
    daemon: DaemonArgs,
}

pub fn run(args: &SchedulerArgs, context: &Context) -> Result<(), CliError> {
    let config = begin(context)?;
    let Proceed::Run(_pid_file) = args.daemon.proceed("scheduler", &config)? else { return Ok(()) };
    roles::run(async |shutdown| {
        let bundles = settings::bundles(&config)?;
        let config = home::ensure(config)?;
        settings::write_examples(&config, &bundles)?;
        let hosts = roles::hosts(&config, &bundles, &Progress::new())?;
        let store = database(&config, context).await?;
        let running = roles::scheduler(&config, &store, &hosts, &bundles, shutdown.clone()).await?;
        tracing::info!("the scheduler runs");
        if let Err(error) = hosts.start().await {
            tracing::error!("{error}");
        }
        shutdown.cancelled().await;
        running.ended().await;
        Ok(())
    })
}
