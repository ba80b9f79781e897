//! `preview_runs`: which runs a schedule will create, if every one is created on time.
//!
//! It is [`plan_runs`] again, on a copy of the schedule and with a clock that jumps to every `wake_at`: what is shown
//! cannot differ from what will be done.

use super::runs::{DagSchedule, RunDecision, plan_runs};
use crate::time::Timestamp;
use crate::timetable::NextRun;

/// What a schedule will do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    /// The next runs, the first one first; a part of them may be due already.
    pub runs: Vec<NextRun>,
    /// What comes after them.
    pub then: Then,
}

/// What comes after the runs of a [`Preview`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// More runs.
    More,
    /// Nothing: the timetable has no more runs, or the DAG's end date is reached.
    Ended,
    /// Nothing ever, the timetable only has runs that somebody starts.
    NoSchedule,
    /// A run whenever the one before has ended, which nobody can foresee (`@continuous`).
    AfterEachRun,
    /// Runs that come when assets are updated, which nobody can foresee.
    Assets,
    /// Nobody knows: the DAG's own timetable was not asked any further.
    NotAsked,
}

impl Then {
    /// Short stable name.
    pub const fn code(self) -> &'static str {
        match self {
            Self::More => "more",
            Self::Ended => "ended",
            Self::NoSchedule => "no_schedule",
            Self::AfterEachRun => "after_each_run",
            Self::Assets => "assets",
            Self::NotAsked => "not_asked",
        }
    }
}

/// The next `count` runs of a schedule after `now`, as if it were not paused and nothing were running.
pub fn preview_runs(schedule: &DagSchedule, count: usize, now: Timestamp) -> Preview {
    if !schedule.timetable.can_be_scheduled() {
        return Preview { runs: Vec::new(), then: Then::NoSchedule };
    }
    let mut schedule = DagSchedule {
        is_paused: false,
        active_runs: 0,
        max_active_runs: u32::MAX,
        timetable: schedule.timetable.clone().foreseeing(),
        ..schedule.clone()
    };
    let (mut runs, mut now) = (Vec::new(), now);
    loop {
        let plan = plan_runs(std::slice::from_ref(&schedule), 1, now);
        for decision in plan.decisions {
            match decision {
                RunDecision::Create { run, .. } => {
                    schedule.last = Some(run.data_interval);
                    // The one that was stored is created, or something later is.
                    schedule.next = None;
                    runs.push(run);
                }
                RunDecision::SetNext { next, .. } => schedule.next = next,
            }
        }
        let then = match plan.wake_at {
            _ if schedule.timetable.follows_runs() && !runs.is_empty() => Then::AfterEachRun,
            Some(_) if runs.len() == count => Then::More,
            Some(at) => {
                now = now.max(at);
                continue;
            }
            None if schedule.timetable.is_unanswered(schedule.last.as_ref()) => Then::NotAsked,
            None if schedule.timetable.waits_for_assets() => Then::Assets,
            None => Then::Ended,
        };
        return Preview { runs, then };
    }
}
