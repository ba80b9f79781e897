//! `kerberos`: gets a ticket from a keytab with `kinit`, again and again before it expires.

use std::path::PathBuf;
use std::process::Command;

use clap::Args;

use super::Context;
use super::roles::daemon::{DaemonArgs, Proceed};
use crate::config::{Config, options};
use crate::error::CliError;
use crate::{roles, terminal};

/// Arguments of `kerberos`.
#[derive(Args, Debug)]
pub struct KerberosArgs {
    /// Whose ticket [default: [kerberos] principal]
    principal: Option<String>,
    /// The file with the keys [default: [kerberos] keytab]
    #[arg(short, long, value_name = "FILE", num_args = 0..=1)]
    keytab: Option<Option<PathBuf>>,
    /// Get one ticket and end
    #[arg(short, long)]
    one_time: bool,
    #[command(flatten)]
    daemon: DaemonArgs,
}

/// Tries in a row before it is given up.
const TRIES: u32 = 3;

pub fn run(args: &KerberosArgs, context: &Context) -> Result<(), CliError> {
    let config = context.config()?;
    let Proceed::Run(_pid_file) = args.daemon.proceed("kerberos", &config)? else { return Ok(()) };
    let command = kinit(args, &config);
    if args.one_time {
        return renew(&command);
    }
    roles::run(async |shutdown| {
        let mut failed = 0;
        loop {
            match renew(&command) {
                Ok(()) => failed = 0,
                Err(error) => {
                    failed += 1;
                    if failed == TRIES {
                        return Err(error);
                    }
                    terminal::warn(&error.message);
                }
            }
            let pause = if failed > 0 {
                std::time::Duration::from_secs(5)
            } else {
                config.seconds(&options::KERBEROS_REINIT_FREQUENCY)
            };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = shutdown.cancelled() => return Ok(()),
            }
        }
    })
}

/// The program and its arguments.
fn kinit(args: &KerberosArgs, config: &Config) -> Vec<String> {
    let switch = |on: bool, yes: &str, no: &str| if on { yes.to_owned() } else { no.to_owned() };
    let keytab = args.keytab.clone().flatten().map(|path| path.display().to_string());
    let principal = args.principal.clone().unwrap_or_else(|| config.text(&options::KERBEROS_PRINCIPAL).to_owned());
    vec![
        config.text(&options::KERBEROS_KINIT_PATH).to_owned(),
        switch(config.flag(&options::KERBEROS_FORWARDABLE), "-f", "-F"),
        switch(config.flag(&options::KERBEROS_INCLUDE_IP), "-a", "-A"),
        // Renewable for so long, in minutes as in Airflow.
        "-r".into(),
        format!("{}m", config.text(&options::KERBEROS_REINIT_FREQUENCY)),
        "-k".into(),
        "-t".into(),
        keytab.unwrap_or_else(|| config.text(&options::KERBEROS_KEYTAB).to_owned()),
        "-c".into(),
        config.text(&options::KERBEROS_CCACHE).to_owned(),
        principal.replace("_HOST", &roles::hostname()),
    ]
}

fn renew(command: &[String]) -> Result<(), CliError> {
    let [program, arguments @ ..] = command else { return Ok(()) };
    let output = Command::new(program).args(arguments).output().map_err(|error| {
        CliError::failed(format!("{program} cannot be started: {error}"))
            .hint("install Kerberos' user programs, or set [kerberos] kinit_path")
    })?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(CliError::failed(format!("{program} ended with {}: {}", output.status, said.trim())))
}
