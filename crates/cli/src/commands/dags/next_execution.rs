//! `dags next-execution DAG`: when it will run next.

use clap::{Args, ValueEnum};
use tradewind_core::plan::{Preview, Then, preview_runs};
use tradewind_store::DagScheduleRow;

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
    let schedule = session.store.dag_schedule(&dag.dag_id).await?;
    let failing = schedule.as_ref().and_then(|schedule| schedule.timetable_error.clone());
    let schedule = schedule.map(DagScheduleRow::into_schedule).transpose().map_err(|error| {
        CliError::failed(format!("the stored timetable of '{}' cannot be read: {error}", dag.dag_id))
    })?;
    let preview = schedule.map(|schedule| preview_runs(&schedule, args.num_executions as usize, roles::now()));
    let Some(Preview { runs: nexts, then }) = preview else { return Err(CliError::failed("the DAG has disappeared")) };
    if let Some(error) = failing {
        eprintln!("[WARN] Its timetable fails: {error}");
    }
    if nexts.len() < args.num_executions as usize
        && let Some(why) = explain(then)
    {
        eprintln!("[INFO] {why}");
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

/// Why there are not as many runs as were asked for.
fn explain(then: Then) -> Option<&'static str> {
    match then {
        Then::More => None,
        Then::Ended => Some("There are no more: the schedule ends, or the DAG's end date is reached."),
        Then::NoSchedule => Some("The DAG has no schedule; its runs are started by hand or by others."),
        Then::Assets => Some("More runs come when the assets of its schedule are updated."),
        Then::AfterEachRun => Some("The DAG is @continuous: the run after that begins when it ends."),
        Then::NotAsked => {
            Some("The DAG's own timetable, in Python, has not been asked any further; the dag-processor asks it.")
        }
    }
}
