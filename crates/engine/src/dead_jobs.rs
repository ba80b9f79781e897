//! Jobs of processes that do not exist any more. A heartbeat takes its time to lapse; on the own machine one can
//! look, so that what a killed process left behind is taken up at once.

use tradewind_core::{Duration, Timestamp};
use tradewind_store::{Error, JobRow, Store};

/// Every kind of job that owns something.
const KINDS: [&str; 6] =
    ["SchedulerJob", "WorkerJob", "DagProcessorJob", "CallbackJob", "TriggererJob", "ApiServerJob"];

/// Clocks and the kernel's ticks may differ by so much.
const SLACK: Duration = Duration::from_secs(2);

/// Ends the jobs that processes of this host left behind; answers how many. Call before registering a job.
///
/// # Errors
/// Those of the database.
pub async fn end_jobs_of_dead_processes(store: &Store, hostname: &str, now: Timestamp) -> Result<usize, Error> {
    let mut ended = 0;
    for kind in KINDS {
        for job in store.live_jobs(kind, Timestamp::from_micros(0)).await? {
            if is_gone(&job, hostname) {
                tracing::info!(job.id = job.id, job.kind = kind, job.pid, "ended the job of a process that is gone");
                store.end_job(job.id, now).await?;
                ended += 1;
            }
        }
    }
    Ok(ended)
}

/// The job is of a process of this host that does not exist any more.
pub fn is_gone(job: &JobRow, hostname: &str) -> bool {
    job.hostname == hostname && !is_alive(job.pid, job.started_at)
}

/// A process of that number exists, and existed when the job was registered.
fn is_alive(pid: i64, registered_at: Timestamp) -> bool {
    match started_at(pid) {
        Ok(Some(started)) => started <= registered_at + SLACK,
        Ok(None) => false,
        // Not a Linux /proc: nobody can say, so the heartbeat decides.
        Err(_) => true,
    }
}

/// When a process began; `None`: there is no such process.
fn started_at(pid: i64) -> std::io::Result<Option<Timestamp>> {
    let invalid = || std::io::Error::from(std::io::ErrorKind::InvalidData);
    let kernel = std::fs::read_to_string("/proc/stat")?;
    let boot = kernel.lines().find_map(|line| line.strip_prefix("btime ")).ok_or_else(invalid)?;
    let boot: i64 = boot.trim().parse().map_err(|_| invalid())?;
    let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else { return Ok(None) };
    // The name, in parentheses, may hold anything; field 22 counts from there.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
    if fields.first() == Some(&"Z") {
        return Ok(None);
    }
    let ticks: i64 = fields.get(19).and_then(|ticks| ticks.parse().ok()).ok_or_else(invalid)?;
    let hertz = rustix::param::clock_ticks_per_second() as i64;
    Ok(Some(Timestamp::from_micros(boot * 1_000_000 + ticks * 1_000_000 / hertz)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Clock, SystemClock};

    #[test]
    fn knows_the_living_from_the_dead() {
        let now = SystemClock.now();
        let own = i64::from(std::process::id());
        assert!(is_alive(own, now));
        assert!(!is_alive(own, now - Duration::from_secs(86_400)), "the number was somebody else's then");
        let mut child = std::process::Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        assert!(!is_alive(i64::from(child.id()), now));
    }
}
