//! `assets details`.

use clap::Args;
use tradewind_store::read::{ASSET_ALIAS_COLUMNS, Match, OrderBy, Page};

use super::Which;
use crate::commands::Context;
use crate::commands::lookup::date;
use crate::commands::session::Session;
use crate::error::CliError;
use crate::output::{OutputArgs, print};
use crate::row;

/// Arguments of `assets details`.
#[derive(Args, Debug)]
pub struct DetailsArgs {
    /// Show an alias instead
    #[arg(long)]
    alias: bool,
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    output: OutputArgs,
}

pub async fn run(args: &DetailsArgs, context: &Context) -> Result<(), CliError> {
    let session = Session::open(context).await?;
    let shown = if args.alias {
        if args.which.name.is_empty() {
            return Err(CliError::usage("which alias? give --name"));
        }
        let order =
            OrderBy::parse(ASSET_ALIAS_COLUMNS, &["name"]).map_err(|error| CliError::failed(error.to_string()))?;
        let by = Match { prefix: Some(args.which.name.clone()), ..Match::default() };
        let page = Page { limit: i64::from(i32::MAX), offset: 0 };
        let found = session.store.list_asset_aliases(&by, &order, page).await?;
        let alias = found.rows.into_iter().find(|alias| alias.name == args.which.name);
        let alias = alias.ok_or_else(|| CliError::failed(format!("there is no alias '{}'", args.which.name)))?;
        row! { "id" => alias.id, "name" => alias.name, "group" => alias.group }
    } else {
        let asset = args.which.find(&session.store).await?;
        let references = session.store.asset_references(&[asset.id]).await?.remove(&asset.id).unwrap_or_default();
        let of_kind = |kind: &str| -> Vec<String> {
            let those = references.iter().filter(|reference| reference.kind == kind);
            those
                .map(|reference| match reference.task_id.as_str() {
                    "" => reference.dag_id.clone(),
                    task_id => format!("{}.{task_id}", reference.dag_id),
                })
                .collect()
        };
        row! {
            "id" => asset.id,
            "name" => asset.name,
            "uri" => asset.uri,
            "group" => asset.group,
            "extra" => asset.extra,
            "created_at" => date(Some(asset.created_at)),
            "updated_at" => date(Some(asset.updated_at)),
            "last_event" => date(asset.last_event_at),
            "scheduled_dags" => of_kind("schedule"),
            "producing_tasks" => of_kind("outlet"),
            "consuming_tasks" => of_kind("inlet"),
        }
    };
    let columns: Vec<&str> = shown.0.iter().map(|(name, _)| name.as_ref()).collect();
    print(args.output.output, &columns, vec![shown.clone()])
}
