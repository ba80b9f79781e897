//! Changes below a folder, as the operating system tells them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use notify::event::{EventKind, ModifyKind};
use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;
use tokio::time::Instant;

/// An editor writes a file in several steps: wait for so long after the first one.
const SETTLE: Duration = Duration::from_millis(20);

/// A watch over a folder. Dropping it ends it.
pub struct Watch {
    paths: mpsc::UnboundedReceiver<PathBuf>,
    /// Heard of and not told yet, and when it may be told.
    pending: BTreeSet<PathBuf>,
    settled_at: Option<Instant>,
    /// Kept for its drop; `None` where the operating system can't watch.
    _watcher: Option<RecommendedWatcher>,
    /// Keeps the channel open, so that `changed` waits instead of ending.
    _sender: mpsc::UnboundedSender<PathBuf>,
}

impl Watch {
    /// Watches `root` and everything below, and what is directly in `beside`. Where that is not possible, says so once; scans find changes then.
    pub fn start(root: Option<&Path>, beside: Option<&Path>) -> Self {
        let (sender, paths) = mpsc::unbounded_channel();
        let send = sender.clone();
        let handler = move |event: notify::Result<notify::Event>| {
            let Ok(event) = event else { return };
            let relevant = match event.kind {
                EventKind::Create(_) | EventKind::Remove(_) => true,
                EventKind::Modify(ModifyKind::Metadata(_)) => false,
                EventKind::Modify(_) => true,
                EventKind::Access(_) | EventKind::Any | EventKind::Other => false,
            };
            if relevant {
                for path in event.paths {
                    // Only fails when the processor is gone.
                    let _ = send.send(path);
                }
            }
        };
        let started = notify::recommended_watcher(handler).and_then(|mut watcher| {
            if let Some(root) = root {
                watcher.watch(root, RecursiveMode::Recursive)?;
            }
            if let Some(beside) = beside {
                watcher.watch(beside, RecursiveMode::NonRecursive)?;
            }
            Ok(watcher)
        });
        let watcher = match started {
            Ok(watcher) => Some(watcher),
            Err(error) => {
                tracing::warn!(%error, folder = %root.unwrap_or(Path::new("")).display(), "the folder can't be watched; changes are found by scanning it");
                None
            }
        };
        Self { paths, pending: BTreeSet::new(), settled_at: None, _watcher: watcher, _sender: sender }
    }

    /// Waits for changes; answers the paths, each once. Safe to cancel: what was heard is told by the next call.
    pub async fn changed(&mut self) -> BTreeSet<PathBuf> {
        loop {
            let settled_at = match self.settled_at {
                Some(at) => at,
                None => {
                    if let Some(path) = self.paths.recv().await {
                        self.pending.insert(path);
                    }
                    *self.settled_at.insert(Instant::now() + SETTLE)
                }
            };
            tokio::time::sleep_until(settled_at).await;
            while let Ok(path) = self.paths.try_recv() {
                self.pending.insert(path);
            }
            self.settled_at = None;
            let mut changed = std::mem::take(&mut self.pending);
            changed.retain(|path| !is_noise(path));
            if !changed.is_empty() {
                return changed;
            }
        }
    }
}

/// Byte code and editors' own files.
fn is_noise(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    path.components().any(|part| part.as_os_str() == "__pycache__")
        || name.ends_with(".pyc")
        || name.ends_with('~')
        || name.ends_with(".swp")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn tells_of_written_files_and_not_of_byte_code() {
        let dir = tempfile::tempdir().unwrap();
        let mut watch = Watch::start(Some(dir.path()), None);
        std::fs::create_dir(dir.path().join("__pycache__")).unwrap();
        std::fs::write(dir.path().join("__pycache__/a.pyc"), "x").unwrap();
        std::fs::write(dir.path().join("a.py"), "x").unwrap();
        let mut seen = BTreeSet::new();
        let deadline = Duration::from_secs(10);
        while !seen.contains(&dir.path().join("a.py")) {
            seen.extend(tokio::time::timeout(deadline, watch.changed()).await.expect("a change"));
        }
        assert!(seen.iter().all(|path| !path.to_string_lossy().contains("pyc")), "{seen:?}");
    }

    #[tokio::test]
    async fn forgets_nothing_when_a_wait_is_given_up() {
        let dir = tempfile::tempdir().unwrap();
        let mut watch = Watch::start(Some(dir.path()), None);
        let mut expected = BTreeSet::new();
        let mut seen = BTreeSet::new();
        for n in 0..50 {
            let path = dir.path().join(format!("{n}.py"));
            std::fs::write(&path, "x").unwrap();
            expected.insert(path);
            // Given up again and again in the middle of settling.
            tokio::select! {
                paths = watch.changed() => seen.extend(paths),
                () = tokio::task::yield_now() => {}
            }
        }
        while !expected.is_subset(&seen) {
            seen.extend(tokio::time::timeout(Duration::from_secs(10), watch.changed()).await.expect("a change"));
        }
    }
}
