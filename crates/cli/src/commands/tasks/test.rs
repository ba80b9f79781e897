//! `tasks test DAG TASK`: runs one task here and now, whatever it depends on, without a trace in the database.

use clap::Args;
use serde_json::Value;
use tradewind_core::{TaskState, Timestamp};

use super::render;
use crate::commands::session::{Session, must_exist};
use crate::commands::subdir::Place;
use crate::commands::{Context, lookup};
use crate::error::CliError;
use crate::roles;
use crate::trial::{self, Trial};

/// Arguments of `tasks test`.
#[derive(Args, Debug)]
pub struct TestArgs {
    /// The DAG's id
    dag_id: String,
    /// The task's id
    task_id: String,
    /// Logical date, or the id of a run whose XComs the task may pull [default: now]
    #[arg(value_name = "RUN")]
    logical_date_or_run_id: Option<String>,
    /// Params for the task, a JSON object
    #[arg(short, long, value_name = "JSON")]
    task_params: Option<String>,
    /// More environment for the task, a JSON object
    #[arg(long, value_name = "JSON")]
    env_vars: Option<String>,
    /// Only show the templates as a try would fill them in
    #[arg(short = 'n', long)]
    dry_run: bool,
    #[command(flatten)]
    place: Place,
}

pub async fn run(args: TestArgs, context: &Context) -> Result<(), CliError> {
    let conf = object("--task-params", args.task_params.as_deref())?;
    if args.dry_run {
        let run = args.logical_date_or_run_id.as_deref();
        let only = render::Only { dag_id: &args.dag_id, task_id: &args.task_id, run };
        return render::show(&only, &conf, &args.place, context).await;
    }
    let shutdown = roles::on_signal()?;
    let config = context.config()?;
    let real = match must_exist(&config, context.program) {
        Ok(()) => Some(Session::open(context).await?.store),
        Err(_) => None,
    };
    let (logical_date, run_id) = when(&args.dag_id, args.logical_date_or_run_id.as_deref(), real.as_ref()).await?;
    let environment = object("--env-vars", args.env_vars.as_deref())?;
    let hosts = trial::hosts_with(&config, &environment).await?;
    let mut found = trial::find(&config, &hosts, real.as_ref(), &args.dag_id, None).await?;
    args.place.accepts(&args.dag_id, &found.bundle.name)?;
    found.only(&args.task_id)?;
    let trial = Trial { found, logical_date, run_id, conf, real, quiet: false };
    let outcome = trial::run(&config, &hosts, trial, shutdown).await?;
    match outcome.tasks.first().and_then(|ti| ti.state.map(|state| (state, ti.reason.clone()))) {
        Some((TaskState::Success | TaskState::Skipped, _)) => Ok(()),
        Some((state, reason)) => {
            let reason = reason.map(|r| format!(": {r}")).unwrap_or_default();
            Err(CliError::failed(format!("the task ended as {state}{reason}")))
        }
        None => Err(CliError::failed("interrupted")),
    }
}

/// The date, and the id of the real run if one is named.
///
/// # Errors
/// It is neither a date nor a run.
pub async fn when(
    dag_id: &str,
    named: Option<&str>,
    real: Option<&tradewind_store::Store>,
) -> Result<(Timestamp, Option<String>), CliError> {
    let Some(named) = named else { return Ok((roles::now(), None)) };
    let date = named.parse::<Timestamp>().ok();
    if let Some(store) = real
        && let Ok(run) = lookup::run(store, dag_id, named).await
    {
        return Ok((run.logical_date.unwrap_or(run.run_after), Some(run.run_id)));
    }
    match date {
        Some(date) => Ok((date, None)),
        None => Err(CliError::failed(format!("'{named}' is neither a date nor a run of '{dag_id}'"))),
    }
}

fn object(option: &str, text: Option<&str>) -> Result<Value, CliError> {
    match text.map(serde_json::from_str) {
        None => Ok(Value::Object(serde_json::Map::new())),
        Some(Ok(value @ Value::Object(_))) => Ok(value),
        _ => Err(CliError::usage(format!("{option} is no JSON object")).hint("write it like '{\"key\": \"value\"}'")),
    }
}
