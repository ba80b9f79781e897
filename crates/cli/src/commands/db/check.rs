//! `db check`: can the database be reached?

use std::time::Duration;

use clap::Args;

use crate::commands::Context;
use crate::commands::session::open_store;
use crate::error::CliError;

/// Arguments of `db check`.
#[derive(Args, Debug)]
pub struct CheckArgs {
    /// How often to try again
    #[arg(long, default_value_t = 0, value_name = "TIMES")]
    retry: u32,
    /// Seconds between tries
    #[arg(long, default_value_t = 1, value_name = "SECONDS")]
    retry_delay: u32,
}

pub async fn run(args: &CheckArgs, context: &Context) -> Result<(), CliError> {
    let config = context.config()?;
    let mut left = args.retry;
    loop {
        match open_store(&config, false).await {
            Ok(_) => {
                println!("Connection successful.");
                return Ok(());
            }
            // The command line or configuration will not get better by waiting.
            Err(error) if left == 0 || error.code == 2 => return Err(error),
            Err(error) => eprintln!("{}", error.message),
        }
        left -= 1;
        tokio::time::sleep(Duration::from_secs(args.retry_delay.into())).await;
    }
}
