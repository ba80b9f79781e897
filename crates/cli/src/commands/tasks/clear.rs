//! `tasks clear DAG`: lets task instances run again.

use clap::Args;
use tradewind_core::{TaskState, Timestamp};
use tradewind_server::rerun::markers::{self, Followed};
use tradewind_server::rerun::{self, select};
use tradewind_store::Store;
use tradewind_store::read::{DagFilter, TiView};

use crate::commands::session::Session;
use crate::commands::subdir::Place;
use crate::commands::{Context, lookup};
use crate::confirm::confirm;
use crate::error::CliError;
use crate::roles::settings::dag_defaults;
use crate::wake;

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
    #[arg(short, long, aliases = ["no-confirm", "no_confirm"], short_alias = 'c')]
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
    /// A SubDagOperator is a task group here, whose tasks are cleared by their own ids
    #[arg(short = 'x', long, hide = true)]
    exclude_subdags: bool,
    /// There is no parent DAG: a SubDagOperator is a task group of it
    #[arg(short = 'X', long, hide = true)]
    exclude_parentdag: bool,
    #[command(flatten)]
    place: Place,
}

pub async fn run(args: &ClearArgs, context: &Context) -> Result<(), CliError> {
    if args.exclude_subdags || args.exclude_parentdag {
        eprintln!(
            "--exclude-subdags and --exclude-parentdag are ignored: a SubDagOperator is a task group of its DAG here; \
             choose tasks with --task-regex"
        );
    }
    let session = Session::open(context).await?;
    let store = &session.store;
    let defaults = dag_defaults(&session.config);
    let mut chosen: Vec<(Vec<TiView>, bool)> = Vec::new();
    for dag_id in dags(args, store).await? {
        args.place.must_have(store, &dag_id).await?;
        let dag = rerun::newest(store, &dag_id).await?;
        let tasks = match &args.task_regex {
            None => Vec::new(),
            Some(text) => {
                let pattern = regex(text)?;
                let ids = dag.tasks.iter().map(|task| &task.task_id).filter(|id| pattern.is_match(id));
                let named: Vec<select::TaskRef> = ids.map(|id| select::TaskRef::Task(id.clone())).collect();
                if named.is_empty() {
                    continue;
                }
                let reach =
                    select::Reach { upstream: args.upstream, downstream: args.downstream, ..Default::default() };
                select::spread(&dag, &defaults, &named, reach, true)?
            }
        };
        let runs = select::runs_between(store, &dag_id, args.start_date, args.end_date).await?;
        let which = select::Which { only_failed: args.only_failed, only_running: args.only_running };
        let mut tis = select::in_runs(store, runs, &tasks, &which).await?;
        tis.retain(|ti| ti.state.is_some() || ti.try_number > 0);
        let followed = markers::follow(store, &defaults, &dag, &tis, &which).await?;
        chosen.push((tis, rerun::latest_version(None, &dag, &defaults, false)));
        for Followed { dag, mut tis } in followed {
            // A DAG that the pattern names as well is not cleared twice.
            tis.retain(|ti| !chosen.iter().any(|(known, _)| known.iter().any(|one| one.id == ti.id)));
            chosen.push((tis, rerun::latest_version(None, &dag, &defaults, false)));
        }
    }
    let names: Vec<String> = chosen.iter().flat_map(|(tis, _)| tis.iter().map(name)).collect();
    if names.is_empty() {
        println!("Nothing to clear.");
        return Ok(());
    }
    let count = names.len();
    let question =
        format!("You are about to clear these {count} task instances:\n{}\n\nAre you sure?", names.join("\n"));
    confirm(&question, args.yes)?;
    for (tis, latest_version) in chosen {
        let how = select::Clearing { reopen_runs: true, latest_version, also_run: None };
        select::clear(store, &defaults, &tis, how).await?;
    }
    wake::hint(&session.config);
    println!("Cleared {count} task instances.");
    Ok(())
}

fn name(ti: &TiView) -> String {
    let state = ti.state.map_or("None", TaskState::as_str);
    let index = if ti.map_index < 0 { String::new() } else { format!(" {}", ti.map_index) };
    format!("<TaskInstance: {}.{} {}{index} [{state}]>", ti.dag_id, ti.task_id, ti.run_id)
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
