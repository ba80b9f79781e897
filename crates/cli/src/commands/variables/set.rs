//! `variables set KEY VALUE`.

use clap::Args;
use tradewind_store::Variable;

use crate::commands::Context;
use crate::commands::session::Session;
use crate::error::CliError;

/// Arguments of `variables set`.
#[derive(Args, Debug)]
pub struct SetArgs {
    /// Its key
    key: String,
    /// Its value
    #[arg(allow_hyphen_values = true)]
    value: String,
    /// For people
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// The value is JSON: check it first
    #[arg(short, long)]
    json: bool,
}

pub async fn run(args: &SetArgs, context: &Context) -> Result<(), CliError> {
    if args.json {
        serde_json::from_str::<serde_json::Value>(&args.value)
            .map_err(|error| CliError::usage(format!("the value is no JSON: {error}")))?;
    }
    let session = Session::open(context).await?;
    let before = session.store.variable(&args.key).await?;
    let description = args.description.clone().or(before.and_then(|v| v.description));
    let variable = Variable { key: args.key.clone(), value: args.value.clone(), description, is_encrypted: false };
    session.store.put_variable(&variable).await?;
    println!("Variable {} created", args.key);
    Ok(())
}
