//! `db clean`: deletes old rows, keeping them in archive tables unless told otherwise.

use clap::Args;
use tradewind_core::Timestamp;
use tradewind_store::{CleanFilter, Store};

use crate::commands::Context;
use crate::commands::session::Session;
use crate::confirm::confirm;
use crate::error::CliError;
use crate::progress::Progress;
use crate::roles;

/// Arguments of `db clean`.
#[derive(Args, Debug)]
pub struct CleanArgs {
    /// Rows older than this go (UTC unless it says otherwise)
    #[arg(long, value_name = "DATE")]
    clean_before_timestamp: Timestamp,
    /// Only these tables, separated by commas [default: all whose rows grow old]
    #[arg(short, long, value_delimiter = ',', value_name = "NAMES")]
    tables: Vec<String>,
    /// Only show how many rows would go
    #[arg(long)]
    dry_run: bool,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    /// Keep nothing: no archive tables
    #[arg(long)]
    skip_archive: bool,
    /// So many at a time, each in a transaction of its own [default: all at once]
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
    batch_size: Option<u32>,
    /// Only rows of these DAGs, separated by commas
    #[arg(long, value_delimiter = ',', value_name = "IDS")]
    dag_ids: Vec<String>,
    /// Not rows of these DAGs, separated by commas
    #[arg(long, value_delimiter = ',', value_name = "IDS")]
    exclude_dag_ids: Vec<String>,
    /// End with an error when a table could not be cleaned
    #[arg(long)]
    error_on_cleanup_failure: bool,
}

/// Tables of Airflow whose rows go with the run that they belong to.
const WITH_THE_RUN: &[&str] = &[
    "task_instance",
    "task_instance_history",
    "task_try",
    "task_reschedule",
    "rendered_task_instance_fields",
    "trigger",
];

pub async fn run(args: &CleanArgs, context: &Context) -> Result<(), CliError> {
    let by_dag = !args.dag_ids.is_empty() || !args.exclude_dag_ids.is_empty();
    let mut tables: Vec<&'static str> = Vec::new();
    for name in &args.tables {
        if WITH_THE_RUN.contains(&name.as_str()) {
            println!("{name}: its rows go with the runs that they belong to (dag_run)");
            continue;
        }
        let known = || Store::cleanable().collect::<Vec<_>>().join(", ");
        let (table, _) = Store::cleanable_named(name)
            .map_err(|error| CliError::usage(error.to_string()).hint(format!("there are {}", known())))?;
        tables.push(table);
    }
    if args.tables.is_empty() {
        tables.extend(Store::cleanable());
    }
    // Only what belongs to DAGs, when it is asked for by DAG.
    tables.retain(|table| !by_dag || Store::cleanable_named(table).is_ok_and(|(_, of_dags)| of_dags));
    let session = Session::open(context).await?;
    let store = &session.store;
    let by = CleanFilter {
        before: args.clean_before_timestamp,
        dag_ids: args.dag_ids.clone(),
        not_dag_ids: args.exclude_dag_ids.clone(),
    };
    let mut found = Vec::with_capacity(tables.len());
    for table in tables {
        let count = store.count_old(table, &by).await?;
        println!("{table}: {count} rows older than {}", by.before);
        if count > 0 {
            found.push((table, u64::try_from(count).unwrap_or_default()));
        }
    }
    if args.dry_run || found.is_empty() {
        return Ok(());
    }
    let keeping = if args.skip_archive { "They are not kept." } else { "They are kept in archive tables." };
    let names: Vec<&str> = found.iter().map(|(table, _)| *table).collect();
    confirm(&format!("This deletes those rows of {}. {keeping} Proceed?", names.join(", ")), args.yes)?;
    let suffix: String = roles::now().to_string().chars().filter(char::is_ascii_digit).take(14).collect();
    let archive = (!args.skip_archive).then_some(suffix.as_str());
    let mut failed = None;
    for (table, count) in found {
        let progress = Progress::counted(table, count);
        let done = store.clean(table, &by, args.batch_size, archive, |gone| {
            progress.at(gone);
            true
        });
        let done = done.await;
        progress.done();
        match done {
            Ok(gone) => println!("{table}: {gone} rows deleted"),
            Err(error) => {
                eprintln!("{table}: {error}");
                failed = Some(table);
            }
        }
    }
    match failed {
        Some(table) if args.error_on_cleanup_failure => Err(CliError::failed(format!("{table} could not be cleaned"))),
        _ => Ok(()),
    }
}
