//! `version`: prints the version; called as `airflow`, that of the Airflow whose interfaces it has, for scripts
//! that compare it.

use clap::Args;

use super::Context;
use crate::error::CliError;

/// The version of Airflow whose interfaces this version offers.
pub const AIRFLOW_VERSION: &str = "3.3.2";

/// Arguments of `version`.
#[derive(Args, Debug)]
pub struct VersionArgs {
    /// Print the version of Airflow that DAG files and providers see instead
    #[arg(long)]
    airflow: bool,
}

pub fn run(args: &VersionArgs, context: &Context) -> Result<(), CliError> {
    println!(
        "{}",
        if args.airflow || context.program == "airflow" { AIRFLOW_VERSION } else { env!("CARGO_PKG_VERSION") }
    );
    Ok(())
}
