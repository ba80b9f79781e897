//! `pools`: limits that tasks of different DAGs share.

mod delete;
mod export;
mod get;
mod import;
mod list;
mod set;

use clap::Subcommand;
use tradewind_store::Pool;

use super::Context;
use crate::error::CliError;
use crate::output::{Format, Row, print};
use crate::row;

/// Commands of the group.
#[derive(Subcommand, Debug)]
pub enum PoolsCommand {
    /// Delete a pool
    Delete(delete::DeleteArgs),
    /// Write all pools to a JSON file
    Export(export::ExportArgs),
    /// Show one pool
    Get(get::GetArgs),
    /// Read pools from a JSON file
    Import(import::ImportArgs),
    /// List the pools
    List(list::ListArgs),
    /// Make or change a pool
    Set(set::SetArgs),
}

pub async fn run(command: PoolsCommand, context: &Context) -> Result<(), CliError> {
    match command {
        PoolsCommand::Delete(args) => delete::run(&args, context).await,
        PoolsCommand::Export(args) => export::run(&args, context).await,
        PoolsCommand::Get(args) => get::run(&args, context).await,
        PoolsCommand::Import(args) => import::run(&args, context).await,
        PoolsCommand::List(args) => list::run(&args, context).await,
        PoolsCommand::Set(args) => set::run(&args, context).await,
    }
}

/// Prints pools in the shape that all commands of the group share.
fn show(format: Format, pools: &[Pool]) -> Result<(), CliError> {
    let rows: Vec<Row> = pools
        .iter()
        .map(|p| {
            row! {
                "pool" => p.name,
                "slots" => p.slots,
                "description" => p.description,
                "include_deferred" => p.include_deferred,
            }
        })
        .collect();
    print(format, &["pool", "slots", "description", "include_deferred"], rows)
}

/// There is no such pool.
fn missing(name: &str) -> CliError {
    CliError::failed(format!("there is no pool '{name}'")).hint("see what there is with: pools list")
}
