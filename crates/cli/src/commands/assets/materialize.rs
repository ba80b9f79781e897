//! `assets materialize`.

use clap::Args;
use serde_json::Value;
use tradewind_core::RunType;
use tradewind_core::timetable::run_id;
use tradewind_store::{NewRun, TriggerOutcome};

use super::Which;
use crate::commands::Context;
use crate::commands::lookup::{self, date};
use crate::commands::session::Session;
use crate::error::CliError;
use crate::output::{OutputArgs, print};
use crate::{home, roles, row, wake};

/// Arguments of `assets materialize`.
#[derive(Args, Debug)]
pub struct MaterializeArgs {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    output: OutputArgs,
}

pub async fn run(args: &MaterializeArgs, context: &Context) -> Result<(), CliError> {
    let session = Session::open(context).await?;
    let store = &session.store;
    let asset = args.which.find(store).await?;
    let references = store.asset_references(&[asset.id]).await?.remove(&asset.id).unwrap_or_default();
    let mut dags: Vec<String> = references
        .into_iter()
        .filter(|reference| reference.kind == "outlet")
        .map(|reference| reference.dag_id)
        .collect();
    dags.dedup();
    let dag_id = match dags.as_slice() {
        [dag_id] => dag_id.clone(),
        [] => return Err(CliError::failed(format!("no DAG updates the asset '{}'", asset.name))),
        several => {
            return Err(CliError::failed(format!("several DAGs update the asset '{}'", asset.name))
                .hint(format!("start one of them with: dags trigger {}", several.join(" | "))));
        }
    };
    let now = roles::now();
    let id = format!("{}_{}", run_id(RunType::AssetMaterialization, now), home::random_text(8));
    let run = NewRun {
        dag_id: dag_id.clone(),
        run_id: id.clone(),
        run_type: RunType::AssetMaterialization,
        logical_date: None,
        data_interval_start: None,
        data_interval_end: None,
        run_after: now,
        queued_at: now,
        conf: Value::Object(serde_json::Map::new()),
        triggered_by: Some("cli".into()),
        triggering_user: std::env::var("USER").ok(),
        note: None,
        dag_version_id: None,
        owner: None,
    };
    match store.trigger_run(run).await? {
        TriggerOutcome::Created(_) => wake::hint(&session.config),
        TriggerOutcome::RunIdExists | TriggerOutcome::LogicalDateExists(_) => {
            return Err(CliError::failed(format!("the DAG '{dag_id}' has a run '{id}' already")));
        }
    }
    let run = lookup::run(store, &dag_id, &id).await?;
    let shown = row! {
        "dag_id" => run.dag_id,
        "dag_run_id" => run.run_id,
        "logical_date" => date(run.logical_date),
        "run_type" => run.run_type.as_str(),
        "state" => run.state.as_str(),
        "triggering_user_name" => run.triggering_user,
    };
    let columns: Vec<&str> = shown.0.iter().map(|(name, _)| name.as_ref()).collect();
    print(args.output.output, &columns, vec![shown.clone()])
}
