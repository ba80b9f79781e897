//! `assets`: what tasks update and DAGs wait for.

mod details;
mod list;
mod materialize;

use clap::{Args, Subcommand};
use tradewind_store::Store;
use tradewind_store::read::AssetView;

use super::Context;
use crate::error::CliError;

/// Commands of the group.
#[derive(Subcommand, Debug)]
pub enum AssetsCommand {
    /// Show one asset, or alias
    Details(details::DetailsArgs),
    /// List the assets, or aliases
    List(list::ListArgs),
    /// Run the DAG that updates an asset
    Materialize(materialize::MaterializeArgs),
}

pub async fn run(command: AssetsCommand, context: &Context) -> Result<(), CliError> {
    match command {
        AssetsCommand::Details(args) => details::run(&args, context).await,
        AssetsCommand::List(args) => list::run(&args, context).await,
        AssetsCommand::Materialize(args) => materialize::run(&args, context).await,
    }
}

/// Which asset.
#[derive(Args, Debug)]
struct Which {
    /// Its name
    #[arg(long, default_value = "")]
    name: String,
    /// Its URI
    #[arg(long, default_value = "")]
    uri: String,
}

impl Which {
    fn given(text: &str) -> Option<&str> {
        Some(text).filter(|text| !text.is_empty())
    }

    /// The asset.
    async fn find(&self, store: &Store) -> Result<AssetView, CliError> {
        let (name, uri) = (Self::given(&self.name), Self::given(&self.uri));
        if name.is_none() && uri.is_none() {
            return Err(CliError::usage("which asset? give --name or --uri"));
        }
        let found = store.find_asset(name, uri).await?;
        found.ok_or_else(|| {
            CliError::failed(format!("there is no asset '{}'", name.or(uri).unwrap_or_default()))
                .hint("see what there is with: assets list")
        })
    }
}
