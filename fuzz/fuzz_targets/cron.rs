//! Cron expressions from anybody: refused or understood, and what is understood goes forwards and backwards.
#![no_main]

use jiff::civil::DateTime;
use libfuzzer_sys::fuzz_target;
use tradewind_core::timetable::Cron;

fuzz_target!(|input: (u32, &str)| {
    let (minutes, expression) = input;
    let Ok(cron) = Cron::parse(expression) else { return };
    let from = DateTime::constant(1980, 1, 1, 0, 0, 0, 0) + jiff::Span::new().minutes(i64::from(minutes % 50_000_000));
    if let Some(next) = cron.next(from) {
        assert!(next > from, "{expression:?} after {from} is {next}");
    }
    if let Some(prev) = cron.prev(from) {
        assert!(prev < from, "{expression:?} before {from} is {prev}");
    }
});
