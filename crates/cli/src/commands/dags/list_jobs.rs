//! `dags list-jobs`: the processes that work on DAGs.

use clap::{Args, ValueEnum};
use tradewind_store::read::{JOB_COLUMNS, JobFilter, Page};

use crate::commands::Context;
use crate::commands::lookup::{ALL, date, order};
use crate::commands::session::Session;
use crate::error::CliError;
use crate::output::{OutputArgs, print};
use crate::row;

/// Arguments of `dags list-jobs`.
#[derive(Args, Debug)]
pub struct ListJobsArgs {
    /// Only jobs of one DAG; the processes of Tradewind look after all DAGs, so there are none
    #[arg(short, long, value_name = "ID")]
    dag_id: Option<String>,
    /// Only jobs in this state
    #[arg(long, value_enum)]
    state: Option<JobState>,
    /// At most so many, the newest first
    #[arg(long, value_name = "COUNT")]
    limit: Option<u32>,
    #[command(flatten)]
    output: OutputArgs,
}

/// The states of Airflow; ours are `running` and what is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum JobState {
    Running,
    #[value(alias = "failed")]
    Success,
    Restarting,
}

pub async fn run(args: &ListJobsArgs, context: &Context) -> Result<(), CliError> {
    let session = Session::open(context).await?;
    let by = JobFilter {
        state: args.state.map(|state| if state == JobState::Running { "running" } else { "ended" }.to_owned()),
        ..JobFilter::default()
    };
    let page = args.limit.map_or(ALL, |limit| Page { limit: limit.into(), offset: 0 });
    let none = args.dag_id.is_some() || args.state == Some(JobState::Restarting);
    let jobs = match none {
        true => Vec::new(),
        false => session.store.list_jobs(&by, &order(JOB_COLUMNS, "-start_date")?, page).await?.rows,
    };
    let rows = jobs
        .iter()
        .map(|job| {
            row! {
                "dag_id" => None::<String>,
                "state" => if job.state == "running" { "running" } else { "success" },
                "job_type" => job.kind,
                "start_date" => date(Some(job.started_at)),
                "end_date" => date(job.ended_at),
            }
        })
        .collect();
    print(args.output.output, &["dag_id", "state", "job_type", "start_date", "end_date"], rows)
}
