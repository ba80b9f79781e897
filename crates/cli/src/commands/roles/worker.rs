//! `worker`: runs tasks that an api-server hands out. Needs no database.

use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use tradewind_server::{Tokens, TryTokens};
use tradewind_worker::{HttpTaskApi, Worker};

use super::begin;
use super::daemon::{DaemonArgs, Proceed};
use crate::commands::Context;
use crate::config::{Config, options};
use crate::error::CliError;
use crate::home;
use crate::progress::Progress;
use crate::roles::{self, settings};

/// A worker makes its own tokens; each is good for so long.
const TOKEN_LASTS: Duration = Duration::from_secs(600);

/// Arguments of `worker`.
#[derive(Args, Debug)]
pub struct WorkerArgs {
    /// Queues to take tasks from, separated by commas [default: [operators] default_queue]
    #[arg(short, long, value_delimiter = ',', value_name = "NAMES")]
    queues: Vec<String>,
    /// Tasks to run at once [default: [core] parallelism]
    #[arg(short, long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
    concurrency: Option<u32>,
    /// Name of this worker [default: the host's]
    #[arg(short = 'H', long, alias = "celery-hostname", value_name = "NAME")]
    hostname: Option<String>,
    /// Where the api-server is [default: [core] execution_api_server_url]
    #[arg(long, value_name = "URL")]
    server: Option<String>,
    /// The api-server reads logs from the same folder as this worker writes them to: do not send them
    #[arg(long)]
    shared_logs: bool,
    /// Airflow's worker serves logs; this one sends them
    #[arg(short, long, hide = true)]
    skip_serve_logs: bool,
    #[command(flatten)]
    daemon: DaemonArgs,
}

pub fn run(args: &WorkerArgs, context: &Context) -> Result<(), CliError> {
    let config = begin(context)?;
    let Proceed::Run(_pid_file) = args.daemon.proceed("worker", &config)? else { return Ok(()) };
    roles::run(async |shutdown| {
        let bundles = settings::bundles(&config)?;
        let config = home::ensure(config)?;
        settings::write_examples(&config, &bundles)?;
        let url = server_url(args.server.as_deref(), &config);
        let mut worker_config = settings::local_worker(&config, &bundles);
        worker_config.ship_logs = !args.shared_logs;
        if !args.queues.is_empty() {
            worker_config.queues.clone_from(&args.queues);
        }
        if let Some(concurrency) = args.concurrency {
            worker_config.concurrency = concurrency;
        }
        if let Some(hostname) = &args.hostname {
            worker_config.hostname.clone_from(hostname);
        }
        let api = HttpTaskApi::new(&url, token_source(&config, &worker_config.hostname)?)
            .map_err(|error| CliError::usage(error.message).hint(SET_THE_URL))?;
        let hosts = roles::hosts(&config, &bundles, &Progress::new())?;
        hosts.start().await.map_err(|error| CliError::failed(error.to_string()))?;
        tracing::info!(
            server = url,
            queues = worker_config.queues.join(","),
            concurrency = worker_config.concurrency,
            "the worker runs"
        );
        let worker = Worker::new(worker_config, Arc::new(api), hosts);
        // Asked to end, it takes no more tasks and waits for those that it has; `roles::on_signal` hears a second wish.
        worker.pull(shutdown.cancelled_owned()).await.map_err(|error| {
            CliError::failed(format!("the api-server at {url} refuses this worker: {}", error.message)).hint(
                "the worker and the api-server need the same [api_auth] jwt_secret (AIRFLOW__API_AUTH__JWT_SECRET)",
            )
        })
    })
}

/// What to do when the api-server is not found.
pub(super) const SET_THE_URL: &str = "set [core] execution_api_server_url (AIRFLOW__CORE__EXECUTION_API_SERVER_URL) or --server to the api-server's address";

/// Where the api-server is, without the path that Airflow's address of its own task API has.
pub(super) fn server_url(given: Option<&str>, config: &Config) -> String {
    let given = given.or_else(|| config.some_text(&options::EXECUTION_API_SERVER_URL));
    let url = given.map_or_else(|| settings::server(config).base_url, str::to_owned);
    let url = url.trim_end_matches('/');
    url.strip_suffix("/execution").unwrap_or(url).to_owned()
}

/// Signs this worker in with the secret that it shares with the api-server.
fn token_source(config: &Config, name: &str) -> Result<tradewind_worker::http::TokenSource, CliError> {
    let Some(secret) = crate::roles::access::secret(config) else {
        return Err(CliError::usage("a worker needs the api-server's [api_auth] jwt_secret to sign in")
            .hint("set AIRFLOW__API_AUTH__JWT_SECRET to the same value for all processes"));
    };
    let tokens = TryTokens::new(Tokens::new(secret), TOKEN_LASTS);
    let name = name.to_owned();
    Ok(Arc::new(move || tokens.for_worker(&name, TOKEN_LASTS)))
}
