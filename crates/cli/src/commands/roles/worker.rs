//! `worker`: runs tasks that an api-server hands out, by itself (EdgeExecutor) or told by a broker (CeleryExecutor).
//! Needs no database.

use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use tradewind_protocol::task_api::WorkerForm;
use tradewind_server::{Tokens, TryTokens};
use tradewind_worker::{HttpTaskApi, Worker};

use super::begin;
use super::daemon::{DaemonArgs, Proceed};
use crate::commands::Context;
use crate::config::{Config, options};
use crate::error::CliError;
use crate::home;
use crate::progress::Progress;
use crate::roles::{self, celery as broker, settings};

/// A worker makes its own tokens; each is good for so long.
const TOKEN_LASTS: Duration = Duration::from_secs(600);

/// What the log of a task says that a worker's end cut short.
const STOPPED: &str = "its worker was told to end at once";

/// Arguments of `worker`.
#[derive(Args, Debug)]
pub struct WorkerArgs {
    /// Queues to take tasks from, separated by commas [default: [operators] default_queue]
    #[arg(short, long, value_delimiter = ',', value_name = "NAMES")]
    queues: Vec<String>,
    /// Tasks to run at once [default: [core] parallelism, with a broker [celery] worker_concurrency]
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
    /// With a broker: the most and the fewest tasks at once, as 16,8 [default: [celery] worker_autoscale]
    #[arg(short, long, value_name = "MAX,MIN")]
    autoscale: Option<String>,
    /// With -D: its umask, in octal [default: [celery] worker_umask]
    #[arg(short, long, value_name = "MASK")]
    umask: Option<String>,
    /// Airflow's worker serves logs; this one sends them
    #[arg(short, long, hide = true)]
    skip_serve_logs: bool,
    /// Workers need not know each other
    #[arg(long, hide = true)]
    without_mingle: bool,
    /// Workers need not know each other
    #[arg(long, hide = true)]
    without_gossip: bool,
    #[command(flatten)]
    daemon: DaemonArgs,
}

/// Runs a worker; `celery` is the form that a broker tells of tasks, whatever `[core] executor` says.
///
/// # Errors
/// The options cannot be used, or the api-server refuses the worker.
pub fn run(args: &WorkerArgs, context: &Context, celery: bool) -> Result<(), CliError> {
    let config = begin(context)?;
    let with_broker = celery || broker::is_broker_form(&config);
    if args.autoscale.is_some() && !with_broker {
        return Err(CliError::usage("--autoscale is for workers with a broker ([core] executor is CeleryExecutor)")
            .hint("a worker that asks for tasks takes as many as --concurrency says, and none when there are none"));
    }
    set_umask(args, &config)?;
    let Proceed::Run(_pid_file) = args.daemon.proceed("worker", &config)? else { return Ok(()) };
    roles::run_patiently(async |wishes| {
        let bundles = settings::bundles(&config)?;
        let config = home::ensure(config)?;
        settings::write_examples(&config, &bundles)?;
        let url = server_url(args.server.as_deref(), &config);
        let mut worker_config = settings::local_worker(&config, &bundles);
        worker_config.ship_logs = !args.shared_logs;
        if !args.queues.is_empty() {
            worker_config.queues.clone_from(&args.queues);
        }
        let concurrency = args.concurrency;
        let by_option = || u32::try_from(config.int(&options::CELERY_WORKER_CONCURRENCY)).unwrap_or(16);
        if let Some(concurrency) = concurrency.or_else(|| with_broker.then(by_option)) {
            worker_config.concurrency = concurrency;
        }
        worker_config.lost_after(config.seconds(&options::TASK_INSTANCE_HEARTBEAT_TIMEOUT));
        // To a broker it is a node by that name, on the host that it is on.
        if let Some(hostname) = args.hostname.as_ref().filter(|_| !with_broker) {
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
        let served = match with_broker {
            true => {
                let name = args.hostname.as_deref();
                Some((broker::broker(&config)?, broker::worker(&config, name, args.autoscale.as_deref())?))
            }
            false => None,
        };
        worker_config.form = if with_broker { WorkerForm::Celery } else { WorkerForm::Edge };
        worker_config.node = served.as_ref().map(|(_, config)| config.node.clone());
        let worker = Worker::new(worker_config, Arc::new(api), hosts);
        // Asked to end, it takes no more tasks and waits for those that it has. Asked once more, it ends those too.
        let (stopping, now) = (worker.clone(), wishes.now);
        tokio::spawn(async move {
            now.cancelled().await;
            tracing::warn!(tries = stopping.tries().len(), "asked to end at once: ending the tasks that run");
            stopping.stop(STOPPED).await;
        });
        let ended = match served {
            Some((broker, config)) => worker.serve(broker, config, wishes.end).await,
            None => worker.pull(wishes.end.cancelled_owned()).await,
        };
        worker.farewell().await;
        ended.map_err(|error| {
            CliError::failed(format!("the api-server at {url} refuses this worker: {}", error.message)).hint(
                "the worker and the api-server need the same [api_auth] jwt_secret (AIRFLOW__API_AUTH__JWT_SECRET)",
            )
        })
    })
}

/// Airflow sets the umask of workers in the background.
fn set_umask(args: &WorkerArgs, config: &Config) -> Result<(), CliError> {
    let Some(text) = args.umask.as_deref().or_else(|| config.some_text(&options::CELERY_WORKER_UMASK)) else {
        return Ok(());
    };
    let digits = text.trim().trim_start_matches("0o");
    let mask = u32::from_str_radix(digits, 8).ok().filter(|mask| *mask <= 0o777);
    let mask = mask.ok_or_else(|| CliError::usage(format!("the umask '{text}' is no octal number, such as 077")))?;
    if args.daemon.is_daemon() {
        rustix::process::umask(rustix::fs::Mode::from_raw_mode(mask));
    }
    Ok(())
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
