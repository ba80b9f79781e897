//! `assets list`.

use clap::Args;
use tradewind_store::read::{ASSET_ALIAS_COLUMNS, ASSET_COLUMNS, AssetFilter, Match, OrderBy, Page};

use crate::commands::Context;
use crate::commands::session::Session;
use crate::error::CliError;
use crate::output::{OutputArgs, Row, print};
use crate::row;

/// Arguments of `assets list`.
#[derive(Args, Debug)]
pub struct ListArgs {
    /// List aliases instead
    #[arg(long)]
    alias: bool,
    /// Columns to show: name, uri, group, extra
    #[arg(long, value_delimiter = ',', value_name = "NAMES")]
    columns: Vec<String>,
    #[command(flatten)]
    output: OutputArgs,
}

const ASSET: [&str; 4] = ["name", "uri", "group", "extra"];
const ALIAS: [&str; 2] = ["name", "group"];

pub async fn run(args: &ListArgs, context: &Context) -> Result<(), CliError> {
    let session = Session::open(context).await?;
    let page = Page { limit: i64::from(i32::MAX), offset: 0 };
    let unsorted = |error: tradewind_store::read::UnknownColumn| CliError::failed(error.to_string());
    let known: &[&str] = if args.alias { &ALIAS } else { &ASSET };
    if let Some(wrong) = args.columns.iter().find(|name| !known.contains(&name.as_str())) {
        return Err(CliError::usage(format!("there is no column '{wrong}'; one of {}", known.join(", "))));
    }
    let shown: Vec<&str> = known
        .iter()
        .copied()
        .filter(|name| args.columns.is_empty() || args.columns.iter().any(|c| c == name))
        .collect();
    let rows: Vec<Row> = if args.alias {
        let order = OrderBy::parse(ASSET_ALIAS_COLUMNS, &["name"]).map_err(unsorted)?;
        let found = session.store.list_asset_aliases(&Match::default(), &order, page).await?;
        found.rows.iter().map(|alias| row! { "name" => alias.name, "group" => alias.group }).collect()
    } else {
        let order = OrderBy::parse(ASSET_COLUMNS, &["name", "uri"]).map_err(unsorted)?;
        let by = AssetFilter { only_active: true, ..AssetFilter::default() };
        let found = session.store.list_assets(&by, &order, page).await?;
        found
            .rows
            .iter()
            .map(|asset| {
                row! {
                    "name" => asset.name,
                    "uri" => asset.uri,
                    "group" => asset.group,
                    "extra" => asset.extra,
                }
            })
            .collect()
    };
    let rows =
        rows.into_iter().map(|row| Row(row.0.into_iter().filter(|(name, _)| shown.contains(&name.as_ref())).collect()));
    print(args.output.output, &shown, rows.collect())
}
