//! How many wrong passwords an address may send: `[fab] auth_rate_limit`, in the words of Flask's limiter.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// So many addresses are remembered; a flood from more empties the memory of those that are quiet.
const MOST: usize = 20_000;

/// So many attempts within that time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// Attempts.
    pub attempts: usize,
    /// Time.
    pub within: Duration,
}

/// Reads `5 per 40 second`, `10/minute`, `5 per minute; 100 per day`.
///
/// # Errors
/// A sentence on what is wrong.
pub fn parse(text: &str) -> Result<Vec<RateLimit>, String> {
    let one = |part: &str| {
        let wrong = || format!("'{part}' is not a limit such as '5 per 40 second'");
        let part = part.replace('/', " per ").to_lowercase();
        let words: Vec<&str> = part.split_whitespace().filter(|word| *word != "per").collect();
        let (attempts, times, unit) = match words.as_slice() {
            [attempts, unit] => (attempts, "1", unit),
            [attempts, times, unit] => (attempts, *times, unit),
            _ => return Err(wrong()),
        };
        let seconds = match unit.trim_end_matches('s') {
            "second" => 1,
            "minute" => 60,
            "hour" => 3_600,
            "day" => 86_400,
            "month" => 30 * 86_400,
            "year" => 365 * 86_400,
            _ => return Err(wrong()),
        };
        let attempts: usize = attempts.parse().map_err(|_| wrong())?;
        let times: u32 = times.parse().map_err(|_| wrong())?;
        if attempts == 0 || times == 0 || attempts > 10_000 {
            return Err(wrong());
        }
        Ok(RateLimit { attempts, within: Duration::from_secs(u64::from(times) * seconds) })
    };
    text.split([';', ',', '|']).map(str::trim).filter(|part| !part.is_empty()).map(one).collect()
}

/// Counts wrong passwords by address.
pub struct Attempts {
    limits: Vec<RateLimit>,
    by_address: Mutex<HashMap<IpAddr, VecDeque<Instant>>>,
}

/// An attempt under way. It counts as a wrong one unless [`Attempt::succeeded`].
#[derive(Debug)]
pub struct Attempt {
    address: Option<IpAddr>,
    at: Instant,
}

impl Attempts {
    /// With these limits; none: any number.
    pub fn new(limits: Vec<RateLimit>) -> Self {
        Self { limits, by_address: Mutex::default() }
    }

    /// Begins an attempt. It counts from now on, so that many at once are not more than many one by one.
    ///
    /// # Errors
    /// Too many; the time until the next one may be made.
    pub fn begin(&self, address: Option<IpAddr>, now: Instant) -> Result<Attempt, Duration> {
        let attempt = Attempt { address: address.map(block), at: now };
        let Some(address) = attempt.address else { return Ok(attempt) };
        let Some(longest) = self.limits.iter().map(|limit| limit.within).max() else { return Ok(attempt) };
        let mut all = self.by_address.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if all.len() >= MOST {
            all.retain(|_, seen| seen.back().is_some_and(|at| now.duration_since(*at) < longest));
        }
        if all.len() >= MOST {
            all.clear();
        }
        let seen = all.entry(address).or_default();
        while seen.front().is_some_and(|at| now.duration_since(*at) >= longest) {
            seen.pop_front();
        }
        for limit in &self.limits {
            // The attempt that has to become old before there is room for one more.
            if let Some(at) = seen.len().checked_sub(limit.attempts).and_then(|index| seen.get(index)) {
                let age = now.duration_since(*at);
                if age < limit.within {
                    return Err(limit.within - age);
                }
            }
        }
        seen.push_back(now);
        Ok(attempt)
    }

    /// The password was right.
    pub fn succeeded(&self, attempt: &Attempt) {
        let Some(address) = attempt.address else { return };
        let mut all = self.by_address.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(seen) = all.get_mut(&address)
            && let Some(index) = seen.iter().position(|at| *at == attempt.at)
        {
            seen.remove(index);
        }
    }
}

/// Who has one IPv6 address has 2^64 of them.
fn block(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() & (u128::MAX << 64)).into()),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_as_flask_spells_them() {
        let limit = |attempts, seconds| RateLimit { attempts, within: Duration::from_secs(seconds) };
        assert_eq!(parse("5 per 40 second"), Ok(vec![limit(5, 40)]));
        assert_eq!(parse("10/minute; 100 per 2 hours"), Ok(vec![limit(10, 60), limit(100, 7200)]));
        for wrong in ["many", "5 per fortnight", "0 per second", "5", "-1 per day"] {
            assert!(parse(wrong).unwrap_err().contains("is not a limit"), "{wrong}");
        }
    }

    #[test]
    fn wrong_passwords_are_counted_and_right_ones_are_not() {
        let attempts = Attempts::new(parse("2 per 10 second").unwrap());
        let (a, b) = (Some("10.0.0.1".parse().unwrap()), Some("10.0.0.2".parse().unwrap()));
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let right = attempts.begin(a, at(0)).unwrap();
        attempts.succeeded(&right);
        assert!(attempts.begin(a, at(1)).is_ok() && attempts.begin(a, at(2)).is_ok());
        assert_eq!(attempts.begin(a, at(3)).unwrap_err(), Duration::from_secs(8));
        assert!(attempts.begin(b, at(3)).is_ok(), "others are not held up");
        assert!(attempts.begin(a, at(11)).is_ok());
        assert!(attempts.begin(a, at(11)).is_err());
        let v6 = |text: &str| Some(text.parse().unwrap());
        assert!(attempts.begin(v6("fd00::1"), at(0)).is_ok() && attempts.begin(v6("fd00::2"), at(0)).is_ok());
        assert!(attempts.begin(v6("fd00::3"), at(0)).is_err(), "a block of addresses is one");
    }
}
