//! `plugins`: the plugins of the plugins folder and of installed packages.

use clap::Args;
use serde_json::{Value, json};

use super::Context;
use crate::ask::ask;
use crate::error::CliError;
use crate::output::{Format, OutputArgs, print};

/// Arguments of `plugins`.
#[derive(Args, Debug)]
pub struct PluginsArgs {
    #[command(flatten)]
    output: OutputArgs,
}

pub fn run(args: &PluginsArgs, context: &Context) -> Result<(), CliError> {
    let table = ask(&context.config()?, "plugins", &json!({}))?;
    if table.rows.is_empty() {
        println!("No plugins loaded");
        return Ok(());
    }
    let used = |n: usize| table.rows.iter().any(|row| !matches!(&row[n], Value::Array(parts) if parts.is_empty()));
    // A table shows what there is; programs get every column.
    let shown = |n: &usize| args.output.output != Format::Table || used(*n);
    let columns: Vec<String> = (0..table.columns.len()).filter(shown).map(|n| table.columns[n].clone()).collect();
    let names: Vec<&str> = columns.iter().map(String::as_str).collect();
    print(args.output.output, &names, table.records())
}
