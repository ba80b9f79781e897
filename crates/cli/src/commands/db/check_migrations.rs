//! `db check-migrations`: waits until the schema is right; for containers that start before `db migrate` is done.

use std::time::{Duration, Instant};

use clap::Args;

use crate::commands::Context;
use crate::commands::session::{open_store, store_error};
use crate::error::CliError;

/// Arguments of `db check-migrations`.
#[derive(Args, Debug)]
pub struct CheckMigrationsArgs {
    /// Give up after so many seconds
    #[arg(short = 't', long, default_value_t = 60, value_name = "SECONDS")]
    migration_wait_timeout: u32,
}

pub async fn run(args: &CheckMigrationsArgs, context: &Context) -> Result<(), CliError> {
    let config = context.config()?;
    let deadline = Instant::now() + Duration::from_secs(args.migration_wait_timeout.into());
    loop {
        let error = match open_store(&config, false).await {
            Ok(store) => match store.check().await {
                Ok(()) => return Ok(()),
                Err(error @ tradewind_store::Error::Newer { .. }) => return Err(store_error(error, context.program)),
                Err(error) => store_error(error, context.program),
            },
            Err(error) if error.code == 2 => return Err(error),
            Err(error) => error,
        };
        if Instant::now() >= deadline {
            return Err(error);
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}
