//! `dags list`: the DAGs that the database knows.

use clap::Args;
use serde_json::Value;
use tradewind_store::read::{DAG_COLUMNS, DagFilter, DagView};

use crate::commands::Context;
use crate::commands::lookup::{ALL, order};
use crate::commands::session::Session;
use crate::commands::subdir::Subdir;
use crate::error::CliError;
use crate::output::{OutputArgs, Row, print};
use crate::suggest::nearest;

/// Arguments of `dags list`.
#[derive(Args, Debug)]
pub struct ListArgs {
    #[command(flatten)]
    output: OutputArgs,
    /// Columns to show, separated by commas
    #[arg(
        long,
        value_delimiter = ',',
        value_name = "NAMES",
        default_value = "dag_id,fileloc,owners,is_paused,bundle_name,bundle_version"
    )]
    columns: Vec<String>,
    /// Only DAGs of these bundles
    #[arg(short = 'B', long, value_name = "NAME")]
    bundle_name: Vec<String>,
    /// What the DAG files say now, instead of what the database knows
    #[arg(short, long)]
    local: bool,
    #[command(flatten)]
    subdir: Subdir,
}

/// A column and its value.
type Column = (&'static str, fn(&DagView) -> Value);

/// What `--columns` may name.
pub const COLUMNS: &[Column] = &[
    ("dag_id", |d| d.dag_id.clone().into()),
    ("dag_display_name", |d| d.display_name.clone().unwrap_or_else(|| d.dag_id.clone()).into()),
    ("fileloc", |d| d.fileloc.clone().into()),
    ("relative_fileloc", |d| d.relative_fileloc.clone().into()),
    ("owners", |d| serde_json::from_str(&d.owners).unwrap_or_default()),
    ("is_paused", |d| d.is_paused.into()),
    ("is_stale", |d| d.is_stale.into()),
    ("bundle_name", |d| d.bundle_name.clone().into()),
    ("bundle_version", |_| Value::Null),
    ("description", |d| d.description.clone().into()),
    ("timetable_summary", |d| d.timetable_summary.clone().into()),
    ("timetable_description", |d| d.timetable_description.clone().into()),
    ("max_active_tasks", |d| d.max_active_tasks.into()),
    ("max_active_runs", |d| d.max_active_runs.into()),
    ("max_consecutive_failed_dag_runs", |d| d.max_consecutive_failed_dag_runs.into()),
    ("has_import_errors", |d| d.has_import_errors.into()),
    ("next_dagrun_logical_date", |d| d.next_logical_date.map(|t| t.to_string()).into()),
    ("next_dagrun_data_interval_start", |d| d.next_interval_start.map(|t| t.to_string()).into()),
    ("next_dagrun_data_interval_end", |d| d.next_interval_end.map(|t| t.to_string()).into()),
    ("next_dagrun_run_after", |d| d.next_run_after.map(|t| t.to_string()).into()),
    ("last_parsed_time", |d| d.last_parsed_at.map(|t| t.to_string()).into()),
];

pub async fn run(args: &ListArgs, context: &Context) -> Result<(), CliError> {
    let mut columns = Vec::new();
    for name in &args.columns {
        let Some(column) = COLUMNS.iter().find(|(n, _)| n == name) else {
            let names = COLUMNS.iter().map(|(n, _)| *n);
            let error = CliError::usage(format!("there is no column '{name}'"));
            return Err(match nearest(name, names.clone()) {
                Some(near) => error.hint(format!("did you mean '{near}'?")),
                None => error.hint(format!("there are {}", names.collect::<Vec<_>>().join(", "))),
            });
        };
        columns.push(*column);
    }
    let (_local, store) = match args.local {
        true => {
            let local = super::local::parse(&context.config()?, &args.bundle_name, context).await?;
            let store = local.store.clone();
            (Some(local), store)
        }
        false => (None, Session::open(context).await?.store),
    };
    let dags = store.list_dags(&DagFilter::default(), &order(DAG_COLUMNS, "dag_id")?, ALL).await?.rows;
    let rows = dags
        .iter()
        .filter(|d| args.bundle_name.is_empty() || args.bundle_name.contains(&d.bundle_name))
        .filter(|d| args.subdir.has(&d.fileloc))
        .map(|d| Row(columns.iter().map(|(name, value)| ((*name).into(), value(d))).collect()))
        .collect();
    let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
    print(args.output.output, &names, rows)
}
