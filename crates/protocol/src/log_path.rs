//! Where the log of a try is, below the log folder. Workers write there, the api-server reads there.

use std::path::PathBuf;

/// Longest name of a file or folder, in bytes, on the usual file systems.
const NAME_MAX: usize = 255;

/// The path of a try's log, relative to `[logging] base_log_folder`: Airflow's default `log_filename_template`.
///
/// Ids never leave the folder: what could (`/`, `\`, control characters) is written as `%XX`, and so is `%`.
pub fn log_path(dag_id: &str, run_id: &str, task_id: &str, map_index: i32, try_number: i32) -> PathBuf {
    let mut path = PathBuf::from(component("dag_id", dag_id));
    path.push(component("run_id", run_id));
    path.push(component("task_id", task_id));
    if map_index >= 0 {
        path.push(format!("map_index={map_index}"));
    }
    path.push(format!("attempt={try_number}.log"));
    path
}

/// The path of the log of a callback that ran in a process with the DAG files, relative to the log folder.
pub fn callback_log_path(dag_id: &str, run_id: &str, kind: &str, id: i64) -> PathBuf {
    let mut path = PathBuf::from("callbacks");
    path.push(component("dag_id", dag_id));
    path.push(component("run_id", run_id));
    path.push(format!("{kind}-{id}.log"));
    path
}

fn component(name: &str, id: &str) -> String {
    let mut text = format!("{name}=");
    for c in id.chars() {
        match c {
            '/' | '\\' | '%' | '\0'..='\x1f' | '\x7f' => text.push_str(&format!("%{:02X}", u32::from(c))),
            c => text.push(c),
        }
    }
    if text.len() > NAME_MAX {
        // Cut, with the 64-bit FNV-1a hash of the whole to keep different ids apart.
        let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3));
        let mut end = NAME_MAX - 18;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        text.push_str(&format!("..{hash:016x}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_the_path_that_airflow_uses() {
        let run = "manual__2024-01-01T00:00:00+00:00";
        assert_eq!(
            log_path("d", run, "group.t", -1, 2).to_str(),
            Some("dag_id=d/run_id=manual__2024-01-01T00:00:00+00:00/task_id=group.t/attempt=2.log")
        );
        assert_eq!(
            log_path("d", "r", "t", 7, 1).to_str(),
            Some("dag_id=d/run_id=r/task_id=t/map_index=7/attempt=1.log")
        );
    }

    #[test]
    fn ids_do_not_leave_the_folder() {
        let path = log_path("../../etc", "..", "a/b\\c\n%", -1, 1);
        assert_eq!(path.to_str(), Some("dag_id=..%2F..%2Fetc/run_id=../task_id=a%2Fb%5Cc%0A%25/attempt=1.log"));
        assert!(path.components().all(|c| matches!(c, std::path::Component::Normal(_))));
    }

    #[test]
    fn long_ids_fit_and_stay_apart() {
        let (a, b) = ("ä".repeat(250), format!("{}b", "ä".repeat(249)));
        let (a, b) = (log_path(&a, "r", "t", -1, 1), log_path(&b, "r", "t", -1, 1));
        assert_ne!(a, b);
        assert!(a.components().all(|c| c.as_os_str().len() <= NAME_MAX));
    }
}
