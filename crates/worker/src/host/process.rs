//! Starts the interpreter of the root host and says clearly why it did not start.

use std::ffi::OsString;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustix::io::{FdFlags, fcntl_setfd};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::UnixStream;
use tokio::process::{ChildStderr, Command};
use tradewind_protocol::frames::FromHost;

use super::conversation::Host;
use super::frame::FrameReader;

/// How to start python hosts and how many warm ones may stay.
#[derive(Clone, Debug)]
pub struct HostConfig {
    /// The interpreter: a path, or a name that is looked up on `PATH`.
    pub python: PathBuf,
    /// A link to the environment (a folder with `bin/python`) that hosts live in, instead of [`HostConfig::python`]. It
    /// is looked at for every job: when it leads elsewhere, new jobs go to hosts of the new environment, and those that
    /// run stay in theirs.
    pub follow: Option<PathBuf>,
    /// Folders put before everything else on `PYTHONPATH`: where our `airflow` package is.
    pub python_path: Vec<PathBuf>,
    /// More environment for hosts, and so for tasks.
    pub env: Vec<(OsString, OsString)>,
    /// Longest time that an interpreter may take to say that it is ready.
    pub start_timeout: Duration,
    /// Warm hosts at most; 0 switches them off.
    pub warm_hosts: usize,
    /// Memory (proportional set size, bytes) that all warm hosts together may take.
    pub warm_memory: u64,
    /// A warm host that nobody used for so long is retired.
    pub warm_idle: Duration,
    /// A warm host is replaced after so long, so that what a file computes while it is imported does not go stale.
    pub warm_age: Duration,
}

impl HostConfig {
    /// The defaults with that interpreter and those folders.
    pub fn new(python: impl Into<PathBuf>, python_path: Vec<PathBuf>) -> Self {
        Self {
            python: python.into(),
            follow: None,
            python_path,
            env: Vec::new(),
            start_timeout: Duration::from_secs(60),
            warm_hosts: 16,
            warm_memory: 256 << 20,
            warm_idle: Duration::from_secs(60),
            warm_age: Duration::from_secs(120),
        }
    }
}

impl HostConfig {
    /// The interpreter to start hosts with now.
    pub fn interpreter(&self) -> PathBuf {
        match &self.follow {
            Some(link) => led_to(link).map_or_else(|| self.python.clone(), |folder| folder.join("bin/python")),
            None => self.python.clone(),
        }
    }

    /// What hosts, and so tasks, have in their environment besides ours.
    /// Commands that an environment has are found, as if it were activated.
    pub fn environment(&self) -> Vec<(OsString, OsString)> {
        let mut all = Vec::new();
        let path = python_path(&self.python_path);
        if !path.is_empty() {
            all.push(("PYTHONPATH".into(), path));
        }
        let interpreter = self.interpreter();
        if let Some(commands) = interpreter.parent()
            && let Some(environment) = commands.parent().filter(|folder| folder.join("pyvenv.cfg").exists())
        {
            let inherited = std::env::var_os("PATH").unwrap_or_default();
            let paths = std::iter::once(commands.to_owned()).chain(std::env::split_paths(&inherited));
            all.extend(std::env::join_paths(paths).ok().map(|path| ("PATH".into(), path)));
            all.push(("VIRTUAL_ENV".into(), environment.into()));
        }
        all.extend(self.env.iter().cloned());
        all
    }
}

/// Where a link leads, as an absolute path; `None` if it is none.
pub fn led_to(link: &Path) -> Option<PathBuf> {
    let target = std::fs::read_link(link).ok()?;
    Some(link.parent()?.join(target))
}

/// Why there is no python host. The text names the interpreter and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    /// The interpreter cannot be started.
    #[error(
        "cannot start the Python interpreter '{python}': {detail}; install Python 3.9 or newer, or name another interpreter in [tradewind] python"
    )]
    NoInterpreter {
        /// The interpreter.
        python: PathBuf,
        /// What the system said.
        detail: String,
    },
    /// It runs, but our package is not there.
    #[error("the Python interpreter '{python}' cannot import Tradewind's 'airflow' package: {detail}; {advice}")]
    NoPackage {
        /// The interpreter.
        python: PathBuf,
        /// The last line of Python's traceback.
        detail: String,
        /// What to do.
        advice: String,
    },
    /// It did not come up for another reason.
    #[error("the python host of '{python}' did not start: {detail}")]
    NotReady {
        /// The interpreter.
        python: PathBuf,
        /// What is known.
        detail: String,
    },
    /// It runs and cannot fork.
    #[error("the python host could not fork: {0}")]
    Fork(String),
}

/// The last lines that a starting host wrote to its standard error.
type Complaints = Arc<Mutex<Vec<String>>>;

/// Starts an interpreter and waits until it can fork.
pub(super) async fn start(config: &HostConfig, interpreter: &Path) -> Result<Arc<Host>, HostError> {
    let not_ready = |detail: String| HostError::NotReady { python: interpreter.to_owned(), detail };
    let (ours, theirs) = std::os::unix::net::UnixStream::pair().map_err(|e| not_ready(e.to_string()))?;
    ours.set_nonblocking(true).map_err(|e| not_ready(e.to_string()))?;
    // The one descriptor that the host inherits. Another process started at this very moment may inherit it as well,
    // which does no harm: the end of the host is seen by its process, and ours by our end, which nobody inherits.
    fcntl_setfd(&theirs, FdFlags::empty()).map_err(|e| not_ready(e.to_string()))?;
    let mut command = Command::new(interpreter);
    command
        .args(["-m", "airflow._runtime.host"])
        .env("TRADEWIND_HOST_FD", theirs.as_raw_fd().to_string())
        .envs(config.environment())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .process_group(0);
    let mut process = command.spawn().map_err(|error| HostError::NoInterpreter {
        python: interpreter.to_owned(),
        detail: match error.kind() {
            std::io::ErrorKind::NotFound => "there is no such program".into(),
            std::io::ErrorKind::PermissionDenied => "it may not be executed".into(),
            _ => error.to_string(),
        },
    })?;
    drop(theirs);
    let complaints = Complaints::default();
    let errors = process.stderr.take().expect("piped");
    let reading = tokio::spawn(forward_stderr(errors, Arc::clone(&complaints)));

    let (reader, writer) = UnixStream::from_std(ours).map_err(|e| not_ready(e.to_string()))?.into_split();
    let mut reader = FrameReader::new(reader);
    let first = tokio::time::timeout(config.start_timeout, reader.next::<FromHost>()).await;
    match first {
        Ok(Ok(Some(FromHost::Ready { pid, python, .. }))) => {
            let host = Arc::new(Host::new(reader, writer, pid, Vec::new(), true));
            tracing::debug!(pid, python, interpreter = %interpreter.display(), "python host is ready");
            let watched = Arc::downgrade(&host);
            tokio::spawn(async move {
                let ended = process.wait().await;
                if let Some(host) = watched.upgrade() {
                    let last = complaints.lock().expect("complaints").last().cloned();
                    let last = last.map(|line| format!(": {line}")).unwrap_or_default();
                    host.mark_gone(match ended {
                        Ok(status) => format!("the process ended ({status}){last}"),
                        Err(error) => format!("the process ended ({error}){last}"),
                    });
                }
            });
            Ok(host)
        }
        Err(_) => {
            let _ = process.start_kill();
            Err(not_ready(format!("it was not ready after {} s", config.start_timeout.as_secs())))
        }
        Ok(Ok(Some(other))) => {
            let _ = process.start_kill();
            Err(not_ready(format!("it said {other:?} instead of being ready")))
        }
        Ok(Ok(None) | Err(_)) => {
            let status = process.wait().await;
            let _ = tokio::time::timeout(Duration::from_secs(1), reading).await;
            let lines = complaints.lock().expect("complaints").clone();
            Err(explain(interpreter, &lines, &status.map(|s| s.to_string()).unwrap_or_default()))
        }
    }
}

/// Our folders before those of the environment.
fn python_path(folders: &[PathBuf]) -> OsString {
    let inherited = std::env::var_os("PYTHONPATH").unwrap_or_default();
    let all = folders.iter().cloned().chain(std::env::split_paths(&inherited).filter(|p| !p.as_os_str().is_empty()));
    std::env::join_paths(all).unwrap_or(inherited)
}

async fn forward_stderr(errors: ChildStderr, complaints: Complaints) {
    let mut lines = BufReader::new(errors).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        tracing::warn!(target: "tradewind::host", "{line}");
        let mut kept = complaints.lock().expect("complaints");
        if kept.len() == 50 {
            kept.remove(0);
        }
        kept.push(line);
    }
}

/// Reads Python's complaint.
fn explain(python: &Path, lines: &[String], status: &str) -> HostError {
    let last = lines.iter().rev().find(|line| !line.trim().is_empty()).cloned().unwrap_or_default();
    let python = python.to_owned();
    // Python begins some complaints with its own path.
    let detail = match last.trim().split_once(": ") {
        Some((path, rest)) if path.starts_with('/') => rest.to_owned(),
        _ => last.trim().to_owned(),
    };
    // "No module named airflow", "No module named 'airflow._runtime'", "Error while finding module specification …".
    let missing = |name: &str| {
        detail.contains(&format!("No module named {name}")) || detail.contains(&format!("No module named '{name}"))
    };
    if missing("airflow._runtime") {
        let advice =
            "another 'airflow' package is before ours on its path: remove apache-airflow from this environment".into();
        HostError::NoPackage { python, detail, advice }
    } else if missing("airflow") {
        let advice = "check that Tradewind's python folder is where it was installed ([tradewind] python_path)".into();
        HostError::NoPackage { python, detail, advice }
    } else if detail.contains("ModuleNotFoundError")
        || detail.contains("No module named")
        || detail.contains("ImportError")
    {
        let advice = "install the missing package into this interpreter's environment, or name another interpreter in [tradewind] python".into();
        HostError::NoPackage { python, detail, advice }
    } else {
        let detail =
            if detail.is_empty() { format!("it ended at once ({status})") } else { format!("{detail} ({status})") };
        HostError::NotReady { python, detail }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_missing_interpreter_is_named() {
        let error = start(&HostConfig::new("", vec![]), Path::new("/nowhere/python3")).await.err().unwrap().to_string();
        assert!(error.contains("/nowhere/python3") && error.contains("no such program"), "{error}");
        assert!(error.contains("[tradewind] python"), "{error}");
    }

    #[tokio::test]
    async fn a_missing_package_is_told_from_a_foreign_one() {
        let folder = tempfile::tempdir().unwrap();
        let mut config = HostConfig::new("python3", vec![folder.path().to_owned()]);
        config.env = vec![("PYTHONNOUSERSITE".into(), "1".into())];
        std::fs::create_dir(folder.path().join("airflow")).unwrap();
        std::fs::write(folder.path().join("airflow/__init__.py"), "").unwrap();
        let error = start(&config, &config.python).await.err().unwrap();
        assert!(matches!(error, HostError::NoPackage { .. }), "{error:?}");
        assert!(error.to_string().contains("another 'airflow' package"), "{error}");

        std::fs::create_dir(folder.path().join("airflow/_runtime")).unwrap();
        std::fs::write(folder.path().join("airflow/_runtime/__init__.py"), "").unwrap();
        std::fs::write(folder.path().join("airflow/_runtime/host.py"), "import no_such_thing_at_all").unwrap();
        let error = start(&config, &config.python).await.err().unwrap().to_string();
        assert!(error.contains("no_such_thing_at_all") && error.contains("install the missing package"), "{error}");

        std::fs::write(folder.path().join("airflow/_runtime/host.py"), "raise SystemExit(4)").unwrap();
        let error = start(&config, &config.python).await.err().unwrap().to_string();
        assert!(error.contains("ended at once (exit status: 4)"), "{error}");
    }
}
