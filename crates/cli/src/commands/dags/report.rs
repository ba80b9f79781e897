//! `dags report`: what parsing each file took, slowest first.

use std::collections::BTreeMap;

use clap::Args;
use tradewind_protocol::SerializedDag;
use tradewind_store::read::{DAG_COLUMNS, DagFilter};

use crate::commands::Context;
use crate::commands::lookup::{ALL, order};
use crate::commands::session::Session;
use crate::commands::subdir::Subdir;
use crate::error::CliError;
use crate::output::{OutputArgs, print};
use crate::row;

/// Arguments of `dags report`.
#[derive(Args, Debug)]
pub struct ReportArgs {
    #[command(flatten)]
    output: OutputArgs,
    /// Only files of these bundles
    #[arg(short = 'B', long, value_name = "NAME")]
    bundle_name: Vec<String>,
    #[command(flatten)]
    subdir: Subdir,
}

#[derive(Default)]
struct File {
    parse_ms: i64,
    dags: Vec<String>,
    tasks: usize,
}

pub async fn run(args: &ReportArgs, context: &Context) -> Result<(), CliError> {
    let session = Session::open(context).await?;
    let dags = session.store.list_dags(&DagFilter::default(), &order(DAG_COLUMNS, "dag_id")?, ALL).await?.rows;
    let mut files: BTreeMap<String, File> = BTreeMap::new();
    for dag in dags.iter().filter(|d| args.subdir.has(&d.fileloc)) {
        if !args.bundle_name.is_empty() && !args.bundle_name.contains(&dag.bundle_name) {
            continue;
        }
        let file = files.entry(dag.relative_fileloc.clone()).or_default();
        file.parse_ms = dag.last_parse_ms.unwrap_or(0);
        file.dags.push(dag.dag_id.clone());
        if let Some(version) = dag.latest_version_id
            && let Some(data) = session.store.version_data(version).await?
        {
            file.tasks += serde_json::from_str::<SerializedDag>(&data).map_or(0, |d| d.tasks.len());
        }
    }
    let mut files: Vec<_> = files.into_iter().collect();
    files.sort_by_key(|(name, file)| (-file.parse_ms, name.clone()));
    let rows = files
        .into_iter()
        .map(|(name, file)| {
            row! {
                "file" => name,
                "duration" => format!("{:.3}", file.parse_ms as f64 / 1000.0),
                "dag_num" => file.dags.len(),
                "task_num" => file.tasks,
                "dags" => file.dags,
            }
        })
        .collect();
    print(args.output.output, &["file", "duration", "dag_num", "task_num", "dags"], rows)
}
