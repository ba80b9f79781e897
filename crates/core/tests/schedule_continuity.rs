//! Schedules neither skip nor double an interval, whatever happens to who plans them: crashes before a commit, plans
//! made of an old snapshot, pauses, long silences, dates that manual runs took, and clocks that change.

use std::collections::BTreeSet;

use proptest::prelude::*;
use tradewind_core::Timestamp;
use tradewind_core::plan::{DagSchedule, RunDecision, Then, plan_runs, preview_runs};
use tradewind_core::timetable::{NextRun, Restriction, TimetableSpec};

const MINUTE: i64 = 60_000_000;

fn schedule(json: &str, begin: Timestamp, end: Option<Timestamp>, catchup: bool) -> DagSchedule {
    let spec: TimetableSpec = serde_json::from_str(json).expect(json);
    DagSchedule {
        dag_id: "d".into(),
        timetable: spec.compile().expect(json),
        restriction: Restriction { earliest: Some(begin), latest: end, catchup },
        is_paused: false,
        last: None,
        next: None,
        active_runs: 0,
        max_active_runs: 1000,
        taken: Vec::new(),
    }
}

fn after(at: Timestamp, minutes: i64) -> Timestamp {
    Timestamp::from_micros(at.as_micros() + minutes * MINUTE)
}

/// What the database holds of a DAG, and what it does with plans: it refuses a second run of a date.
struct World {
    stored: DagSchedule,
    created: Vec<NextRun>,
    dates: BTreeSet<Timestamp>,
}

impl World {
    fn new(stored: DagSchedule) -> Self {
        Self { stored, created: Vec::new(), dates: BTreeSet::new() }
    }

    /// Plans from a snapshot and commits.
    fn tick(&mut self, snapshot: &DagSchedule, max_runs: usize, now: Timestamp) -> Option<Timestamp> {
        let plan = plan_runs(std::slice::from_ref(snapshot), max_runs, now);
        for decision in plan.decisions {
            match decision {
                RunDecision::Create { run, .. } => {
                    if self.dates.insert(run.logical_date.expect("a date")) {
                        self.created.push(run);
                        // `last` is the run with the latest date.
                        if self.stored.last.is_none_or(|last| last.start < run.data_interval.start) {
                            self.stored.last = Some(run.data_interval);
                        }
                    }
                }
                RunDecision::SetNext { next, .. } => self.stored.next = next,
            }
        }
        plan.wake_at
    }

    /// Until nothing is due.
    fn settle(&mut self, now: Timestamp) {
        (self.stored.is_paused, self.stored.max_active_runs) = (false, u32::MAX);
        loop {
            let snapshot = self.stored.clone();
            if self.tick(&snapshot, 50, now) != Some(now) {
                return;
            }
        }
    }
}

/// A field of a cron expression that is seldom far off.
fn field(low: u32, high: u32) -> impl Strategy<Value = String> {
    let item = prop_oneof![
        (low..=high).prop_map(|n| n.to_string()),
        (low..=high, low..=high).prop_map(|(a, b)| format!("{}-{}", a.min(b), a.max(b))),
        (2..=9u32).prop_map(|step| format!("*/{step}")),
    ];
    prop_oneof![
        2 => Just("*".to_owned()),
        3 => prop::collection::vec(item, 1..3).prop_map(|items| items.join(",")),
    ]
}

fn cron() -> impl Strategy<Value = String> {
    let day = prop_oneof![4 => Just("*".to_owned()), 1 => field(1, 28), 1 => Just("L".to_owned())];
    let weekday = prop_oneof![3 => Just("*".to_owned()), 1 => field(0, 6), 1 => Just("1#2".to_owned())];
    // One minute of the hour: a minutely schedule over weeks would only cost time.
    (0..60u32, field(0, 23), day, weekday)
        .prop_map(|(minute, hour, day, weekday)| format!("{minute} {hour} {day} * {weekday}"))
}

fn zone() -> impl Strategy<Value = &'static str> {
    prop::sample::select(&[
        "UTC",
        "Europe/Berlin",
        "America/New_York",
        "Australia/Lord_Howe",
        "Africa/Casablanca",
        "America/Havana",
        "Antarctica/Troll",
        "Pacific/Apia",
    ])
}

fn timetable() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => (cron(), zone(), prop::bool::ANY).prop_map(|(cron, zone, interval)| {
            let kind = if interval { "cron_data_interval" } else { "cron_trigger" };
            format!(r#"{{"type":"{kind}","cron":"{cron}","timezone":"{zone}"}}"#)
        }),
        1 => (cron(), cron(), zone()).prop_map(|(one, two, zone)| {
            format!(r#"{{"type":"multiple_cron_trigger","crons":["{one}","{two}"],"timezone":"{zone}"}}"#)
        }),
        1 => (30..4000i64, prop::bool::ANY).prop_map(|(minutes, interval)| {
            let seconds = minutes * 60;
            if interval {
                format!(r#"{{"type":"delta_data_interval","seconds":{seconds}}}"#)
            } else {
                format!(r#"{{"type":"delta_trigger","delta":{seconds}}}"#)
            }
        }),
        1 => prop::collection::btree_set(0..40_000i64, 1..12).prop_map(|minutes| {
            let dates: Vec<String> =
                minutes.iter().map(|n| format!("\"{}\"", after("2024-03-20T00:00:00Z".parse().expect("a date"), *n))).collect();
            format!(r#"{{"type":"events","dates":[{}]}}"#, dates.join(","))
        }),
        1 => Just(r#"{"type":"once"}"#.to_owned()),
    ]
}

#[derive(Clone, Copy, Debug)]
enum Event {
    /// A scheduler looks and commits.
    Look,
    /// It dies before it commits.
    Crash,
    /// It plans from a snapshot that it took long ago.
    Stale,
    Pause,
    Unpause,
}

fn events() -> impl Strategy<Value = Vec<(i64, Event, usize)>> {
    let event = prop_oneof![
        4 => Just(Event::Look),
        1 => Just(Event::Crash),
        2 => Just(Event::Stale),
        1 => Just(Event::Pause),
        1 => Just(Event::Unpause),
    ];
    prop::collection::vec((1..3000i64, event, 1..5usize), 1..14)
}

fn begin() -> impl Strategy<Value = Timestamp> {
    // From some days before clocks change on, in one zone or another.
    let days = prop::sample::select(&[
        "2024-03-28",
        "2024-10-24",
        "2024-03-08",
        "2024-11-01",
        "2024-04-04",
        "2011-12-28",
        "2024-04-12",
    ]);
    (days, 0..2000i64).prop_map(|(day, minutes)| after(day.parse().expect("a date"), minutes))
}

/// Lets the events happen to a DAG; the time after them.
fn live_through(world: &mut World, begin: Timestamp, events: &[(i64, Event, usize)]) -> Timestamp {
    let mut now = begin;
    let mut old = world.stored.clone();
    for (minutes, event, max_runs) in events {
        now = after(now, *minutes);
        let snapshot = world.stored.clone();
        match event {
            Event::Look => _ = world.tick(&snapshot, *max_runs, now),
            Event::Crash => _ = plan_runs(std::slice::from_ref(&snapshot), *max_runs, now),
            Event::Stale => {
                world.tick(&old, *max_runs, now);
                old = snapshot;
            }
            Event::Pause => world.stored.is_paused = true,
            Event::Unpause => (world.stored.is_paused, world.stored.next) = (false, None),
        }
    }
    now
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn catching_up_makes_every_interval_once(spec in timetable(), begin in begin(), events in events(), bounded in any::<bool>()) {
        let end = bounded.then(|| after(begin, 9000));
        let mut world = World::new(schedule(&spec, begin, end, true));
        let now = live_through(&mut world, begin, &events);
        world.settle(now);
        let mut undisturbed = World::new(schedule(&spec, begin, end, true));
        undisturbed.settle(now);
        // A stale plan may have come in between, but nothing is missing and nothing is there twice.
        let mut found = world.created.clone();
        found.sort_by_key(|run| run.data_interval);
        let expected = if spec.contains("once") && !world.created.is_empty() { found.clone() } else { undisturbed.created };
        prop_assert_eq!(&found, &expected);
    }

    #[test]
    fn not_catching_up_goes_forward_and_ends_at_the_latest(spec in timetable(), begin in begin(), events in events()) {
        let mut world = World::new(schedule(&spec, begin, None, false));
        let now = live_through(&mut world, begin, &events);
        world.settle(now);
        let dates: BTreeSet<Timestamp> = world.created.iter().filter_map(|run| run.logical_date).collect();
        prop_assert_eq!(dates.len(), world.created.len());
        prop_assert!(world.created.iter().all(|run| run.run_after <= now));
        let mut late = World::new(schedule(&spec, begin, None, false));
        late.settle(now);
        // Whoever looks for the first time now makes the latest run; so must whoever looked before.
        if let Some(latest) = late.created.last().filter(|_| !spec.contains("once") && !spec.contains("delta")) {
            prop_assert!(world.created.iter().any(|run| run.run_after >= latest.run_after), "{latest:?}");
        }
    }

    #[test]
    fn previews_come_true(spec in timetable(), begin in begin(), minutes in 0..5000i64, catchup in any::<bool>()) {
        let now = after(begin, minutes);
        let mut world = World::new(schedule(&spec, begin, Some(after(begin, 60 * 24 * 20)), catchup));
        let preview = preview_runs(&world.stored, 10, now);
        prop_assert!(preview.runs.len() <= 10);
        // Somebody looks whenever the plan says so.
        let mut at = now;
        let mut enough = preview.runs.len();
        while world.created.len() < enough {
            let snapshot = world.stored.clone();
            match world.tick(&snapshot, 1, at) {
                Some(next) => at = at.max(next),
                None => enough = world.created.len(),
            }
        }
        prop_assert_eq!(&preview.runs, &world.created);
        if preview.runs.len() < 10 {
            prop_assert_eq!(preview.then, Then::Ended);
        }
    }
}

#[test]
fn a_paused_dag_previews_what_would_come() {
    let begin: Timestamp = "2024-01-01T00:00:00Z".parse().expect("a date");
    let mut dag = schedule(r#"{"type":"cron_trigger","cron":"@daily"}"#, begin, None, false);
    dag.is_paused = true;
    let preview = preview_runs(&dag, 3, after(begin, 60));
    let due: Vec<String> = preview.runs.iter().map(|run| run.run_after.to_string()).collect();
    assert_eq!(due, ["2024-01-01T00:00:00Z", "2024-01-02T00:00:00Z", "2024-01-03T00:00:00Z"]);
    assert_eq!(preview.then, Then::More);
    for (json, runs, then) in [
        (r#"{"type":"null"}"#, 0, Then::NoSchedule),
        (r#"{"type":"once"}"#, 1, Then::Ended),
        (r#"{"type":"continuous"}"#, 1, Then::AfterEachRun),
        (r#"{"type":"external","class":"C","summary":"C"}"#, 0, Then::NotAsked),
    ] {
        let preview = preview_runs(&schedule(json, begin, None, false), 10, after(begin, 60));
        assert_eq!((preview.runs.len(), preview.then), (runs, then), "{json}");
    }
}
