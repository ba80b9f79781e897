//! `celery flower`: starts the real Flower of the Python environment.

use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use clap::Args;

use super::Context;
use crate::commands::roles::daemon::{DaemonArgs, Proceed};
use crate::config::{Config, options};
use crate::error::CliError;
use crate::progress::Progress;
use crate::{python_env, roles};

/// Starts Celery's `flower` with the same broker, certificates and options as our workers.
const START: &str = "\
import json, os, sys
from celery import Celery
app = Celery('airflow')
app.conf.update(json.loads(os.environ.pop('TRADEWIND_CELERY')))
app.start(['flower', *sys.argv[1:]])
";

/// Arguments of `celery flower`.
#[derive(Args, Debug)]
pub struct FlowerArgs {
    /// Address to listen on [default: [celery] flower_host]
    #[arg(short = 'H', long, value_name = "ADDRESS")]
    hostname: Option<String>,
    /// Port [default: [celery] flower_port]
    #[arg(short, long)]
    port: Option<u16>,
    /// A configuration file of Flower
    #[arg(short = 'c', long, value_name = "FILE")]
    flower_conf: Option<PathBuf>,
    /// Path that its pages are under [default: [celery] flower_url_prefix]
    #[arg(short, long, value_name = "PATH")]
    url_prefix: Option<String>,
    /// Who may see it, as user:password [default: [celery] flower_basic_auth]
    #[arg(short = 'A', long, value_name = "LOGINS")]
    basic_auth: Option<String>,
    /// Address of RabbitMQ's management API
    #[arg(short = 'a', long, value_name = "URL")]
    broker_api: Option<String>,
    #[command(flatten)]
    daemon: DaemonArgs,
}

pub fn run(args: &FlowerArgs, context: &Context) -> Result<(), CliError> {
    let config = context.config()?;
    // Reading it says what is wrong with it before Python does.
    roles::celery::broker(&config)?;
    let python = python_env::prepare(&config, &Progress::new())?;
    let there = Command::new(&python.interpreter).args(["-c", "import flower, celery"]).output()?;
    if !there.status.success() {
        return Err(CliError::failed(format!("Flower is not installed for {}", python.interpreter.display()))
            .hint(format!("install it: {} -m pip install flower 'celery[redis]'", python.interpreter.display())));
    }
    let Proceed::Run(_pid_file) = args.daemon.proceed("flower", &config)? else { return Ok(()) };
    let error = command(args, &config, &python.interpreter).exec();
    Err(CliError::failed(format!("cannot start Flower: {error}")))
}

fn command(args: &FlowerArgs, config: &Config, python: &std::path::Path) -> Command {
    let or = |given: &Option<String>, spec| given.clone().or_else(|| config.some_text(spec).map(str::to_owned));
    let mut command = Command::new(python);
    command.args(["-c", START]);
    // Secrets are not for the list of processes.
    command.env_remove("CELERY_BROKER_URL");
    command.env("TRADEWIND_CELERY", roles::celery::for_python(config).to_string());
    if let Some(logins) = or(&args.basic_auth, &options::FLOWER_BASIC_AUTH) {
        command.env("FLOWER_BASIC_AUTH", logins);
    }
    let port = args.port.map_or_else(|| config.int(&options::FLOWER_PORT), i64::from);
    command.arg(format!("--port={port}"));
    for (name, value) in [
        ("address", or(&args.hostname, &options::FLOWER_HOST)),
        ("url_prefix", or(&args.url_prefix, &options::FLOWER_URL_PREFIX)),
        ("broker_api", args.broker_api.clone()),
        ("conf", args.flower_conf.as_ref().map(|path| path.display().to_string())),
    ] {
        command.args(value.map(|value| format!("--{name}={value}")));
    }
    command
}
