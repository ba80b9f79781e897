//! The one place where the server reads the system's clock.

use std::time::{SystemTime, UNIX_EPOCH};

use tradewind_core::Timestamp;

/// Now. A clock before 1970 counts as 1970.
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}
