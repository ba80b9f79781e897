//! What tasks asked to skip: branching and short circuits. What was asked once holds as long as the asking instance
//! has succeeded, so that a skipped task which is cleared alone is skipped again.

use std::collections::HashMap;

use super::{RunPlanner, TaskInstance};
use crate::state::TaskState;

/// Successful instances that asked to skip one task. The task may be any number of edges away: a short circuit
/// skips everything behind it.
#[derive(Clone, Debug, Default)]
pub(super) struct Skippers {
    /// Instances without a map index: they speak for all instances.
    whole: u32,
    /// Instances with a map index: they speak for those with the same one.
    by_index: HashMap<i32, u32>,
}

impl Skippers {
    fn count(&mut self, map_index: i32, by: i32) {
        if map_index < 0 {
            self.whole = self.whole.wrapping_add_signed(by);
            return;
        }
        let count = self.by_index.entry(map_index).or_default();
        *count = count.wrapping_add_signed(by);
        if *count == 0 {
            self.by_index.remove(&map_index);
        }
    }

    /// Nobody asked.
    pub fn is_empty(&self) -> bool {
        self.whole == 0 && self.by_index.is_empty()
    }

    fn name(&self, map_index: i32) -> bool {
        self.whole > 0 || self.by_index.contains_key(&map_index)
    }
}

impl RunPlanner {
    /// Notes (`+1`) or forgets (`-1`) what an instance asked to skip; those tasks get a look.
    pub(super) fn count_skips(&mut self, ti: &TaskInstance, by: i32) {
        if ti.state != Some(TaskState::Success) {
            return;
        }
        for &task in ti.skip.iter().filter_map(|task_id| self.dag.by_id.get(task_id)) {
            self.skippers[task].count(ti.map_index, by);
            if ti.map_index < 0 {
                self.dirty.task(task);
            } else if let Some(index) = self.of_task[task].find(ti.map_index) {
                self.dirty.instance(task, index);
            }
        }
    }

    /// A branch or short circuit before it has left it out.
    pub(super) fn is_told_to_skip(&self, ti: &TaskInstance) -> bool {
        self.skippers[ti.task].name(ti.map_index)
    }
}
