//! Memory: did the system kill for lack of it, what is the limit, how much did a process take.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// How often the system has killed somebody in this process's reach for lack of memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OomWatch {
    counters: Vec<(PathBuf, u64)>,
}

impl OomWatch {
    /// The counters as they are now.
    pub fn now() -> Self {
        let counters = sources().into_iter().filter_map(|path| Some((path.clone(), oom_kills(&path)?))).collect();
        Self { counters }
    }

    /// Whether somebody has been killed for lack of memory since this was asked last.
    pub fn has_struck(&mut self) -> bool {
        let before = std::mem::replace(self, Self::now());
        self.counters.iter().any(|(path, after)| before.counters.iter().any(|(p, n)| p == path && after > n))
    }
}

/// Files with a line `oom_kill N`: our control group's, or the whole system's.
fn sources() -> Vec<PathBuf> {
    let mut paths = Vec::new();
    for group in control_groups() {
        paths.push(group.join("memory.events"));
        paths.push(group.join("memory.oom_control"));
    }
    paths.push("/proc/vmstat".into());
    paths
}

/// Folders of our memory control groups, as seen from here.
fn control_groups() -> Vec<PathBuf> {
    let text = std::fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let mut folders = Vec::new();
    for line in text.lines() {
        let mut parts = line.splitn(3, ':');
        let (Some(_), Some(controllers), Some(path)) = (parts.next(), parts.next(), parts.next()) else { continue };
        let path = path.trim_start_matches('/');
        if controllers.is_empty() {
            // Inside a container, the path can be that of the machine outside: then the mount itself is our group.
            folders.extend([Path::new("/sys/fs/cgroup").join(path), "/sys/fs/cgroup".into()]);
        } else if controllers.split(',').any(|c| c == "memory") {
            folders.extend([Path::new("/sys/fs/cgroup/memory").join(path), "/sys/fs/cgroup/memory".into()]);
        }
    }
    folders.dedup();
    folders
}

fn oom_kills(path: &Path) -> Option<u64> {
    count(&std::fs::read_to_string(path).ok()?, "oom_kill")
}

fn count(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| {
        let (key, value) = line.split_once(' ')?;
        if key == name { value.trim().parse().ok() } else { None }
    })
}

/// The smallest memory limit of our control groups, bytes.
pub fn limit() -> Option<u64> {
    let read = |path: PathBuf| std::fs::read_to_string(path).ok()?.trim().parse::<u64>().ok();
    control_groups()
        .iter()
        .flat_map(|group| [read(group.join("memory.max")), read(group.join("memory.limit_in_bytes"))])
        .flatten()
        // Control groups of the first version say "no limit" with a number close to 2^63.
        .filter(|bytes| *bytes < 1 << 60)
        .min()
}

/// Bytes for people.
pub fn readable(bytes: u64) -> String {
    let mut size = bytes as f64;
    for unit in ["B", "KiB", "MiB"] {
        if size < 1024.0 {
            return if unit == "B" { format!("{bytes} B") } else { format!("{size:.1} {unit}") };
        }
        size /= 1024.0;
    }
    format!("{size:.1} GiB")
}

/// Our own peak resident memory, KiB, read anew once in a while.
pub fn own_peak_kb() -> u64 {
    static KNOWN: Mutex<Option<(Instant, u64)>> = Mutex::new(None);
    let mut known = KNOWN.lock().expect("own peak");
    match *known {
        Some((at, kb)) if at.elapsed() < Duration::from_secs(5) => kb,
        _ => {
            let kb = peak_kb(std::process::id()).unwrap_or(0);
            *known = Some((Instant::now(), kb));
            kb
        }
    }
}

/// Peak resident memory of a process, KiB.
pub fn peak_kb(pid: u32) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = text.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// Peak resident memory of the biggest process of a tree, KiB.
pub fn tree_peak_kb(root: u32) -> Option<u64> {
    let mut peak = None;
    let mut todo = vec![root];
    // The bound is for a process that forks faster than we read.
    for _ in 0..1000 {
        let Some(pid) = todo.pop() else { break };
        peak = peak.max(peak_kb(pid));
        let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
        todo.extend(children.split_whitespace().filter_map(|pid| pid.parse::<u32>().ok()));
    }
    peak
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_counters_of_every_kind() {
        assert_eq!(count("low 0\nhigh 0\noom 3\noom_kill 2\noom_group_kill 0\n", "oom_kill"), Some(2));
        assert_eq!(count("oom_kill_disable 0\nunder_oom 0\noom_kill 5\n", "oom_kill"), Some(5));
        assert_eq!(count("nothing", "oom_kill"), None);
        assert!(!OomWatch::now().counters.is_empty(), "/proc/vmstat is always there");
    }

    #[test]
    fn sizes_are_readable() {
        assert_eq!(readable(12), "12 B");
        assert_eq!(readable(1536), "1.5 KiB");
        assert_eq!(readable(2 << 30), "2.0 GiB");
    }

    #[test]
    fn knows_its_own_peak() {
        assert!(tree_peak_kb(std::process::id()).unwrap() > 100);
    }
}
