//! `version`: prints the version.

use clap::Args;

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

pub fn run(args: &VersionArgs) -> Result<(), CliError> {
    println!("{}", if args.airflow { AIRFLOW_VERSION } else { env!("CARGO_PKG_VERSION") });
    Ok(())
}
