//! `db export-airflow`: writes connections, variables and pools into the metadata database of an Airflow.

use clap::{Args, ValueEnum};
use tradewind_store::{AirflowSource, ExportOptions, export_airflow};

use super::airflow_address::AirflowArgs;
use crate::commands::Context;
use crate::commands::session::Session;
use crate::error::CliError;
use crate::output::{OutputArgs, print};
use crate::row;

/// Arguments of `db export-airflow`.
#[derive(Args, Debug)]
pub struct ExportAirflowArgs {
    /// Address of its database: postgresql://… or sqlite:////path
    #[arg(long, value_name = "ADDRESS")]
    to: Option<String>,
    #[command(flatten)]
    airflow: AirflowArgs,
    /// Only these, separated by commas
    #[arg(long, value_enum, value_delimiter = ',', value_name = "KINDS")]
    only: Vec<Kind>,
    /// Replace what is there under the same name
    #[arg(long)]
    overwrite: bool,
    /// Only tell what would be written
    #[arg(short = 'n', long)]
    dry_run: bool,
    #[command(flatten)]
    output: OutputArgs,
}

/// What can be exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    Pools,
    Connections,
    Variables,
}

pub async fn run(args: &ExportAirflowArgs, context: &Context) -> Result<(), CliError> {
    let address = args.airflow.address(args.to.as_deref(), "--to", context)?;
    let session = Session::open(context).await?;
    let airflow = AirflowSource::open(&address.url).await.map_err(|error| CliError::failed(error.to_string()))?;
    let wanted = |kind: Kind| args.only.is_empty() || args.only.contains(&kind);
    let options = ExportOptions {
        fernet: address.fernet,
        connections: wanted(Kind::Connections),
        variables: wanted(Kind::Variables),
        pools: wanted(Kind::Pools),
        overwrite: args.overwrite,
        dry_run: args.dry_run,
    };
    let reports = export_airflow(&session.store, &airflow, &options)
        .await
        .map_err(|error| CliError::failed(error.to_string()).hint("nothing was written"))?;
    let rows = reports.iter().map(
        |report| row! {"what" => report.kind, "read" => report.read, "written" => report.written, "kept" => report.kept},
    );
    print(args.output.output, &["what", "read", "written", "kept"], rows.collect())?;
    if args.dry_run {
        eprintln!("Nothing was written (--dry-run).");
    }
    Ok(())
}
