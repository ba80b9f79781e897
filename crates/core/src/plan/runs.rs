//! `plan_runs`: which runs of which DAGs are due, and when to look again.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::{Plan, Reason};
use crate::state::RunType;
use crate::time::Timestamp;
use crate::timetable::{DataInterval, NextRun, Restriction, Timetable, run_id};

/// One active DAG, as far as its schedule is concerned.
#[derive(Clone, Debug)]
pub struct DagSchedule {
    /// The DAG's id.
    pub dag_id: String,
    /// Of the DAG's latest version.
    pub timetable: Timetable,
    /// Of the DAG's latest version.
    pub restriction: Restriction,
    /// No runs are created.
    pub is_paused: bool,
    /// What the last scheduled or backfilled run covered: the one with the latest logical date.
    pub last: Option<DataInterval>,
    /// What was stored as the next run; `None` if it was worked out for another version of the DAG or before the
    /// DAG was last unpaused.
    pub next: Option<NextRun>,
    /// Runs that are queued or running, backfills left out.
    pub active_runs: u32,
    /// Limit of the former.
    pub max_active_runs: u32,
    /// Logical dates after the start of `last` that other runs (manual ones) have taken already; no second run is
    /// created for them.
    pub taken: Vec<Timestamp>,
}

/// What to do about one DAG's schedule. Every decision is one guarded write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunDecision {
    /// Create this scheduled run.
    Create {
        /// The DAG.
        dag_id: String,
        /// The run.
        run: NextRun,
        /// Its id, for instance `scheduled__2024-01-01T00:00:00+00:00`.
        run_id: String,
    },
    /// Store what comes next on the DAG's row (`None`: nothing, as far as can be seen now).
    SetNext {
        /// The DAG.
        dag_id: String,
        /// The next run.
        next: Option<NextRun>,
    },
}

/// Decides which runs to create now, at most `max_runs` of them, the longest due first.
///
/// With `catchup` every interval gets its run, one after the other, however long nobody looked. Without, the latest
/// one that is due gets one and those before are left out; a run that was stored as the next one is created even if
/// it is late, unless a later one is due too. A DAG never has more runs than `max_active_runs`; one that waits for that
/// is in `waiting` ([`Reason::RunQueued`]) and has no part in `wake_at`, because a run that ends wakes anyway.
///
/// `waiting` counts in `schedules`. It has every DAG that will get a run, and why not now.
pub fn plan_runs(schedules: &[DagSchedule], max_runs: usize, now: Timestamp) -> Plan<RunDecision> {
    let mut plan = Plan { decisions: Vec::new(), wake_at: None, waiting: Vec::new() };
    let mut cursors: Vec<Cursor> = schedules.iter().map(|schedule| Cursor::new(schedule, now)).collect();
    let mut due: BinaryHeap<_> = cursors.iter().enumerate().filter_map(|(n, cursor)| cursor.due(n, now)).collect();
    for _ in 0..max_runs {
        let Some(Reverse((_, n))) = due.pop() else { break };
        plan.decisions.extend(cursors[n].create(now));
        due.extend(cursors[n].due(n, now));
    }
    for (n, cursor) in cursors.into_iter().enumerate() {
        if let Some(reason) = cursor.reason(now) {
            let wake_at = match reason {
                Reason::RunNotDue(at) => Some(at),
                Reason::Ready => Some(now),
                _ => None,
            };
            plan.wake_at = [plan.wake_at, wake_at].into_iter().flatten().min();
            plan.waiting.push((n, reason));
        }
        plan.decisions.extend(cursor.set_next(now));
    }
    plan
}

/// How far the planning of one DAG has come.
struct Cursor<'a> {
    schedule: &'a DagSchedule,
    /// The schedule's, or one that knows more after a date that was taken.
    timetable: Cow<'a, Timetable>,
    last: Option<DataInterval>,
    next: Option<NextRun>,
    created: u32,
}

impl<'a> Cursor<'a> {
    fn new(schedule: &'a DagSchedule, now: Timestamp) -> Self {
        let timetable = Cow::Borrowed(&schedule.timetable);
        let mut cursor = Self { schedule, timetable, last: schedule.last, next: schedule.next, created: 0 };
        cursor.work_out_next(now);
        cursor
    }

    /// Finds the run after `last`, given what was stored as such.
    fn work_out_next(&mut self, now: Timestamp) {
        let DagSchedule { restriction, taken, .. } = self.schedule;
        loop {
            let fresh = self.timetable.next_run(self.last.as_ref(), restriction, now);
            // What was promised is kept, unless something later is due by now.
            let promised = self
                .next
                .filter(|next| next.run_after <= now && self.last.is_none_or(|last| next.data_interval.end > last.end));
            self.next = fresh.filter(|run| promised.is_none() || run.run_after <= now).or(promised);
            match self.next {
                Some(run) if run.logical_date.is_some_and(|at| taken.contains(&at)) => {
                    self.last = Some(run.data_interval);
                    self.next = None;
                    // Nobody creates this run, so nobody is asked what comes after it.
                    self.timetable = Cow::Owned(self.schedule.timetable.clone().foreseeing());
                }
                _ => return,
            }
        }
    }

    fn limit(&self) -> u32 {
        let limit = self.schedule.max_active_runs;
        self.timetable.active_runs_limit().map_or(limit, |most| limit.min(most))
    }

    fn is_full(&self) -> bool {
        self.schedule.active_runs.saturating_add(self.created) >= self.limit()
    }

    /// The cursor's place in the queue, if it may create a run now.
    fn due(&self, index: usize, now: Timestamp) -> Option<Reverse<(Timestamp, usize)>> {
        let next = self.next.filter(|run| run.run_after <= now)?;
        (!self.schedule.is_paused && !self.is_full()).then_some(Reverse((next.run_after, index)))
    }

    fn create(&mut self, now: Timestamp) -> Option<RunDecision> {
        let run = self.next.take()?;
        self.last = Some(run.data_interval);
        self.created += 1;
        self.work_out_next(now);
        let run_id = run_id(RunType::Scheduled, run.run_after);
        Some(RunDecision::Create { dag_id: self.schedule.dag_id.clone(), run, run_id })
    }

    /// Why the next run is not created.
    fn reason(&self, now: Timestamp) -> Option<Reason> {
        let Some(next) = self.next else {
            return self.timetable.is_unanswered(self.last.as_ref()).then_some(Reason::TimetableNotAsked);
        };
        Some(if self.schedule.is_paused {
            Reason::DagPaused
        } else if next.run_after > now {
            Reason::RunNotDue(next.run_after)
        } else if self.is_full() {
            Reason::RunQueued { running: self.schedule.active_runs + self.created, limit: self.limit() }
        } else {
            Reason::Ready
        })
    }

    fn set_next(&self, now: Timestamp) -> Option<RunDecision> {
        let stored = self.schedule.next;
        // While a due run has to wait, the latest one may change all the time; that is not worth a write.
        let waits = self.created == 0 && [stored, self.next].iter().all(|run| run.is_some_and(|r| r.run_after <= now));
        // Nor is it news that nobody knows yet what comes next.
        let unknown = self.created == 0 && self.next.is_none() && self.timetable.is_unanswered(self.last.as_ref());
        (stored != self.next && !waits && !unknown)
            .then(|| RunDecision::SetNext { dag_id: self.schedule.dag_id.clone(), next: self.next })
    }
}
