//! Timetables as data, and tables of what they do where clocks change.

use jiff::tz::TimeZone;
use tradewind_core::Timestamp;
use tradewind_core::timetable::{Cron, DataInterval, Restriction, Timetable, TimetableSpec, ZonedCron};

fn at(text: &str) -> Timestamp {
    text.parse().expect(text)
}

fn compile(json: &str) -> Result<Timetable, String> {
    let spec: TimetableSpec = serde_json::from_str(json).map_err(|error| error.to_string())?;
    spec.compile().map_err(|error| error.to_string())
}

#[test]
fn bad_timetables_are_refused_with_a_word_that_helps() {
    for (json, word) in [
        (r#"{"type":"lunar"}"#, "unknown variant `lunar`, expected one of `null`, `once`"),
        (r#"{"type":"cron_data_interval"}"#, "missing field `cron`"),
        (
            r#"{"type":"cron_data_interval","cron":"61 * * * *"}"#,
            "minute field '61': 61 is out of range; allowed are 0-59",
        ),
        (
            r#"{"type":"cron_data_interval","cron":"0 0 * foo *"}"#,
            "month field 'foo': 'foo' is not a value; allowed are 1-12 or jan-dec",
        ),
        (r#"{"type":"cron_data_interval","cron":"0 0 * * mon#6"}"#, "day-of-week field 'mon#6'"),
        (r#"{"type":"cron_data_interval","cron":"*/0 * * * *"}"#, "the step '0' is not a number above 0"),
        (
            r#"{"type":"cron_data_interval","cron":"0 0 * *"}"#,
            "4 fields where 5 (minute hour day-of-month month day-of-week), 6",
        ),
        (r#"{"type":"cron_data_interval","cron":"@fortnightly"}"#, "'@fortnightly' is not a preset; one of @once"),
        (r#"{"type":"cron_data_interval","cron":"H * * * *"}"#, "hashed values (H) are Jenkins'"),
        (
            r#"{"type":"cron_data_interval","cron":"0 0 * * *","timezone":"Europe/Bärlin"}"#,
            "'Europe/Bärlin' is not a time zone",
        ),
        (r#"{"type":"delta_data_interval","seconds":0}"#, "schedule interval must be positive, not 0:00:00"),
        (r#"{"type":"delta_trigger","delta":{"months":-1}}"#, "must be positive, not relativedelta(months=-1)"),
        (r#"{"type":"delta_data_interval","moons":1}"#, "unknown field `moons`"),
        (r#"{"type":"delta_data_interval","month":13}"#, "month is 13, must be 1 to 12"),
        (r#"{"type":"multiple_cron_trigger","crons":[]}"#, "at least one cron expression is needed"),
        (
            r#"{"type":"cron_trigger","cron":"@daily","run_immediately":"soon"}"#,
            "must be true, false, null or a number",
        ),
        (r#"{"type":"events","dates":["soon"]}"#, "'soon' is not a date-time"),
    ] {
        let error = compile(json).expect_err(json);
        assert!(error.contains(word), "{json}: {error}");
    }
}

#[test]
fn says_what_it_is() {
    for (json, summary, description, type_name) in [
        (r#"{"type":"null"}"#, "None", "Never, external triggers only", "NullTimetable"),
        (r#"{"type":"once"}"#, "@once", "Once, as soon as possible", "OnceTimetable"),
        (
            r#"{"type":"continuous"}"#,
            "@continuous",
            "As frequently as possible, but only one run at a time.",
            "ContinuousTimetable",
        ),
        (r#"{"type":"cron_data_interval","cron":"@daily"}"#, "0 0 * * *", "At 00:00", "CronDataIntervalTimetable"),
        (
            r#"{"type":"delta_data_interval","seconds":90061.5}"#,
            "1 day, 1:01:01.500000",
            "",
            "DeltaDataIntervalTimetable",
        ),
        (
            r#"{"type":"delta_data_interval","months":1,"days":-2,"hour":4,"weekday":[4,2]}"#,
            "relativedelta(months=+1, days=-2, weekday=FR(+2), hour=4)",
            "",
            "DeltaDataIntervalTimetable",
        ),
        (
            r#"{"type":"cron_trigger","cron":"5 4 * * sun"}"#,
            "5 4 * * sun",
            "At 04:05, only on Sunday",
            "CronTriggerTimetable",
        ),
        (r#"{"type":"delta_trigger","delta":604800}"#, "7 days, 0:00:00", "", "DeltaTriggerTimetable"),
        (
            r#"{"type":"multiple_cron_trigger","crons":["0 1 * * *","0 2 * * 1"]}"#,
            "0 1 * * *, 0 2 * * 1",
            "At 01:00, At 02:00, only on Monday",
            "MultipleCronTriggerTimetable",
        ),
        (
            r#"{"type":"events","dates":["2024-01-02","2024-01-01T10:00:00+01:00"]}"#,
            "2 events",
            "2 events between 2024-01-01T09:00:00+00:00 and 2024-01-02T00:00:00+00:00",
            "EventsTimetable",
        ),
    ] {
        let timetable = compile(json).expect(json);
        let found = (timetable.summary(), timetable.description(), timetable.type_name());
        assert_eq!(found, (summary.to_owned(), description.to_owned(), type_name), "{json}");
    }
}

#[test]
fn data_survives_the_trip_through_json() {
    for json in [
        r#"{"type":"null"}"#,
        r#"{"type":"cron_data_interval","cron":"0 0 * * *","timezone":"Europe/Berlin"}"#,
        r#"{"type":"delta_data_interval","seconds":3600.0}"#,
        r#"{"type":"delta_data_interval","months":1,"weekday":[0,-1]}"#,
        r#"{"type":"cron_trigger","cron":"0 0 * * *","timezone":"+02:00","interval":{"days":1},"run_immediately":600.0}"#,
        r#"{"type":"events","dates":["2024-01-01T00:00:00Z"],"restrict_to_events":true,"description":"Finals"}"#,
    ] {
        let spec: TimetableSpec = serde_json::from_str(json).expect(json);
        assert_eq!(serde_json::to_string(&spec).expect(json), json);
    }
}

#[test]
fn random_fields_always_mean_the_same_number() {
    let at = at("2024-01-01T00:00:00Z");
    let next = |cron: &str| {
        let cron = ZonedCron::new(Cron::parse(cron).expect(cron), TimeZone::UTC);
        let first = cron.next(at).expect("a time");
        (first, cron.next(first).expect("a time"))
    };
    let minute = |at: Timestamp| at.as_micros() / 60_000_000 % 60;
    let (first, second) = next("R * * * *");
    assert_eq!((second - first).as_micros(), 3_600_000_000);
    assert_eq!(next("R * * * *"), (first, second));
    let (first, _) = next("R(10-12) 0 * * *");
    assert!((10..=12).contains(&minute(first)), "{first}");
    let (first, second) = next("R/15 * * * *");
    assert!(minute(first) < 15 && (second - first).as_micros() == 900_000_000, "{first} {second}");
    for (wrong, word) in [
        ("Rx * * * *", "'rx' is not R, R(low-high)"),
        ("R(5-1) * * * *", "its range is empty"),
        ("R/0 * * * *", "the step of 'r/0'"),
        ("* R(0-24) * * *", "beyond 0-23"),
        ("H * * * *", "croniter refuses them as well"),
    ] {
        let error = Cron::parse(wrong).expect_err(wrong).to_string();
        assert!(error.contains(word), "{wrong}: {error}");
    }
}

#[test]
fn zones_are_names_or_offsets() {
    for (zone, midnight) in [
        (r#""UTC""#, "2024-07-01T00:00:00Z"),
        (r#""Europe/Berlin""#, "2024-06-30T22:00:00Z"),
        (r#""+02:00""#, "2024-06-30T22:00:00Z"),
        (r#""UTC-03:30""#, "2024-07-01T03:30:00Z"),
        ("7200", "2024-06-30T22:00:00Z"),
        ("-3600", "2024-07-01T01:00:00Z"),
        ("null", "2024-07-01T00:00:00Z"),
    ] {
        let json = format!(r#"{{"type":"cron_trigger","cron":"0 0 1 7 *","timezone":{zone}}}"#);
        let timetable = compile(&json).expect(&json);
        let restriction = Restriction { earliest: Some(at("2024-06-01T00:00:00Z")), latest: None, catchup: true };
        let runs = timetable.preview(None, &restriction, at("2024-06-01T00:00:00Z"), 1);
        assert_eq!(runs[0].run_after, at(midnight), "{zone}");
    }
}

/// Expression, zone, and the times at which it fires one after the other, in UTC; the first is the start.
const AROUND_CHANGES: &[(&str, &str, &[&str])] = &[
    // Clocks go forward: 02:30 is skipped and fires at 03:30 summer time, once.
    ("30 2 * * *", "Europe/Berlin", &["2024-03-30T01:30", "2024-03-31T01:30", "2024-04-01T00:30"]),
    ("0 2,3 * * *", "Europe/Berlin", &["2024-03-30T02:00", "2024-03-31T01:00", "2024-04-01T00:00"]),
    // Clocks go back: 02:30 comes twice and fires the second time.
    ("30 2 * * *", "Europe/Berlin", &["2024-10-26T00:30", "2024-10-27T01:30", "2024-10-28T01:30"]),
    // Days of 23 and 25 hours.
    ("0 0 * * *", "America/New_York", &["2024-03-10T05:00", "2024-03-11T04:00", "2024-03-12T04:00"]),
    ("0 0 * * *", "America/New_York", &["2024-11-03T04:00", "2024-11-04T05:00", "2024-11-05T05:00"]),
    // Every so many minutes: neither a gap nor a double hour in real time.
    ("30 * * * *", "Europe/Berlin", &["2024-03-31T00:30", "2024-03-31T01:30", "2024-03-31T02:30"]),
    ("30 * * * *", "Europe/Berlin", &["2024-10-26T23:30", "2024-10-27T00:30", "2024-10-27T01:30", "2024-10-27T02:30"]),
    (
        "*/30 * * * *",
        "Australia/Lord_Howe",
        &["2024-04-06T14:00", "2024-04-06T14:30", "2024-04-06T15:00", "2024-04-06T15:30"],
    ),
    // A weekend that changes the clocks does not move Monday.
    ("0 * * * 1-5", "Europe/Berlin", &["2024-03-29T22:00", "2024-03-31T22:00", "2024-03-31T23:00"]),
    ("0 * * * 1-5", "Europe/Berlin", &["2024-10-25T21:00", "2024-10-27T23:00", "2024-10-28T00:00"]),
    // Midnight itself is skipped.
    ("0 0 * * *", "America/Sao_Paulo", &["2018-11-03T03:00", "2018-11-04T03:00", "2018-11-05T02:00"]),
    // A whole day is skipped; its run coincides with the next day's.
    ("0 9 * * *", "Pacific/Apia", &["2011-12-29T19:00", "2011-12-30T19:00", "2011-12-31T19:00"]),
    // Two hours at once.
    ("30 1 * * *", "Antarctica/Troll", &["2024-03-30T01:30", "2024-03-31T01:30", "2024-03-31T23:30"]),
];

#[test]
fn fires_around_changes_of_the_clock() {
    for (cron, zone, times) in AROUND_CHANGES {
        let zoned = ZonedCron::new(Cron::parse(cron).expect(cron), TimeZone::get(zone).expect(zone));
        let times: Vec<Timestamp> = times.iter().map(|time| at(time)).collect();
        for pair in times.windows(2) {
            assert_eq!(zoned.next(pair[0]), Some(pair[1]), "{cron} in {zone} after {}", pair[0]);
            assert_eq!(zoned.prev(pair[1]), Some(pair[0]), "{cron} in {zone} before {}", pair[1]);
            assert_eq!(zoned.at_or_next(pair[0]), Some(pair[0]), "{cron} in {zone} at {}", pair[0]);
            assert_eq!(zoned.at_or_prev(pair[1]), Some(pair[1]), "{cron} in {zone} at {}", pair[1]);
        }
    }
}

#[test]
fn what_never_comes_is_found_out_quickly() {
    for cron in ["0 0 31 2 *", "0 0 30 2 *", "0 0 31 4,6,9,11 *", "0 0 31 2 1#1", "0 0 1 1 * 0 1971"] {
        let zoned = ZonedCron::new(Cron::parse(cron).expect(cron), TimeZone::get("Europe/Berlin").expect("a zone"));
        assert_eq!(zoned.next(at("2024-01-01")), None, "{cron}");
    }
    let timetable = compile(r#"{"type":"cron_data_interval","cron":"0 0 31 2 *"}"#).expect("accepted, as Airflow does");
    let restriction = Restriction { earliest: Some(at("2024-01-01")), latest: None, catchup: true };
    assert_eq!(timetable.next_run(None, &restriction, at("2024-06-01")), None);
    let now = at("2024-06-01");
    assert_eq!(timetable.infer_manual_interval(now), DataInterval { start: now, end: now });
}

#[test]
fn manual_runs_cover_the_last_whole_interval() {
    for (json, run_after, start, end) in [
        (r#"{"type":"null"}"#, "2024-05-05T10:00", "2024-05-05T10:00", "2024-05-05T10:00"),
        (r#"{"type":"cron_data_interval","cron":"@daily"}"#, "2024-05-05T10:00", "2024-05-04", "2024-05-05"),
        (r#"{"type":"cron_data_interval","cron":"@daily"}"#, "2024-05-05", "2024-05-04", "2024-05-05"),
        (r#"{"type":"delta_data_interval","days":1}"#, "2024-05-05T10:00", "2024-05-04T10:00", "2024-05-05T10:00"),
        (
            r#"{"type":"cron_trigger","cron":"@daily","interval_seconds":3600}"#,
            "2024-05-05T10:00",
            "2024-05-05T09:00",
            "2024-05-05T10:00",
        ),
        (r#"{"type":"delta_trigger","delta":60}"#, "2024-05-05T10:00", "2024-05-05T10:00", "2024-05-05T10:00"),
        (
            r#"{"type":"events","dates":["2024-05-01","2024-06-01"],"restrict_to_events":true}"#,
            "2024-05-05",
            "2024-05-01",
            "2024-05-01",
        ),
    ] {
        let interval = compile(json).expect(json).infer_manual_interval(at(run_after));
        assert_eq!(interval, DataInterval { start: at(start), end: at(end) }, "{json}");
    }
}

#[test]
fn previews_go_on_from_the_last_run() {
    let timetable =
        compile(r#"{"type":"cron_data_interval","cron":"@daily","timezone":"Europe/Berlin"}"#).expect("daily");
    let restriction = Restriction { earliest: Some(at("2024-01-01")), latest: Some(at("2024-04-01")), catchup: false };
    let now = at("2024-03-30T12:00");
    let runs = timetable.preview(None, &restriction, now, 10);
    let due: Vec<String> = runs.iter().map(|run| run.run_after.to_string()).collect();
    assert_eq!(due, ["2024-03-29T23:00:00Z", "2024-03-30T23:00:00Z", "2024-03-31T22:00:00Z", "2024-04-01T22:00:00Z"]);
    let rest = timetable.preview(Some(&runs[1].data_interval), &restriction, now, 1);
    assert_eq!(rest, runs[2..3]);
    let continuous = compile(r#"{"type":"continuous"}"#).expect("continuous");
    assert_eq!(continuous.preview(None, &restriction, now, 10).len(), 1);
}

#[test]
fn a_schedule_that_changes_goes_on_where_it_can() {
    let daily = compile(r#"{"type":"cron_data_interval","cron":"@daily"}"#).expect("daily");
    let restriction = Restriction { earliest: Some(at("2024-01-01")), latest: None, catchup: true };
    // It was hourly: the day that has runs already is not run again.
    let last = DataInterval { start: at("2024-05-05T10:00"), end: at("2024-05-05T11:00") };
    let run = daily.next_run(Some(&last), &restriction, at("2024-05-07")).expect("a run");
    assert_eq!(run.data_interval, DataInterval { start: at("2024-05-06"), end: at("2024-05-07") });
    // A start date that moved into the future.
    let restriction = Restriction { earliest: Some(at("2024-08-01T01:00")), ..restriction };
    let run = daily.next_run(Some(&last), &restriction, at("2024-05-07")).expect("a run");
    assert_eq!(run.logical_date, Some(at("2024-08-02")));
}
