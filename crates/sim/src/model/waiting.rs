//! Tries that wait without a worker, and what wakes them.

use serde::{Deserialize, Serialize};
use tradewind_core::{TaskState, Timestamp, TryId};

use super::{Model, TriggerRow};

/// What a trigger has to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fire {
    /// An event, or its own failure: the try goes on.
    Event,
    /// The task has succeeded.
    Success,
    /// The task has failed, and is repeated if tries are left.
    Retry,
    /// The task is skipped.
    Skipped,
}

/// Holds no worker, and is woken by a trigger.
pub fn is_waiting(state: Option<TaskState>) -> bool {
    matches!(state, Some(TaskState::Deferred | TaskState::AwaitingInput))
}

impl Model {
    /// A try has just begun to wait.
    pub(super) fn defer(&mut self, try_id: TryId) {
        self.drop_trigger_of(try_id.ti_id);
        self.last_trigger += 1;
        let row = TriggerRow { ti_id: try_id.ti_id, try_number: try_id.try_number };
        self.triggers.insert(self.last_trigger, row);
        *self.waits.entry(try_id.ti_id).or_default() += 1;
    }

    /// A trigger fires; answers whether that counts. It is gone then, whatever it was good for.
    pub fn fire_trigger(&mut self, trigger: i64, fire: Fire, at: Timestamp) -> bool {
        let Some(row) = self.triggers.remove(&trigger) else { return false };
        let Some(ti) = self.ti_mut(row.ti_id) else { return false };
        if !is_waiting(ti.state) || ti.try_number != row.try_number {
            return false;
        }
        let state = match fire {
            Fire::Event => TaskState::Scheduled,
            Fire::Success => TaskState::Success,
            Fire::Retry if ti.try_number > ti.max_tries => TaskState::Failed,
            Fire::Retry => TaskState::UpForRetry,
            Fire::Skipped => TaskState::Skipped,
        };
        ti.state = Some(state);
        ti.fence += 1;
        if fire == Fire::Event {
            ti.scheduled_at = Some(at);
        }
        ti.end_date = (fire != Fire::Event).then_some(at);
        ti.retry_at = None;
        ti.reason = None;
        let (run_key, id) = (ti.run_key, ti.id);
        self.add_to_inbox(run_key, Some(id));
        true
    }

    /// A task instance waits no longer.
    pub(super) fn drop_trigger_of(&mut self, ti_id: i64) {
        self.triggers.retain(|_, row| row.ti_id != ti_id);
    }

    /// A person changed runs: triggers of tries that do not wait any more go.
    pub(super) fn drop_stale_triggers(&mut self) {
        let tis = &self.tis;
        self.triggers.retain(|_, row| {
            tis.get(&row.ti_id).is_some_and(|ti| is_waiting(ti.state) && ti.try_number == row.try_number)
        });
    }
}
