//! `connections export FILE`: with secrets, readable by its owner only.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde_json::{Map, Value};
use tradewind_store::Connection;

use crate::commands::Context;
use crate::commands::session::Session;
use crate::error::CliError;
use crate::files::{self, FileFormat};
use crate::{connection_uri, home};

/// Arguments of `connections export`.
#[derive(Args, Debug)]
pub struct ExportArgs {
    /// The file; - prints
    file: PathBuf,
    /// Format of the file [default: by its ending]
    #[arg(long, alias = "format", value_enum, value_name = "FORMAT")]
    file_format: Option<FileFormat>,
    /// How a connection is written in .env files: one JSON object, or a URI
    #[arg(long, value_enum, value_name = "FORMAT", ignore_case = true)]
    serialization_format: Option<Serialization>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Serialization {
    Json,
    Uri,
}

pub async fn run(args: &ExportArgs, context: &Context) -> Result<(), CliError> {
    let printed = args.file == Path::new("-");
    let format = match args.file_format {
        Some(format) => format,
        None if printed => FileFormat::Env,
        None => FileFormat::of(&args.file)?,
    };
    if args.serialization_format.is_some() && format != FileFormat::Env {
        return Err(CliError::usage("--serialization-format is for .env files only"));
    }
    let session = Session::open(context).await?;
    let connections = session.store.connections().await?;
    let text = text(&connections, format, args.serialization_format.unwrap_or(Serialization::Uri))?;
    if printed {
        files::write(&args.file, &text)?;
    } else {
        home::write_private(&args.file, &text)
            .map_err(|error| CliError::failed(format!("cannot write {}: {error}", args.file.display())))?;
    }
    eprintln!("Connections successfully exported to {}.", args.file.display());
    Ok(())
}

fn text(connections: &[Connection], format: FileFormat, one: Serialization) -> Result<String, CliError> {
    let records: Map<String, Value> =
        connections.iter().map(|c| (c.conn_id.clone(), connection_uri::to_json(c))).collect();
    Ok(match format {
        FileFormat::Json => files::pretty(&records),
        FileFormat::Yaml => serde_yaml_ng::to_string(&records).map_err(|error| CliError::failed(error.to_string()))?,
        FileFormat::Env => connections
            .iter()
            .map(|c| match one {
                Serialization::Uri => format!("{}={}\n", c.conn_id, connection_uri::format(c)),
                Serialization::Json => format!("{}={}\n", c.conn_id, connection_uri::to_json(c)),
            })
            .collect(),
    })
}
