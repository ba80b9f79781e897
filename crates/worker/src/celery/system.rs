//! What the operating system says of this process, for Celery's tools.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

/// Clock ticks in a second, as Linux tells them to programs.
const TICKS: f64 = 100.0;

/// Seconds since the epoch.
pub fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

/// The load of this machine over 1, 5 and 15 minutes.
pub fn load() -> [f64; 3] {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let mut words = text.split(' ').map(|word| word.parse().unwrap_or(0.0));
    std::array::from_fn(|_| words.next().unwrap_or(0.0))
}

/// Processor time and memory of this process.
pub fn usage() -> Value {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name, in parentheses, may contain spaces.
    let rest = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
    let fields: Vec<f64> = rest.split(' ').map(|word| word.parse().unwrap_or(0.0)).collect();
    let field = |n: usize| fields.get(n).copied().unwrap_or(0.0);
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0");
    let peak: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap_or(0);
    json!({
        "utime": field(11) / TICKS, "stime": field(12) / TICKS, "maxrss": peak,
        "minflt": field(7), "majflt": field(9),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_uses_memory() {
        assert!(usage()["maxrss"].as_u64().unwrap() > 1000);
        assert!(load().iter().all(|load| *load >= 0.0));
    }
}
