//! `jobs check`: is a process alive?

use clap::{Args, ValueEnum};
use tradewind_store::read::{JOB_COLUMNS, JobFilter};

use crate::commands::Context;
use crate::commands::lookup::{ALL, order};
use crate::commands::session::Session;
use crate::config::options;
use crate::error::CliError;
use crate::roles;

/// Arguments of `jobs check`.
#[derive(Args, Debug)]
pub struct CheckArgs {
    /// Only processes of this kind
    #[arg(long)]
    job_type: Option<JobType>,
    /// Only processes on this host
    #[arg(long, value_name = "HOST")]
    hostname: Option<String>,
    /// Only processes on this machine
    #[arg(long, conflicts_with = "hostname")]
    local: bool,
    /// Look at so many of the newest processes; 0 at all
    #[arg(long, default_value_t = 1, value_name = "COUNT")]
    limit: usize,
    /// More than one may be alive
    #[arg(long)]
    allow_multiple: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum JobType {
    #[value(name = "SchedulerJob")]
    Scheduler,
    #[value(name = "TriggererJob")]
    Triggerer,
    #[value(name = "DagProcessorJob")]
    DagProcessor,
}

pub async fn run(args: &CheckArgs, context: &Context) -> Result<(), CliError> {
    if args.allow_multiple && args.limit == 1 {
        return Err(CliError::usage("--allow-multiple needs a --limit other than 1").hint("use --limit 0 for no limit"));
    }
    let session = Session::open(context).await?;
    let by = JobFilter {
        kind: args.job_type.and_then(|t| t.to_possible_value()).map(|v| v.get_name().to_owned()),
        hostname: if args.local { Some(roles::hostname()) } else { args.hostname.clone() },
        ..JobFilter::default()
    };
    let jobs = session.store.list_jobs(&by, &order(JOB_COLUMNS, "-start_date")?, ALL).await?.rows;
    let threshold = session.config.seconds(&options::SCHEDULER_HEALTH_CHECK_THRESHOLD);
    let alive_since = roles::now().as_micros() - i64::try_from(threshold.as_micros()).unwrap_or(i64::MAX);
    let looked_at = if args.limit == 0 { jobs.len() } else { args.limit };
    let alive = jobs
        .iter()
        .filter(|job| job.state == "running")
        .take(looked_at)
        .filter(|job| job.heartbeat_at.as_micros() >= alive_since)
        .count();
    match alive {
        0 => Err(CliError::failed("No alive jobs found.")),
        1 => {
            println!("Found one alive job.");
            Ok(())
        }
        n if args.allow_multiple => {
            println!("Found {n} alive jobs.");
            Ok(())
        }
        n => Err(CliError::failed(format!("Found {n} alive jobs. Expected only one."))),
    }
}
