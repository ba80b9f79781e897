//! `dag-processor`: keeps the database's DAGs equal to the files.

use clap::Args;

use super::daemon::{DaemonArgs, Proceed};
use super::{begin, database};
use crate::commands::Context;
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
    #[command(flatten)]
    daemon: DaemonArgs,
}

pub fn run(args: &DagProcessorArgs, context: &Context) -> Result<(), CliError> {
    let config = begin(context)?;
    let Proceed::Run(_pid_file) = args.daemon.proceed("dag-processor", &config)? else { return Ok(()) };
    roles::run(async |shutdown| {
        let mut bundles = settings::bundles(&config)?;
        if !args.bundle_name.is_empty() {
            let there: Vec<String> = bundles.iter().map(|b| b.name.clone()).collect();
            if let Some(missing) = args.bundle_name.iter().find(|name| !there.contains(name)) {
                return Err(CliError::usage(format!("there is no bundle '{missing}'"))
                    .hint(format!("the configuration has {}", there.join(", "))));
            }
            bundles.retain(|bundle| args.bundle_name.contains(&bundle.name));
        }
        let config = home::ensure(config)?;
        settings::write_examples(&config, &bundles)?;
        let hosts = roles::hosts(&config, &bundles, &Progress::new())?;
        hosts.start().await.map_err(|error| CliError::failed(error.to_string()))?;
        let store = database(&config, context).await?;
        let mut processors = roles::dag_processors(&config, &store, &hosts, &bundles, &shutdown);
        processors.push(roles::callbacks(&config, &store, &hosts, &bundles, &shutdown));
        for processor in processors {
            let _ = processor.await;
        }
        Ok(())
    })
}
