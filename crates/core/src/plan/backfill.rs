//! Backfills: which dates of a span get a run, and what becomes of dates that have one already.

use crate::state::{Reprocess, RunState};
use crate::time::Timestamp;
use crate::timetable::{NextRun, Restriction, Timetable};

/// One backfill has at most so many dates.
pub const MOST_BACKFILL_RUNS: usize = 20_000;

/// What somebody asks for, as far as it decides about dates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackfillRequest {
    /// First logical date.
    pub from: Timestamp,
    /// Last logical date.
    pub to: Timestamp,
    /// The latest date goes first.
    pub run_backwards: bool,
    /// What happens to dates that have a run.
    pub reprocess: Reprocess,
}

/// Why a backfill can't be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BackfillError {
    /// The span is empty.
    #[error("from_date ({from}) is after to_date ({to})")]
    Reversed {
        /// First date.
        from: Timestamp,
        /// Last date.
        to: Timestamp,
    },
    /// The span begins now or later.
    #[error("a backfill makes up for the past, and {0} is in the future")]
    Future(Timestamp),
    /// The DAG has no schedule that repeats.
    #[error("the schedule of this DAG ({0}) has no dates that could be made up for")]
    NotPeriodic(String),
    /// The runs of the DAG's schedule have no logical dates.
    #[error(
        "the runs of this schedule ({0}) are about partitions and have no logical dates: trigger those that are missing \
         with their partition_key"
    )]
    Partitions(String),
    /// Each run would wait for the one after it.
    #[error("a backfill can't run backwards when tasks of the DAG have depends_on_past")]
    BackwardsOverPast,
    /// Runs that exist would be left as they are, and later ones would wait for them for ever.
    #[error(
        "tasks of the DAG have depends_on_past: choose which existing runs are run again (reprocess_behavior completed \
         or failed)"
    )]
    PastLeftAlone,
    /// No date of the schedule lies in the span and is over.
    #[error("the schedule of the DAG has no date between {from} and {to} whose data interval is over")]
    NoDates {
        /// First date.
        from: Timestamp,
        /// Last date.
        to: Timestamp,
    },
    /// There are more than [`MOST_BACKFILL_RUNS`].
    #[error("that is more than {MOST_BACKFILL_RUNS} runs; make several backfills, one after the other")]
    TooMany,
}

/// What becomes of one date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackfillStep {
    /// It gets a run.
    Create,
    /// Its run is cleared and runs again, as a run of the backfill.
    Reprocess,
    /// Nothing.
    LeaveOut(LeftOut),
}

/// Why a backfill leaves a date out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeftOut {
    /// Its run is not over.
    InFlight,
    /// Its run is over, and the backfill does not run such runs again.
    AlreadyExists,
}

impl LeftOut {
    /// The text that is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InFlight => "in flight",
            Self::AlreadyExists => "already exists",
        }
    }
}

/// The dates that a backfill is about, in the order in which they start.
///
/// They are those of the schedule, whatever the DAG's start date and `catchup`, between the two dates (both
/// included), as far as their data interval is over.
///
/// # Errors
/// [`BackfillError`]
pub fn backfill_dates(
    timetable: &Timetable,
    depends_on_past: bool,
    request: &BackfillRequest,
    now: Timestamp,
) -> Result<Vec<NextRun>, BackfillError> {
    let BackfillRequest { from, to, .. } = *request;
    if !timetable.is_periodic() {
        return Err(BackfillError::NotPeriodic(timetable.summary()));
    }
    if from > to {
        return Err(BackfillError::Reversed { from, to });
    }
    if from >= now {
        return Err(BackfillError::Future(from));
    }
    if depends_on_past && request.run_backwards {
        return Err(BackfillError::BackwardsOverPast);
    }
    if depends_on_past && request.reprocess == Reprocess::None {
        return Err(BackfillError::PastLeftAlone);
    }
    let restriction = Restriction { earliest: Some(from), latest: Some(to), catchup: true };
    let mut dates: Vec<NextRun> = Vec::new();
    while let Some(run) = timetable.next_run(dates.last().map(|run| &run.data_interval), &restriction, now) {
        let stands_still = dates.last().is_some_and(|last| run.logical_date <= last.logical_date);
        if run.data_interval.end >= now || run.logical_date.is_some_and(|date| date > to) || stands_still {
            break;
        }
        if run.logical_date.is_none() {
            return Err(BackfillError::Partitions(timetable.summary()));
        }
        if dates.len() == MOST_BACKFILL_RUNS {
            return Err(BackfillError::TooMany);
        }
        dates.push(run);
    }
    if dates.is_empty() {
        return Err(BackfillError::NoDates { from, to });
    }
    if request.run_backwards {
        dates.reverse();
    }
    Ok(dates)
}

/// What becomes of a date whose run, if it has one, stands like this.
pub fn backfill_step(existing: Option<RunState>, reprocess: Reprocess) -> BackfillStep {
    match (existing, reprocess) {
        (None, _) => BackfillStep::Create,
        (Some(RunState::Queued | RunState::Running), _) => BackfillStep::LeaveOut(LeftOut::InFlight),
        (Some(RunState::Failed), Reprocess::Failed | Reprocess::Completed)
        | (Some(RunState::Success), Reprocess::Completed) => BackfillStep::Reprocess,
        (Some(RunState::Success | RunState::Failed), _) => BackfillStep::LeaveOut(LeftOut::AlreadyExists),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timetable::TimetableSpec;

    fn timetable(json: &str) -> Timetable {
        serde_json::from_str::<TimetableSpec>(json).unwrap().compile().unwrap()
    }

    fn daily() -> Timetable {
        timetable(r#"{"type": "cron_data_interval", "cron": "0 0 * * *", "timezone": "UTC"}"#)
    }

    fn date(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn request(from: &str, to: &str) -> BackfillRequest {
        BackfillRequest { from: date(from), to: date(to), run_backwards: false, reprocess: Reprocess::None }
    }

    fn days(runs: &[NextRun]) -> Vec<String> {
        runs.iter().map(|run| run.logical_date.unwrap().to_string()[..10].to_owned()).collect()
    }

    const NOW: &str = "2024-02-01T12:00:00Z";

    #[test]
    fn both_ends_are_included_and_what_is_not_over_is_left_out() {
        let now = date(NOW);
        let span = request("2024-01-30T00:00:00Z", "2024-03-01T00:00:00Z");
        assert_eq!(days(&backfill_dates(&daily(), false, &span, now).unwrap()), ["2024-01-30", "2024-01-31"]);
        let span = request("2024-01-01T00:00:00Z", "2024-01-03T00:00:00Z");
        assert_eq!(
            days(&backfill_dates(&daily(), false, &span, now).unwrap()),
            ["2024-01-01", "2024-01-02", "2024-01-03"]
        );
        let backwards = BackfillRequest { run_backwards: true, ..span };
        assert_eq!(
            days(&backfill_dates(&daily(), false, &backwards, now).unwrap()),
            ["2024-01-03", "2024-01-02", "2024-01-01"]
        );
    }

    #[test]
    fn every_kind_of_repeating_schedule_has_dates() {
        let now = date(NOW);
        let span = request("2024-01-01T00:00:00Z", "2024-01-02T00:00:00Z");
        for (spec, expected) in [
            (r#"{"type": "cron_trigger", "cron": "0 6,18 * * *", "timezone": "UTC"}"#, 2),
            (r#"{"type": "delta_data_interval", "seconds": 21600}"#, 5),
            (r#"{"type": "delta_trigger", "delta": 21600}"#, 5),
        ] {
            let found = backfill_dates(&timetable(spec), false, &span, now).unwrap();
            assert_eq!(found.len(), expected, "{spec}: {found:?}");
        }
        for spec in [r#"{"type": "null"}"#, r#"{"type": "once"}"#, r#"{"type": "continuous"}"#] {
            let refused = backfill_dates(&timetable(spec), false, &span, now).unwrap_err();
            assert!(matches!(refused, BackfillError::NotPeriodic(_)), "{refused}");
        }
        let partitions = r#"{"type": "cron_partition", "cron": "0 0 * * *", "timezone": "UTC", "run_offset": 0,
            "key_format": "%Y-%m-%d"}"#;
        let refused = backfill_dates(&timetable(partitions), false, &span, now).unwrap_err();
        assert!(matches!(refused, BackfillError::Partitions(_)), "{refused}");
        assert!(refused.to_string().contains("trigger those that are missing with their partition_key"));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let now = date(NOW);
        let span = request("2024-01-01T00:00:00Z", "2024-01-03T00:00:00Z");
        let refused =
            |depends_on_past, span: &BackfillRequest| backfill_dates(&daily(), depends_on_past, span, now).unwrap_err();
        assert_eq!(refused(true, &span), BackfillError::PastLeftAlone);
        let again = BackfillRequest { reprocess: Reprocess::Failed, ..span };
        assert_eq!(backfill_dates(&daily(), true, &again, now).unwrap().len(), 3);
        assert_eq!(refused(true, &BackfillRequest { run_backwards: true, ..again }), BackfillError::BackwardsOverPast);
        let swapped = BackfillRequest { from: span.to, to: span.from, ..span };
        assert!(matches!(refused(false, &swapped), BackfillError::Reversed { .. }));
        let later = request("2024-02-02T00:00:00Z", "2024-02-03T00:00:00Z");
        assert!(matches!(refused(false, &later), BackfillError::Future(_)));
        let between = request("2024-01-01T01:00:00Z", "2024-01-01T02:00:00Z");
        assert!(matches!(refused(false, &between), BackfillError::NoDates { .. }));
        let long = request("1900-01-01T00:00:00Z", "2024-01-01T02:00:00Z");
        assert_eq!(refused(false, &long), BackfillError::TooMany);
    }

    #[test]
    fn existing_runs_are_treated_as_asked() {
        use BackfillStep::{Create, LeaveOut, Reprocess as Again};
        use LeftOut::{AlreadyExists, InFlight};
        let all =
            [None, Some(RunState::Queued), Some(RunState::Running), Some(RunState::Success), Some(RunState::Failed)];
        let table = |reprocess| all.map(|state| backfill_step(state, reprocess));
        let (busy, there) = (LeaveOut(InFlight), LeaveOut(AlreadyExists));
        assert_eq!(table(Reprocess::None), [Create, busy, busy, there, there]);
        assert_eq!(table(Reprocess::Failed), [Create, busy, busy, there, Again]);
        assert_eq!(table(Reprocess::Completed), [Create, busy, busy, Again, Again]);
    }
}
