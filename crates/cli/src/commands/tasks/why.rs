//! `tasks why DAG TASK RUN` and, in the old spelling, `tasks failed-deps`: what a task instance waits for.

use clap::Args;
use tradewind_core::TaskState;
use tradewind_server::why::{Asker, title};

use crate::commands::session::Session;
use crate::commands::subdir::Place;
use crate::commands::{Context, lookup};
use crate::config::options;
use crate::error::CliError;
use crate::roles::settings::{dag_defaults, executors};

/// Arguments of `tasks why` and `tasks failed-deps`.
#[derive(Args, Debug)]
pub struct WhyArgs {
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

/// Every reason, with who plans the run.
pub async fn why(args: &WhyArgs, context: &Context) -> Result<(), CliError> {
    let session = Session::open(context).await?;
    args.place.must_have(&session.store, &args.dag_id).await?;
    let (ti, why) = ask(args, &session).await?;
    let index = if ti.map_index < 0 { String::new() } else { format!("[{}]", ti.map_index) };
    println!(
        "{}.{}{index} in the run {} ({}): {}",
        args.dag_id,
        ti.task_id,
        ti.run_id,
        why.run_state,
        ti.state.map_or("no state yet", TaskState::as_str)
    );
    if why.reasons.is_empty() {
        println!("  There is nothing to explain.");
    }
    for reason in &why.reasons {
        println!("  {}: {reason}", reason.code());
    }
    if let Some(job) = &why.scheduler {
        println!("  The run is planned by scheduler {} (process {} on {}).", job.id, job.pid, job.hostname);
    }
    Ok(())
}

/// The same, as Airflow prints it.
pub async fn failed_deps(args: &WhyArgs, context: &Context) -> Result<(), CliError> {
    let session = Session::open(context).await?;
    let (_, why) = ask(args, &session).await?;
    let unmet: Vec<_> = why.reasons.iter().filter(|reason| reason.code() != "ready").collect();
    if unmet.is_empty() {
        println!("Task instance dependencies are all met.");
        return Ok(());
    }
    println!("Task instance dependencies not met:");
    for reason in unmet {
        println!("{}: {reason}", title(reason));
    }
    Ok(())
}

async fn ask(
    args: &WhyArgs,
    session: &Session,
) -> Result<(tradewind_store::read::TiView, tradewind_server::why::Why), CliError> {
    let run = lookup::run(&session.store, &args.dag_id, &args.logical_date_or_run_id).await?;
    let ti = session.store.find_ti(&args.dag_id, &run.run_id, &args.task_id, args.map_index).await?;
    let asker = Asker {
        store: &session.store,
        defaults: &dag_defaults(&session.config),
        executors: &executors(&session.config),
        silent_after: session.config.seconds(&options::SCHEDULER_HEALTH_CHECK_THRESHOLD),
    };
    let Some(ti) = ti else {
        let missing = format!("the run '{}' has no task '{}'", run.run_id, args.task_id);
        return Err(match asker.left_out(run.id, &args.task_id).await? {
            Some((_, reason)) => CliError::failed(format!("{missing}: {reason}")),
            None => CliError::failed(missing)
                .hint(format!("see its tasks with: tasks states-for-dag-run {} {}", args.dag_id, run.run_id)),
        });
    };
    let why = asker.why(&ti).await?;
    Ok((ti, why))
}
