//! `backfill create`: makes a backfill, which a scheduler then runs.

use clap::Args;
use serde_json::{Map, Value};
use tradewind_core::{Reprocess, Timestamp};
use tradewind_server::rerun::backfill::{self, Request};

use super::words;
use crate::commands::session::Session;
use crate::commands::{Context, lookup};
use crate::error::CliError;
use crate::roles::settings::dag_defaults;
use crate::{roles, wake};

/// Arguments of `backfill create`.
#[derive(Args, Debug)]
pub struct CreateArgs {
    /// The DAG's id
    #[arg(long, value_name = "ID")]
    dag_id: String,
    /// First logical date
    #[arg(long, value_name = "DATE")]
    from_date: Timestamp,
    /// Last logical date
    #[arg(long, value_name = "DATE")]
    to_date: Timestamp,
    /// Configuration of the runs, a JSON object
    #[arg(long, value_name = "JSON")]
    dag_run_conf: Option<String>,
    /// The latest date goes first
    #[arg(long)]
    run_backwards: bool,
    /// Runs of the backfill at once
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    max_active_runs: u32,
    /// Which dates that have a run already run again: none, failed or completed
    #[arg(long, value_name = "WHICH", default_value = "none")]
    reprocess_behavior: Reprocess,
    /// Runs that run again do so with the newest version of the DAG [default: as the DAG says, else yes]
    #[arg(long, overrides_with = "no_run_on_latest_version")]
    run_on_latest_version: bool,
    /// Runs that run again keep their version of the DAG
    #[arg(long)]
    no_run_on_latest_version: bool,
    /// Only show the dates
    #[arg(long)]
    dry_run: bool,
}

pub async fn run(args: &CreateArgs, context: &Context) -> Result<(), CliError> {
    let conf = conf(args.dag_run_conf.as_deref())?;
    let session = Session::open(context).await?;
    let dag = lookup::dag(&session.store, &args.dag_id).await?;
    let request = Request {
        dag_id: args.dag_id.clone(),
        from: args.from_date,
        to: args.to_date,
        run_backwards: args.run_backwards,
        reprocess: args.reprocess_behavior,
        conf,
        max_active_runs: args.max_active_runs,
        run_on_latest_version: match (args.run_on_latest_version, args.no_run_on_latest_version) {
            (true, _) => Some(true),
            (_, true) => Some(false),
            _ => None,
        },
        user: std::env::var("USER").ok(),
    };
    if args.dry_run {
        return words::show_dates(&session.store, &request, &dag_defaults(&session.config)).await;
    }
    let id = backfill::create(&session.store, request, &dag_defaults(&session.config), roles::now()).await?;
    wake::hint(&session.config);
    words::say_created(&session.store, id, &args.dag_id).await?;
    if dag.is_paused {
        eprintln!(
            "The DAG is paused: the runs wait until somebody un-pauses it ({} dags unpause {}).",
            context.program, args.dag_id
        );
    }
    Ok(())
}

/// The configuration of runs.
///
/// # Errors
/// It is no JSON object; exit code 2.
pub fn conf(text: Option<&str>) -> Result<Option<Map<String, Value>>, CliError> {
    let Some(text) = text else { return Ok(None) };
    let wrong = match serde_json::from_str(text) {
        Ok(Value::Object(conf)) => return Ok(Some(conf)),
        Ok(_) => format!("the configuration {text} is no JSON object"),
        Err(error) => format!("the configuration is no JSON: {error}"),
    };
    Err(CliError::usage(wrong).hint("write it like '{\"key\": 1}'"))
}
