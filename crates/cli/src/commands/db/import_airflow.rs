//! `db import-airflow`: reads the metadata database of an Airflow.

use clap::{Args, ValueEnum};
use serde_json::json;
use tradewind_core::Timestamp;
use tradewind_server::auth::rights::check_permission;
use tradewind_server::auth::role::BUILT_IN;
use tradewind_store::{
    AirflowSource, ImportKind, ImportOptions, KindReport, RoleWords, Skipped, Unfinished as Rest, import_airflow,
};

use super::airflow_address::AirflowArgs;
use crate::commands::Context;
use crate::commands::session::{migrate, open_store};
use crate::error::CliError;
use crate::home;
use crate::output::{Format, OutputArgs, print};
use crate::progress::Progress;
use crate::row;

/// Arguments of `db import-airflow`.
#[derive(Args, Debug)]
pub struct ImportAirflowArgs {
    /// Address of its database: postgresql://… or sqlite:////path. It is only read
    #[arg(long, value_name = "ADDRESS")]
    from: Option<String>,
    #[command(flatten)]
    airflow: AirflowArgs,
    /// Only these, separated by commas
    #[arg(long, value_enum, value_delimiter = ',', value_name = "KINDS")]
    only: Vec<Kind>,
    /// Not these, separated by commas
    #[arg(long, value_enum, value_delimiter = ',', value_name = "KINDS")]
    skip: Vec<Kind>,
    /// Only runs from this date on, besides the newest scheduled one of each DAG
    #[arg(long, value_name = "DATE")]
    since: Option<Timestamp>,
    /// What becomes of runs that Airflow has not finished: `fail` them, or `leave-out`: their schedule makes them anew
    #[arg(long, value_enum, default_value_t)]
    unfinished: Unfinished,
    /// Replace pools, connections and variables that are here already
    #[arg(long)]
    overwrite: bool,
    /// Only tell what would be read
    #[arg(short = 'n', long)]
    dry_run: bool,
    #[command(flatten)]
    output: OutputArgs,
}

/// `--unfinished`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Unfinished {
    #[default]
    Fail,
    LeaveOut,
}

/// What can be imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    Pools,
    Connections,
    Variables,
    Roles,
    Users,
    Dags,
    Assets,
    Runs,
    Xcoms,
}

impl From<Kind> for ImportKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Pools => Self::Pools,
            Kind::Connections => Self::Connections,
            Kind::Variables => Self::Variables,
            Kind::Roles => Self::Roles,
            Kind::Users => Self::Users,
            Kind::Dags => Self::Dags,
            Kind::Assets => Self::Assets,
            Kind::Runs => Self::Runs,
            Kind::Xcoms => Self::XComs,
        }
    }
}

/// Which roles and rights there are here.
const ROLES: RoleWords =
    RoleWords { built_in: BUILT_IN, known: |action, resource| check_permission(action, resource).is_ok() };

pub async fn run(args: &ImportAirflowArgs, context: &Context) -> Result<(), CliError> {
    let address = args.airflow.address(args.from.as_deref(), "--from", context)?;
    let source = AirflowSource::open(&address.url).await.map_err(|error| CliError::failed(error.to_string()))?;
    let (only, skip): (Vec<ImportKind>, Vec<ImportKind>) =
        (args.only.iter().map(|k| (*k).into()).collect(), args.skip.iter().map(|k| (*k).into()).collect());
    let kinds = ImportKind::ALL.iter().copied();
    let kinds = kinds.filter(|kind| (only.is_empty() || only.contains(kind)) && !skip.contains(kind)).collect();
    let unfinished = if args.unfinished == Unfinished::Fail { Rest::Fail } else { Rest::LeaveOut };
    let options = ImportOptions {
        unfinished,
        roles: ROLES,
        kinds,
        fernet: address.fernet,
        overwrite: args.overwrite,
        since: args.since,
    };
    let store = if args.dry_run {
        None
    } else {
        let config = home::ensure(context.config()?)?;
        let store = open_store(&config, false).await?;
        migrate(&config, &store, context.program).await?;
        Some(store)
    };
    eprintln!(
        "Reading {} ({}{})",
        source.address(),
        source.version(),
        source.revision().map(|revision| format!(", revision {revision}")).unwrap_or_default()
    );
    let bars = Bars::default();
    let reports =
        import_airflow(&source, store.as_ref(), &options, &|what, done, total| bars.at(what, done, total)).await;
    bars.done();
    let reports = reports.map_err(|error| {
        CliError::failed(error.to_string()).hint("what was read so far is kept: run it again to go on from there")
    })?;
    show(&reports, args)
}

/// A bar for each kind, one after the other.
#[derive(Default)]
struct Bars(std::sync::Mutex<Option<(&'static str, u64, Progress)>>);

impl Bars {
    fn at(&self, what: &'static str, done: u64, total: u64) {
        let mut bar = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if bar.as_ref().is_none_or(|(of, known, _)| *of != what || *known != total) {
            if let Some((_, _, before)) = bar.take() {
                before.done();
            }
            *bar = Some((what, total, Progress::counted(what, total)));
        }
        if let Some((_, _, bar)) = bar.as_ref() {
            bar.at(done);
        }
    }

    fn done(&self) {
        if let Some((_, _, bar)) = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take() {
            bar.done();
        }
    }
}

/// Prints the report: a table and the reasons below it, or records.
fn show(reports: &[KindReport], args: &ImportAirflowArgs) -> Result<(), CliError> {
    let words = |of: &std::collections::BTreeMap<String, Skipped>| {
        json!(
            of.iter()
                .map(|(reason, rows)| json!({"reason": reason, "rows": rows.count, "names": rows.names}))
                .collect::<Vec<_>>()
        )
    };
    let records = reports.iter().map(|report| {
        let mut record = row! {
            "what" => report.kind,
            "read" => report.read,
            "written" => if args.dry_run { 0 } else { report.written },
            "kept" => report.kept,
            "left_out" => report.skipped_rows(),
        };
        if matches!(args.output.output, Format::Json | Format::Yaml) {
            record.0.push(("reasons".into(), words(&report.skipped)));
            record.0.push(("changed".into(), words(&report.changed)));
        }
        record
    });
    print(args.output.output, &["what", "read", "written", "kept", "left_out"], records.collect())?;
    if matches!(args.output.output, Format::Table | Format::Plain) {
        for report in reports {
            for (verb, rows) in [("left out", &report.skipped), ("changed", &report.changed)] {
                for (reason, rows) in rows {
                    let more = if rows.count > rows.names.len() as u64 { ", …" } else { "" };
                    let names = if rows.names.is_empty() {
                        String::new()
                    } else {
                        format!(": {}{more}", rows.names.join(", "))
                    };
                    println!("{}: {} {verb}: {reason}{names}", report.kind, rows.count);
                }
            }
        }
    }
    if args.dry_run {
        eprintln!("Nothing was written (--dry-run).");
    }
    Ok(())
}
