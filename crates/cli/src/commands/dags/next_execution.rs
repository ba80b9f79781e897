//! `dags next-execution DAG`: when it will run next.

use clap::{Args, ValueEnum};
use tradewind_core::RunType;
use tradewind_core::timetable::{DataInterval, NextRun, Restriction, TimetableSpec};
use tradewind_store::Store;
use tradewind_store::read::{Page, RUN_COLUMNS, RunFilter};

use crate::commands::Context;
use crate::commands::lookup;
use crate::commands::session::Session;
use crate::commands::subdir::Subdir;
use crate::error::CliError;
use crate::output::{OutputArgs, print};
use crate::{roles, row};

/// Arguments of `dags next-execution`.
#[derive(Args, Debug)]
pub struct NextExecutionArgs {
    /// The DAG's id
    dag_id: String,
    /// So many runs
    #[arg(short, long, default_value_t = 1, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
    num_executions: u32,
    /// Everything about them, as a table
    #[arg(long)]
    table: bool,
    /// Only this about them
    #[arg(long)]
    field: Option<Field>,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    _subdir: Subdir,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Field {
    #[value(name = "logical_date")]
    LogicalDate,
    #[value(name = "data_interval.start")]
    IntervalStart,
    #[value(name = "data_interval.end")]
    IntervalEnd,
    #[value(name = "run_after")]
    RunAfter,
}

pub async fn run(args: &NextExecutionArgs, context: &Context) -> Result<(), CliError> {
    let session = Session::open(context).await?;
    let dag = lookup::dag(&session.store, &args.dag_id).await?;
    if dag.is_paused {
        eprintln!("[INFO] The DAG is paused; its runs wait until somebody un-pauses it.");
    }
    let spec: TimetableSpec = serde_json::from_str(&dag.timetable).map_err(|error| {
        CliError::failed(format!("the stored timetable of '{}' cannot be read: {error}", dag.dag_id))
    })?;
    let timetable = spec.compile().map_err(|error| CliError::failed(error.to_string()))?;
    let first = match dag.next_run_after {
        Some(run_after) => {
            let interval = dag.next_interval_start.zip(dag.next_interval_end);
            let (start, end) = interval.unwrap_or((run_after, run_after));
            Some(NextRun { logical_date: dag.next_logical_date, data_interval: DataInterval { start, end }, run_after })
        }
        // Either there is none, or no scheduler has looked at this new DAG yet.
        None if has_scheduled_runs(&session.store, &dag.dag_id).await? => None,
        None => {
            let restriction = Restriction { earliest: dag.start_date, latest: dag.end_date, catchup: dag.catchup };
            timetable.next_run(None, &restriction, roles::now())
        }
    };
    let mut nexts: Vec<NextRun> = first.into_iter().collect();
    if let Some(first) = first {
        let restriction = Restriction { earliest: dag.start_date, latest: dag.end_date, catchup: true };
        let more = args.num_executions as usize - 1;
        nexts.extend(timetable.preview(Some(&first.data_interval), &restriction, roles::now(), more));
    }
    if nexts.is_empty() {
        eprintln!("[WARN] No following schedule can be found. This DAG may have schedule interval '@once' or None.");
        println!("None");
        return Ok(());
    }
    if args.table {
        let columns = ["logical_date", "data_interval.start", "data_interval.end", "run_after"];
        let rows = nexts.iter().map(|n| {
            row! {
                "logical_date" => lookup::date(n.logical_date),
                "data_interval.start" => n.data_interval.start.to_string(),
                "data_interval.end" => n.data_interval.end.to_string(),
                "run_after" => n.run_after.to_string(),
            }
        });
        return print(args.output.output, &columns, rows.collect());
    }
    for next in nexts {
        let at = match args.field.unwrap_or(Field::LogicalDate) {
            Field::LogicalDate => next.logical_date,
            Field::IntervalStart => Some(next.data_interval.start),
            Field::IntervalEnd => Some(next.data_interval.end),
            Field::RunAfter => Some(next.run_after),
        };
        println!("{}", at.map_or_else(|| "None".into(), |at| at.to_string()));
    }
    Ok(())
}

async fn has_scheduled_runs(store: &Store, dag_id: &str) -> Result<bool, CliError> {
    let by = RunFilter {
        dag_ids: vec![dag_id.to_owned()],
        run_types: vec![RunType::Scheduled.as_str().to_owned()],
        ..RunFilter::default()
    };
    let page = Page { limit: 1, offset: 0 };
    Ok(store.list_runs(&by, &lookup::order(RUN_COLUMNS, "id")?, page).await?.total > 0)
}
