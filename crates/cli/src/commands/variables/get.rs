//! `variables get KEY`: as a DAG file would see it, the environment first.

use clap::Args;
use serde_json::Value;

use crate::commands::Context;
use crate::commands::session::Session;
use crate::error::CliError;
use crate::suggest::nearest;

/// Arguments of `variables get`.
#[derive(Args, Debug)]
pub struct GetArgs {
    /// Its key
    key: String,
    /// The value is JSON: check it, and print it on one line
    #[arg(short, long)]
    json: bool,
    /// Print this if there is no such variable
    #[arg(short, long, value_name = "VALUE")]
    default: Option<String>,
}

pub async fn run(args: &GetArgs, context: &Context) -> Result<(), CliError> {
    if let Ok(value) = std::env::var(format!("AIRFLOW_VAR_{}", args.key.to_uppercase())) {
        return show(&value, args);
    }
    let session = Session::open(context).await?;
    if let Some(variable) = session.store.variable(&args.key).await? {
        return show(&variable.value, args);
    }
    if let Some(default) = &args.default {
        println!("{default}");
        return Ok(());
    }
    let error = CliError::failed(format!("there is no variable '{}'", args.key));
    let keys: Vec<String> = session.store.variables().await?.into_iter().map(|v| v.key).collect();
    Err(match nearest(&args.key, keys.iter().map(String::as_str)) {
        Some(near) => error.hint(format!("did you mean '{near}'?")),
        None => error,
    })
}

fn show(value: &str, args: &GetArgs) -> Result<(), CliError> {
    if !args.json {
        println!("{value}");
        return Ok(());
    }
    let value: Value = serde_json::from_str(value)
        .map_err(|error| CliError::failed(format!("the value of '{}' is no JSON: {error}", args.key)))?;
    println!("{value}");
    Ok(())
}
