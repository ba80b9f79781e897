//! Ending a try before it ends itself: the wish, its reason, and the ladder SIGTERM, wait, SIGKILL.

use std::sync::OnceLock;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// `SIGTERM`
const TERM: i32 = 15;
/// `SIGKILL`
const KILL: i32 = 9;

/// The wish that a try should end. The first reason given stays.
#[derive(Debug, Default)]
pub struct Stop {
    token: CancellationToken,
    reason: OnceLock<String>,
}

impl Stop {
    /// Asks the try to end.
    pub fn ask(&self, reason: &str) {
        let _ = self.reason.set(reason.to_owned());
        self.token.cancel();
    }

    /// Why it should end, if it should.
    pub fn reason(&self) -> Option<&str> {
        self.reason.get().map(String::as_str)
    }

    /// Completes when it should end.
    pub async fn asked(&self) {
        self.token.cancelled().await;
    }
}

/// Which signal is due when.
#[derive(Debug)]
pub struct Ladder {
    timeout: Option<Duration>,
    timeout_at: Option<Instant>,
    cleanup: Duration,
    kill_at: Option<Instant>,
    why: Option<Why>,
    killed: bool,
}

/// Why the ladder was climbed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// Somebody asked for it.
    Stopped(String),
    /// The try took longer than it may.
    TimedOut(Duration),
}

impl std::fmt::Display for Why {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Stopped(reason) => write!(f, "ended: {reason}"),
            Self::TimedOut(after) => write!(f, "timed out after {} s", after.as_secs_f64()),
        }
    }
}

impl Ladder {
    /// A ladder for a try that begins now. `grace` comes on top of the timeout, for those who enforce it themselves;
    /// `cleanup` is the time between the two signals.
    pub fn new(timeout: Option<Duration>, grace: Duration, cleanup: Duration) -> Self {
        let timeout_at = timeout.and_then(|timeout| Instant::now().checked_add(timeout)?.checked_add(grace));
        Self { timeout, timeout_at, cleanup, kill_at: None, why: None, killed: false }
    }

    /// Waits for the next signal that is due. Cancelling it loses nothing.
    pub async fn next(&mut self, stop: &Stop) -> i32 {
        if let Some(kill_at) = self.kill_at {
            if self.killed {
                std::future::pending::<()>().await;
            }
            tokio::time::sleep_until(kill_at).await;
            self.killed = true;
            return KILL;
        }
        let why = tokio::select! {
            () = stop.asked() => Why::Stopped(stop.reason().unwrap_or("no longer wanted").to_owned()),
            () = sleep_until(self.timeout_at) => Why::TimedOut(self.timeout.unwrap_or_default()),
        };
        self.why = Some(why);
        self.kill_at = Some(Instant::now() + self.cleanup);
        TERM
    }

    /// The try's end is decided: its execution timeout counts no more, what comes after it has a time of its own.
    pub fn decided(&mut self, afterwards: Duration) {
        self.timeout = Some(afterwards);
        self.timeout_at = Instant::now().checked_add(afterwards);
    }

    /// Why it was climbed, if it was.
    pub fn why(&self) -> Option<&Why> {
        self.why.as_ref()
    }
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_timeout_terminates_and_then_kills() {
        let begin = Instant::now();
        let mut ladder = Ladder::new(Some(Duration::from_secs(30)), Duration::from_secs(5), Duration::from_secs(60));
        let stop = Stop::default();
        assert_eq!(ladder.next(&stop).await, TERM);
        assert_eq!(begin.elapsed().as_secs(), 35);
        assert_eq!(ladder.why().unwrap().to_string(), "timed out after 30 s");
        assert_eq!(ladder.next(&stop).await, KILL);
        assert_eq!(begin.elapsed().as_secs(), 95);
        let more = tokio::time::timeout(Duration::from_secs(3600), ladder.next(&stop)).await;
        assert!(more.is_err(), "there is nothing above SIGKILL");
    }

    #[tokio::test(start_paused = true)]
    async fn a_wish_is_heard_at_once_and_its_first_reason_stays() {
        let mut ladder = Ladder::new(None, Duration::ZERO, Duration::from_secs(1));
        let stop = Stop::default();
        stop.ask("cleared by a user");
        stop.ask("something else");
        assert_eq!(ladder.next(&stop).await, TERM);
        assert_eq!(ladder.why().unwrap().to_string(), "ended: cleared by a user");
        assert_eq!(ladder.next(&stop).await, KILL);
    }
}
