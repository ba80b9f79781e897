//! `run-try`: runs one try and ends. For executors that give each try a process of its own, such as a pod.

use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use tradewind_core::TryId;
use tradewind_protocol::task_api::{ErrorCode, WorkerForm};
use tradewind_worker::{HttpTaskApi, Token, Worker};

use super::begin;
use super::worker::{SET_THE_URL, server_url};
use crate::commands::Context;
use crate::error::CliError;
use crate::home;
use crate::progress::Progress;
use crate::roles::{self, settings};

/// How long the server may be away while the process begins.
const PATIENCE: Duration = Duration::from_secs(300);

/// Arguments of `run-try`.
#[derive(Args, Debug)]
pub struct RunTryArgs {
    /// The try
    #[arg(long = "try", env = "TRADEWIND_TRY", value_name = "UUID")]
    try_id: TryId,
    /// The file with the try's token
    #[arg(long, env = "TRADEWIND_TRY_TOKEN_FILE", value_name = "PATH")]
    token_file: std::path::PathBuf,
    /// Name of this worker [default: the host's]
    #[arg(short = 'H', long, env = "TRADEWIND_POD", value_name = "NAME")]
    hostname: Option<String>,
    /// Where the api-server is [default: [core] execution_api_server_url]
    #[arg(long, value_name = "URL")]
    server: Option<String>,
}

pub fn run(args: &RunTryArgs, context: &Context) -> Result<(), CliError> {
    let config = begin(context)?;
    roles::run(async |shutdown| {
        let place = |error: std::io::Error| CliError::failed(format!("{}: {error}", args.token_file.display()));
        let token = std::fs::read_to_string(&args.token_file).map_err(place)?;
        let bundles = settings::bundles(&config)?;
        let config = home::ensure(config)?;
        settings::write_examples(&config, &bundles)?;
        let url = server_url(args.server.as_deref(), &config);
        let token = Token::new(token.trim());
        let api = HttpTaskApi::for_try(&url, args.try_id, token)
            .map_err(|error| CliError::usage(error.message).hint(SET_THE_URL))?
            .with_patience(PATIENCE);
        let workload = match api.workload(args.try_id).await {
            Ok(workload) => workload,
            Err(error) if error.code == ErrorCode::Stale => {
                // Somebody else has it, or it is not wanted any more: nothing went wrong here.
                tracing::info!(try_id = %args.try_id, %error, "there is nothing to run");
                return Ok(());
            }
            Err(error) => {
                return Err(CliError::failed(format!("the api-server at {url} does not give the try away: {error}"))
                    .hint(SET_THE_URL));
            }
        };
        let mut worker_config = settings::local_worker(&config, &bundles);
        worker_config.concurrency = 1;
        worker_config.form = WorkerForm::Single;
        worker_config.ship_logs = true;
        // The executor has a word in the log as well, before the try begins. The folder of logs may be a volume that
        // the api-server has too: what is sent must not come back.
        worker_config.shares_logs = true;
        worker_config.base_log_folder = std::env::temp_dir().join(format!("tradewind-try-{}", args.try_id));
        if let Some(hostname) = &args.hostname {
            worker_config.hostname.clone_from(hostname);
        }
        let hosts = roles::hosts(&config, &bundles, &Progress::new())?;
        let api = Arc::new(api);
        let worker = Worker::new(worker_config, Arc::clone(&api) as _, hosts);
        worker.submit(workload);
        tokio::select! {
            () = worker.drain() => {}
            () = shutdown.cancelled() => worker.stop("its process was asked to end").await,
        }
        let worker_id = worker.id().await;
        if let Err(error) = api.goodbye(args.try_id, worker_id).await {
            tracing::debug!(%error, "the server did not hear that this worker ends");
        }
        Ok(())
    })
}
