//! When a failed try may be repeated.

use crate::dag::Task;
use crate::time::{Duration, Timestamp};

/// The longest wait between two tries, whatever the settings multiply up to: 24 hours.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// The instant from which a task may be tried again.
///
/// Without backoff it is the end of the failed try plus `retry_delay`. With backoff the delay grows by
/// the factor with each try and gets a spread of up to its own length on top, which is always the same for the
/// same try (`seed`) so that every scheduler computes the same instant.
pub fn retry_at(task: &Task, failed_try: i32, ended: Timestamp, seed: u64) -> Timestamp {
    let mut delay = task.retry_delay;
    if task.retry_exponential_backoff > 0.0 {
        let grown = delay.as_secs_f64() * task.retry_exponential_backoff.powi((failed_try - 1).clamp(0, 64));
        let base = (grown.min(LONGEST.as_secs_f64()).ceil() as u64).max(1);
        delay = Duration::from_secs((base + scramble(seed ^ failed_try as u64) % base) as i64).min(LONGEST);
        if let Some(cap) = task.max_retry_delay {
            delay = delay.min(cap);
        }
    }
    ended + delay
}

/// SplitMix64's finalizer: spreads neighbouring seeds.
fn scramble(mut x: u64) -> u64 {
    x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delay_is_fixed_or_grows_within_its_bounds() {
        let end = Timestamp::from_secs(1_000);
        let mut task = Task { retry_delay: Duration::from_secs(10), ..Task::default() };
        for failed in 1..5 {
            assert_eq!(retry_at(&task, failed, end, 7), end + Duration::from_secs(10));
        }
        task.retry_exponential_backoff = 2.0;
        for failed in 1..6 {
            let wait = (retry_at(&task, failed, end, 7) - end).as_secs_f64();
            let base = 10.0 * 2f64.powi(failed - 1);
            assert!((base..2.0 * base).contains(&wait), "try {failed}: {wait}");
        }
        task.max_retry_delay = Some(Duration::from_secs(30));
        assert_eq!(retry_at(&task, 9, end, 7), end + Duration::from_secs(30));
        task.max_retry_delay = None;
        assert_eq!(retry_at(&task, 64, end, 7), end + LONGEST);
    }
}
