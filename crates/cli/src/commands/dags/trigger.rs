//! `dags trigger DAG`: starts a run.

use clap::Args;
use serde_json::Value;
use tradewind_core::timetable::run_id;
use tradewind_core::{RunType, Timestamp};
use tradewind_server::params;
use tradewind_server::rerun::newest;
use tradewind_store::{NewRun, TriggerOutcome};

use crate::commands::Context;
use crate::commands::lookup::{self, date};
use crate::commands::session::Session;
use crate::commands::subdir::Subdir;
use crate::config::options;
use crate::error::CliError;
use crate::output::{OutputArgs, print};
use crate::roles::settings::dag_defaults;
use crate::{home, roles, row, wake};

/// Arguments of `dags trigger`.
#[derive(Args, Debug)]
pub struct TriggerArgs {
    /// The DAG's id
    dag_id: String,
    /// Id of the run [default: made from the date]
    #[arg(short, long, value_name = "ID")]
    run_id: Option<String>,
    /// Configuration of the run, a JSON object
    #[arg(short, long, value_name = "JSON")]
    conf: Option<String>,
    /// Logical date of the run [default: none]
    #[arg(short, long, visible_alias = "exec-date", short_alias = 'e', value_name = "DATE")]
    logical_date: Option<Timestamp>,
    /// The logical date is now, as it was in Airflow 1.10 and 2
    #[arg(long, hide = true, conflicts_with = "logical_date")]
    now: bool,
    /// Airflow cuts fractions of seconds off dates without this; here they stay
    #[arg(long, hide = true)]
    no_replace_microseconds: bool,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    _subdir: Subdir,
}

pub async fn run(args: &TriggerArgs, context: &Context) -> Result<(), CliError> {
    let conf = conf(args.conf.as_deref())?;
    let session = Session::open(context).await?;
    let store = &session.store;
    let dag = lookup::dag(store, &args.dag_id).await?;
    if dag.is_stale {
        return Err(CliError::failed(format!(
            "the DAG '{}' is not in its file any more, so nothing can run it",
            dag.dag_id
        )));
    }
    let serialized = newest(store, &dag.dag_id).await?;
    if let Some(problem) = params::problem(&serialized.params, conf.as_object(), &dag_defaults(&session.config)) {
        return Err(CliError::failed(problem).hint("the params of the DAG say what --conf may hold"));
    }
    let now = roles::now();
    let logical_date = args.logical_date.or(args.now.then_some(now));
    let interval = match logical_date {
        Some(date) => {
            let inferred = store.manual_interval(&dag.dag_id, &dag.timetable, date).await;
            Some(inferred.map_err(|error| CliError::failed(error.to_string()))?)
        }
        None => None,
    };
    let run_after = interval.map_or(now, |interval| interval.end);
    let id = match (&args.run_id, logical_date) {
        (Some(id), _) => checked(id, session.config.text(&options::ALLOWED_RUN_ID_PATTERN))?,
        (None, Some(date)) => run_id(RunType::Manual, date),
        // Runs without a date may come several at a time.
        (None, None) => format!("{}_{}", run_id(RunType::Manual, now), home::random_text(8)),
    };
    let run = NewRun {
        dag_id: dag.dag_id.clone(),
        run_id: id.clone(),
        run_type: RunType::Manual,
        logical_date,
        data_interval_start: interval.map(|i| i.start),
        data_interval_end: interval.map(|i| i.end),
        run_after,
        queued_at: now,
        conf,
        triggered_by: Some("cli".into()),
        triggering_user: std::env::var("USER").ok(),
        note: None,
        dag_version_id: None,
        owner: None,
    };
    match store.trigger_run(run).await? {
        TriggerOutcome::Created(_) => wake::hint(&session.config),
        TriggerOutcome::RunIdExists => {
            return Err(CliError::failed(format!("the DAG '{}' has a run '{id}' already", dag.dag_id)));
        }
        TriggerOutcome::LogicalDateExists(other) => {
            return Err(CliError::failed(format!(
                "the DAG '{}' has a run with this logical date already: '{other}'",
                dag.dag_id
            ))
            .hint("leave the date out, or choose another one"));
        }
    }
    let run = lookup::run(store, &dag.dag_id, &id).await?;
    if dag.is_paused {
        eprintln!(
            "The DAG is paused: the run waits until somebody un-pauses it ({} dags unpause {}).",
            context.program, dag.dag_id
        );
    }
    let dates = serialized.to_core(&dag_defaults(&session.config)).ok().zip(logical_date).map(|(dag, date)| {
        let left_out = dag.tasks.iter().filter_map(|task| task.outside_dates(date));
        (dag.tasks.len(), left_out.collect::<Vec<_>>())
    });
    if let Some((tasks, left_out)) = &dates
        && left_out.len() == *tasks
        && let Some(reason) = left_out.first()
    {
        eprintln!("The run has no tasks, and succeeds without doing anything. {reason}");
    }
    let shown = row! {
        "conf" => serde_json::from_str::<Value>(&run.conf).unwrap_or_default(),
        "dag_id" => run.dag_id,
        "dag_run_id" => run.run_id,
        "data_interval_start" => date(run.data_interval_start),
        "data_interval_end" => date(run.data_interval_end),
        "end_date" => date(run.end_date),
        "logical_date" => date(run.logical_date),
        "run_type" => run.run_type.as_str(),
        "start_date" => date(run.start_date),
        "state" => run.state.as_str(),
        "triggering_user_name" => run.triggering_user,
    };
    let columns: Vec<&str> = shown.0.iter().map(|(name, _)| name.as_ref()).collect();
    print(args.output.output, &columns, vec![shown.clone()])
}

/// The configuration of a run, as `--conf` has it.
///
/// # Errors
/// It is no JSON object; exit code 2.
pub fn conf(text: Option<&str>) -> Result<Value, CliError> {
    let Some(text) = text else { return Ok(Value::Object(serde_json::Map::new())) };
    let wrong = match serde_json::from_str(text) {
        Ok(value @ Value::Object(_)) => return Ok(value),
        Ok(_) => format!("--conf {text} is no JSON object"),
        Err(error) => format!("--conf is no JSON: {error}"),
    };
    Err(CliError::usage(wrong).hint("write it like '{\"key\": 1}'"))
}

fn checked(id: &str, pattern: &str) -> Result<String, CliError> {
    let allowed = regex::Regex::new(pattern).map_err(|error| {
        CliError::usage(format!("[scheduler] allowed_run_id_pattern is no regular expression: {error}"))
    })?;
    if id.is_empty() || id.chars().count() > 250 || !allowed.is_match(id) {
        return Err(CliError::usage(format!("'{id}' cannot be the id of a run"))
            .hint(format!("[scheduler] allowed_run_id_pattern is {pattern}, and 250 characters are the most")));
    }
    Ok(id.to_owned())
}
