//! `pools export FILE`.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Map, json};

use crate::commands::Context;
use crate::commands::session::Session;
use crate::error::CliError;
use crate::files;

/// Arguments of `pools export`.
#[derive(Args, Debug)]
pub struct ExportArgs {
    /// The file; - prints
    file: PathBuf,
}

pub async fn run(args: &ExportArgs, context: &Context) -> Result<(), CliError> {
    let session = Session::open(context).await?;
    let pools = session.store.pools().await?;
    let records: Map<_, _> = pools
        .into_iter()
        .map(|p| {
            let record =
                json!({"slots": p.slots, "description": p.description, "include_deferred": p.include_deferred});
            (p.name, record)
        })
        .collect();
    files::write(&args.file, &files::pretty(&records))?;
    eprintln!("Exported {} pools to {}", records.len(), args.file.display());
    Ok(())
}
