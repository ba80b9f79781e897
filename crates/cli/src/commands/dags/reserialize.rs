//! `dags reserialize`: parses every DAG file again, changed or not, and writes what it finds.

use std::sync::Arc;

use clap::Args;
use tradewind_engine::SystemClock;
use tradewind_engine::dag_processor::DagProcessor;
use tradewind_store::Store;
use tradewind_worker::host::Answerer;

use crate::commands::Context;
use crate::commands::session::Session;
use crate::commands::subdir::Subdir;
use crate::config::Config;
use crate::error::CliError;
use crate::progress::Progress;
use crate::roles::settings::{self, Bundle};
use crate::roles::{self, HostParser, answerer};

/// Arguments of `dags reserialize`.
#[derive(Args, Debug)]
pub struct ReserializeArgs {
    /// Only these bundles
    #[arg(short = 'B', long, value_name = "NAME")]
    bundle_name: Vec<String>,
    #[command(flatten)]
    _subdir: Subdir,
}

pub async fn run(args: &ReserializeArgs, context: &Context) -> Result<(), CliError> {
    let session = Session::open(context).await?;
    let bundles = settings::bundles_named(&session.config, &args.bundle_name)?;
    settings::write_examples(&session.config, &bundles)?;
    let progress = Progress::new();
    let variables = answerer(session.store.clone());
    once(&session.config, &session.store, &variables, &bundles, &progress).await?;
    progress.done();
    println!("All DAG files were parsed again.");
    Ok(())
}

/// Parses every file of these bundles once, and returns when the database has it all. `variables` answers what files
/// ask while they are imported.
///
/// # Errors
/// There is no usable Python.
pub async fn once(
    config: &Config,
    store: &Store,
    variables: &Answerer,
    bundles: &[Bundle],
    progress: &Progress,
) -> Result<(), CliError> {
    let hosts = roles::hosts(config, bundles, progress)?;
    hosts.start().await.map_err(|error| CliError::failed(error.to_string()))?;
    let mut bundles = bundles.to_vec();
    let _held = roles::bring_here(config, &mut bundles, variables).await?;
    for bundle in &bundles {
        progress.step(&format!("Parsing the DAG files of {}", bundle.name));
        let parser = Arc::new(HostParser::new(hosts.of(&bundle.name).clone(), Arc::clone(variables)));
        let mut settings = settings::processor(config, bundle);
        settings.environment = hosts.of(&bundle.name).config().follow.clone();
        DagProcessor::new(store.clone(), parser, settings, SystemClock).run_once().await;
    }
    Ok(())
}
