//! `dags list-runs DAG`: its runs, newest first.

use clap::Args;
use tradewind_core::{RunState, RunType, Timestamp};
use tradewind_store::read::{RUN_COLUMNS, RunFilter, Span};

use crate::commands::Context;
use crate::commands::lookup::{self, ALL, date, order};
use crate::commands::session::Session;
use crate::error::CliError;
use crate::output::{OutputArgs, print};
use crate::row;

/// Arguments of `dags list-runs`.
#[derive(Args, Debug)]
pub struct ListRunsArgs {
    /// The DAG's id
    #[arg(required_unless_present = "dag_id_option")]
    dag_id: Option<String>,
    /// The DAG's id, as Airflow 2 wanted it
    #[arg(short = 'd', long = "dag-id", hide = true, conflicts_with = "dag_id")]
    dag_id_option: Option<String>,
    /// Without runs of backfills
    #[arg(long)]
    no_backfill: bool,
    /// Only runs in this state
    #[arg(long)]
    state: Option<RunState>,
    /// Only runs with a logical date from this one on
    #[arg(short, long, value_name = "DATE")]
    start_date: Option<Timestamp>,
    /// Only runs with a logical date up to this one
    #[arg(short, long, value_name = "DATE")]
    end_date: Option<Timestamp>,
    #[command(flatten)]
    output: OutputArgs,
}

pub async fn run(args: &ListRunsArgs, context: &Context) -> Result<(), CliError> {
    let session = Session::open(context).await?;
    let dag_id = args.dag_id.as_ref().or(args.dag_id_option.as_ref()).cloned().unwrap_or_default();
    lookup::dag(&session.store, &dag_id).await?;
    let by = RunFilter {
        dag_ids: vec![dag_id],
        states: args.state.iter().map(|s| s.as_str().to_owned()).collect(),
        logical_date: Span {
            gte: args.start_date.map(Timestamp::as_micros),
            lte: args.end_date.map(Timestamp::as_micros),
            ..Span::default()
        },
        ..RunFilter::default()
    };
    let runs = session.store.list_runs(&by, &order(RUN_COLUMNS, "-run_after")?, ALL).await?.rows;
    let rows = runs
        .iter()
        .filter(|r| !(args.no_backfill && r.run_type == RunType::Backfill))
        .map(|r| {
            row! {
                "dag_id" => r.dag_id,
                "run_id" => r.run_id,
                "state" => r.state.as_str(),
                "run_after" => r.run_after.to_string(),
                "logical_date" => date(r.logical_date),
                "start_date" => date(r.start_date),
                "end_date" => date(r.end_date),
            }
        })
        .collect();
    let columns = ["dag_id", "run_id", "state", "run_after", "logical_date", "start_date", "end_date"];
    print(args.output.output, &columns, rows)
}
