//! Start and end dates of tasks: a run outside of them does not have the task.

use tradewind_core::Timestamp;
use tradewind_core::dag::TaskDraft;
use tradewind_core::plan::Reason;

use crate::world::{World, ok, task};

const DAY: i64 = 86_400;

/// `early >> late`; `early` ends on day 20, `late` begins on day 10.
fn dated() -> Vec<TaskDraft> {
    let (mut early, mut late) = (task("early", &["late"]), task("late", &[]));
    early.task.end_date = Some(Timestamp::from_secs(20 * DAY));
    late.task.start_date = Some(Timestamp::from_secs(10 * DAY));
    vec![early, late]
}

#[test]
fn a_run_has_the_tasks_whose_dates_it_is_within() {
    for (day, expected) in
        [(9, "success: early=success"), (10, "success: early=success late=success"), (21, "success: late=success")]
    {
        let mut world = World::on(Timestamp::from_secs(day * DAY), dated());
        world.run(|_| ok());
        assert_eq!(world.summary(), expected, "day {day}");
    }
    let mut undated = World::new(dated());
    undated.run(|_| ok());
    assert_eq!(undated.summary(), "success: early=success late=success");
}

#[test]
fn a_run_without_any_task_succeeds_at_once() {
    let mut only = task("only", &[]);
    only.task.start_date = Some(Timestamp::from_secs(10 * DAY));
    let world = World::on(Timestamp::from_secs(DAY), vec![only]);
    assert_eq!(world.summary().trim(), "success:");
}

#[test]
fn it_is_said_which_date_leaves_the_task_out() {
    let day = |day| Timestamp::from_secs(day * DAY);
    let (early, late) = (&dated()[0].task, &dated()[1].task);
    assert_eq!(late.outside_dates(day(9)), Some(Reason::BeforeStart { date: day(9), start: day(10) }));
    assert_eq!(early.outside_dates(day(21)), Some(Reason::AfterEnd { date: day(21), end: day(20) }));
    assert_eq!((late.outside_dates(day(10)), early.outside_dates(day(20))), (None, None));
}
