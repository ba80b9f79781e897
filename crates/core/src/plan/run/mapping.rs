//! Mapped tasks: how many instances one has, making them, and which instances of two tasks in one mapped group
//! belong together.

use std::ops::Range;

use super::{RunPlanner, TaskInstance};
use crate::dag::{MapSource, Task};
use crate::plan::rules::Tally;
use crate::state::TaskState;

/// A task may have so many instances in one run. Lists are short of it by `[core] max_map_length`; their combinations
/// may not be, and a cross product of two long lists must not take the scheduler's memory.
pub(super) const MOST_INSTANCES: u32 = 1_000_000;

/// How many instances something is mapped to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Length {
    /// So many.
    Known(u32),
    /// The task with this number has not ended.
    Unknown(usize),
    /// The task with this number succeeded without anything to map over.
    Broken(usize),
    /// Something that it maps over failed.
    Failed,
    /// Something that it maps over was skipped.
    Skipped,
}

impl Length {
    /// Of two things that are both needed: what went wrong comes first, what is not known yet last.
    fn with(self, other: Self, both: impl Fn(u32, u32) -> u32) -> Self {
        let rank = |length: &Self| match length {
            Self::Failed => 0,
            Self::Broken(_) => 1,
            Self::Skipped => 2,
            Self::Unknown(_) => 3,
            Self::Known(_) => 4,
        };
        match (self, other) {
            (Self::Known(a), Self::Known(b)) => Self::Known(both(a, b)),
            (a, b) if rank(&a) <= rank(&b) => a,
            (_, b) => b,
        }
    }
}

impl RunPlanner {
    /// How many instances a task has to have; `None`: it is not mapped.
    pub(super) fn map_length(&self, task: &Task) -> Option<Length> {
        Some(self.product(task.map_over.as_ref()?))
    }

    fn product<'s>(&self, sources: impl IntoIterator<Item = &'s MapSource>) -> Length {
        let lengths = sources.into_iter().map(|source| self.source_length(source));
        lengths.fold(Length::Known(1), |all, one| all.with(one, u32::saturating_mul))
    }

    fn source_length(&self, source: &MapSource) -> Length {
        let join = |of: &[MapSource], first: u32, both: fn(u32, u32) -> u32| {
            of.iter()
                .map(|source| self.source_length(source))
                .fold(Length::Known(first), |all, one| all.with(one, both))
        };
        match source {
            MapSource::Literal(length) => Length::Known(*length),
            MapSource::Upstream(number) => self.result_length(*number),
            MapSource::Zip { of, longest: true } => join(of, 0, u32::max),
            MapSource::Zip { of, longest: false } => join(of, u32::MAX, u32::min),
            MapSource::Concat(of) => join(of, 0, u32::saturating_add),
        }
    }

    /// How many items a task's result has: those of its list, or one for each instance of a mapped task that gave
    /// anything.
    fn result_length(&self, number: usize) -> Length {
        let instances = &self.of_task[number];
        let mapped = self.dag.tasks[number].map_over.is_some();
        let Some(single) = instances.single else {
            return match instances.unfinished() {
                0 => Length::Known(if mapped { instances.results } else { 0 }),
                _ => Length::Unknown(number),
            };
        };
        let ti = &self.tis[single];
        match (ti.state, ti.map_length.filter(|_| !mapped)) {
            (Some(TaskState::Success), Some(length)) => Length::Known(length),
            (Some(TaskState::Success | TaskState::Removed), _) => Length::Broken(number),
            (Some(TaskState::Failed | TaskState::UpstreamFailed), _) => Length::Failed,
            (Some(TaskState::Skipped), _) => Length::Skipped,
            _ => Length::Unknown(number),
        }
    }

    /// Makes the instances that a task lacks. Answers whether the given one stood for all of them until now; then it
    /// has become the first.
    pub(super) fn expand(&mut self, index: usize, length: u32) -> bool {
        let (number, single) = (self.tis[index].task, self.tis[index].map_index < 0);
        if single {
            self.decide(index, |ti| ti.map_index = 0);
        }
        let have = self.of_task[number].length();
        if have >= length as usize {
            return single;
        }
        let max_tries = self.dag.tasks[number].retries as i32;
        self.tis.reserve(length as usize - have);
        for map_index in have as i32..length as i32 {
            let new = self.add(TaskInstance::new(number, map_index, max_tries));
            self.touched.insert(new);
            self.dirty.instance(number, new);
        }
        for &down in &self.dag.tasks[number].downstream {
            self.dirty.task(down);
        }
        single
    }

    /// Counts those instances of a task in the same mapped group that an instance looks at.
    pub(super) fn count_relevant(&self, tally: &mut Tally, up: usize, ti: &TaskInstance) {
        let instances = &self.of_task[up];
        let is_setup = self.dag.tasks[up].is_setup;
        let mut count = |index: usize| tally.count(self.tis[index].state, is_setup, 1);
        instances.single.into_iter().for_each(&mut count);
        // What stands for all instances of its task goes by what stands for all instances upstream: each index of a
        // mapped group goes its own way as soon as there is one.
        if ti.map_index >= 0 {
            match self.relevant(up, ti) {
                Some(range) => instances.range(range.start, range.end).for_each(&mut count),
                // Something that is not done stands for those that are not known.
                None => tally.count(None, is_setup, 1),
            }
        }
    }

    /// Map indexes of a task in the same mapped group that belong to an instance; `None`: not known before what the
    /// groups map over has ended (again).
    fn relevant(&self, up: usize, ti: &TaskInstance) -> Option<Range<usize>> {
        let (task, upstream) = (&self.dag.tasks[ti.task], &self.dag.tasks[up]);
        let index = ti.map_index as usize;
        let shared = task.shared_map_groups(upstream);
        if shared == task.map_groups.len() && shared == upstream.map_groups.len() {
            return Some(index..index + 1);
        }
        // One of them is in a mapped group within: its instances are those of the shared group, each several times.
        let shared = &task.map_groups[..shared];
        let common = self.product(shared.iter().flat_map(|group| &group.over));
        let (mine, theirs) = (self.map_length(task)?, self.map_length(upstream)?);
        match (common, mine, theirs) {
            (Length::Unknown(_), ..) | (_, Length::Unknown(_), _) | (.., Length::Unknown(_)) => None,
            (Length::Known(common @ 1..), Length::Known(mine @ 1..), Length::Known(theirs)) => {
                let (mine, theirs) = ((mine / common) as usize, (theirs / common) as usize);
                let first = index / mine.max(1) * theirs;
                Some(first..first + theirs)
            }
            // There is nothing to belong to any more: the instance ends, whatever these did.
            _ => Some(0..self.of_task[up].length()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_comes_before_what_is_not_known() {
        let sum = |a: u32, b: u32| a + b;
        assert_eq!(Length::Known(2).with(Length::Known(3), sum), Length::Known(5));
        assert_eq!(Length::Known(2).with(Length::Unknown(1), sum), Length::Unknown(1));
        assert_eq!(Length::Unknown(1).with(Length::Skipped, sum), Length::Skipped);
        assert_eq!(Length::Skipped.with(Length::Failed, sum), Length::Failed);
    }
}
