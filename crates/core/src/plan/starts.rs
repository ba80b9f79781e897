//! `plan_starts`: which of the runs that wait for their turn begin.

use std::collections::HashMap;

use super::Reason;
use crate::time::Timestamp;

/// Runs that share a limit: those of a DAG, or those of one of its backfills.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LaneKey {
    /// The DAG.
    pub dag_id: String,
    /// The backfill; `None`: all runs of the DAG that belong to no backfill.
    pub backfill: Option<i64>,
}

/// How a lane stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lane {
    /// Runs of it that are running.
    pub running: u32,
    /// `max_active_runs` of the DAG or of the backfill.
    pub limit: u32,
    /// The backfill is paused: what is queued stays queued.
    pub paused: bool,
    /// The first place of the backfill that waits at another scheduler: what comes after it waits too.
    pub next_elsewhere: Option<i32>,
}

/// A run that wants to begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueuedRun {
    /// The run.
    pub run_key: i64,
    /// Whose limit it is under.
    pub lane: LaneKey,
    /// Its place in its backfill, which goes before `run_after`.
    pub ordinal: i32,
    /// Not before.
    pub run_after: Timestamp,
    /// Its DAG is paused.
    pub dag_paused: bool,
}

/// Chooses the runs that begin now and counts them in `lanes`; answers them, and why each of the others waits.
///
/// A lane that is not in `lanes` lets nothing begin: nobody knows its limit.
pub fn plan_starts(
    mut queued: Vec<QueuedRun>,
    lanes: &mut HashMap<LaneKey, Lane>,
    now: Timestamp,
) -> (Vec<i64>, Vec<(i64, Reason)>) {
    queued.sort_by_key(|a| (a.ordinal, a.run_after, a.run_key));
    let (mut begin, mut waiting) = (Vec::new(), Vec::new());
    for run in queued {
        match blocked(&run, lanes.get(&run.lane), now) {
            Some(reason) => waiting.push((run.run_key, reason)),
            None => {
                if let Some(lane) = lanes.get_mut(&run.lane) {
                    lane.running += 1;
                }
                begin.push(run.run_key);
            }
        }
    }
    (begin, waiting)
}

fn blocked(run: &QueuedRun, lane: Option<&Lane>, now: Timestamp) -> Option<Reason> {
    let lane = lane.copied().unwrap_or(Lane { running: 0, limit: 0, paused: false, next_elsewhere: None });
    if run.dag_paused {
        Some(Reason::DagPaused)
    } else if run.run_after > now {
        Some(Reason::RunNotDue(run.run_after))
    } else if let Some(backfill) = run.lane.backfill.filter(|_| lane.paused) {
        Some(Reason::BackfillPaused(backfill))
    } else if lane.running >= lane.limit {
        let (running, limit) = (lane.running, lane.limit);
        Some(match run.lane.backfill {
            Some(backfill) => Reason::BackfillFull { backfill, running, limit },
            None => Reason::RunQueued { running, limit },
        })
    } else {
        let earlier = lane.next_elsewhere.is_some_and(|ordinal| ordinal < run.ordinal);
        run.lane.backfill.filter(|_| earlier).map(Reason::BackfillTurn)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(backfill: Option<i64>) -> LaneKey {
        LaneKey { dag_id: "d".into(), backfill }
    }

    fn run(run_key: i64, backfill: Option<i64>, ordinal: i32, after: i64) -> QueuedRun {
        let run_after = Timestamp::from_secs(after);
        QueuedRun { run_key, lane: key(backfill), ordinal, run_after, dag_paused: false }
    }

    fn lanes(of_dag: (u32, u32), of_backfill: (u32, u32), paused: bool) -> HashMap<LaneKey, Lane> {
        let lane = |(running, limit), paused| Lane { running, limit, paused, next_elsewhere: None };
        HashMap::from([(key(None), lane(of_dag, false)), (key(Some(7)), lane(of_backfill, paused))])
    }

    const NOW: Timestamp = Timestamp::from_secs(100);

    #[test]
    fn a_backfill_and_its_dag_do_not_take_each_others_room() {
        let queued = || vec![run(1, None, 0, 1), run(2, None, 0, 2), run(3, Some(7), 1, 9), run(4, Some(7), 2, 8)];
        let mut open = lanes((1, 2), (0, 1), false);
        let (begin, waiting) = plan_starts(queued(), &mut open, NOW);
        assert_eq!(begin, [1, 3]);
        assert_eq!(open[&key(Some(7))].running, 1);
        assert_eq!(
            waiting,
            [
                (2, Reason::RunQueued { running: 2, limit: 2 }),
                (4, Reason::BackfillFull { backfill: 7, running: 1, limit: 1 })
            ]
        );
        let (begin, waiting) = plan_starts(queued(), &mut lanes((0, 2), (0, 9), true), NOW);
        assert_eq!(begin, [1, 2]);
        assert_eq!(waiting, [(3, Reason::BackfillPaused(7)), (4, Reason::BackfillPaused(7))]);
    }

    #[test]
    fn a_backfill_begins_in_its_own_order_whatever_the_dates() {
        let queued = vec![run(1, Some(7), 3, 1), run(2, Some(7), 2, 2), run(3, Some(7), 1, 3)];
        assert_eq!(plan_starts(queued, &mut lanes((0, 0), (0, 2), false), NOW).0, [3, 2]);
    }

    #[test]
    fn what_is_paused_early_or_unknown_waits() {
        let mut early = run(1, None, 0, 200);
        let unknown = run(2, Some(8), 0, 1);
        let (begin, waiting) = plan_starts(vec![early.clone(), unknown], &mut lanes((0, 9), (0, 9), false), NOW);
        assert!(begin.is_empty());
        assert_eq!(waiting[1], (1, Reason::RunNotDue(Timestamp::from_secs(200))));
        early.dag_paused = true;
        assert_eq!(plan_starts(vec![early], &mut lanes((0, 9), (0, 9), false), NOW).1, [(1, Reason::DagPaused)]);
    }
}
