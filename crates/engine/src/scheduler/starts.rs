//! Queued runs get their turn, as far as `max_active_runs` of their DAG or of their backfill lets them.
//!
//! Which may begin is decided from what this scheduler believes; that nobody else began too many meanwhile is looked
//! at again under a lock, in the transaction that writes it. Runs that do not fit then are loaded afresh.

use std::collections::{BTreeSet, HashMap, HashSet};

use tradewind_core::plan::{Lane, LaneKey, QueuedRun, plan_starts};
use tradewind_core::{RunState, Timestamp};
use tradewind_store::{BackfillLimit, RunningRuns, Tx};

use super::owned_run::OwnedRun;
use super::{Error, Scheduler};
use crate::clock::Clock;

impl OwnedRun {
    /// Whose limit the run is under.
    fn lane(&self) -> LaneKey {
        LaneKey { dag_id: self.row.dag_id.clone(), backfill: self.row.backfill_id }
    }

    /// Its planner has begun it, and the database does not know yet.
    pub(super) fn begins(&self) -> bool {
        self.stored_state == RunState::Queued && self.planner.run.state != RunState::Queued
    }
}

impl<C: Clock> Scheduler<C> {
    /// Gives queued runs their turn.
    pub(super) async fn start_queued_runs(&mut self, now: Timestamp) -> Result<(), Error> {
        if self.dags_to_start.is_empty() {
            return Ok(());
        }
        let dags: Vec<String> = self.dags_to_start.drain().collect();
        let wanted: HashSet<&str> = dags.iter().map(String::as_str).collect();
        let mut queued = Vec::new();
        let mut lanes: HashMap<LaneKey, Lane> = HashMap::new();
        let mut running: HashMap<LaneKey, u32> = HashMap::new();
        let mut elsewhere: HashMap<LaneKey, i32> = HashMap::new();
        for (key, run) in self.runs.iter().filter(|(_, run)| wanted.contains(run.row.dag_id.as_str())) {
            match run.planner.run.state {
                RunState::Queued => queued.push(QueuedRun {
                    run_key: *key,
                    lane: run.lane(),
                    ordinal: run.row.backfill_ordinal.filter(|_| run.row.backfill_id.is_some()).unwrap_or(0),
                    run_after: run.row.run_after,
                    dag_paused: run.planner.is_paused(),
                }),
                RunState::Running => *running.entry(run.lane()).or_default() += 1,
                RunState::Success | RunState::Failed => {}
            }
        }
        if queued.is_empty() {
            return Ok(());
        }
        for others in self.store.running_runs_of_others(self.id, &dags, now).await? {
            *running.entry(lane_of(&others)).or_default() += u32::try_from(others.runs).unwrap_or(u32::MAX);
            elsewhere.extend(others.next_ordinal.map(|ordinal| (lane_of(&others), ordinal)));
        }
        let limits = if queued.iter().any(|run| run.lane.backfill.is_some()) {
            self.store.backfill_limits(&dags).await?
        } else {
            Vec::new()
        };
        for run in &queued {
            if run.run_after > now {
                // It gets a timer that brings it back here, also if a clock that was ahead had it due.
                self.dirty.insert(run.run_key);
            }
            let limit = self.limit(run.run_key, &limits);
            let running = running.get(&run.lane).copied().unwrap_or(0);
            let next_elsewhere = elsewhere.get(&run.lane).copied();
            lanes.entry(run.lane.clone()).or_insert(Lane { running, next_elsewhere, ..limit });
        }
        let (begin, _) = plan_starts(queued, &mut lanes, now);
        for key in begin {
            let Some(run) = self.runs.get(&key) else { continue };
            // The run before may have gone on while this one stood in line.
            let past = self.load_past(&run.row, &run.dag).await?;
            if let Some(run) = self.runs.get_mut(&key) {
                run.planner.set_past(past);
                run.planner.start(now);
                run.planner.add_missing();
                self.dirty.insert(key);
            }
        }
        Ok(())
    }

    /// The limit of a run's lane; nothing runs in it yet.
    fn limit(&self, run_key: i64, limits: &[BackfillLimit]) -> Lane {
        let none = Lane { running: 0, limit: 0, paused: false, next_elsewhere: None };
        let Some(run) = self.runs.get(&run_key) else { return none };
        match run.row.backfill_id {
            None => Lane { limit: run.dag.dag.max_active_runs, ..none },
            // Runs of a backfill that is over were cleared by somebody: they are the DAG's own affair again.
            Some(id) => limits.iter().find(|limit| limit.id == id).map_or(
                Lane { limit: run.dag.dag.max_active_runs, ..none },
                |limit| Lane { limit: limit.max_active_runs, paused: limit.is_paused, ..none },
            ),
        }
    }

    /// Keeps other schedulers from starting runs of the same DAGs until `tx` is over, and takes back starts that
    /// would be one too many.
    pub(super) async fn confirm_starts(
        &mut self,
        tx: &mut Tx,
        dirty: &[i64],
        touched: &mut Vec<(i64, usize)>,
        now: Timestamp,
    ) -> Result<(), Error> {
        let mut starting: Vec<(i32, Timestamp, i64)> = dirty
            .iter()
            .filter_map(|key| self.runs.get(key).filter(|run| run.begins()).map(|run| (key, run)))
            .map(|(key, run)| (run.row.backfill_ordinal.unwrap_or(0), run.row.run_after, *key))
            .collect();
        if starting.is_empty() {
            return Ok(());
        }
        starting.sort_unstable();
        let dags: BTreeSet<String> = starting.iter().map(|(.., key)| self.runs[key].row.dag_id.clone()).collect();
        let dags: Vec<String> = dags.into_iter().collect();
        let (running, limits) = tx.running_runs(self.id, &dags, now).await?;
        let mut room: HashMap<LaneKey, u32> = HashMap::new();
        let mut too_many: HashSet<i64> = HashSet::new();
        for (ordinal, _, key) in starting {
            let lane = self.runs[&key].lane();
            let Lane { limit, paused, .. } = self.limit(key, &limits);
            let counts = running.iter().find(|runs| lane_of(runs) == lane);
            let room = room.entry(lane.clone()).or_insert_with(|| {
                counts.map_or(limit, |runs| limit.saturating_sub(u32::try_from(runs.runs).unwrap_or(u32::MAX)))
            });
            let out_of_turn = counts.and_then(|runs| runs.next_ordinal).is_some_and(|next| next < ordinal);
            match room.checked_sub(1).filter(|_| !paused && !out_of_turn) {
                Some(left) => *room = left,
                None => drop(too_many.insert(key)),
            }
        }
        touched.retain(|(key, _)| !too_many.contains(key));
        for key in &too_many {
            self.queue.remove_run(*key);
        }
        self.to_load.extend(too_many);
        Ok(())
    }

    /// Whether some run of a backfill has just ended.
    pub(super) fn backfill_runs_ended(&self, changed: &[i64]) -> bool {
        let mut ended = changed.iter().filter_map(|key| self.runs.get(key));
        ended.any(|run| run.row.backfill_id.is_some() && run.planner.run.state.is_finished())
    }

    /// Ends backfills whose last run has ended. Of two schedulers that end a run each at the same moment neither may
    /// see the other's; the next heartbeat makes up for that.
    pub(super) async fn finish_backfills(&self, ended: bool, now: Timestamp) -> Result<(), Error> {
        if ended {
            self.store.complete_backfills(now).await?;
        }
        Ok(())
    }
}

fn lane_of(runs: &RunningRuns) -> LaneKey {
    LaneKey { dag_id: runs.dag_id.clone(), backfill: runs.backfill_id }
}
