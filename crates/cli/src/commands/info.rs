//! `info`: what runs here, for people and for reports of problems.

use std::path::Path;

use clap::Args;

use super::Context;
use super::session::open_store;
use super::version::AIRFLOW_VERSION;
use crate::config::options;
use crate::error::CliError;
use crate::output::{OutputArgs, Row, print};
use crate::{python_env, row};

/// Arguments of `info`.
#[derive(Args, Debug)]
pub struct InfoArgs {
    /// Without names of users and folders
    #[arg(long)]
    anonymize: bool,
    #[command(flatten)]
    output: OutputArgs,
}

pub async fn run(args: &InfoArgs, context: &Context) -> Result<(), CliError> {
    let config = context.config()?;
    let database = match open_existing(&config).await {
        Ok(()) => "ready".to_owned(),
        Err(error) => error.message,
    };
    let python = python_env::prepared(&config, &python_env::EnvironmentName::Common).map_or_else(
        || "not prepared yet; the first start does it".to_owned(),
        |env| env.interpreter.display().to_string(),
    );
    let address = config.text(&options::SQL_ALCHEMY_CONN);
    let address = match (address.split_once("://"), address.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, place))) => format!("{scheme}://***@{place}"),
        _ => address.to_owned(),
    };
    let binary = std::env::current_exe().unwrap_or_default();
    let rows: Vec<(&str, String)> = vec![
        ("version", env!("CARGO_PKG_VERSION").to_owned()),
        ("airflow version", AIRFLOW_VERSION.to_owned()),
        ("binary", binary.display().to_string()),
        ("airflow_home", config.home().display().to_string()),
        ("config file", config.file().display().to_string()),
        ("dags_folder", config.path(&options::DAGS_FOLDER).display().to_string()),
        ("base_log_folder", config.path(&options::BASE_LOG_FOLDER).display().to_string()),
        ("executor", config.text(&options::EXECUTOR).to_owned()),
        ("sql_alchemy_conn", address),
        ("database", database),
        ("python", python),
        ("system", system()),
    ];
    let user = std::env::var("HOME").unwrap_or_default();
    let shown = |text: String| match args.anonymize && user.len() > 1 {
        true => text.replace(&user, "${HOME}"),
        false => text,
    };
    let rows: Vec<Row> = rows.into_iter().map(|(name, value)| row! {"name" => name, "value" => shown(value)}).collect();
    print(args.output.output, &["name", "value"], rows)
}

/// Looks at the database without making one.
async fn open_existing(config: &crate::config::Config) -> Result<(), CliError> {
    super::session::must_exist(config, "tradewind")?;
    Ok(open_store(config, false).await?.check().await?)
}

fn system() -> String {
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let name = std::fs::read_to_string(Path::new("/etc/os-release")).unwrap_or_default();
    let name =
        name.lines().find_map(|l| l.strip_prefix("PRETTY_NAME=")).unwrap_or(std::env::consts::OS).trim_matches('"');
    format!("{name}, {} {}", kernel.trim(), std::env::consts::ARCH)
}
