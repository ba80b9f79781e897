//! What a scheduler's tick reads and writes.

use std::collections::BTreeMap;
use std::rc::Rc;

use tradewind_core::plan::LaneKey;
use tradewind_core::{RunState, Timestamp};

use super::waiting::is_waiting;
use super::{InboxRow, Model, NewTi, RunRow, RunWrite, TiRow, TiWrite};

fn is_active(run: &RunRow) -> bool {
    matches!(run.state, RunState::Queued | RunState::Running)
}

impl Model {
    fn is_live(&self, job: i64) -> bool {
        self.jobs.get(&job).is_some_and(|job| job.running)
    }

    /// Takes over active runs that nobody plans; answers all active runs that this scheduler owns.
    pub fn adopt_runs(&mut self, scheduler: i64) -> Vec<i64> {
        let free: Vec<i64> = self
            .runs
            .values()
            .filter(|run| is_active(run) && run.owner.is_none_or(|owner| owner != scheduler && !self.is_live(owner)))
            .map(|run| run.id)
            .collect();
        for run_key in free {
            if let Some(run) = self.run_mut(run_key) {
                run.owner = Some(scheduler);
            }
        }
        self.runs.values().filter(|run| is_active(run) && run.owner == Some(scheduler)).map(|run| run.id).collect()
    }

    /// What others changed in runs that this scheduler plans. Active runs without an owner become its own.
    pub fn read_inbox(&mut self, scheduler: i64) -> Vec<InboxRow> {
        let mut found = Vec::new();
        for row in self.inbox.values() {
            let Some(run) = self.runs.get(&row.run_key) else {
                found.push(row.clone());
                continue;
            };
            if run.owner.is_none_or(|owner| owner == scheduler || !self.is_live(owner)) {
                found.push(row.clone());
            }
        }
        for row in &found {
            let takes = |run: &Rc<RunRow>| is_active(run) && run.owner != Some(scheduler);
            if self.runs.get(&row.run_key).is_some_and(takes)
                && let Some(run) = self.run_mut(row.run_key)
            {
                run.owner = Some(scheduler);
            }
        }
        found
    }

    /// Forgets hints that were taken in.
    pub fn delete_inbox(&mut self, ids: &[i64]) {
        ids.iter().for_each(|id| {
            self.inbox.remove(id);
        });
    }

    /// Creates a run, unless its id or logical date is taken.
    pub fn create_run(&mut self, run: RunRow) -> Option<i64> {
        let clash = |other: &RunRow| {
            other.dag_id == run.dag_id
                && (other.run_id == run.run_id
                    || (run.logical_date.is_some() && other.logical_date == run.logical_date))
        };
        if self.runs.values().any(|other| clash(other)) {
            return None;
        }
        self.last_run += 1;
        let id = self.last_run;
        let is_free = run.owner.is_none();
        self.runs.insert(id, Rc::new(RunRow { id, ..run }));
        if is_free {
            self.add_to_inbox(id, None);
        }
        Some(id)
    }

    /// Inserts task instances; `None`, and nothing is changed, if one of them exists.
    pub fn insert_tis(&mut self, tis: &[NewTi]) -> Option<Vec<i64>> {
        let exists = |new: &NewTi| {
            let same =
                |ti: &TiRow| ti.run_key == new.run_key && ti.task_id == new.task_id && ti.map_index == new.map_index;
            self.tis.values().any(|ti| same(ti))
        };
        if tis.iter().any(exists) {
            return None;
        }
        let mut ids = Vec::with_capacity(tis.len());
        for new in tis {
            self.last_ti += 1;
            let id = self.last_ti;
            ids.push(id);
            let row = TiRow {
                id,
                run_key: new.run_key,
                task_id: new.task_id.clone(),
                map_index: new.map_index,
                state: new.state,
                fence: 0,
                try_number: new.try_number,
                max_tries: new.max_tries,
                scheduled_at: new.scheduled_at,
                queued_at: new.queued_at,
                start_date: new.start_date,
                end_date: new.end_date,
                retry_at: None,
                first_started_at: None,
                reschedule_count: 0,
                reason: new.reason.clone(),
                map_length: None,
                skip: Vec::new(),
                worker_id: None,
                heartbeat_at: None,
                pool: new.pool.clone(),
                pool_slots: new.pool_slots,
            };
            self.tis.insert(id, Rc::new(row));
        }
        Some(ids)
    }

    /// Guarded writes; answers which were still as expected.
    pub fn write_tis(&mut self, writes: &[TiWrite]) -> Vec<bool> {
        writes.iter().map(|write| self.write_ti(write)).collect()
    }

    fn write_ti(&mut self, write: &TiWrite) -> bool {
        let Some(ti) = self.ti_mut(write.ti_id) else { return false };
        if ti.fence != write.expect_fence || ti.state != write.expect_state {
            return false;
        }
        if write.try_number > ti.try_number {
            ti.worker_id = None;
            ti.heartbeat_at = None;
            ti.map_length = None;
            ti.skip = Vec::new();
            // The timeout of a sensor that looked again counts over its retries.
            if ti.reschedule_count == 0 && ti.first_started_at == ti.start_date {
                ti.first_started_at = None;
            }
            ti.reschedule_count = 0;
        }
        ti.state = write.state;
        ti.fence += 1;
        ti.map_index = write.map_index;
        ti.try_number = write.try_number;
        ti.max_tries = write.max_tries;
        ti.scheduled_at = write.scheduled_at;
        ti.queued_at = write.queued_at;
        ti.start_date = write.start_date;
        ti.end_date = write.end_date;
        ti.retry_at = write.retry_at;
        ti.reason.clone_from(&write.reason);
        if is_waiting(write.expect_state) && write.state != write.expect_state {
            self.drop_trigger_of(write.ti_id);
        }
        true
    }

    /// Guarded writes; answers which were still as expected.
    pub fn write_runs(&mut self, writes: &[RunWrite]) -> Vec<bool> {
        writes
            .iter()
            .map(|write| {
                let Some(run) = self.run_mut(write.run_key) else { return false };
                let expected = run.state == write.expect_state
                    && run.owner == Some(write.owner)
                    && run.fence == write.expect_fence;
                if expected {
                    run.state = write.state;
                    run.start_date = write.start_date;
                    run.end_date = write.end_date;
                    if write.state.is_finished() {
                        run.owner = None;
                    }
                }
                expected
            })
            .collect()
    }

    /// Tells other schedulers that something happened around their active runs of these DAGs.
    pub fn tell_others(&mut self, scheduler: i64, dag_ids: &[String]) {
        let mut others: BTreeMap<(String, i64), i64> = BTreeMap::new();
        for run in self.runs.values().filter(|run| is_active(run) && dag_ids.contains(&run.dag_id)) {
            if let Some(owner) = run.owner.filter(|owner| *owner != scheduler) {
                others.entry((run.dag_id.clone(), owner)).or_insert(run.id);
            }
        }
        for run_key in others.into_values() {
            self.add_to_inbox(run_key, Some(0));
        }
    }

    /// The run with the next earlier logical date; with catch-up only scheduled ones count.
    pub fn previous_run(&self, run_key: i64, catchup: bool) -> Option<&RunRow> {
        let run = self.runs.get(&run_key)?;
        let date = run.logical_date?;
        let earlier = |other: &&RunRow| {
            other.dag_id == run.dag_id
                && (!catchup || other.scheduled)
                && other.logical_date.is_some_and(|at| at < date)
        };
        self.runs.values().map(Rc::as_ref).filter(earlier).max_by_key(|other| other.logical_date)
    }

    /// Runs that are running, by the limit that they are under; those of one scheduler may be left out.
    pub fn running_runs(&self, dag_id: &str, except: Option<i64>) -> BTreeMap<LaneKey, u32> {
        let mut running = BTreeMap::new();
        let counts = |run: &&Rc<RunRow>| {
            run.dag_id == dag_id && run.state == RunState::Running && (except.is_none() || run.owner != except)
        };
        for run in self.runs.values().filter(counts) {
            *running.entry(run.lane()).or_default() += 1;
        }
        running
    }

    /// The first place of each backfill that is due and waits at another scheduler.
    pub fn next_elsewhere(&self, dag_id: &str, scheduler: i64, now: Timestamp) -> BTreeMap<LaneKey, i32> {
        let mut next = BTreeMap::new();
        let waits = |run: &&Rc<RunRow>| {
            let due = run.state == RunState::Queued && run.run_after <= now;
            run.dag_id == dag_id && due && run.owner != Some(scheduler)
        };
        for run in self.runs.values().filter(waits) {
            if let Some((_, ordinal)) = run.backfill {
                let first = next.entry(run.lane()).or_insert(ordinal);
                *first = ordinal.min(*first);
            }
        }
        next
    }

    /// Dates of runs that the schedule or a backfill made, in order.
    pub fn scheduled_dates(&self, dag_id: &str) -> Vec<Timestamp> {
        let mut dates: Vec<Timestamp> = self
            .runs
            .values()
            .filter(|run| run.dag_id == dag_id && run.scheduled)
            .filter_map(|run| run.logical_date)
            .collect();
        dates.sort_unstable();
        dates
    }
}
