//! `dags backfill DAG` of Airflow 2 and `backfill DAG` of 1.10: makes a backfill and waits for its end.
//!
//! What these commands did in a process of their own, the scheduler does now. Options that only made sense there are
//! refused; those that say what is so anyway (`--donot-pickle`, `--continue-on-failures`) are accepted.

use clap::Args;
use tradewind_core::{Reprocess, Timestamp};
use tradewind_server::rerun::backfill::{self, Request};
use tradewind_store::read::DagFilter;

use super::{create, wait, words};
use crate::commands::session::Session;
use crate::commands::subdir::Subdir;
use crate::commands::{Context, lookup, schedulers};
use crate::confirm::confirm;
use crate::error::CliError;
use crate::roles::settings::dag_defaults;
use crate::{roles, wake};

/// Arguments of `dags backfill`.
#[derive(Args, Debug)]
pub struct OldBackfillArgs {
    /// The DAG's id, or a regular expression with --treat-dag-id-as-regex
    dag_id: String,
    /// First logical date [default: the last one]
    #[arg(short, long, value_name = "DATE")]
    start_date: Option<Timestamp>,
    /// Last logical date [default: the first one]
    #[arg(short, long, value_name = "DATE")]
    end_date: Option<Timestamp>,
    /// Configuration of the runs, a JSON object
    #[arg(short, long, value_name = "JSON")]
    conf: Option<String>,
    /// The latest date goes first
    #[arg(short = 'B', long)]
    run_backwards: bool,
    /// Only show the dates
    #[arg(short = 'n', long)]
    dry_run: bool,
    /// Dates whose run is over run again
    #[arg(long)]
    reset_dagruns: bool,
    /// Dates whose run failed run again
    #[arg(long)]
    rerun_failed_tasks: bool,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    /// The DAG's id is a regular expression
    #[arg(long, alias = "treat-dag-as-regex")]
    treat_dag_id_as_regex: bool,
    /// Nothing is ever pickled
    #[arg(short = 'x', long, hide = true)]
    donot_pickle: bool,
    /// A backfill always goes on after a failure
    #[arg(long, hide = true)]
    continue_on_failures: bool,
    /// The first run of a task never waits for the one before
    #[arg(short = 'I', long, hide = true)]
    ignore_first_depends_on_past: bool,
    #[command(flatten)]
    _subdir: Subdir,
}

pub async fn run(args: &OldBackfillArgs, context: &Context) -> Result<(), CliError> {
    let conf = create::conf(args.conf.as_deref())?;
    let (Some(from), Some(to)) = (args.start_date.or(args.end_date), args.end_date.or(args.start_date)) else {
        return Err(CliError::usage("a backfill needs dates").hint("give -s/--start-date, -e/--end-date or both"));
    };
    let session = Session::open(context).await?;
    let store = &session.store;
    let request = |dag_id: &str| Request {
        dag_id: dag_id.to_owned(),
        from,
        to,
        run_backwards: args.run_backwards,
        reprocess: match (args.reset_dagruns, args.rerun_failed_tasks) {
            (true, _) => Reprocess::Completed,
            (_, true) => Reprocess::Failed,
            _ => Reprocess::None,
        },
        conf: conf.clone(),
        max_active_runs: 10,
        run_on_latest_version: None,
        user: std::env::var("USER").ok(),
    };
    let dags = dags(args, &session).await?;
    if args.dry_run {
        for dag_id in &dags {
            words::show_dates(store, &request(dag_id), &dag_defaults(&session.config)).await?;
        }
        return Ok(());
    }
    if args.reset_dagruns {
        confirm(
            &format!("Runs of {} from {from} to {to} that are over will run again. Go on?", dags.join(", ")),
            args.yes,
        )?;
    }
    for dag_id in &dags {
        if lookup::dag(store, dag_id).await?.is_paused {
            return Err(CliError::failed(format!("the DAG '{dag_id}' is paused, so its runs would never begin"))
                .hint(format!("unpause it first: {} dags unpause {dag_id}", context.program)));
        }
    }
    schedulers::must_run(&session, "nobody would run the backfill", None).await?;
    let mut made = Vec::new();
    for dag_id in &dags {
        let mut request = request(dag_id);
        request.max_active_runs = u32::try_from(lookup::dag(store, dag_id).await?.max_active_runs).unwrap_or(1).max(1);
        let id = backfill::create(store, request, &dag_defaults(&session.config), roles::now()).await?;
        wake::hint(&session.config);
        words::say_created(store, id, dag_id).await?;
        made.push(id);
    }
    let mut failed = None;
    for id in made {
        failed = wait::for_end(store, id).await.err().or(failed);
    }
    failed.map_or(Ok(()), Err)
}

async fn dags(args: &OldBackfillArgs, session: &Session) -> Result<Vec<String>, CliError> {
    if !args.treat_dag_id_as_regex {
        return Ok(vec![lookup::dag(&session.store, &args.dag_id).await?.dag_id]);
    }
    let pattern = regex::Regex::new(&args.dag_id)
        .map_err(|error| CliError::usage(format!("'{}' is no regular expression: {error}", args.dag_id)))?;
    let mut ids = session.store.dag_ids(&DagFilter::default()).await?;
    ids.retain(|id| pattern.is_match(id));
    if ids.is_empty() {
        return Err(CliError::failed(format!("no DAG's id matches '{}'", args.dag_id)));
    }
    Ok(ids)
}
