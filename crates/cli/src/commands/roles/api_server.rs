//! `api-server`: REST, the task API and the web interface.

use clap::Args;

use super::daemon::{DaemonArgs, Proceed};
use super::{begin, database};
use crate::commands::Context;
use crate::error::CliError;
use crate::roles::{self, access, settings};

/// Arguments of `api-server`.
#[derive(Args, Debug)]
pub struct ApiServerArgs {
    /// Port to listen on; 0 takes a free one [default: [api] port]
    #[arg(short, long)]
    port: Option<u16>,
    /// Address to listen on [default: [api] host]
    #[arg(short = 'H', long, alias = "hostname")]
    host: Option<String>,
    /// Airflow needs several processes to use several cores; one does it here
    #[arg(short, long, hide = true)]
    workers: Option<u32>,
    /// Airflow restarts processes that hang; there is nothing to restart here
    #[arg(short = 't', long, hide = true)]
    worker_timeout: Option<u32>,
    #[command(flatten)]
    daemon: DaemonArgs,
}

pub fn run(args: &ApiServerArgs, context: &Context) -> Result<(), CliError> {
    let config = begin(context)?;
    let Proceed::Run(_pid_file) = args.daemon.proceed("api-server", &config)? else { return Ok(()) };
    roles::run(async |shutdown| {
        let store = database(&config, context).await?;
        let mut server = settings::server(&config);
        server.auth = access::auth(&config)?;
        access::simple_accounts(&config, &store).await?;
        if let Some(host) = &args.host {
            server.host.clone_from(host);
        }
        if let Some(port) = args.port {
            server.port = port;
        }
        let bound = tradewind_server::bind(server, store).await.map_err(|error| CliError::failed(error.to_string()))?;
        tracing::info!(address = %bound.address()?, "the api-server listens");
        bound.run(shutdown).await;
        Ok(())
    })
}
