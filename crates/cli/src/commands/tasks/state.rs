//! `tasks state DAG TASK RUN`: the state of one task instance.

use clap::Args;

use crate::commands::session::Session;
use crate::commands::subdir::Place;
use crate::commands::{Context, lookup};
use crate::error::CliError;

/// Arguments of `tasks state`.
#[derive(Args, Debug)]
pub struct StateArgs {
    /// The DAG's id
    dag_id: String,
    /// The task's id
    task_id: String,
    /// A run's id or logical date
    #[arg(value_name = "RUN")]
    logical_date_or_run_id: String,
    /// Which instance of a mapped task
    #[arg(long, default_value_t = -1, allow_negative_numbers = true, value_name = "INDEX")]
    map_index: i32,
    #[command(flatten)]
    place: Place,
}

pub async fn run(args: &StateArgs, context: &Context) -> Result<(), CliError> {
    let session = Session::open(context).await?;
    args.place.must_have(&session.store, &args.dag_id).await?;
    let run = lookup::run(&session.store, &args.dag_id, &args.logical_date_or_run_id).await?;
    let ti = session.store.find_ti(&args.dag_id, &run.run_id, &args.task_id, args.map_index).await?;
    let ti = ti.ok_or_else(|| {
        CliError::failed(format!("the run '{}' has no task '{}'", run.run_id, args.task_id))
            .hint(format!("see its tasks with: tasks states-for-dag-run {} {}", args.dag_id, run.run_id))
    })?;
    println!("{}", ti.state.map_or("None", |state| state.as_str()));
    Ok(())
}
