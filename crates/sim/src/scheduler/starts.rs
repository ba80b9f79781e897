//! Queued runs get their turn, as far as the limit of their DAG or of their backfill lets them.

use std::collections::{BTreeMap, HashMap};

use tradewind_core::plan::{Lane, LaneKey, QueuedRun, plan_starts};
use tradewind_core::{RunState, Timestamp};

use super::owned_run::OwnedRun;
use super::read::past;
use super::{Fixed, Scheduler};
use crate::model::Model;

impl Scheduler {
    /// Chooses the runs that begin, by what this scheduler believes.
    pub(super) fn start_queued(&mut self, model: &Model, fixed: &Fixed) {
        let dags = std::mem::take(&mut self.dags_to_start);
        let mut queued = Vec::new();
        let mut running: BTreeMap<LaneKey, u32> = BTreeMap::new();
        for (key, run) in self.runs.iter().filter(|(_, run)| dags.contains(&run.row.dag_id)) {
            match run.planner.run.state {
                RunState::Queued => queued.push(QueuedRun {
                    run_key: *key,
                    lane: run.row.lane(),
                    ordinal: run.row.backfill.map_or(0, |(_, ordinal)| ordinal),
                    run_after: run.row.run_after,
                    dag_paused: run.planner.is_paused(),
                }),
                RunState::Running => *running.entry(run.row.lane()).or_default() += 1,
                RunState::Success | RunState::Failed => {}
            }
        }
        let mut elsewhere: BTreeMap<LaneKey, i32> = BTreeMap::new();
        for dag_id in &dags {
            elsewhere.extend(model.next_elsewhere(dag_id, self.id, self.now));
            for (lane, count) in model.running_runs(dag_id, Some(self.id)) {
                *running.entry(lane).or_default() += count;
            }
        }
        let mut lanes: HashMap<LaneKey, Lane> = HashMap::new();
        for run in &queued {
            if run.run_after > self.now {
                // It gets a timer that brings it back here, also if a clock that was ahead had it due.
                self.dirty.insert(run.run_key);
            }
            let running = running.get(&run.lane).copied().unwrap_or(0);
            let next_elsewhere = elsewhere.get(&run.lane).copied();
            let limit = || limit(model, fixed, &run.lane);
            lanes.entry(run.lane.clone()).or_insert_with(|| Lane { running, next_elsewhere, ..limit() });
        }
        let (begin, _) = plan_starts(queued, &mut lanes, self.now);
        for key in begin {
            if let Some(run) = self.runs.get_mut(&key) {
                // The run before may have gone on while this one stood in line.
                run.planner.set_past(past(model, fixed.dag(&run.row.dag_id), &run.row));
                run.planner.start(self.now);
                run.planner.add_missing();
                self.dirty.insert(key);
            }
        }
    }

    /// Others may have begun some meanwhile: takes back what is one too many.
    pub(super) fn confirm_starts(
        &mut self,
        tx: &Model,
        fixed: &Fixed,
        touched: &mut Vec<(i64, usize)>,
        dirty: &mut Vec<i64>,
    ) {
        let begins = |run: &OwnedRun| run.row.state == RunState::Queued && run.planner.run.state != RunState::Queued;
        let starting =
            dirty.iter().filter_map(|key| self.runs.get(key).filter(|run| begins(run)).map(|run| (key, run)));
        let mut starting: Vec<(i32, Timestamp, i64)> = starting
            .map(|(key, run)| (run.row.backfill.map_or(0, |(_, ordinal)| ordinal), run.row.run_after, *key))
            .collect();
        starting.sort_unstable();
        let mut room: BTreeMap<LaneKey, u32> = BTreeMap::new();
        for (ordinal, _, key) in starting {
            let lane = self.runs[&key].row.lane();
            let Lane { limit, paused, .. } = limit(tx, fixed, &lane);
            let room = room.entry(lane.clone()).or_insert_with(|| {
                let running = tx.running_runs(&lane.dag_id, None);
                limit.saturating_sub(running.get(&lane).copied().unwrap_or(0))
            });
            let next = tx.next_elsewhere(&lane.dag_id, self.id, self.now).get(&lane).copied();
            let out_of_turn = next.is_some_and(|next| next < ordinal);
            match room.checked_sub(1).filter(|_| !paused && !out_of_turn) {
                Some(left) => *room = left,
                None => {
                    self.hold(key);
                    touched.retain(|(run, _)| *run != key);
                    dirty.retain(|run| *run != key);
                }
            }
        }
    }
}

/// The limit of a lane; nothing runs in it yet.
pub fn limit(model: &Model, fixed: &Fixed, lane: &LaneKey) -> Lane {
    let limit = fixed.dag(&lane.dag_id).dag.max_active_runs;
    let of_dag = Lane { running: 0, limit, paused: false, next_elsewhere: None };
    // Runs of a backfill that is over were cleared by somebody: they are the DAG's own affair again.
    let backfill = lane.backfill.and_then(|id| model.backfills.get(&id)).filter(|row| !row.completed);
    backfill.map_or(of_dag, |row| Lane { limit: row.max_active_runs, paused: row.paused, ..of_dag })
}
