//! `triggerer`: runs what deferred tasks and watchers wait for, as far as it needs Python. Any number may work side by
//! side.

use clap::Args;

use super::daemon::{DaemonArgs, Proceed};
use super::{begin, database};
use crate::commands::Context;
use crate::config::options;
use crate::error::CliError;
use crate::home;
use crate::progress::Progress;
use crate::roles::{self, Triggering, settings};

/// Arguments of `triggerer`.
#[derive(Args, Debug)]
pub struct TriggererArgs {
    /// How many triggers may run here at once [default: [triggerer] capacity]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    capacity: Option<u32>,
    /// Run the triggers of these queues alone, separated by commas; needs [triggerer] queues_enabled
    #[arg(long, value_delimiter = ',', value_name = "NAMES")]
    queues: Vec<String>,
    /// Airflow's triggerer serves logs; the api-server reads them from the log folder here
    #[arg(short, long, hide = true)]
    skip_serve_logs: bool,
    #[command(flatten)]
    daemon: DaemonArgs,
}

pub fn run(args: &TriggererArgs, context: &Context) -> Result<(), CliError> {
    let config = begin(context)?;
    if !args.queues.is_empty() && !config.flag(&options::TRIGGERER_QUEUES_ENABLED) {
        return Err(CliError::failed("--queues means nothing while triggers have no queues")
            .hint("set [triggerer] queues_enabled = True for workers and triggerers, or leave --queues out"));
    }
    let Proceed::Run(_pid_file) = args.daemon.proceed("triggerer", &config)? else { return Ok(()) };
    roles::run(async |shutdown| {
        let bundles = settings::bundles(&config)?;
        let config = home::ensure(config)?;
        let hosts = roles::hosts(&config, &bundles, &Progress::new())?;
        hosts.start().await.map_err(|error| CliError::failed(error.to_string()))?;
        let store = database(&config, context).await?;
        let how = Triggering { capacity: args.capacity, queues: args.queues.clone(), ..Triggering::default() };
        let running = roles::triggerer(&config, &store, &hosts, &bundles, how, shutdown).await?;
        tracing::info!("the triggerer runs");
        let _ = running.await;
        Ok(())
    })
}
