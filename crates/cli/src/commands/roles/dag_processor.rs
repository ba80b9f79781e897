//! `dag-processor`: keeps the database's DAGs equal to the files.

use std::path::PathBuf;

use clap::Args;

use super::daemon::{DaemonArgs, Proceed};
use super::{begin, database};
use crate::commands::Context;
use crate::commands::dags::once;
use crate::error::CliError;
use crate::home;
use crate::progress::Progress;
use crate::roles::{self, settings};

/// Arguments of `dag-processor`.
#[derive(Args, Debug)]
pub struct DagProcessorArgs {
    /// Only these bundles
    #[arg(short = 'B', long, value_name = "NAME")]
    bundle_name: Vec<String>,
    /// Parse every file so many times and end; -1: look after them until stopped
    #[arg(short, long, default_value_t = -1, allow_negative_numbers = true, value_name = "COUNT")]
    num_runs: i32,
    /// Look after this folder instead
    #[arg(short = 'S', long, hide = true, value_name = "PATH")]
    subdir: Option<PathBuf>,
    #[command(flatten)]
    daemon: DaemonArgs,
}

pub fn run(args: &DagProcessorArgs, context: &Context) -> Result<(), CliError> {
    let config = begin(context)?;
    let Proceed::Run(_pid_file) = args.daemon.proceed("dag-processor", &config)? else { return Ok(()) };
    roles::run(async |shutdown| {
        let mut bundles = settings::bundles_named(&config, &args.bundle_name)?;
        if let Some(folder) = &args.subdir {
            // As in Airflow 2: another folder than the configured one.
            bundles.truncate(1);
            for bundle in &mut bundles {
                bundle.root = std::path::absolute(folder)?;
                bundle.git = None;
            }
        }
        let config = home::ensure(config)?;
        settings::write_examples(&config, &bundles)?;
        if args.num_runs > 0 {
            let store = database(&config, context).await?;
            for _ in 0..args.num_runs {
                once(&config, &store, &roles::answerer(store.clone()), &bundles, &Progress::new()).await?;
            }
            return Ok(());
        }
        let hosts = roles::hosts(&config, &bundles, &Progress::new())?;
        hosts.start().await.map_err(|error| CliError::failed(error.to_string()))?;
        let store = database(&config, context).await?;
        let mut processors = roles::dag_processors(&config, &store, &hosts, &bundles, &shutdown);
        processors.push(roles::callbacks(&config, &store, &hosts, &bundles, &shutdown));
        for processor in processors {
            let _ = processor.await;
        }
        roles::gave_up()
    })
}
