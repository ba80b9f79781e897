//! `variables list`: the keys, and with `--show-values` the values.

use clap::Args;

use crate::commands::Context;
use crate::commands::session::Session;
use crate::error::CliError;
use crate::output::{OutputArgs, print};
use crate::row;

/// Arguments of `variables list`.
#[derive(Args, Debug)]
pub struct ListArgs {
    #[command(flatten)]
    output: OutputArgs,
    /// With values and descriptions
    #[arg(long, conflicts_with = "hide_sensitive")]
    show_values: bool,
    /// Without values (the default)
    #[arg(long)]
    hide_sensitive: bool,
}

pub async fn run(args: &ListArgs, context: &Context) -> Result<(), CliError> {
    let session = Session::open(context).await?;
    let variables = session.store.variables().await?;
    if !args.show_values {
        let rows = variables.iter().map(|v| row! {"key" => v.key}).collect();
        return print(args.output.output, &["key"], rows);
    }
    let rows =
        variables.iter().map(|v| row! {"key" => v.key, "value" => v.value, "description" => v.description}).collect();
    print(args.output.output, &["key", "value", "description"], rows)
}
