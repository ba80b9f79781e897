//! Laws of `plan_runs`: no interval is skipped or doubled, whatever the clocks do and whenever somebody looks.

use proptest::prelude::*;
use tradewind_core::Timestamp;
use tradewind_core::plan::{DagSchedule, Reason, RunDecision, plan_runs};
use tradewind_core::timetable::{DataInterval, NextRun, Restriction, Timetable, TimetableSpec};

const HOUR: i64 = 3_600_000_000;

fn timetable(json: &str) -> Timetable {
    serde_json::from_str::<TimetableSpec>(json).expect(json).compile().expect(json)
}

fn at(text: &str) -> Timestamp {
    text.parse().expect(text)
}

fn schedule(json: &str, earliest: Option<&str>, catchup: bool) -> DagSchedule {
    DagSchedule {
        dag_id: "d".into(),
        timetable: timetable(json),
        restriction: Restriction { earliest: earliest.map(at), latest: None, catchup },
        is_paused: false,
        last: None,
        next: None,
        active_runs: 0,
        max_active_runs: 16,
        taken: Vec::new(),
    }
}

/// Plans, and does to the schedule what the database would do. The runs that were created and `wake_at`.
fn tick(schedule: &mut DagSchedule, max_runs: usize, now: Timestamp) -> (Vec<NextRun>, Option<Timestamp>) {
    let plan = plan_runs(std::slice::from_ref(schedule), max_runs, now);
    let mut created = Vec::new();
    for decision in plan.decisions {
        match decision {
            RunDecision::Create { run, .. } => {
                created.push(run);
                schedule.last = Some(run.data_interval);
            }
            RunDecision::SetNext { next, .. } => schedule.next = next,
        }
    }
    (created, plan.wake_at)
}

const DAILY_IN_BERLIN: &str = r#"{"type":"cron_data_interval","cron":"30 2 * * *","timezone":"Europe/Berlin"}"#;

#[test]
fn catches_up_in_order_and_within_the_limits() {
    let mut dag = schedule(DAILY_IN_BERLIN, Some("2024-03-29T00:00:00+01:00"), true);
    dag.max_active_runs = 3;
    let now = at("2024-04-03T12:00:00Z");
    let (created, wake_at) = tick(&mut dag, 2, now);
    let starts: Vec<String> = created.iter().map(|run| run.data_interval.start.to_string()).collect();
    assert_eq!(starts, ["2024-03-29T01:30:00Z", "2024-03-30T01:30:00Z"]);
    assert_eq!(wake_at, Some(now), "more is due than one tick may create");
    // On the 31st 02:30 does not exist: it is 03:30 summer time.
    dag.active_runs = 2;
    let (created, wake_at) = tick(&mut dag, 10, now);
    assert_eq!(created.len(), 1, "max_active_runs is 3");
    assert_eq!(
        created[0].data_interval,
        DataInterval { start: at("2024-03-31T01:30:00Z"), end: at("2024-04-01T00:30:00Z") }
    );
    assert_eq!(wake_at, None, "a run that ends wakes");
    dag.active_runs = 3;
    let plan = plan_runs(std::slice::from_ref(&dag), 10, now);
    assert_eq!(plan.decisions, []);
    assert_eq!(plan.waiting, [(0, Reason::RunQueued { running: 3, limit: 3 })]);
}

#[test]
fn without_catchup_only_the_latest_is_created() {
    let mut dag = schedule(DAILY_IN_BERLIN, Some("2024-01-01T00:00:00Z"), false);
    let (created, wake_at) = tick(&mut dag, 10, at("2024-03-31T10:00:00Z"));
    assert_eq!(created.len(), 1);
    assert_eq!(
        created[0].data_interval,
        DataInterval { start: at("2024-03-30T01:30:00Z"), end: at("2024-03-31T01:30:00Z") }
    );
    assert_eq!(wake_at, Some(at("2024-04-01T00:30:00Z")));
    // Three days late: again the latest, and nothing twice.
    let (created, _) = tick(&mut dag, 10, at("2024-04-04T00:29:59Z"));
    assert_eq!(created.len(), 1);
    assert_eq!(created[0].data_interval.end, at("2024-04-03T00:30:00Z"));
    assert_eq!(tick(&mut dag, 10, at("2024-04-04T00:29:59Z")).0, []);
}

#[test]
fn paused_dags_say_what_would_come_and_create_nothing() {
    let mut dag = schedule(DAILY_IN_BERLIN, Some("2024-01-01T00:00:00Z"), true);
    dag.is_paused = true;
    let plan = plan_runs(std::slice::from_ref(&dag), 10, at("2024-03-31T10:00:00Z"));
    assert!(matches!(&plan.decisions[..], [RunDecision::SetNext { next: Some(_), .. }]));
    assert_eq!((plan.wake_at, plan.waiting), (None, vec![(0, Reason::DagPaused)]));
}

#[test]
fn the_longest_due_goes_first() {
    let hourly = r#"{"type":"cron_data_interval","cron":"@hourly"}"#;
    let mut one = schedule(hourly, Some("2024-01-01T02:00:00Z"), true);
    let mut two = schedule(hourly, Some("2024-01-01T00:00:00Z"), true);
    (one.dag_id, two.dag_id) = ("one".into(), "two".into());
    let now = at("2024-01-01T04:00:00Z");
    let plan = plan_runs(&[one, two], 4, now);
    let created: Vec<&str> = plan
        .decisions
        .iter()
        .filter_map(|decision| match decision {
            RunDecision::Create { run_id, .. } => Some(&run_id[11..]),
            RunDecision::SetNext { .. } => None,
        })
        .collect();
    assert_eq!(
        created,
        [
            "2024-01-01T01:00:00+00:00",
            "2024-01-01T02:00:00+00:00",
            "2024-01-01T03:00:00+00:00",
            "2024-01-01T03:00:00+00:00"
        ]
    );
    assert_eq!(plan.waiting, [(0, Reason::Ready), (1, Reason::Ready)]);
    assert_eq!(plan.wake_at, Some(now));
}

#[test]
fn a_late_event_still_gets_its_run_and_a_taken_date_none() {
    let events = r#"{"type":"events","dates":["2024-01-01T10:00:00Z","2024-01-02T10:00:00Z","2024-01-03T10:00:00Z"]}"#;
    let mut dag = schedule(events, None, false);
    assert_eq!(tick(&mut dag, 10, at("2024-01-01T09:00:00Z")), (vec![], Some(at("2024-01-01T10:00:00Z"))));
    let (created, wake_at) = tick(&mut dag, 10, at("2024-01-01T10:00:00.1Z"));
    assert_eq!(created.len(), 1);
    assert_eq!(wake_at, Some(at("2024-01-02T10:00:00Z")));
    dag.taken.push(at("2024-01-02T10:00:00Z"));
    assert_eq!(tick(&mut dag, 10, at("2024-01-02T10:00:00Z")), (vec![], Some(at("2024-01-03T10:00:00Z"))));
}

#[test]
fn what_was_stored_counts_only_once_it_is_due() {
    let mut dag = schedule(DAILY_IN_BERLIN, Some("2024-05-01T00:00:00Z"), true);
    let far = DataInterval { start: at("2024-05-09T00:30:00Z"), end: at("2024-05-10T00:30:00Z") };
    dag.next = Some(NextRun::interval(far));
    let (created, wake_at) = tick(&mut dag, 10, at("2024-05-01T12:00:00Z"));
    assert_eq!((created, wake_at), (vec![], Some(at("2024-05-02T00:30:00Z"))));
    assert_eq!(dag.next.map(|next| next.run_after), wake_at);
}

#[test]
fn once_and_continuous() {
    let mut once = schedule(r#"{"type":"once"}"#, None, false);
    let now = at("2024-01-01T10:00:00Z");
    assert_eq!(tick(&mut once, 10, now).0.len(), 1);
    assert_eq!(tick(&mut once, 10, now), (vec![], None));

    let mut continuous = schedule(r#"{"type":"continuous"}"#, Some("2024-01-01T09:00:00Z"), false);
    let (created, wake_at) = tick(&mut continuous, 10, now);
    assert_eq!(created.len(), 1, "one run at a time");
    assert_eq!(wake_at, None);
    continuous.active_runs = 1;
    let later = at("2024-01-01T10:05:00Z");
    assert_eq!(tick(&mut continuous, 10, later).0, []);
    continuous.active_runs = 0;
    let (created, _) = tick(&mut continuous, 10, later);
    assert_eq!(created[0].data_interval, DataInterval { start: now, end: later });
}

const CRONS: &[&str] = &[
    "0 * * * *",
    "*/30 * * * *",
    "*/45 * * * 1-5",
    "15 * * * 0",
    "0 0 * * *",
    "30 2 * * *",
    "30 1 * * *",
    "0,30 1-3 * * *",
    "15 */2 * * *",
    "0 3 * * 0",
    "59 23 * * *",
    "5 0-22 * * *",
    "0 12 * * 6,0",
];
const ZONES: &[&str] = &[
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "America/Sao_Paulo",
    "Africa/Cairo",
    "Antarctica/Troll",
    "Pacific/Apia",
    "America/Havana",
    "Asia/Kolkata",
];
/// Instants close to which clocks change in one zone or another.
const CHANGES: &[&str] = &[
    "2024-03-31T01:00:00Z",
    "2024-10-27T01:00:00Z",
    "2024-03-10T07:00:00Z",
    "2024-11-03T06:00:00Z",
    "2024-04-06T15:00:00Z",
    "2024-10-05T15:30:00Z",
    "2018-11-04T03:00:00Z",
    "2018-02-18T02:00:00Z",
    "2024-04-25T22:00:00Z",
    "2011-12-30T10:00:00Z",
];

prop_compose! {
    fn cron_in_zone()(cron in prop::sample::select(CRONS), zone in prop::sample::select(ZONES), kind in 0..2usize) -> String {
        let kind = ["cron_data_interval", "cron_trigger"][kind];
        format!(r#"{{"type":"{kind}","cron":"{cron}","timezone":"{zone}"}}"#)
    }
}

prop_compose! {
    fn any_timetable()(cron in cron_in_zone(), pick in 0..5, minutes in 7..3000i64, months in 1..4) -> String {
        match pick {
            0 => format!(r#"{{"type":"delta_data_interval","seconds":{}}}"#, minutes * 60),
            1 => format!(r#"{{"type":"delta_trigger","delta":{}}}"#, minutes * 60),
            2 => format!(r#"{{"type":"delta_data_interval","months":{months},"days":-1}}"#),
            _ => cron,
        }
    }
}

prop_compose! {
    /// An instant from three days before a change on, and steps after it.
    fn moments()(
        change in prop::sample::select(CHANGES),
        before in 0..72 * 60i64,
        steps in prop::collection::vec((1..20 * 60i64, any::<bool>()), 1..12),
    ) -> (Timestamp, Vec<(Timestamp, bool)>) {
        let minute = HOUR / 60;
        let begin = Timestamp::from_micros(at(change).as_micros() - before * minute);
        let mut now = begin;
        let moments = steps
            .into_iter()
            .map(|(minutes, paused)| {
                now = Timestamp::from_micros(now.as_micros() + minutes * minute + 17);
                (now, paused)
            })
            .collect();
        (begin, moments)
    }
}

/// Every run from the first one on that is due by `now`, one after the other.
fn all_due(dag: &DagSchedule, now: Timestamp) -> Vec<NextRun> {
    let mut runs: Vec<NextRun> = Vec::new();
    while let Some(run) = dag.timetable.next_run(runs.last().map(|r| &r.data_interval), &dag.restriction, now)
        && run.run_after <= now
    {
        runs.push(run);
    }
    runs
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn catching_up_skips_and_doubles_nothing(
        spec in any_timetable(),
        (begin, moments) in moments(),
        max_runs in 1..7usize,
        limit in 1..5u32,
    ) {
        let mut dag = schedule(&spec, None, true);
        dag.restriction.earliest = Some(begin);
        let mut created = Vec::new();
        for (now, paused) in &moments {
            dag.is_paused = *paused;
            dag.max_active_runs = limit;
            created.extend(tick(&mut dag, max_runs, *now).0);
        }
        // Then somebody looks until nothing is due any more.
        let (now, _) = moments[moments.len() - 1];
        (dag.is_paused, dag.max_active_runs) = (false, u32::MAX);
        loop {
            let (more, wake_at) = tick(&mut dag, 50, now);
            created.extend(more);
            if wake_at != Some(now) { break }
        }
        prop_assert_eq!(&created, &all_due(&dag, now));
        for pair in created.windows(2) {
            prop_assert!(pair[0].run_after < pair[1].run_after);
            if spec.contains("data_interval") {
                prop_assert_eq!(pair[0].data_interval.end, pair[1].data_interval.start);
            }
        }
    }

    #[test]
    fn without_catchup_nothing_is_doubled_and_the_latest_is_there(spec in any_timetable(), (begin, moments) in moments()) {
        let mut dag = schedule(&spec, None, false);
        dag.restriction.earliest = Some(begin);
        let mut created: Vec<NextRun> = Vec::new();
        for (now, paused) in &moments {
            dag.is_paused = *paused;
            let (more, wake_at) = tick(&mut dag, 100, *now);
            prop_assert!(more.len() <= 1, "{more:?}");
            for run in more {
                prop_assert!(run.run_after <= *now);
                if let Some(last) = created.last() {
                    prop_assert!(run.run_after > last.run_after && run.data_interval.start > last.data_interval.start);
                }
                created.push(run);
            }
            if !paused {
                prop_assert!(wake_at.is_none_or(|at| at > *now));
                prop_assert!(dag.next.is_none_or(|next| next.run_after > *now));
            }
        }
    }

    #[test]
    fn looking_on_time_makes_whole_chains(spec in cron_in_zone(), (begin, moments) in moments(), catchup in any::<bool>()) {
        let mut dag = schedule(&spec, None, catchup);
        dag.restriction.earliest = Some(begin);
        let (end, _) = moments[moments.len() - 1];
        let (mut now, mut created) = (begin, Vec::new());
        while now < end {
            let (more, wake_at) = tick(&mut dag, 100, now);
            created.extend(more);
            let Some(wake_at) = wake_at else { break };
            // Exact: an instant earlier there is nothing to do.
            prop_assert!(wake_at > now);
            let just_before = Timestamp::from_micros(wake_at.as_micros() - 1);
            let (early, again) = tick(&mut dag, 100, just_before);
            prop_assert_eq!((early, again), (vec![], Some(wake_at)));
            now = wake_at;
        }
        let mut catching_up = dag.clone();
        catching_up.restriction.catchup = true;
        let expected: Vec<NextRun> = all_due(&catching_up, now);
        let expected: Vec<&NextRun> = expected.iter().filter(|run| run.run_after < now || created.contains(run)).collect();
        prop_assert_eq!(created.iter().collect::<Vec<_>>(), expected);
    }
}
