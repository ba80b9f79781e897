//! `db export-archived` and `db drop-archived`: what `db clean` kept.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde_json::Value;
use tradewind_store::Store;

use crate::commands::Context;
use crate::commands::session::Session;
use crate::confirm::confirm;
use crate::error::CliError;
use crate::progress::Progress;

/// Arguments of `db export-archived`.
#[derive(Args, Debug)]
pub struct ExportArgs {
    /// Format of the files
    #[arg(long, value_enum, default_value_t)]
    export_format: ExportFormat,
    /// The folder for them: a file for each archive table
    #[arg(long, value_name = "FOLDER")]
    output_path: PathBuf,
    /// Drop the archive tables afterwards
    #[arg(long)]
    drop_archives: bool,
    /// Only archives of these tables, separated by commas
    #[arg(short, long, value_delimiter = ',', value_name = "NAMES")]
    tables: Vec<String>,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum ExportFormat {
    #[default]
    Csv,
}

/// Arguments of `db drop-archived`.
#[derive(Args, Debug)]
pub struct DropArgs {
    /// Only archives of these tables, separated by commas
    #[arg(short, long, value_delimiter = ',', value_name = "NAMES")]
    tables: Vec<String>,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
}

/// Rows that are read at a time.
const PAGE: u32 = 5_000;

pub async fn export(args: &ExportArgs, context: &Context) -> Result<(), CliError> {
    let session = Session::open(context).await?;
    let archives = session.store.archives(&args.tables).await?;
    if args.drop_archives && !archives.is_empty() {
        let question = format!("The tables {} are dropped after the export. Proceed?", archives.join(", "));
        confirm(&question, args.yes)?;
    }
    std::fs::create_dir_all(&args.output_path)?;
    for archive in &archives {
        let ExportFormat::Csv = args.export_format;
        let file = args.output_path.join(format!("{archive}.csv"));
        let rows = write_csv(&session.store, archive, &file).await?;
        println!("{archive}: {rows} rows written to {}", file.display());
    }
    println!("Total exported tables: {}", archives.len());
    if args.drop_archives {
        for archive in &archives {
            session.store.drop_archive(archive).await?;
        }
        println!("Total dropped tables: {}", archives.len());
    }
    Ok(())
}

pub async fn drop(args: &DropArgs, context: &Context) -> Result<(), CliError> {
    let session = Session::open(context).await?;
    let archives = session.store.archives(&args.tables).await?;
    if archives.is_empty() {
        println!("There are no archive tables.");
        return Ok(());
    }
    confirm(&format!("This drops the tables {} with all their rows. Proceed?", archives.join(", ")), args.yes)?;
    for archive in &archives {
        session.store.drop_archive(archive).await?;
    }
    println!("Total dropped tables: {}", archives.len());
    Ok(())
}

async fn write_csv(store: &Store, archive: &str, path: &Path) -> Result<u64, CliError> {
    let progress = Progress::counted(archive, 0);
    let mut out = BufWriter::new(File::create(path)?);
    let columns: Vec<Value> = store.archive_columns(archive).await?.into_iter().map(Value::String).collect();
    out.write_all(line(&columns).as_bytes())?;
    let mut written = 0;
    loop {
        let rows = store.archive_rows(archive, written, PAGE).await?;
        for row in &rows {
            out.write_all(line(row).as_bytes())?;
        }
        written += rows.len() as u64;
        progress.at(written);
        if rows.len() < PAGE as usize {
            break;
        }
    }
    out.flush()?;
    progress.done();
    Ok(written)
}

/// One line, as Python's `csv` writes it.
fn line(values: &[Value]) -> String {
    let cell = |value: &Value| {
        let text = match value {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        match text.contains(['"', ',', '\n', '\r']) {
            true => format!("\"{}\"", text.replace('"', "\"\"")),
            false => text,
        }
    };
    values.iter().map(cell).collect::<Vec<_>>().join(",") + "\r\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_what_spreadsheets_read() {
        let row = [Value::from(1), Value::Null, Value::from("a,\"b\""), Value::from("plain")];
        assert_eq!(line(&row), "1,,\"a,\"\"b\"\"\",plain\r\n");
    }
}
