//! `tasks states-for-dag-run DAG RUN`: the state of every task instance of a run.

use clap::Args;
use tradewind_store::read::{TI_COLUMNS, TiFilter};

use crate::commands::lookup::{ALL, date, order};
use crate::commands::session::Session;
use crate::commands::{Context, lookup};
use crate::error::CliError;
use crate::output::{OutputArgs, print};
use crate::row;

/// Arguments of `tasks states-for-dag-run`.
#[derive(Args, Debug)]
pub struct StatesArgs {
    /// The DAG's id
    dag_id: String,
    /// A run's id or logical date
    #[arg(value_name = "RUN")]
    logical_date_or_run_id: String,
    #[command(flatten)]
    output: OutputArgs,
}

pub async fn run(args: &StatesArgs, context: &Context) -> Result<(), CliError> {
    let session = Session::open(context).await?;
    let run = lookup::run(&session.store, &args.dag_id, &args.logical_date_or_run_id).await?;
    let by = TiFilter { run_keys: vec![run.id], ..TiFilter::default() };
    let tis = session.store.list_tis(&by, &order(TI_COLUMNS, "id")?, ALL).await?.rows;
    let mapped = tis.iter().any(|ti| ti.map_index >= 0);
    let rows = tis
        .iter()
        .map(|ti| {
            row! {
                "dag_id" => ti.dag_id,
                "logical_date" => date(ti.logical_date),
                "task_id" => ti.task_id,
                "map_index" => ti.map_index,
                "state" => ti.state.map(|s| s.as_str()),
                "start_date" => date(ti.start_date),
                "end_date" => date(ti.end_date),
            }
        })
        .collect();
    let mut columns = vec!["dag_id", "logical_date", "task_id", "map_index", "state", "start_date", "end_date"];
    columns.retain(|c| mapped || *c != "map_index");
    print(args.output.output, &columns, rows)
}
