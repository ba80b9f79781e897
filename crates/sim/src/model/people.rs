//! What people change behind the schedulers' backs.

use tradewind_core::{RunState, TaskState, Timestamp};

use super::Model;

impl Model {
    /// Clears task instances, each with so many retries (`None`: its DAG does not have the task any more); their runs,
    /// if they are over, are queued again.
    pub fn clear_tis(&mut self, tis: &[(i64, Option<i32>)]) {
        let mut run_keys = Vec::new();
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
        let mut changed = Vec::new();
        let mut run_keys = Vec::new();
        for ti_id in ti_ids {
            let Some(ti) = self.ti_mut(*ti_id).filter(|ti| ti.state != Some(state)) else { continue };
            ti.start_date.get_or_insert(at);
            if ti.end_date.is_none() || !ti.state.is_some_and(TaskState::is_finished) {
                ti.end_date = Some(at);
            }
            ti.state = Some(state);
            ti.fence += 1;
            ti.retry_at = None;
            ti.reason = Some(format!("marked as {state}"));
            changed.push(*ti_id);
            run_keys.push(ti.run_key);
        }
        run_keys.sort_unstable();
        run_keys.dedup();
        self.runs_were_changed(&run_keys);
        changed
    }

    fn runs_were_changed(&mut self, run_keys: &[i64]) {
        for run_key in run_keys {
            if let Some(run) = self.run_mut(*run_key) {
                run.fence += 1;
            }
            self.add_to_inbox(*run_key, None);
        }
    }
}
