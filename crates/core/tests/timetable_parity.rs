//! Compares next runs and manual intervals with those that Airflow gave (`parity/timetable/generate.py`).

use tradewind_core::Timestamp;
use tradewind_core::timetable::{DataInterval, NextRun, Restriction, TimetableSpec};

/// Another file than the committed one, for long runs.
const FILE_VARIABLE: &str = "TRADEWIND_TIMETABLE_PARITY_FILE";

#[test]
fn agrees_with_airflow() {
    let rows = match std::env::var(FILE_VARIABLE) {
        Ok(path) => std::fs::read_to_string(path).expect("a readable file"),
        Err(_) => include_str!("parity/timetable/fixture.tsv").to_owned(),
    };
    let wrong: Vec<String> =
        rows.lines().filter_map(|row| check(row).err().map(|why| format!("{row}\n  {why}"))).collect();
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        rows.lines().count(),
        wrong[..wrong.len().min(20)].join("\n")
    );
    assert!(rows.lines().count() >= 1000, "the fixture is cut short");
}

fn check(row: &str) -> Result<(), String> {
    let columns: Vec<&str> = row.split('\t').collect();
    let at = |n: usize| columns[n].parse().ok().map(Timestamp::from_micros);
    let interval = |n: usize| Some(DataInterval { start: at(n)?, end: at(n + 1)? });
    let spec: TimetableSpec = serde_json::from_str(columns[0]).map_err(|error| error.to_string())?;
    let timetable = spec.compile().map_err(|error| error.to_string())?;
    let restriction = Restriction { earliest: at(3), latest: at(4), catchup: columns[5] == "1" };
    let now = at(6).expect("now");
    let expected = at(7).map(|logical_date| NextRun {
        logical_date: Some(logical_date),
        data_interval: interval(7).expect("an interval"),
        run_after: at(9).expect("an instant"),
    });
    let found = timetable.next_run(interval(1).as_ref(), &restriction, now);
    if found != expected {
        return Err(format!("next run: expected {expected:?}, found {found:?}"));
    }
    // Where Airflow fails to infer one, because nothing is named for 50 years, an empty one will do.
    match interval(10) {
        Some(manual) if timetable.infer_manual_interval(now) != manual => {
            Err(format!("manual interval: expected {manual:?}, found {:?}", timetable.infer_manual_interval(now)))
        }
        _ => Ok(()),
    }
}
