//! `variables export FILE`: all variables as JSON, values that are JSON as such.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Map, Value, json};

use crate::commands::Context;
use crate::commands::session::Session;
use crate::error::CliError;
use crate::files;

/// Arguments of `variables export`.
#[derive(Args, Debug)]
pub struct ExportArgs {
    /// The file; - prints
    file: PathBuf,
}

pub async fn run(args: &ExportArgs, context: &Context) -> Result<(), CliError> {
    let session = Session::open(context).await?;
    let mut records = Map::new();
    for variable in session.store.variables().await? {
        let value = serde_json::from_str(&variable.value).unwrap_or_else(|_| Value::String(variable.value.clone()));
        let record = match variable.description {
            Some(description) => json!({"value": value, "description": description}),
            None => value,
        };
        records.insert(variable.key, record);
    }
    files::write(&args.file, &files::pretty(&records))?;
    eprintln!("{} variables successfully exported to {}", records.len(), args.file.display());
    Ok(())
}
