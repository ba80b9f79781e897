//! Compares descriptions of cron expressions with those that Airflow gave (`parity/cron/describe.py`).

use tradewind_core::timetable::TimetableSpec;

#[test]
fn says_what_airflow_says_or_nothing_but_the_expression() {
    let rows = include_str!("parity/cron/descriptions.tsv");
    let (mut wrong, mut raw, mut all) = (Vec::new(), 0, 0);
    for row in rows.lines() {
        let (expression, expected) = row.split_once('\t').expect("two columns");
        let spec = TimetableSpec::CronDataInterval { cron: expression.into(), timezone: "UTC".into() };
        let timetable = spec.compile().expect(expression);
        let found = timetable.description();
        all += 1;
        if found == timetable.summary() {
            raw += 1;
        } else if found != expected {
            wrong.push(format!("{expression}\n  expected {expected}\n  found    {found}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {all}:\n{}", wrong.len(), wrong[..wrong.len().min(20)].join("\n"));
    assert!(raw * 3 < all, "{raw} of {all} were not described");
}
