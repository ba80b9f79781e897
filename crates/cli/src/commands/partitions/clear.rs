//! `partitions clear`: lets runs forget which partition they are about.

use clap::Args;
use tradewind_core::Timestamp;
use tradewind_server::rerun::{self, select};
use tradewind_store::Store;
use tradewind_store::read::{RUN_COLUMNS, RunFilter, RunView};

use crate::commands::Context;
use crate::commands::lookup::{self, ALL, date, order};
use crate::commands::session::Session;
use crate::error::CliError;
use crate::roles::settings::dag_defaults;
use crate::wake;

/// Arguments of `partitions clear`.
#[derive(Args, Debug)]
pub struct ClearArgs {
    /// The DAG's id
    #[arg(short, long, value_name = "ID")]
    dag_id: String,
    /// The run with this id
    #[arg(short, long, value_name = "ID")]
    run_id: Option<String>,
    /// Runs of partitions from this date on
    #[arg(short, long, value_name = "DATE")]
    start_date: Option<Timestamp>,
    /// Runs of partitions up to this date
    #[arg(short, long, value_name = "DATE")]
    end_date: Option<Timestamp>,
    /// Runs of this partition
    #[arg(short = 'k', long, value_name = "KEY")]
    partition_key: Option<String>,
    /// Runs of partitions between two dates: 2026-01-01~2026-01-31
    #[arg(long, value_name = "FROM~TO", conflicts_with_all = ["start_date", "end_date"])]
    date: Option<String>,
    /// And let their task instances run again
    #[arg(long)]
    clear_task_instances: bool,
    /// Only show what would be changed
    #[arg(long)]
    dry_run: bool,
}

/// Runs by their partition.
#[derive(Clone, Debug, Default)]
pub struct Window {
    /// Of this partition.
    pub key: Option<String>,
    /// Of partitions from this date on.
    pub from: Option<Timestamp>,
    /// Of partitions up to this date.
    pub to: Option<Timestamp>,
}

impl Window {
    /// Whether anything is asked for.
    pub fn is_empty(&self) -> bool {
        self.key.is_none() && self.from.is_none() && self.to.is_none()
    }

    /// The runs of a DAG that fit, the oldest first.
    ///
    /// # Errors
    /// The dates are the wrong way round; the database's.
    pub async fn runs(&self, store: &Store, dag_id: &str) -> Result<Vec<RunView>, CliError> {
        if let (Some(from), Some(to)) = (self.from, self.to)
            && from > to
        {
            return Err(CliError::usage(format!("the first date, {from}, is after the last, {to}")));
        }
        let by = RunFilter { dag_ids: vec![dag_id.to_owned()], ..RunFilter::default() };
        let mut runs = store.list_runs(&by, &order(RUN_COLUMNS, "id")?, ALL).await?.rows;
        runs.retain(|run| match &self.key {
            Some(key) => run.partition_key.as_deref() == Some(key),
            None => run
                .partition_date
                .is_some_and(|at| self.from.is_none_or(|from| at >= from) && self.to.is_none_or(|to| at <= to)),
        });
        Ok(runs)
    }
}

pub async fn run(args: &ClearArgs, context: &Context) -> Result<(), CliError> {
    let (from, to) = match &args.date {
        Some(text) => between(text)?,
        None => (args.start_date, args.end_date),
    };
    let dates = from.is_some() || to.is_some();
    if [args.run_id.is_some(), args.partition_key.is_some(), dates].into_iter().filter(|given| *given).count() != 1 {
        return Err(CliError::usage("exactly one of --run-id, --partition-key and dates says which runs are meant")
            .hint("give dates with --start-date and --end-date, or with --date"));
    }
    let session = Session::open(context).await?;
    let store = &session.store;
    let dag = lookup::dag(store, &args.dag_id).await?;
    let runs = match &args.run_id {
        Some(run_id) => vec![lookup::run(store, &dag.dag_id, run_id).await?],
        None => Window { key: args.partition_key.clone(), from, to }.runs(store, &dag.dag_id).await?,
    };
    if runs.is_empty() {
        println!("No matching DagRuns found for dag_id={}.", dag.dag_id);
        return Ok(());
    }
    let partitioned: Vec<&RunView> =
        runs.iter().filter(|run| run.partition_key.is_some() || run.partition_date.is_some()).collect();
    for run in &partitioned {
        let key = run.partition_key.as_deref().unwrap_or("None");
        let at = date(run.partition_date).unwrap_or_else(|| "None".into());
        println!("DagRun {}: partition_key={key} -> None, partition_date={at} -> None", run.run_id);
    }
    let keys: Vec<i64> = partitioned.iter().map(|run| run.id).collect();
    if args.clear_task_instances {
        let defaults = dag_defaults(&session.config);
        let newest = rerun::newest(store, &dag.dag_id).await?;
        let all = runs.iter().map(|run| run.id).collect();
        let mut tis = select::in_runs(store, all, &[], &select::Which::default()).await?;
        tis.retain(|ti| ti.state.is_some());
        if !args.dry_run {
            let latest_version = rerun::latest_version(None, &newest, &defaults, false);
            let how = select::Clearing { reopen_runs: true, latest_version, also_run: None };
            select::clear(store, &defaults, &tis, how).await?;
            wake::hint(&session.config);
        }
        let verb = if args.dry_run { "Dry run: would clear" } else { "Cleared" };
        println!("{verb} task instances on {} DagRun(s) ({} task instance(s)).", runs.len(), tis.len());
    }
    if args.dry_run {
        println!("Dry run: would clear {} DagRun(s). No changes written.", keys.len());
        return Ok(());
    }
    store.forget_partitions(&keys).await?;
    println!("Cleared partition fields on {} DagRun(s).", keys.len());
    Ok(())
}

/// `a~b`
fn between(text: &str) -> Result<(Option<Timestamp>, Option<Timestamp>), CliError> {
    let wrong = || CliError::usage(format!("'{text}' is not of the form 2026-01-01~2026-01-31"));
    let (from, to) = text.split_once('~').ok_or_else(wrong)?;
    let read = |side: &str| side.trim().parse::<Timestamp>().map(Some).map_err(|_| wrong());
    Ok((read(from)?, read(to)?))
}
