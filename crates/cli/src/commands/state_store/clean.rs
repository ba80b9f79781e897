//! `state-store clean`: deletes what has expired.

use clap::Args;

use crate::commands::Context;
use crate::commands::session::Session;
use crate::config::options;
use crate::error::CliError;
use crate::roles;

/// Arguments of `state-store clean`.
#[derive(Args, Debug)]
pub struct CleanArgs {
    /// Only show what would be deleted
    #[arg(long)]
    dry_run: bool,
}

pub async fn run(args: &CleanArgs, context: &Context) -> Result<(), CliError> {
    let session = Session::open(context).await?;
    let now = roles::now();
    if args.dry_run {
        let expired = session.store.expired_task_states(now).await?;
        if expired.is_empty() {
            println!("Nothing to delete.");
            return Ok(());
        }
        println!("Would delete {} entries:", expired.len());
        for (dag_id, run_id, task_id, map_index, key) in expired {
            println!("  DAG '{dag_id}', run '{run_id}', task '{task_id}', map index {map_index}, key '{key}'");
        }
        return Ok(());
    }
    let at_once = match session.config.int(&options::STATE_CLEANUP_BATCH_SIZE) {
        0 => i64::MAX,
        some => some,
    };
    let deleted = session.store.clean_task_states(now, at_once).await?;
    println!("Deleted {deleted} entries.");
    Ok(())
}
