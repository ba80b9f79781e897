//! Warm hosts: children of the root host that have imported one DAG file and fork its tasks.
//!
//! A file gets one when it is used for the second time within [`AGAIN`]. It goes when the file or a module that it
//! imported changes, when it is unused for a while, and when it is the one longest unused and there are too many or they
//! take too much memory. A file that cannot have one (its import fails, leaves threads behind, or asks the server
//! for values that may change) is remembered and served by the root host.

use std::collections::HashMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

use serde::Deserialize;
use tokio::sync::watch;
use tradewind_protocol::frames::Job;

use super::child::Child;
use super::conversation::Host;
use super::pool::Inner;

/// Two uses within this time make a file worth a warm host.
const AGAIN: Duration = Duration::from_secs(300);
/// A warm host used within this time is not sent away for another file.
const BUSY: Duration = Duration::from_secs(5);
/// An unfit file is tried again after this time, even when it has not changed.
const UNFIT_FOR: Duration = Duration::from_secs(600);
/// How often idle hosts and memory are looked at while there are warm hosts.
const SWEEP: Duration = Duration::from_secs(5);
/// Longest time that importing a file may take.
const IMPORT_TIMEOUT: Duration = Duration::from_secs(120);

/// The warm hosts of a pool.
pub(super) struct WarmHosts {
    pool: Weak<Inner>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    files: HashMap<PathBuf, Entry>,
    unfit: HashMap<PathBuf, (Stamp, Instant)>,
    seen: HashMap<PathBuf, Instant>,
    sweeping: bool,
}

struct Entry {
    stamps: Vec<(PathBuf, Stamp)>,
    /// The interpreter that the host is.
    python: PathBuf,
    host: Slot,
    used: Instant,
    born: Instant,
    /// A younger host is being made.
    renewing: bool,
}

enum Slot {
    Starting(watch::Receiver<bool>),
    Ready(Arc<Host>),
}

/// What changes when a file is saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    fn of(path: &Path) -> Option<Self> {
        let meta = std::fs::metadata(path).ok()?;
        Some(Self {
            device: meta.dev(),
            inode: meta.ino(),
            size: meta.size(),
            modified: (meta.mtime(), meta.mtime_nsec()),
            changed: (meta.ctime(), meta.ctime_nsec()),
        })
    }
}

/// What [`WarmHosts::look`] found.
enum Found {
    Host(Arc<Host>),
    Wait(watch::Receiver<bool>),
    Make(Stamp, watch::Sender<bool>),
    None,
}

impl WarmHosts {
    pub(super) fn new(pool: Weak<Inner>) -> Self {
        Self { pool, state: Mutex::default() }
    }

    /// The warm host of a file, made first if the file is worth it; `None` sends the job to the root host.
    pub(super) async fn host_for(&self, file: &Path, root: &Path) -> Option<Arc<Host>> {
        let pool = self.pool.upgrade()?;
        // A second look after waiting; if the new host is gone again by then, the root host serves.
        for _ in 0..2 {
            match self.look(file, root, &pool) {
                Found::Host(host) => return Some(host),
                Found::None => return None,
                Found::Make(stamp, made) => {
                    make(Arc::clone(&pool), file.to_owned(), root.to_owned(), stamp, made).await
                }
                Found::Wait(mut made) => {
                    let _ = made.wait_for(|made| *made).await;
                }
            }
        }
        None
    }

    /// Files with a ready host.
    pub(super) fn status(&self) -> Vec<(PathBuf, i32)> {
        let state = self.state.lock().expect("warm");
        let ready = |(path, entry): (&PathBuf, &Entry)| match &entry.host {
            Slot::Ready(host) if host.gone().is_none() => Some((path.clone(), host.pid())),
            _ => None,
        };
        let mut all: Vec<_> = state.files.iter().filter_map(ready).collect();
        all.sort();
        all
    }

    fn look(&self, file: &Path, root: &Path, pool: &Arc<Inner>) -> Found {
        if pool.config.warm_hosts == 0 {
            return Found::None;
        }
        let Some(stamp) = Stamp::of(file) else { return Found::None };
        let python = pool.config.interpreter();
        let now = Instant::now();
        let mut state = self.state.lock().expect("warm");
        let state = &mut *state;
        if let Some(entry) = state.files.get_mut(file) {
            let gone = matches!(&entry.host, Slot::Ready(host) if host.gone().is_some());
            let fresh = entry.stamps.iter().all(|(path, stamp)| Stamp::of(path) == Some(*stamp));
            if !gone && fresh && entry.python == python {
                entry.used = now;
                return match &entry.host {
                    Slot::Starting(made) => Found::Wait(made.clone()),
                    Slot::Ready(host) => {
                        let host = Arc::clone(host);
                        if entry.born + pool.config.warm_age < now && !entry.renewing {
                            entry.renewing = true;
                            let (made, _) = watch::channel(false);
                            tokio::spawn(make(Arc::clone(pool), file.to_owned(), root.to_owned(), stamp, made));
                        }
                        Found::Host(host)
                    }
                };
            }
            // Dropping our handle retires the host as soon as its last task is over.
            state.files.remove(file);
            state.seen.insert(file.to_owned(), now);
        }
        if let Some((unfit, at)) = state.unfit.get(file) {
            if *unfit == stamp && at.elapsed() < UNFIT_FOR {
                return Found::None;
            }
            state.unfit.remove(file);
        }
        let before = state.seen.insert(file.to_owned(), now);
        if before.is_none_or(|at| at.elapsed() > AGAIN) || !state.make_room(pool.config.warm_hosts, now) {
            return Found::None;
        }
        let (made, waiting) = watch::channel(false);
        let entry = Entry {
            stamps: vec![(file.to_owned(), stamp)],
            python,
            host: Slot::Starting(waiting),
            used: now,
            born: now,
            renewing: false,
        };
        state.files.insert(file.to_owned(), entry);
        if !std::mem::replace(&mut state.sweeping, true) {
            tokio::spawn(sweep(self.pool.clone()));
        }
        Found::Make(stamp, made)
    }

    /// Puts a ready host in its place.
    fn settle(&self, file: &Path, stamp: Stamp, host: Host) {
        let mut stamps = vec![(file.to_owned(), stamp)];
        for module in host.modules() {
            let path = PathBuf::from(module);
            if let Some(stamp) = Stamp::of(&path) {
                stamps.push((path, stamp));
            }
        }
        let now = Instant::now();
        let mut state = self.state.lock().expect("warm");
        if let Some(entry) = state.files.get_mut(file) {
            entry.stamps = stamps;
            entry.host = Slot::Ready(Arc::new(host));
            (entry.born, entry.renewing) = (now, false);
        }
    }

    fn remember_unfit(&self, file: &Path, stamp: Stamp, reason: &str) {
        tracing::info!(file = %file.display(), reason, "tasks of this file are started without a warm host");
        let mut state = self.state.lock().expect("warm");
        state.files.remove(file);
        state.unfit.insert(file.to_owned(), (stamp, Instant::now()));
    }

    /// Sends idle hosts away, and the ones longest unused while all take too much memory. False when none is left.
    fn sweep(&self, idle: Duration, memory: u64) -> bool {
        let mut state = self.state.lock().expect("warm");
        state.seen.retain(|_, at| at.elapsed() < AGAIN);
        state.files.retain(|_, entry| match &entry.host {
            Slot::Starting(_) => true,
            Slot::Ready(host) => host.gone().is_none() && (entry.used.elapsed() < idle || host.children() > 0),
        });
        let mut by_use: Vec<(Instant, PathBuf, u64)> = Vec::new();
        for (path, entry) in &state.files {
            if let Slot::Ready(host) = &entry.host {
                by_use.push((entry.used, path.clone(), proportional_set_size(host.pid()).unwrap_or(0)));
            }
        }
        by_use.sort_by_key(|(used, ..)| std::cmp::Reverse(*used));
        let mut total = 0;
        for (_, path, size) in by_use {
            total += size;
            if total > memory {
                state.files.remove(&path);
            }
        }
        state.sweeping = !state.files.is_empty();
        state.sweeping
    }
}

impl State {
    /// Makes room for one more; false when everybody is busy.
    fn make_room(&mut self, most: usize, now: Instant) -> bool {
        while self.files.len() >= most {
            let idle = self.files.iter().filter(|(_, entry)| {
                matches!(entry.host, Slot::Ready(_)) && now.saturating_duration_since(entry.used) > BUSY
            });
            let Some(oldest) = idle.min_by_key(|(_, entry)| entry.used).map(|(path, _)| path.clone()) else {
                return false;
            };
            self.files.remove(&oldest);
        }
        true
    }
}

/// Looks after warm hosts as long as there are any.
async fn sweep(pool: Weak<Inner>) {
    loop {
        tokio::time::sleep(SWEEP).await;
        let Some(pool) = pool.upgrade() else { return };
        if !pool.warm.sweep(pool.config.warm_idle, pool.config.warm_memory) {
            return;
        }
    }
}

/// Forks a child of the root host, has it import the file and puts it in its place, or remembers why not.
async fn make(pool: Arc<Inner>, file: PathBuf, root: PathBuf, stamp: Stamp, made: watch::Sender<bool>) {
    let imported = tokio::time::timeout(IMPORT_TIMEOUT, import(&pool, &file, &root)).await;
    match imported {
        Ok(Ok(host)) => pool.warm.settle(&file, stamp, host),
        Ok(Err(reason)) => pool.warm.remember_unfit(&file, stamp, &reason),
        Err(_) => pool.warm.remember_unfit(&file, stamp, "importing it takes too long"),
    }
    let _ = made.send(true);
}

/// The first frames of a warm child.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum First {
    Ready {
        pid: i32,
        #[serde(default)]
        modules: Vec<String>,
    },
    Unfit {
        reason: String,
    },
    Call {
        #[serde(default)]
        method: String,
    },
    #[serde(other)]
    Other,
}

async fn import(pool: &Arc<Inner>, file: &Path, root: &Path) -> Result<Host, String> {
    let mut child = pool.child().await.map_err(|error| error.to_string())?;
    let text = |path: &Path| path.to_string_lossy().into_owned();
    child.control.send(&Job::Warm { path: text(file), root: text(root) }).map_err(|error| error.to_string())?;
    loop {
        match drained(&mut child).await {
            Ok(Some(First::Ready { pid, modules })) => return Ok(become_host(child, pid, modules)),
            Ok(Some(First::Unfit { reason })) => return Err(reason),
            Ok(Some(First::Call { method })) => {
                child.kill(9);
                return Err(format!("it asks the server ({method}) while it is imported, and the answer may change"));
            }
            Ok(Some(First::Other)) => {}
            Ok(None) => {
                let how = child.exit.await.map_or_else(|_| "it ended".to_owned(), |exit| exit.how.to_string());
                return Err(format!("importing it ended the process: {how}"));
            }
            Err(error) => {
                child.kill(9);
                return Err(error.to_string());
            }
        }
    }
}

/// The next frame; what the file prints meanwhile is thrown away (a parse has shown it).
async fn drained(child: &mut Child) -> std::io::Result<Option<First>> {
    let (mut stdout, mut stderr) = ([0; 4096], [0; 4096]);
    let (mut stdout_open, mut stderr_open) = (true, true);
    loop {
        tokio::select! {
            frame = child.control.next() => return frame,
            count = child.stdout.read(&mut stdout), if stdout_open => stdout_open = count.is_ok_and(|n| n > 0),
            count = child.stderr.read(&mut stderr), if stderr_open => stderr_open = count.is_ok_and(|n| n > 0),
        }
    }
}

/// The child is a host from here on. Its output pipes stay open, and drained, as long as it lives.
fn become_host(child: Child, pid: i32, modules: Vec<String>) -> Host {
    let Child { control, stdout, stderr, exit, .. } = child;
    let (reader, writer) = control.into_halves();
    let host = Host::new(reader, writer, pid, modules, false);
    let closed = host.closed_token();
    tokio::spawn(async move {
        let (mut out, mut err) = ([0; 512], [0; 512]);
        let (mut out_open, mut err_open) = (true, true);
        let mut exit = exit;
        loop {
            tokio::select! {
                count = stdout.read(&mut out), if out_open => out_open = count.is_ok_and(|n| n > 0),
                count = stderr.read(&mut err), if err_open => err_open = count.is_ok_and(|n| n > 0),
                _ = &mut exit => return,
                () = closed.cancelled() => return,
            }
        }
    });
    host
}

/// A process's memory, shared pages divided among those that share them. Bytes.
fn proportional_set_size(pid: i32) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    let line = text.lines().find(|line| line.starts_with("Pss:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? << 10)
}
