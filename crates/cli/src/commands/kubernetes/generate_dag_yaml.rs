//! `kubernetes generate-dag-yaml`: the pods that a DAG's tasks would get.

use std::path::PathBuf;

use clap::Args;
use serde_json::Value;
use tradewind_core::{RunType, Timestamp, TryId};
use tradewind_executors::kubernetes::{Asker, PodHook as _, describe};
use tradewind_protocol::serialized_dag::SerializedTask;
use tradewind_protocol::workload::RunInfo;
use tradewind_protocol::{SerializedDag, Workload};

use crate::commands::session::Session;
use crate::commands::subdir::Subdir;
use crate::commands::{Context, serialized};
use crate::error::CliError;
use crate::roles;

/// The folder below the output path, by Airflow's name.
const FOLDER: &str = "airflow_yaml_output";
/// What stands where a token will be: one is made with each pod.
const TOKEN: &str = "made-with-the-pod";

/// Arguments of `kubernetes generate-dag-yaml`.
#[derive(Args, Debug)]
pub struct GenerateDagYamlArgs {
    /// The DAG's id
    dag_id: String,
    /// Logical date, which names and labels of the pods have [default: now]
    #[arg(value_name = "DATE")]
    execution_date: Option<Timestamp>,
    /// Logical date
    #[arg(short, long, value_name = "DATE", conflicts_with = "execution_date")]
    logical_date: Option<Timestamp>,
    /// Where the folder with the files goes
    #[arg(short, long, value_name = "PATH", default_value = ".")]
    output_path: PathBuf,
    #[command(flatten)]
    _subdir: Subdir,
}

pub async fn run(args: &GenerateDagYamlArgs, context: &Context) -> Result<(), CliError> {
    let session = Session::open(context).await?;
    let dag = serialized::dag(&session.store, &args.dag_id).await?;
    let at = args.logical_date.or(args.execution_date).unwrap_or_else(roles::now);
    let url = roles::kubernetes::server_url(&session.config)
        .unwrap_or_else(|| "http://set-core-execution_api_server_url:8080".into());
    let settings = roles::kubernetes::pods(&session.config, &url)?;
    let folder = args.output_path.join(FOLDER);
    std::fs::create_dir_all(&folder)?;
    let asker = Asker { scheduler: 0, token: TOKEN, launch: 0 };
    let hook = roles::kubernetes::hook(&session.config)?;
    for task in &dag.tasks {
        let wrong = |error: String| CliError::failed(format!("the task '{}': {error}", task.task_id));
        let described = describe(&settings, &workload(&dag, task, at), &asker).map_err(wrong)?;
        let changed = hook.change(described.pod.clone()).await;
        let changed = changed.map_err(|failure| {
            let words = format!("pod_mutation_hook failed: {}", failure.words);
            wrong(failure.traceback.map_or_else(|| words.clone(), |traceback| format!("{words}\n{traceback}")))
        })?;
        let described = described.changed(changed);
        let date: String = at.to_string().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        let path = folder.join(format!("{}_{}_{date}.yml", dag.dag_id, task.task_id));
        std::fs::write(&path, yaml(&described.pod)?)?;
    }
    println!("YAML output can be found at {}/", folder.display());
    Ok(())
}

fn yaml(pod: &Value) -> Result<String, CliError> {
    serde_yaml_ng::to_string(pod).map_err(|error| CliError::failed(error.to_string()))
}

/// The first try of a task in a run of that date.
fn workload(dag: &SerializedDag, task: &SerializedTask, at: Timestamp) -> Workload {
    Workload {
        try_id: TryId { ti_id: 0, try_number: 1 },
        token: String::new(),
        dag_id: dag.dag_id.clone(),
        task_id: task.task_id.clone(),
        map_index: -1,
        try_number: 1,
        max_tries: 0,
        run: RunInfo {
            run_id: tradewind_core::timetable::run_id(RunType::Manual, at),
            run_type: RunType::Manual,
            logical_date: Some(at),
            data_interval_start: Some(at),
            data_interval_end: Some(at),
            run_after: at,
            queued_at: Some(at),
            start_date: None,
            conf: Value::Null,
            clear_number: 0,
            triggering_user: None,
            partition_key: None,
            partition_date: None,
        },
        lane: task.lane.clone(),
        bundle: String::new(),
        bundle_version: None,
        file: String::new(),
        dag_version: 0,
        operator: task.operator.clone(),
        pool: task.pool.clone(),
        pool_slots: task.pool_slots,
        queue: task.queue.clone().unwrap_or_default(),
        priority: 0,
        queued_at: at,
        execution_timeout: task.execution_timeout,
        do_xcom_push: task.do_xcom_push,
        run_as_user: task.run_as_user.clone(),
        owner: task.owner.clone(),
        email: task.email.join(","),
        first_started_at: None,
        reschedule_count: 0,
        outlets: Vec::new(),
        executor_config: task.executor_config.clone(),
        resume: None,
    }
}
