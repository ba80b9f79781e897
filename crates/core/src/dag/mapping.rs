//! What mapped tasks are mapped over.

use super::Task;

/// Something that a mapped task, or a mapped group of tasks, maps over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MapSource {
    /// A list in the DAG file, of this length.
    Literal(u32),
    /// The result of the task with this number: its list or dict, or one item for each instance if it is mapped.
    Upstream(usize),
    /// Items side by side.
    Zip {
        /// What is put side by side.
        of: Vec<MapSource>,
        /// As many as the longest has (the others are filled up), not as the shortest.
        longest: bool,
    },
    /// Items one after the other.
    Concat(Vec<MapSource>),
}

/// A mapped task group around a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapGroup {
    /// The group's id.
    pub group_id: String,
    /// It is run once for each combination of these.
    pub over: Vec<MapSource>,
}

impl MapSource {
    /// Calls `visit` with the number of every task whose result is used.
    pub fn each_upstream(&self, visit: &mut impl FnMut(usize)) {
        match self {
            Self::Literal(_) => {}
            Self::Upstream(number) => visit(*number),
            Self::Zip { of, .. } | Self::Concat(of) => of.iter().for_each(|source| source.each_upstream(visit)),
        }
    }
}

impl Task {
    /// How many mapped groups are around both tasks: instances of two tasks in one mapped group belong together by
    /// their map index.
    pub fn shared_map_groups(&self, other: &Self) -> usize {
        let pairs = self.map_groups.iter().zip(&other.map_groups);
        pairs.take_while(|(mine, theirs)| mine.group_id == theirs.group_id).count()
    }
}
