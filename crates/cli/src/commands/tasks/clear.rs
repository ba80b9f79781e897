//! `tasks clear DAG`: lets task instances run again.

use std::collections::BTreeSet;

use clap::Args;
use tradewind_core::{TaskState, Timestamp};
use tradewind_protocol::serialized_dag::DagDefaults;
use tradewind_store::read::{DagFilter, Span, TI_COLUMNS, TiFilter, TiView};
use tradewind_store::{ClearTis, Store};

use crate::commands::lookup::{ALL, order};
use crate::commands::session::Session;
use crate::commands::subdir::Subdir;
use crate::commands::{Context, lookup, serialized};
use crate::confirm::confirm;
use crate::error::CliError;
use crate::roles::settings::dag_defaults;
use crate::{roles, wake};

/// Arguments of `tasks clear`.
#[derive(Args, Debug)]
pub struct ClearArgs {
    /// The DAG's id, or a regular expression with -R
    dag_id: String,
    /// Only tasks whose id matches this regular expression somewhere
    #[arg(short, long, value_name = "REGEX")]
    task_regex: Option<String>,
    /// Only runs with a logical date from this one on
    #[arg(short, long, value_name = "DATE")]
    start_date: Option<Timestamp>,
    /// Only runs with a logical date up to this one
    #[arg(short, long, value_name = "DATE")]
    end_date: Option<Timestamp>,
    /// And everything upstream of these tasks
    #[arg(short, long)]
    upstream: bool,
    /// And everything downstream of these tasks
    #[arg(short, long)]
    downstream: bool,
    /// Do not ask
    #[arg(short, long, alias = "no-confirm", short_alias = 'c')]
    yes: bool,
    /// Only instances that failed
    #[arg(short = 'f', long)]
    only_failed: bool,
    /// Only instances that run
    #[arg(short = 'r', long)]
    only_running: bool,
    /// The DAG's id is a regular expression
    #[arg(short = 'R', long)]
    dag_regex: bool,
    #[command(flatten)]
    _subdir: Subdir,
}

pub async fn run(args: &ClearArgs, context: &Context) -> Result<(), CliError> {
    let session = Session::open(context).await?;
    let store = &session.store;
    let mut clear = Vec::new();
    let mut names = Vec::new();
    for dag_id in dags(args, store).await? {
        for ti in instances(args, store, &dag_id, &dag_defaults(&session.config)).await? {
            names.push(format!(
                "<TaskInstance: {}.{} {} [{}]>",
                ti.dag_id,
                ti.task_id,
                ti.run_id,
                ti.state.map_or("None", TaskState::as_str)
            ));
            clear.push(ti.id);
        }
    }
    if clear.is_empty() {
        println!("Nothing to clear.");
        return Ok(());
    }
    let question =
        format!("You are about to clear these {} task instances:\n{}\n\nAre you sure?", clear.len(), names.join("\n"));
    confirm(&question, args.yes)?;
    let count = clear.len();
    store
        .clear_tis(&ClearTis {
            tis: clear,
            reopen_runs: true,
            also_runs: Vec::new(),
            latest_version: false,
            default_retries: dag_defaults(&session.config).retries,
            at: roles::now(),
        })
        .await?;
    wake::hint(&session.config);
    println!("Cleared {count} task instances.");
    Ok(())
}

async fn dags(args: &ClearArgs, store: &Store) -> Result<Vec<String>, CliError> {
    if !args.dag_regex {
        return Ok(vec![lookup::dag(store, &args.dag_id).await?.dag_id]);
    }
    let pattern = regex(&args.dag_id)?;
    let mut ids = store.dag_ids(&DagFilter::default()).await?;
    ids.retain(|id| pattern.is_match(id));
    if ids.is_empty() {
        return Err(CliError::failed(format!("no DAG's id matches '{}'", args.dag_id)));
    }
    Ok(ids)
}

fn regex(text: &str) -> Result<regex::Regex, CliError> {
    regex::Regex::new(text).map_err(|error| CliError::usage(format!("'{text}' is no regular expression: {error}")))
}

/// What to clear in one DAG.
async fn instances(
    args: &ClearArgs,
    store: &Store,
    dag_id: &str,
    defaults: &DagDefaults,
) -> Result<Vec<TiView>, CliError> {
    let dag = serialized::dag(store, dag_id).await?;
    let dag = dag.to_core(defaults).map_err(|error| CliError::failed(error.to_string()))?;
    let mut chosen: BTreeSet<usize> = match &args.task_regex {
        None => (0..dag.tasks.len()).collect(),
        Some(text) => {
            let pattern = regex(text)?;
            (0..dag.tasks.len()).filter(|n| pattern.is_match(&dag.tasks[*n].task_id)).collect()
        }
    };
    // Tasks stand upstream first, so that one pass each way reaches everything.
    if args.downstream {
        for n in 0..dag.tasks.len() {
            if chosen.contains(&n) {
                chosen.extend(&dag.tasks[n].downstream);
            }
        }
    }
    if args.upstream {
        for n in (0..dag.tasks.len()).rev() {
            if chosen.contains(&n) {
                chosen.extend(&dag.tasks[n].upstream);
            }
        }
    }
    let mut states = Vec::new();
    if args.only_failed {
        states.extend([TaskState::Failed, TaskState::UpstreamFailed].map(|s| s.as_str().to_owned()));
    }
    if args.only_running {
        states.push(TaskState::Running.as_str().to_owned());
    }
    let by = TiFilter {
        dag_ids: vec![dag_id.to_owned()],
        task_ids: chosen.iter().map(|n| dag.tasks[*n].task_id.clone()).collect(),
        states,
        logical_date: Span {
            gte: args.start_date.map(Timestamp::as_micros),
            lte: args.end_date.map(Timestamp::as_micros),
            ..Span::default()
        },
        ..TiFilter::default()
    };
    if by.task_ids.is_empty() {
        return Ok(Vec::new());
    }
    let found = store.list_tis(&by, &order(TI_COLUMNS, "id")?, ALL).await?.rows;
    let untouched = |ti: &TiView| ti.state.is_none() && ti.try_number == 0;
    Ok(found.into_iter().filter(|ti| !untouched(ti)).collect())
}
