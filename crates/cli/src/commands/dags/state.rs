//! `dags state DAG RUN`: the state of one run.

use clap::Args;

use crate::commands::Context;
use crate::commands::lookup;
use crate::commands::session::Session;
use crate::commands::subdir::Subdir;
use crate::error::CliError;

/// Arguments of `dags state`.
#[derive(Args, Debug)]
pub struct StateArgs {
    /// The DAG's id
    dag_id: String,
    /// A run's id or logical date
    #[arg(value_name = "RUN")]
    logical_date_or_run_id: String,
    #[command(flatten)]
    _subdir: Subdir,
}

pub async fn run(args: &StateArgs, context: &Context) -> Result<(), CliError> {
    let session = Session::open(context).await?;
    let run = lookup::run(&session.store, &args.dag_id, &args.logical_date_or_run_id).await?;
    // Airflow adds the configuration of runs that have one.
    match run.conf.as_str() {
        "" | "{}" | "null" => println!("{}", run.state),
        conf => println!("{}, {conf}", run.state),
    }
    Ok(())
}
