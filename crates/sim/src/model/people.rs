//! What people change behind the schedulers' backs.

use tradewind_core::{RunState, TaskState, Timestamp};

use super::Model;

impl Model {
    /// Clears task instances, each with so many retries (`None`: its DAG does not have the task any more); their runs,
    /// if they are over, are queued again.
    pub fn clear_tis(&mut self, tis: &[(i64, Option<i32>)]) {
        self.clear_tis_and(tis, &[]);
    }

    /// The same; these runs are queued again even if nothing in them is cleared.
    pub(super) fn clear_tis_and(&mut self, tis: &[(i64, Option<i32>)], also_runs: &[i64]) {
        let mut run_keys = also_runs.to_vec();
        for (ti_id, retries) in tis {
            let Some(ti) = self.ti_mut(*ti_id) else { continue };
            run_keys.push(ti.run_key);
            ti.fence += 1;
            ti.max_tries = match retries {
                Some(retries) => ti.try_number + retries,
                None => ti.max_tries.max(ti.try_number),
            };
            if matches!(ti.state, Some(TaskState::Running | TaskState::Restarting)) {
                ti.state = Some(TaskState::Restarting);
                continue;
            }
            ti.state = None;
            ti.scheduled_at = None;
            ti.queued_at = None;
            ti.start_date = None;
            ti.end_date = None;
            ti.retry_at = None;
            ti.first_started_at = None;
            ti.worker_id = None;
            ti.heartbeat_at = None;
            ti.reason = None;
            ti.skip = Vec::new();
            ti.map_length = None;
            ti.reschedule_count = 0;
        }
        run_keys.sort_unstable();
        run_keys.dedup();
        for run_key in &run_keys {
            let Some(run) = self.run_mut(*run_key) else { continue };
            if run.state.is_finished() {
                run.state = RunState::Queued;
                run.clear_number += 1;
                run.start_date = None;
                run.end_date = None;
            }
        }
        self.runs_were_changed(&run_keys);
    }

    /// Marks task instances; answers those that changed.
    pub fn set_ti_state(&mut self, ti_ids: &[i64], state: TaskState, at: Timestamp) -> Vec<i64> {
        let changed = self.mark(ti_ids, state, at, &format!("marked as {state}"));
        let mut run_keys: Vec<i64> = changed.iter().map(|ti_id| self.tis[ti_id].run_key).collect();
        run_keys.sort_unstable();
        run_keys.dedup();
        self.runs_were_changed(&run_keys);
        changed
    }

    pub(super) fn mark(&mut self, ti_ids: &[i64], state: TaskState, at: Timestamp, reason: &str) -> Vec<i64> {
        let mut changed = Vec::new();
        for ti_id in ti_ids {
            let Some(ti) = self.ti_mut(*ti_id).filter(|ti| ti.state != Some(state)) else { continue };
            ti.start_date.get_or_insert(at);
            if ti.end_date.is_none() || !ti.state.is_some_and(TaskState::is_finished) {
                ti.end_date = Some(at);
            }
            ti.state = Some(state);
            ti.fence += 1;
            ti.retry_at = None;
            ti.reason = Some(reason.to_owned());
            changed.push(*ti_id);
        }
        changed
    }

    /// Marks runs that have no task instances as success.
    pub fn mark_runs_as_success(&mut self, run_keys: &[i64], at: Timestamp) {
        for run_key in run_keys {
            if let Some(run) = self.run_mut(*run_key) {
                run.state = RunState::Success;
                run.start_date.get_or_insert(at);
                run.end_date = Some(at);
            }
        }
        self.runs_were_changed(run_keys);
    }

    /// Pauses or unpauses a DAG. What its assets did meanwhile was kept for it.
    pub fn set_paused(&mut self, dag_id: &str, paused: bool) {
        let Some(dag) = self.dags.get_mut(dag_id).filter(|dag| dag.paused != paused) else { return };
        dag.paused = paused;
        if !paused {
            dag.next = None;
            if self.queue.iter().any(|(of, _)| of == dag_id) {
                self.wake_dag(dag_id);
            }
        }
    }

    pub(super) fn runs_were_changed(&mut self, run_keys: &[i64]) {
        if !run_keys.is_empty() {
            self.drop_stale_triggers();
        }
        for run_key in run_keys {
            if let Some(run) = self.run_mut(*run_key) {
                run.fence += 1;
            }
            self.add_to_inbox(*run_key, None);
        }
    }
}
