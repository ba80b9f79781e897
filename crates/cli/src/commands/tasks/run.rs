//! `tasks run DAG TASK RUN`: lets the running Tradewind run one task instance again, and waits for its end.

use std::time::Duration;

use clap::Args;
use tradewind_core::TaskState;
use tradewind_store::read::TiView;
use tradewind_store::{ClearOutcome, ClearTis, Store};

use crate::commands::session::Session;
use crate::commands::subdir::Subdir;
use crate::commands::{Context, lookup, schedulers};
use crate::config::options;
use crate::error::CliError;
use crate::roles::settings::dag_defaults;
use crate::{roles, wake};

/// Arguments of `tasks run`.
#[derive(Args, Debug)]
pub struct RunArgs {
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
    /// Also when it has succeeded already
    #[arg(short, long)]
    force: bool,
    /// Mark it as a success instead of running it
    #[arg(short, long)]
    mark_success: bool,
    /// Airflow chooses between two ways of running it; the executor decides here
    #[arg(short, long, hide = true)]
    local: bool,
    #[command(flatten)]
    _subdir: Subdir,
}

pub async fn run(args: &RunArgs, context: &Context) -> Result<(), CliError> {
    let session = Session::open(context).await?;
    let store = &session.store;
    let run = lookup::run(store, &args.dag_id, &args.logical_date_or_run_id).await?;
    let ti = instance(store, args, &run.run_id).await?;
    if args.mark_success {
        store.set_ti_state(&[ti.id], TaskState::Success, roles::now()).await?;
        wake::hint(&session.config);
        println!("Marked {}.{} of the run {} as success.", ti.dag_id, ti.task_id, run.run_id);
        return Ok(());
    }
    if ti.state == Some(TaskState::Success) && !args.force {
        return Err(CliError::failed(format!("the task '{}' has succeeded in the run '{}'", ti.task_id, run.run_id))
            .hint("run it again with --force, or with tasks clear"));
    }
    schedulers::must_run(&session, "nobody would run the task", Some("try the task without one: tasks test")).await?;
    let clear = ClearTis {
        tis: vec![ti.id],
        reopen_runs: true,
        also_runs: Vec::new(),
        latest_version: false,
        default_retries: dag_defaults(&session.config).retries,
        at: roles::now(),
    };
    if store.clear_tis(&clear).await?.first() == Some(&ClearOutcome::Missing) {
        return Err(CliError::failed("the task instance has disappeared"));
    }
    wake::hint(&session.config);
    println!("Running {}.{} of the run {} …", ti.dag_id, ti.task_id, run.run_id);
    let ended = loop {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let now = instance(store, args, &run.run_id).await?;
        if now.state.is_some_and(TaskState::is_finished) {
            break now;
        }
    };
    let log = tradewind_protocol::log_path(&ti.dag_id, &run.run_id, &ti.task_id, ti.map_index, ended.try_number);
    let log = session.config.path(&options::BASE_LOG_FOLDER).join(log);
    println!(
        "Try {} ended as {}. Its log is {}",
        ended.try_number,
        ended.state.map_or("None", TaskState::as_str),
        log.display()
    );
    match ended.state {
        Some(TaskState::Success | TaskState::Skipped) => Ok(()),
        _ => Err(CliError::failed(ended.reason.unwrap_or_else(|| "the task failed".into()))),
    }
}

async fn instance(store: &Store, args: &RunArgs, run_id: &str) -> Result<TiView, CliError> {
    let found = store.find_ti(&args.dag_id, run_id, &args.task_id, args.map_index).await?;
    found.ok_or_else(|| {
        CliError::failed(format!("the run '{run_id}' has no task '{}'", args.task_id))
            .hint(format!("see its tasks with: tasks states-for-dag-run {} {run_id}", args.dag_id))
    })
}
