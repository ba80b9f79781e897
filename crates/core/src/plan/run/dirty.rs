//! What needs a look: whole tasks, or single instances where a change concerns one of many.

use std::collections::BTreeSet;

/// Work to do, in topological order.
#[derive(Clone, Debug, Default)]
pub(super) struct Dirty {
    tasks: BTreeSet<usize>,
    /// The same by number: most marks are repeated.
    marked: Vec<bool>,
    instances: BTreeSet<(usize, usize)>,
}

/// One look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// At all open instances of the task with this number.
    Task(usize),
    /// At the instance with this index.
    Instance(usize),
}

impl Dirty {
    /// Everything.
    pub fn all(tasks: usize) -> Self {
        Self { tasks: (0..tasks).collect(), marked: vec![true; tasks], instances: BTreeSet::new() }
    }

    /// All open instances of a task.
    pub fn task(&mut self, number: usize) {
        if !std::mem::replace(&mut self.marked[number], true) {
            self.tasks.insert(number);
        }
    }

    /// One instance of a task.
    pub fn instance(&mut self, task: usize, index: usize) {
        self.instances.insert((task, index));
    }

    /// What comes next.
    pub fn pop(&mut self) -> Option<Look> {
        let instance = self.instances.first().map(|(task, _)| *task);
        let task = self.tasks.first().copied();
        if task.is_some_and(|task| instance.is_none_or(|other| task <= other)) {
            let number = self.tasks.pop_first()?;
            self.marked[number] = false;
            return Some(Look::Task(number));
        }
        self.instances.pop_first().map(|(_, index)| Look::Instance(index))
    }

    /// Nothing needs a look any more.
    pub fn clear(&mut self) {
        self.tasks.clear();
        self.marked.fill(false);
        self.instances.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_come_in_order_and_once_and_before_their_instances() {
        let mut dirty = Dirty::all(2);
        dirty.task(1);
        dirty.instance(1, 7);
        dirty.instance(0, 9);
        let mut looks = Vec::new();
        while let Some(look) = dirty.pop() {
            looks.push(look);
        }
        assert_eq!(looks, [Look::Task(0), Look::Instance(9), Look::Task(1), Look::Instance(7)]);
    }
}
