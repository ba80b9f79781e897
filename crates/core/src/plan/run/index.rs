//! Task instances by task and map index, and how many are in which state.

use std::collections::{BTreeMap, BTreeSet};

use super::TaskInstance;
use crate::plan::rules::Tally;
use crate::state::TaskState;

/// The instances of one task. Numbers are indexes in the planner's list.
#[derive(Clone, Debug, Default)]
pub(super) struct Instances {
    /// The one without a map index.
    pub single: Option<usize>,
    /// By map index.
    mapped: Vec<Option<usize>>,
    /// Those that wait for something that may come.
    open: BTreeSet<usize>,
    /// Their states.
    pub states: Tally,
    /// Those that succeeded and gave a result.
    pub results: u32,
}

impl Instances {
    /// There are none.
    pub fn is_empty(&self) -> bool {
        self.single.is_none() && self.mapped.is_empty()
    }

    /// The one with that map index.
    pub fn find(&self, map_index: i32) -> Option<usize> {
        match usize::try_from(map_index) {
            Ok(at) => self.mapped.get(at).copied().flatten(),
            Err(_) => self.single,
        }
    }

    /// Those with a map index in this range.
    pub fn range(&self, from: usize, to: usize) -> impl Iterator<Item = usize> {
        let to = to.min(self.mapped.len());
        self.mapped[from.min(to)..to].iter().copied().flatten()
    }

    /// One more than the highest map index.
    pub fn length(&self) -> usize {
        self.mapped.len()
    }

    /// Those that wait for something that may come, in order.
    pub fn open(&self) -> Vec<usize> {
        self.open.iter().copied().collect()
    }

    /// Puts an instance where its map index says; `None` takes it away.
    pub fn place(&mut self, map_index: i32, index: Option<usize>) {
        match usize::try_from(map_index) {
            Ok(at) => {
                if self.mapped.len() <= at {
                    self.mapped.resize(at + 1, None);
                }
                self.mapped[at] = index;
            }
            Err(_) => self.single = index,
        }
    }

    /// Counts (`+1`) or stops counting (`-1`) an instance.
    pub fn count(&mut self, index: usize, ti: &TaskInstance, by: i32) {
        self.states.count(ti.state, false, by);
        if ti.state == Some(TaskState::Success) && ti.map_length.is_some() {
            self.results = self.results.wrapping_add_signed(by);
        }
        if by > 0 && ti.is_open() {
            self.open.insert(index);
        } else if by < 0 {
            self.open.remove(&index);
        }
    }

    /// Those that are not finished.
    pub fn unfinished(&self) -> u32 {
        self.states.total - self.states.done()
    }
}

const STATES: usize = TaskState::ALL.len();

/// How many instances are in which state.
#[derive(Clone, Debug, Default)]
pub(super) struct StateCounts {
    none: u32,
    by_state: [u32; STATES],
    unfinished: usize,
}

impl StateCounts {
    /// Counts (`+1`) or stops counting (`-1`) an instance.
    pub fn count(&mut self, state: Option<TaskState>, by: i32) {
        let counter = match state {
            None => &mut self.none,
            Some(state) => &mut self.by_state[state as usize],
        };
        *counter = counter.wrapping_add_signed(by);
        if !state.is_some_and(TaskState::is_finished) {
            self.unfinished = self.unfinished.wrapping_add_signed(by as isize);
        }
    }

    /// Those that are not finished.
    pub fn unfinished(&self) -> usize {
        self.unfinished
    }

    /// By name; those without a state count as `none`.
    pub fn by_name(&self) -> BTreeMap<&'static str, u32> {
        let named = TaskState::ALL.iter().map(|state| (state.as_str(), self.by_state[*state as usize]));
        named.chain([("none", self.none)]).filter(|(_, n)| *n > 0).collect()
    }
}
