//! The native lane: a shell command without Python, with the results of `BashOperator`.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};
use serde_json::{Map, Value};
use tokio::io::unix::AsyncFd;
use tradewind_core::TaskState;
use tradewind_protocol::{LaneSpec, Workload};
use wait4::Wait4;

use super::memory;
use super::stop::{Ladder, Stop};
use super::template::{is_plain, isoformat, render};
use super::{Lane, Outcome};
use crate::clock::now;
use crate::host::{How, PipeReader, pipe};
use crate::log::{Line, LineSplitter, Stream, TryLog};
use crate::orphans;

/// Bytes of a line that are kept, because the last line becomes an XCom.
const LONGEST_LINE: usize = 16 << 20;
/// Longest rendered text that is shown whole.
const LONGEST_SHOWN: usize = 4096;
/// Memory of a running command is looked at after this time, and then ever less often …
const FIRST_LOOK: Duration = Duration::from_millis(100);
/// … down to once in this time.
const LAST_LOOK: Duration = Duration::from_secs(10);

/// A shell command whose templates are rendered.
#[derive(Debug)]
pub(super) struct Command {
    script: String,
    env: Option<BTreeMap<String, String>>,
    append_env: bool,
    cwd: Option<String>,
    skip_on: Vec<i32>,
    /// Something was rendered, which the user may want to see.
    rendered: bool,
}

impl Command {
    /// Renders the command of a try; `None` if that takes Jinja.
    pub(super) fn prepare(workload: &Workload) -> Option<Self> {
        let LaneSpec::Bash { command, env, append_env, cwd, skip_on_exit_code } = &workload.lane else { return None };
        let mut plain = is_plain(command) && cwd.as_deref().is_none_or(is_plain);
        let rendered_env = match env {
            None => None,
            Some(env) => {
                plain &= env.values().all(|value| is_plain(value));
                let pairs = env.iter().map(|(key, value)| Some((key.clone(), render(value, workload)?)));
                Some(pairs.collect::<Option<BTreeMap<_, _>>>()?)
            }
        };
        let script = render(command, workload)?;
        // Rendered fields are shown to people: what must be hidden or cut for that is for Python, which knows how.
        let secret = rendered_env.iter().flatten().any(|(key, _)| may_be_secret(key));
        if !plain && (secret || script.len() > LONGEST_SHOWN) {
            return None;
        }
        Some(Self {
            script,
            env: rendered_env,
            append_env: *append_env,
            cwd: match cwd {
                None => None,
                Some(cwd) => Some(render(cwd, workload)?),
            },
            skip_on: skip_on_exit_code.clone(),
            rendered: !plain,
        })
    }

    fn fields(&self) -> Map<String, Value> {
        let mut fields = Map::new();
        fields.insert("bash_command".into(), self.script.clone().into());
        if let Some(env) = self.env.as_ref().filter(|env| !env.is_empty()) {
            let env: Map<String, Value> = env.iter().map(|(key, value)| (key.clone(), value.clone().into())).collect();
            fields.insert("env".into(), env.into());
        }
        if let Some(cwd) = self.cwd.as_ref().filter(|cwd| !cwd.is_empty()) {
            fields.insert("cwd".into(), cwd.clone().into());
        }
        fields
    }
}

/// Names under which values may have to be hidden. Broader than it need be: the python lane decides.
fn may_be_secret(name: &str) -> bool {
    const PARTS: [&str; 10] =
        ["token", "key", "auth", "pass", "secret", "proxies", "proxy", "account", "credential", "private"];
    let name = name.to_lowercase();
    PARTS.iter().any(|part| name.contains(part))
}

/// Runs a command. Its output goes to the log, its last line becomes `return_value`.
pub(super) async fn run(lane: &Lane, command: Command, log: &mut TryLog, stop: &Stop) -> Outcome {
    if command.rendered
        && let Err(error) = lane.api.rendered(&lane.token.now(), lane.workload.try_id, command.fields()).await
    {
        tracing::warn!(try_id = %lane.workload.try_id, %error, "rendered template fields are not recorded");
    }
    let scratch = match &command.cwd {
        Some(cwd) if !PathBuf::from(cwd).exists() => return Outcome::failed(format!("Can not find the cwd: {cwd}")),
        Some(cwd) if !PathBuf::from(cwd).is_dir() => {
            return Outcome::failed(format!("The cwd {cwd} must be a directory"));
        }
        Some(_) => None,
        None => match tempfile::Builder::new().prefix("airflowtmp").tempdir() {
            Ok(folder) => Some(folder),
            Err(error) => return Outcome::failed(format!("cannot make a temporary folder for the command: {error}")),
        },
    };
    let cwd =
        scratch.as_ref().map_or_else(|| PathBuf::from(command.cwd.as_deref().unwrap_or("/")), |s| s.path().to_owned());
    log.say(now(), "info", &format!("Running command: bash -c {}", command.script), &[]);
    log.flush();
    let process = match Process::spawn(lane, &command, &cwd) {
        Ok(process) => process,
        Err(error) => return Outcome::failed(format!("cannot start bash ({}): {error}", bash().display())),
    };
    process.supervise(lane, &command, log, stop).await
}

/// A running command. It leads its process group; it is reaped last, so that the group's number stays ours.
struct Process {
    child: Child,
    pid: Pid,
    exited: Exited,
    output: PipeReader,
    /// Our own peak memory, KiB, when it was started: the kernel begins to count there.
    own_peak_kb: u64,
    reaped: bool,
}

impl Process {
    fn spawn(lane: &Lane, command: &Command, cwd: &PathBuf) -> io::Result<Self> {
        let (output, end) = pipe()?;
        let mut process = std::process::Command::new(bash());
        process.arg("-c").arg(&command.script).current_dir(cwd).process_group(0);
        process.stdin(Stdio::null()).stdout(end.try_clone()?).stderr(end);
        match &command.env {
            Some(env) if !command.append_env => {
                process.env_clear().envs(env);
            }
            env => {
                process.envs(lane.hosts.config().environment());
                process.envs(env.iter().flatten());
            }
        }
        process.envs(context_variables(&lane.workload)).env(orphans::VARIABLE, orphans::mark());
        let own_peak_kb = memory::own_peak_kb();
        let child = process.spawn()?;
        // `process` holds the writing ends until here; the pipe ends when the command and its children have.
        drop(process);
        let pid = Pid::from_child(&child);
        let exited = Exited::of(pid)?;
        Ok(Self { child, pid, exited, output, own_peak_kb, reaped: false })
    }

    async fn supervise(self, lane: &Lane, command: &Command, log: &mut TryLog, stop: &Stop) -> Outcome {
        let mut ladder = Ladder::new(lane.workload.execution_timeout.map(|t| t.to_std()), Duration::ZERO, lane.cleanup);
        let mut splitter = LineSplitter::new(LONGEST_LINE);
        let mut last = String::new();
        let mut buffer = vec![0; 16 << 10];
        let (mut open, mut over) = (true, false);
        let mut peak_kb = None;
        let mut pause = FIRST_LOOK;
        let mut look = Box::pin(tokio::time::sleep(pause));
        // As `BashOperator` does: it is over when the command has ended and nobody holds its output any more.
        while open || !over {
            tokio::select! {
                count = self.output.read(&mut buffer), if open => {
                    let count = count.unwrap_or(0);
                    open = count > 0;
                    let at = now();
                    let mut give = |line: Line<'_>| {
                        log.line(at, Stream::Stdout, &line);
                        last = line.text().into_owned();
                    };
                    splitter.push(&buffer[..count], &mut give);
                    if !open {
                        splitter.finish(&mut give);
                    }
                }
                () = self.exited.wait(), if !over => over = true,
                signal = ladder.next(stop) => {
                    let why = ladder.why().map(ToString::to_string).unwrap_or_default();
                    log.say(now(), "warning", &format!("Sending {} to the task: {why}", crate::host::signal_name(signal)), &[]);
                    self.signal(signal);
                    // What survives SIGKILL has left the group, and is not waited for.
                    if signal == 9 {
                        open = false;
                    }
                }
                () = &mut look, if !over => {
                    peak_kb = peak_kb.max(memory::tree_peak_kb(self.pid.as_raw_nonzero().get().unsigned_abs()));
                    pause = (pause * 2).min(LAST_LOOK);
                    look.as_mut().reset(tokio::time::Instant::now() + pause);
                }
            }
            log.flush();
        }
        self.end(lane, command, log, &ladder, last, peak_kb)
    }

    /// Reaps the command and says what came of it.
    fn end(
        mut self,
        lane: &Lane,
        command: &Command,
        log: &mut TryLog,
        ladder: &Ladder,
        last: String,
        peak_kb: Option<u64>,
    ) -> Outcome {
        let used = match self.child.wait4() {
            Ok(used) => {
                self.reaped = true;
                used
            }
            Err(error) => return Outcome::failed(format!("the command's end cannot be read: {error}")),
        };
        let how = match (used.status.code(), used.status.signal()) {
            (Some(code), _) => How::Code(code),
            (None, signal) => How::Signal(signal.unwrap_or(0)),
        };
        let mut outcome = match (&how, ladder.why()) {
            (How::Code(0), _) => success(lane, last),
            (_, Some(why)) => Outcome::failed(lane.explain(&how, Some(why))),
            (How::Code(code), None) if command.skip_on.contains(code) => {
                let reason = format!("Bash command returned exit code {code}. Skipping.");
                Outcome { reason: Some(reason), ..Outcome::new(TaskState::Skipped) }
            }
            (How::Code(code), None) => {
                Outcome::failed(format!("Bash command failed. The command returned a non-zero exit code {code}."))
            }
            (how, None) => Outcome::failed(format!("Bash command failed. It was {}.", lane.explain(how, None))),
        };
        log.say(now(), "info", &format!("Command ended: {how}"), &[]);
        outcome.cpu_ms = i64::try_from((used.rusage.utime + used.rusage.stime).as_millis()).ok();
        // A process counts from the memory of the one that started it; only a peak above that is its own.
        let own = Some(used.rusage.maxrss >> 10).filter(|kb| *kb > self.own_peak_kb);
        outcome.max_rss_kb = own.max(peak_kb).and_then(|kb| i64::try_from(kb).ok());
        outcome
    }

    /// Signals the whole group. The leader has not been reaped, so the number cannot be somebody else's.
    fn signal(&self, signal: i32) {
        let Some(signal) = Signal::from_named_raw(signal) else { return };
        if let Err(error) = kill_process_group(self.pid, signal) {
            tracing::debug!(pid = ?self.pid, %error, "nobody left to signal");
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Dropped in the middle (the runtime ends): the command must not outlive its supervisor.
        if !self.reaped {
            self.signal(9);
            let _ = self.child.wait();
        }
    }
}

fn success(lane: &Lane, last: String) -> Outcome {
    let mut outcome = Outcome::new(TaskState::Success);
    if lane.workload.do_xcom_push {
        outcome.xcoms.insert("return_value".into(), last.into());
    }
    outcome
}

/// The variables that tell a command which try it is.
fn context_variables(workload: &Workload) -> Vec<(&'static str, String)> {
    let date = workload.run.logical_date.and_then(isoformat).unwrap_or_default();
    let mut variables = vec![
        ("AIRFLOW_CTX_DAG_EMAIL", workload.email.clone()),
        ("AIRFLOW_CTX_DAG_OWNER", workload.owner.clone()),
        ("AIRFLOW_CTX_DAG_ID", workload.dag_id.clone()),
        ("AIRFLOW_CTX_TASK_ID", workload.task_id.clone()),
        ("AIRFLOW_CTX_LOGICAL_DATE", date.clone()),
        ("AIRFLOW_CTX_EXECUTION_DATE", date),
        ("AIRFLOW_CTX_TRY_NUMBER", workload.try_number.to_string()),
        ("AIRFLOW_CTX_DAG_RUN_ID", workload.run.run_id.clone()),
    ];
    variables.retain(|(_, value)| !value.is_empty());
    variables
}

/// The shell: found once, because a command's own environment may have no `PATH`.
fn bash() -> &'static PathBuf {
    static BASH: OnceLock<PathBuf> = OnceLock::new();
    BASH.get_or_init(|| {
        let path = std::env::var_os("PATH").unwrap_or_else(|| OsString::from("/usr/local/bin:/usr/bin:/bin"));
        let found = std::env::split_paths(&path).map(|folder| folder.join("bash")).find(|file| file.is_file());
        found.unwrap_or_else(|| PathBuf::from("bash"))
    })
}

/// Tells when a process has ended, without reaping it.
struct Exited(AsyncFd<OwnedFd>);

impl Exited {
    #[expect(deprecated, reason = "the safe constructor; an `OwnedFd` keeps its descriptor open as long as it lives")]
    fn of(pid: Pid) -> io::Result<Self> {
        Ok(Self(AsyncFd::new(pidfd_open(pid, PidfdFlags::empty())?)?))
    }

    /// Completes when the process has ended.
    async fn wait(&self) {
        // An error means that the reactor is gone, and so is everything else.
        let _ = self.0.readable().await;
    }
}
