//! `dags list-import-errors`: files that could not be read.

use clap::Args;
use tradewind_store::read::{IMPORT_ERROR_COLUMNS, ImportErrorFilter};

use crate::commands::Context;
use crate::commands::lookup::{ALL, order};
use crate::commands::session::Session;
use crate::commands::subdir::Subdir;
use crate::error::CliError;
use crate::output::{OutputArgs, print};
use crate::row;

/// Arguments of `dags list-import-errors`.
#[derive(Args, Debug)]
pub struct ListImportErrorsArgs {
    #[command(flatten)]
    output: OutputArgs,
    /// Only files of these bundles
    #[arg(short = 'B', long, value_name = "NAME")]
    bundle_name: Vec<String>,
    /// What the DAG files say now, instead of what the database knows
    #[arg(short, long)]
    local: bool,
    #[command(flatten)]
    subdir: Subdir,
}

pub async fn run(args: &ListImportErrorsArgs, context: &Context) -> Result<(), CliError> {
    let (_local, store) = match args.local {
        true => {
            let local = super::local::parse(&context.config()?, &args.bundle_name, context).await?;
            let store = local.store.clone();
            (Some(local), store)
        }
        false => (None, Session::open(context).await?.store),
    };
    let order = order(IMPORT_ERROR_COLUMNS, "filename")?;
    let errors = store.list_import_errors(&ImportErrorFilter::default(), &order, ALL).await?.rows;
    let rows = errors
        .iter()
        .filter(|e| args.bundle_name.is_empty() || args.bundle_name.contains(&e.bundle_name))
        .filter(|e| args.subdir.has(&e.fileloc))
        .map(|e| {
            let text = if e.traceback.is_empty() { &e.message } else { &e.traceback };
            row! {"bundle_name" => e.bundle_name, "filepath" => e.relative_fileloc, "line" => e.line, "message" => e.message, "error" => text.trim_end()}
        })
        .collect();
    print(args.output.output, &["bundle_name", "filepath", "line", "message"], rows)
}
