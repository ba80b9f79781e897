//! `-D`: goes to the background, as Airflow's roles do. A service manager does this better.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::Args;

use crate::config::Config;
use crate::error::CliError;

/// Says to the process in the background that it is there.
const IN_BACKGROUND: &str = "TRADEWIND_IN_BACKGROUND";

/// Options of every role.
#[derive(Args, Debug)]
pub struct DaemonArgs {
    /// Write the process id to this file [default with -D: $AIRFLOW_HOME/airflow-ROLE.pid]
    #[arg(long, value_name = "FILE", num_args = 0..=1)]
    pid: Option<Option<PathBuf>>,
    /// Go to the background
    #[arg(short = 'D', long)]
    daemon: bool,
    /// With -D: where standard output goes [default: $AIRFLOW_HOME/airflow-ROLE.out]
    #[arg(long, value_name = "FILE")]
    stdout: Option<PathBuf>,
    /// With -D: where standard error goes [default: $AIRFLOW_HOME/airflow-ROLE.err]
    #[arg(long, value_name = "FILE")]
    stderr: Option<PathBuf>,
    /// With -D: where the log goes, which is on standard error otherwise
    #[arg(short, long, value_name = "FILE")]
    log_file: Option<PathBuf>,
}

/// What is left to do.
pub enum Proceed {
    /// Run the role; the file with the process id goes when this is dropped.
    Run(PidFile),
    /// Nothing: another process runs it.
    Done,
}

/// A file with this process's id.
pub struct PidFile(Option<PathBuf>);

impl Drop for PidFile {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            let _ = std::fs::remove_file(path);
        }
    }
}

impl DaemonArgs {
    /// Whether it goes to the background.
    pub fn is_daemon(&self) -> bool {
        self.daemon
    }

    /// Goes to the background if asked to, and writes the process id.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn proceed(&self, role: &str, config: &Config) -> Result<Proceed, CliError> {
        let named = |ending: &str| config.home().join(format!("airflow-{role}.{ending}"));
        let pid_file = match &self.pid {
            Some(path) => Some(path.clone().unwrap_or_else(|| named("pid"))),
            None => self.daemon.then(|| named("pid")),
        };
        if !self.daemon || std::env::var_os(IN_BACKGROUND).is_some() {
            if let Some(path) = &pid_file {
                if let Some(pid) = running(path) {
                    return Err(CliError::failed(format!(
                        "{role} runs already: {} names process {pid}",
                        path.display()
                    ))
                    .hint("end that one first, or give this one another file with --pid"));
                }
                write(path, |path| std::fs::write(path, format!("{}\n", std::process::id())))?;
            }
            return Ok(Proceed::Run(PidFile(pid_file)));
        }
        std::fs::create_dir_all(config.home())?;
        let out = append(self.stdout.as_ref().unwrap_or(&named("out")))?;
        let log = self.log_file.as_ref().or(self.stderr.as_ref());
        let err = append(log.unwrap_or(&named("err")))?;
        let child = Command::new(std::env::current_exe()?)
            .args(std::env::args_os().skip(1))
            .env(IN_BACKGROUND, "1")
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(err)
            .spawn()?;
        println!("{role} runs in the background as process {}", child.id());
        Ok(Proceed::Done)
    }
}

/// The process that a file names, if it is another one of this program: numbers of processes come again.
pub fn running(path: &Path) -> Option<u32> {
    let pid: u32 = std::fs::read_to_string(path).ok()?.trim().parse().ok()?;
    let program = |pid: u32| std::fs::read_link(format!("/proc/{pid}/exe")).ok();
    // A program that was replaced since is still that program.
    let name = |path: PathBuf| path.to_string_lossy().trim_end_matches(" (deleted)").to_owned();
    let ours = program(std::process::id()).map(name);
    (pid != std::process::id() && ours.is_some() && program(pid).map(name) == ours).then_some(pid)
}

fn append(path: &Path) -> Result<File, CliError> {
    write(path, |path| OpenOptions::new().create(true).append(true).open(path))
}

fn write<T>(path: &Path, how: impl FnOnce(&Path) -> io::Result<T>) -> Result<T, CliError> {
    how(path).map_err(|error| CliError::failed(format!("cannot write {}: {error}", path.display())))
}
