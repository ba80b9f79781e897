//! `kubernetes cleanup-pods`: deletes pods of tasks that are over, were evicted or never began.

use std::time::Duration;

use clap::Args;
use tradewind_executors::kubernetes::{Cleanup, Trouble};

use crate::commands::Context;
use crate::config::options;
use crate::error::CliError;
use crate::roles;

/// Arguments of `kubernetes cleanup-pods`.
#[derive(Args, Debug)]
pub struct CleanupPodsArgs {
    /// Where they are [default: [kubernetes_executor] namespace]
    #[arg(long, value_name = "NAME")]
    namespace: Option<String>,
    /// Delete pods that wait for so many minutes to begin, 5 at least
    #[arg(long, value_name = "MINUTES", default_value_t = 30, value_parser = clap::value_parser!(u64).range(5..))]
    min_pending_minutes: u64,
    /// Delete pods that ended so many minutes ago
    #[arg(long, value_name = "MINUTES", default_value_t = 0)]
    min_completed_minutes: u64,
}

pub async fn run(args: &CleanupPodsArgs, context: &Context) -> Result<(), CliError> {
    let config = context.config()?;
    let client = roles::kubernetes::access(&config)?.client().await.map_err(CliError::usage)?;
    let namespace = args.namespace.clone().unwrap_or_else(|| config.text(&options::K8S_NAMESPACE).to_owned());
    let cleanup = Cleanup {
        namespace: namespace.clone(),
        min_pending: Duration::from_secs(args.min_pending_minutes * 60),
        min_completed: Duration::from_secs(args.min_completed_minutes * 60),
        delete_options: roles::kubernetes::pods(&config, "")?.delete_options,
    };
    let tell = |name: &str, why: &str| println!("Deleted the pod {name}: {why}");
    let deleted = cleanup.run(client, roles::now(), tell).await.map_err(|trouble| match trouble {
        Trouble::Away(words) => CliError::failed(format!("Kubernetes does not answer: {words}")).hint(
            "which cluster is asked is said by [kubernetes_executor] in_cluster, config_file and cluster_context",
        ),
        Trouble::Refused(words) | Trouble::Quota(words) | Trouble::Unasked(words) => {
            CliError::failed(format!("Kubernetes refuses: {words}"))
        }
        Trouble::Exists | Trouble::Missing => CliError::failed(format!("there is no namespace '{namespace}'")),
    })?;
    println!("{deleted} pods deleted in the namespace {namespace}");
    Ok(())
}
