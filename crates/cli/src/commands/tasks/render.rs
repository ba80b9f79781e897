//! `tasks render DAG TASK RUN`: the templates of a task as a try would fill them in, without running it.

use clap::Args;
use serde_json::{Map, Value, json};
use tradewind_protocol::serialized_dag::LaneSpec;

use super::test::when;
use crate::commands::session::{Session, must_exist};
use crate::commands::subdir::Place;
use crate::commands::{Context, lookup};
use crate::error::CliError;
use crate::roles;
use crate::trial::{self, Trial};

/// Arguments of `tasks render`.
#[derive(Args, Debug)]
pub struct RenderArgs {
    /// The DAG's id
    dag_id: String,
    /// The task's id
    task_id: String,
    /// A logical date, or the id of a run whose XComs the templates may pull
    #[arg(value_name = "RUN")]
    logical_date_or_run_id: String,
    /// Which instance of a mapped task; it must have run
    #[arg(long, default_value_t = -1, allow_negative_numbers = true, value_name = "INDEX")]
    map_index: i32,
    #[command(flatten)]
    place: Place,
}

pub async fn run(args: &RenderArgs, context: &Context) -> Result<(), CliError> {
    if args.map_index >= 0 {
        return stored(args, context).await;
    }
    let only = Only { dag_id: &args.dag_id, task_id: &args.task_id, run: Some(&args.logical_date_or_run_id) };
    show(&only, &Value::Object(Map::new()), &args.place, context).await
}

/// What is to be rendered.
pub struct Only<'a> {
    /// The DAG.
    pub dag_id: &'a str,
    /// The task.
    pub task_id: &'a str,
    /// A run or date; `None`: now.
    pub run: Option<&'a str>,
}

/// Renders and prints.
///
/// # Errors
/// There is no such task, or a template is wrong.
pub async fn show(only: &Only<'_>, conf: &Value, place: &Place, context: &Context) -> Result<(), CliError> {
    let shutdown = roles::on_signal()?;
    let config = context.config()?;
    let real = match must_exist(&config, context.program) {
        Ok(()) => Some(Session::open(context).await?.store),
        Err(_) => None,
    };
    let (logical_date, run_id) = when(only.dag_id, only.run, real.as_ref()).await?;
    let hosts = trial::hosts_with(&config, &json!({"TRADEWIND_RENDER_ONLY": "1"})).await?;
    let mut found = trial::find(&config, &hosts, real.as_ref(), only.dag_id, None).await?;
    place.accepts(only.dag_id, &found.bundle.name)?;
    found.only(only.task_id)?;
    for task in &mut found.dag.tasks {
        // Templates are filled in where Python is.
        task.lane = LaneSpec::Python;
    }
    let trial = Trial { found, logical_date, run_id, conf: conf.clone(), real, quiet: true };
    let outcome = trial::run(&config, &hosts, trial, shutdown).await?;
    let Some(ti) = outcome.tasks.first() else { return Err(CliError::failed("interrupted")) };
    if ti.state != Some(tradewind_core::TaskState::Success) {
        let why = ti.reason.clone().unwrap_or_else(|| "the templates could not be rendered".into());
        return Err(CliError::failed(why).hint(format!("see more with: tasks test {} {}", only.dag_id, only.task_id)));
    }
    print_fields(ti.rendered_fields.as_deref());
    Ok(())
}

/// What an instance that ran had.
async fn stored(args: &RenderArgs, context: &Context) -> Result<(), CliError> {
    let session = Session::open(context).await?;
    let run = lookup::run(&session.store, &args.dag_id, &args.logical_date_or_run_id).await?;
    let ti = session.store.find_ti(&args.dag_id, &run.run_id, &args.task_id, args.map_index).await?;
    let fields = ti.and_then(|ti| ti.rendered_fields).ok_or_else(|| {
        CliError::failed(format!(
            "instance {} of '{}' has not run in the run '{}', so what it is mapped to is not known",
            args.map_index, args.task_id, run.run_id
        ))
    })?;
    print_fields(Some(&fields));
    Ok(())
}

fn print_fields(fields: Option<&str>) {
    let fields: Map<String, Value> = fields.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    for (name, value) in fields {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let rule = format!("# {}", "-".repeat(58));
        println!("{rule}\n# property: {name}\n{rule}\n{text}\n");
    }
}
