//! Old checkouts go when nobody has used them for a while.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::git::{last_use, lock_of};

/// Which checkouts stay, whoever uses them.
#[derive(Clone, Copy, Debug)]
pub struct Keep {
    /// Those that were used within this time.
    pub younger_than: Duration,
    /// So many of those that were used last.
    pub newest: usize,
}

/// Removes what nobody needs; answers how many.
pub(crate) fn clean(versions: &Path, current: Option<&str>, keep: Keep) -> usize {
    let mut found: Vec<(SystemTime, String)> = Vec::new();
    for entry in fs::read_dir(versions).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_checkout = name.chars().all(|c| c.is_ascii_hexdigit()) && entry.path().is_dir();
        if is_checkout && current != Some(&name) {
            found.push((last_use(versions, &name), name));
        }
    }
    found.sort();
    found.reverse();
    let now = SystemTime::now();
    let mut removed = 0;
    for (used, name) in found.into_iter().skip(keep.newest) {
        if now.duration_since(used).is_ok_and(|age| age >= keep.younger_than) && remove(versions, &name) {
            removed += 1;
        }
    }
    removed
}

/// Removes one, unless a process uses it.
fn remove(versions: &Path, name: &str) -> bool {
    let Ok(lock) = fs::File::options().create(true).truncate(false).write(true).open(lock_of(versions, name)) else {
        return false;
    };
    if lock.try_lock().is_err() {
        return false;
    }
    // Out of the way in one step; who comes now makes it anew.
    let aside = versions.join(format!("{name}.gone"));
    let _ = fs::remove_dir_all(&aside);
    let moved = fs::rename(versions.join(name), &aside).is_ok();
    let _ = fs::remove_dir_all(&aside);
    let _ = fs::remove_file(lock_of(versions, name));
    moved
}
