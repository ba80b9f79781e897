//! What may become of an instance that has not started (again).

use super::mapping::{Length, MOST_INSTANCES};
use super::{RunPlanner, TaskInstance};
use crate::dag::{Lane, Task};
use crate::plan::rules::{self, Tally, Verdict};
use crate::plan::{Reason, retry};
use crate::state::TaskState;
use crate::time::Timestamp;

/// What may become of an instance.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Step {
    /// It may go.
    Go,
    /// It ends without running.
    End(TaskState),
    /// The same, with words for people.
    EndBecause(TaskState, Reason),
    /// It waits.
    Wait(Waits),
}

/// What it waits for. Cheap: the words for it are made when somebody asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waits {
    /// Setup tasks further up.
    Setups,
    /// Its trigger rule.
    Rule,
    /// `depends_on_past`
    Past {
        /// The run before has no instance of it.
        missing: bool,
    },
    /// `wait_for_downstream`
    PastDownstream,
    /// The result of the task with this number, which it maps over.
    Map(usize),
}

impl RunPlanner {
    /// Decides about one instance, if it is time to.
    pub(super) fn look_at(&mut self, index: usize, now: Timestamp) {
        let ti = &self.tis[index];
        match ti.state {
            None => {}
            Some(TaskState::UpForRetry) => {
                let Some(at) = ti.retry_at else {
                    return self.set_retry_time(index, now);
                };
                if at > now {
                    return;
                }
            }
            Some(TaskState::UpForReschedule) if ti.retry_at.is_none_or(|at| at <= now) => {}
            Some(TaskState::Deferred) if ti.retry_at.is_some_and(|at| at <= now) => {
                // Nothing woke it in time: it goes on, in the same try, and learns so.
                return self.decide(index, |ti| {
                    ti.state = Some(TaskState::Scheduled);
                    ti.retry_at = None;
                    ti.scheduled_at = Some(now);
                });
            }
            Some(_) => return,
        }
        match self.step(index) {
            Step::Go => self.go(index, now),
            Step::End(state) => self.end_undone(index, state, None, now),
            Step::EndBecause(state, reason) => self.end_undone(index, state, Some(&reason.to_string()), now),
            Step::Wait(_) => {}
        }
    }

    fn set_retry_time(&mut self, index: usize, now: Timestamp) {
        let ti = &self.tis[index];
        let seed = (self.run.key as u64).rotate_left(32) ^ ti.task as u64 ^ ((ti.map_index as u64) << 16);
        let at = retry::retry_at(&self.dag.tasks[ti.task], ti.try_number, ti.end_date.unwrap_or(now), seed);
        self.decide(index, |ti| ti.retry_at = Some(at));
        // An instant that has come already is taken up in this same pass, through the timers.
        if at <= now {
            self.timers.remove(&(at, index));
            self.look_at(index, now);
        }
    }

    /// What may become of an instance that has not started (again).
    pub(super) fn step(&self, index: usize) -> Step {
        let ti = &self.tis[index];
        let task = &self.dag.tasks[ti.task];
        if self.is_told_to_skip(ti) {
            return self.unless_past_waits(Step::End(TaskState::Skipped), task, ti.task);
        }
        let setups = self.setups_allow(ti, task);
        if let Some(end @ Step::End(_)) = setups {
            return self.unless_past_waits(end, task, ti.task);
        }
        match rules::evaluate(task.trigger_rule, &self.upstream_of(ti), ti.map_index) {
            Verdict::Become(state) => self.unless_past_waits(Step::End(state), task, ti.task),
            _ if setups.is_some() => Step::Wait(Waits::Setups),
            Verdict::Wait => Step::Wait(Waits::Rule),
            Verdict::Go => {
                if let Err(waits) = self.past_allows(task, ti.task) {
                    return Step::Wait(waits);
                }
                match self.map_length(task) {
                    None => Step::Go,
                    Some(length) => self.mapped_step(ti, length),
                }
            }
        }
    }

    /// What a mapped task's instance may do, given how many there are to be.
    fn mapped_step(&self, ti: &TaskInstance, length: Length) -> Step {
        match length {
            Length::Known(0) if ti.map_index < 0 => Step::End(TaskState::Skipped),
            Length::Known(length) if i64::from(ti.map_index) >= i64::from(length) => {
                Step::EndBecause(TaskState::Removed, Reason::MapShrank { length })
            }
            Length::Known(length) if length > MOST_INSTANCES => {
                Step::EndBecause(TaskState::Failed, Reason::MapTooLong { length, limit: MOST_INSTANCES })
            }
            Length::Known(_) => Step::Go,
            Length::Unknown(upstream) => Step::Wait(Waits::Map(upstream)),
            Length::Broken(upstream) => {
                let upstream = self.dag.tasks[upstream].task_id.clone();
                Step::EndBecause(TaskState::UpstreamFailed, Reason::NothingToMap { upstream })
            }
            Length::Failed => Step::End(TaskState::UpstreamFailed),
            Length::Skipped => Step::End(TaskState::Skipped),
        }
    }

    /// For all open instances of a task at once: its rule can't be met yet, so that there is no need to look at
    /// each. Only where all of them look at the same upstream instances.
    pub(super) fn rule_waits(&self, number: usize) -> bool {
        let task = &self.dag.tasks[number];
        let upstream = &self.upstream[number];
        let waits = |map_index| rules::evaluate(task.trigger_rule, upstream, map_index) == Verdict::Wait;
        let by_index = |&up: &usize| self.dag.tasks[up].shared_map_groups(task) > 0;
        task.setups.is_empty()
            && (task.map_groups.is_empty() || !task.upstream.iter().any(by_index))
            && self.skippers[number].is_empty()
            && upstream.removed == 0
            && waits(-1)
            && waits(i32::MAX)
    }

    /// States of the upstream instances that an instance looks at: all of an upstream task, but of one in the same
    /// mapped group only those that belong to the same index.
    pub(super) fn upstream_of(&self, ti: &TaskInstance) -> Tally {
        let mut tally = self.upstream[ti.task];
        let task = &self.dag.tasks[ti.task];
        if task.map_groups.is_empty() {
            return tally;
        }
        for &up in &task.upstream {
            if self.dag.tasks[up].shared_map_groups(task) > 0 {
                self.count_relevant(&mut tally, up, ti);
            }
        }
        tally
    }

    /// Setup tasks further up: `None` if they are done. One that was removed is not waited for.
    fn setups_allow(&self, ti: &TaskInstance, task: &Task) -> Option<Step> {
        if task.setups.is_empty() {
            return None;
        }
        let mut up = Tally::default();
        for &setup in &task.setups {
            if self.dag.tasks[setup].shared_map_groups(task) > 0 {
                self.count_relevant(&mut up, setup, ti);
            } else {
                up.add(&self.of_task[setup].states, true);
            }
        }
        if up.failed + up.upstream_failed > 0 {
            Some(Step::End(TaskState::UpstreamFailed))
        } else if up.skipped > 0 {
            Some(Step::End(TaskState::Skipped))
        } else {
            (up.success + up.removed < up.total).then_some(Step::Wait(Waits::Setups))
        }
    }

    fn past_allows(&self, task: &Task, number: usize) -> Result<(), Waits> {
        if !task.depends_on_past || self.past.run_id.is_none() {
            return Ok(());
        }
        let past = self.past.tasks.get(number).copied().unwrap_or_default();
        if !past.exists {
            let first = task.ignore_first_depends_on_past && !past.any_before;
            return if first { Ok(()) } else { Err(Waits::Past { missing: true }) };
        }
        if !past.done_well {
            return Err(Waits::Past { missing: false });
        }
        if task.wait_for_downstream && !past.downstream_done_well {
            return Err(Waits::PastDownstream);
        }
        Ok(())
    }

    /// `wait_for_past_depends_before_skipping`: what would be skipped waits for the past first.
    fn unless_past_waits(&self, step: Step, task: &Task, number: usize) -> Step {
        if step == Step::End(TaskState::Skipped)
            && task.wait_for_past_depends_before_skipping
            && let Err(waits) = self.past_allows(task, number)
        {
            return Step::Wait(waits);
        }
        step
    }

    /// The instance may go: expand it, finish it here, or line it up for admission.
    fn go(&mut self, index: usize, now: Timestamp) {
        let number = self.tis[index].task;
        if let Some(Length::Known(length)) = self.map_length(&self.dag.tasks[number])
            && self.expand(index, length)
        {
            // What it has become is looked at by itself: now its own upstream instances count.
            return;
        }
        let empty = self.dag.tasks[number].lane == Lane::Empty;
        self.decide(index, |ti| {
            if ti.state != Some(TaskState::UpForReschedule) {
                ti.try_number += 1;
                ti.reason = None;
            }
            ti.retry_at = None;
            ti.scheduled_at = Some(now);
            ti.end_date = None;
            if empty {
                ti.state = Some(TaskState::Success);
                (ti.start_date, ti.end_date) = (Some(now), Some(now));
            } else {
                ti.state = Some(TaskState::Scheduled);
                ti.start_date = None;
            }
        });
    }
}
