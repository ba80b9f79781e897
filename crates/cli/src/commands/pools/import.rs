//! `pools import FILE`.

use std::path::PathBuf;

use clap::Args;
use serde_json::Value;
use tradewind_store::Pool;

use crate::commands::Context;
use crate::commands::session::Session;
use crate::error::CliError;
use crate::{files, wake};

/// Arguments of `pools import`.
#[derive(Args, Debug)]
pub struct ImportArgs {
    /// A .json or .yaml file
    file: PathBuf,
}

pub async fn run(args: &ImportArgs, context: &Context) -> Result<(), CliError> {
    let mut pools = Vec::new();
    // All of it is read before anything is written.
    for (name, record) in files::read(&args.file)? {
        let slots = record["slots"].as_i64().and_then(|slots| i32::try_from(slots).ok()).filter(|slots| *slots >= -1);
        let slots = slots.ok_or_else(|| {
            CliError::failed(format!(
                "{}: the pool '{name}' needs \"slots\", a whole number from -1",
                args.file.display()
            ))
        })?;
        pools.push(Pool {
            name,
            slots,
            description: record["description"].as_str().map(str::to_owned),
            include_deferred: record.get("include_deferred").and_then(Value::as_bool).unwrap_or(false),
        });
    }
    let session = Session::open(context).await?;
    for pool in &pools {
        session.store.put_pool(pool).await?;
    }
    wake::hint(&session.config);
    println!("Uploaded {} pools", pools.len());
    Ok(())
}
