//! `dags pause` and `dags unpause`.

use clap::Args;
use tradewind_store::read::DagFilter;

use crate::commands::Context;
use crate::commands::lookup;
use crate::commands::session::Session;
use crate::commands::subdir::Subdir;
use crate::confirm::confirm;
use crate::error::CliError;
use crate::output::{OutputArgs, print};
use crate::{row, wake};

/// Arguments of `dags pause` and `dags unpause`.
#[derive(Args, Debug)]
pub struct PauseArgs {
    /// The DAG's id, or a regular expression
    dag_id: String,
    /// Take the id as a regular expression; every DAG whose whole id matches is meant
    #[arg(long)]
    treat_dag_id_as_regex: bool,
    /// Do not ask when several DAGs are meant
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    _subdir: Subdir,
}

pub async fn run(args: &PauseArgs, paused: bool, context: &Context) -> Result<(), CliError> {
    let session = Session::open(context).await?;
    let store = &session.store;
    let ids = if args.treat_dag_id_as_regex {
        let pattern = regex::Regex::new(&format!("^(?:{})$", args.dag_id))
            .map_err(|error| CliError::usage(format!("'{}' is no regular expression: {error}", args.dag_id)))?;
        let mut ids = store.dag_ids(&DagFilter::default()).await?;
        ids.retain(|id| pattern.is_match(id));
        if ids.is_empty() {
            return Err(CliError::failed(format!("no DAG's id matches '{}'", args.dag_id)));
        }
        let verb = if paused { "pause" } else { "un-pause" };
        confirm(&format!("This will {verb} {} DAGs: {}. Proceed?", ids.len(), ids.join(", ")), args.yes)?;
        ids
    } else {
        vec![lookup::dag(store, &args.dag_id).await?.dag_id]
    };
    store.set_paused(&ids, paused).await?;
    wake::hint(&session.config);
    let rows = ids.iter().map(|id| row! {"dag_id" => id, "is_paused" => paused}).collect();
    print(args.output.output, &["dag_id", "is_paused"], rows)
}
