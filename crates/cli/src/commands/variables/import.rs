//! `variables import FILE`: key to value, or to `{"value": …, "description": …}`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::Value;
use tradewind_store::Variable;

use crate::commands::Context;
use crate::commands::session::Session;
use crate::error::CliError;
use crate::files;

/// Arguments of `variables import`.
#[derive(Args, Debug)]
pub struct ImportArgs {
    /// A .json, .yaml, .yml or .env file
    file: PathBuf,
    /// What to do with keys that are there already
    #[arg(short, long, value_enum, default_value_t, value_name = "WHAT")]
    action_on_existing_key: OnExisting,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum OnExisting {
    #[default]
    Overwrite,
    Fail,
    Skip,
}

pub async fn run(args: &ImportArgs, context: &Context) -> Result<(), CliError> {
    let records = files::read(&args.file)?;
    let session = Session::open(context).await?;
    let there: Vec<String> = session.store.variables().await?.into_iter().map(|v| v.key).collect();
    let taken: Vec<&String> = records.keys().filter(|key| there.contains(key)).collect();
    if args.action_on_existing_key == OnExisting::Fail && !taken.is_empty() {
        let names = taken.iter().map(|k| k.as_str()).collect::<Vec<_>>().join(", ");
        return Err(CliError::failed(format!("these variables are there already: {names}; nothing was imported")));
    }
    let (mut written, mut skipped) = (0, 0);
    for (key, record) in &records {
        if args.action_on_existing_key == OnExisting::Skip && there.contains(key) {
            skipped += 1;
            continue;
        }
        session.store.put_variable(&variable(key, record)).await?;
        written += 1;
    }
    println!("{written} of {} variables successfully updated.", records.len());
    if skipped > 0 {
        println!("{skipped} variables were there already and stay as they are.");
    }
    Ok(())
}

fn variable(key: &str, record: &Value) -> Variable {
    let (value, description) = match record.as_object() {
        Some(object) if object.contains_key("value") && object.keys().all(|k| k == "value" || k == "description") => {
            (&object["value"], object.get("description").and_then(Value::as_str))
        }
        _ => (record, None),
    };
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    Variable { key: key.to_owned(), value: text, description: description.map(str::to_owned), is_encrypted: false }
}
