//! Holds cron expressions in time zones to croniter: over 100,000 instants, densely written (`parity/cron/dense.py`).

use jiff::tz::TimeZone;
use tradewind_core::Timestamp;
use tradewind_core::timetable::{Cron, ZonedCron};

/// Another file than the committed one: `scripts/cron-parity.sh` makes one with a fresh seed.
const FILE_VARIABLE: &str = "TRADEWIND_CRON_DENSE_FILE";

// As in `dense.py`.
const CLOSE: [i64; 10] = [0, 1, -1, 1800, -1800, 3600, -3599, 7213, -10800, 21600];
const WIDE: [i64; 10] = [0, 1, -1, 86399, -86400, 432_007, 3_456_000, -2_851_200, 17_280_000, -34_560_000];
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const MODULUS: u64 = 3719;

#[test]
fn agrees_with_croniter_at_a_hundred_thousand_instants() {
    let given = std::env::var(FILE_VARIABLE).ok();
    let rows = match &given {
        Some(path) => std::fs::read_to_string(path).expect("a readable file"),
        None => include_str!("parity/cron/dense.tsv").to_owned(),
    };
    let mut lines = rows.lines();
    let header = lines.next().expect("a first line");
    let zones: Vec<&str> = header.split('\t').skip(1).collect();
    let (mut instants, mut wrong) = (0, Vec::new());
    for row in lines {
        match check(row, &zones) {
            Ok(count) => instants += count,
            Err(why) => wrong.push(why),
        }
    }
    assert!(wrong.is_empty(), "{} rows are wrong:\n{}", wrong.len(), wrong[..wrong.len().min(20)].join("\n"));
    if given.is_none() {
        assert!(instants >= 100_000, "the fixture is cut short: {instants} instants");
    }
}

/// The number of instants that were compared.
fn check(row: &str, zones: &[&str]) -> Result<usize, String> {
    let columns: Vec<&str> = row.split('\t').collect();
    let (expression, zone, anchor, sums) = match columns[..] {
        ["E", expression] => {
            return match Cron::parse(expression) {
                Ok(_) => Err(format!("'{expression}' is accepted; croniter refuses it")),
                Err(_) => Ok(0),
            };
        }
        ["C" | "W", expression, zone, anchor, sums] => (expression, zone, anchor, sums),
        _ => return Err(format!("not a row: {row}")),
    };
    let steps = if columns[0] == "C" { CLOSE } else { WIDE };
    let zone = zones[zone.parse::<usize>().expect("a number")];
    let anchor: i64 = anchor.parse().expect("seconds");
    let cron = Cron::parse(expression).map_err(|error| error.to_string())?;
    let cron = ZonedCron::new(cron, TimeZone::get(zone).expect("a zone"));
    let ask = |forward: bool, at| if forward { cron.next(at) } else { cron.prev(at) };
    let asked = [true, false].into_iter().flat_map(|forward| steps.map(|step| (forward, anchor + step)));
    for ((forward, at), expected) in asked.zip(sums.as_bytes().chunks(2)) {
        let found = ask(forward, Timestamp::from_secs(at));
        if check_sum(at, found) != *expected {
            let way = if forward { "after" } else { "before" };
            return Err(format!(
                "'{expression}' in {zone} {way} {at}: found {found:?}, not what `dense.py explain '{expression}' \
                 {zone} {at}` says"
            ));
        }
    }
    Ok(steps.len())
}

fn check_sum(at: i64, found: Option<Timestamp>) -> [u8; 2] {
    let Some(found) = found else { return *b"--" };
    let distance = (found.as_micros() / 1_000_000 - at).unsigned_abs() % MODULUS;
    [DIGITS[(distance / 62) as usize], DIGITS[(distance % 62) as usize]]
}
