//! How Python prints instants and spans, where that is part of names: run ids and summaries.

use std::fmt;

use crate::state::RunType;
use crate::time::Timestamp;

/// The instant as Python's `isoformat` prints it in UTC: `2024-01-01T00:00:00+00:00`, microseconds only if any.
pub fn isoformat(at: Timestamp) -> String {
    let zulu = at.to_string();
    format!("{}+00:00", zulu.trim_end_matches('Z'))
}

/// The id of a run that was not given one: `scheduled__2024-01-01T00:00:00+00:00`.
///
/// Runs without a logical date can share a `run_after`; add a random part to theirs: `{run_id}_{random}`.
pub fn run_id(run_type: RunType, run_after: Timestamp) -> String {
    format!("{run_type}__{}", isoformat(run_after))
}

/// Writes a span as `str(timedelta)`: `1 day, 0:00:00`, `0:05:00.500000`.
pub(super) fn write_seconds(f: &mut fmt::Formatter<'_>, micros: i64) -> fmt::Result {
    let (days, rest) = (micros.div_euclid(86_400_000_000), micros.rem_euclid(86_400_000_000));
    if days != 0 {
        write!(f, "{days} day{}, ", if days.abs() == 1 { "" } else { "s" })?;
    }
    let (seconds, micros) = (rest / 1_000_000, rest % 1_000_000);
    write!(f, "{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)?;
    if micros == 0 { Ok(()) } else { write!(f, ".{micros:06}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn run_ids_are_airflows() {
        for (at, id) in [
            ("2024-01-01T00:00:00Z", "scheduled__2024-01-01T00:00:00+00:00"),
            ("2024-01-01T00:00:00.5Z", "scheduled__2024-01-01T00:00:00.500000+00:00"),
        ] {
            assert_eq!(run_id(RunType::Scheduled, at.parse().unwrap()), id);
        }
    }
}
