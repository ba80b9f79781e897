//! Replays firing times that croniter gave (`parity/cron/generate.py` says how).

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use tradewind_core::Timestamp;
use tradewind_core::timetable::{Cron, ZonedCron};

/// Another file than the committed one, for long runs.
const FILE_VARIABLE: &str = "TRADEWIND_CRON_PARITY_FILE";

#[test]
fn agrees_with_croniter() {
    let rows = match std::env::var(FILE_VARIABLE) {
        Ok(path) => std::fs::read_to_string(path).expect("a readable file"),
        Err(_) => include_str!("parity/cron/fixture.tsv").to_owned(),
    };
    let wrong: Vec<String> =
        rows.lines().filter_map(|row| check(row).err().map(|why| format!("{row}\n  {why}"))).collect();
    assert!(
        wrong.is_empty(),
        "{} of {} rows:\n{}",
        wrong.len(),
        rows.lines().count(),
        wrong[..wrong.len().min(20)].join("\n")
    );
    assert!(rows.lines().count() >= 2000, "the fixture is cut short");
}

fn check(row: &str) -> Result<(), String> {
    let columns: Vec<&str> = row.split('\t').collect();
    match columns[..] {
        ["E", expression] => match Cron::parse(expression) {
            Ok(_) => Err("accepted".into()),
            Err(error) if error.problem.contains("field") || error.problem.contains("preset") => Ok(()),
            Err(error) => Err(format!("names no field: {error}")),
        },
        ["N", expression, wall, next, prev] => {
            let cron = Cron::parse(expression).map_err(|error| error.to_string())?;
            let wall: DateTime = wall.parse().expect("a date-time");
            same(next, cron.next(wall).map(|at| at.to_string()))?;
            same(prev, cron.prev(wall).map(|at| at.to_string()))
        }
        ["Z", expression, zone, at, next, prev] => {
            let cron = Cron::parse(expression).map_err(|error| error.to_string())?;
            let cron = ZonedCron::new(cron, TimeZone::get(zone).expect("a zone"));
            let at = Timestamp::from_secs(at.parse().expect("seconds"));
            let seconds = |at: Option<Timestamp>| at.map(|at| (at.as_micros() / 1_000_000).to_string());
            same(next, seconds(cron.next(at)))?;
            same(prev, seconds(cron.prev(at)))
        }
        _ => Err("not a row".into()),
    }
}

fn same(expected: &str, found: Option<String>) -> Result<(), String> {
    let found = found.unwrap_or_else(|| "-".into());
    if found == expected { Ok(()) } else { Err(format!("expected {expected}, found {found}")) }
}
