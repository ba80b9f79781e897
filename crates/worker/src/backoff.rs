//! Waiting between attempts while the server is away.

use std::time::Duration;

/// Waits that double from `first` up to `longest`, each shortened by up to a half so that many workers spread out.
#[derive(Debug)]
pub(crate) struct Backoff {
    next: Duration,
    longest: Duration,
    seed: u64,
}

impl Backoff {
    pub(crate) fn new(first: Duration, longest: Duration) -> Self {
        let nanos = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(1, |d| d.subsec_nanos());
        Self { next: first, longest, seed: u64::from(nanos) << 32 | u64::from(std::process::id()) | 1 }
    }

    /// The usual one for requests: 0.1 s to 15 s.
    pub(crate) fn for_requests() -> Self {
        Self::new(Duration::from_millis(100), Duration::from_secs(15))
    }

    /// The next wait.
    pub(crate) fn step(&mut self) -> Duration {
        // xorshift64: spread is all that is asked of it.
        self.seed ^= self.seed << 13;
        self.seed ^= self.seed >> 7;
        self.seed ^= self.seed << 17;
        let share = 0.5 + (self.seed >> 11) as f64 / (1u64 << 53) as f64 / 2.0;
        let wait = self.next.mul_f64(share);
        self.next = (self.next * 2).min(self.longest);
        wait
    }

    /// Sleeps for the next wait.
    pub(crate) async fn wait(&mut self) {
        tokio::time::sleep(self.step()).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_spread_and_end() {
        let mut backoff = Backoff::for_requests();
        for expected in [100, 200, 400, 800, 1600, 3200, 6400, 12_800, 15_000, 15_000] {
            let wait = backoff.step().as_millis();
            assert!(wait * 2 + 1 >= expected && wait <= expected, "{wait} of {expected}");
        }
    }
}
