//! Trigger rules: what a task may do, given how many of its direct upstream instances are in which state.

use crate::state::{TaskState, TriggerRule};

/// How many instances of a task's direct upstream tasks are in which state. Kept up to date change by
/// change, so that a join over ten thousand instances costs the same as a join over two.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// All of them.
    pub total: u32,
    /// In state `success`.
    pub success: u32,
    /// In state `skipped`.
    pub skipped: u32,
    /// In state `failed`.
    pub failed: u32,
    /// In state `upstream_failed`.
    pub upstream_failed: u32,
    /// In state `removed`.
    pub removed: u32,
    /// Instances of setup tasks.
    pub setups: u32,
    /// Of those, in state `success`.
    pub setups_success: u32,
    /// Of those, in state `skipped`.
    pub setups_skipped: u32,
}

/// What a rule says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The task may go.
    Go,
    /// The rule may still be met.
    Wait,
    /// The rule can't be met any more: this is the task's end.
    Become(TaskState),
}

impl Tally {
    /// Instances that are finished.
    pub fn done(&self) -> u32 {
        self.success + self.skipped + self.failed + self.upstream_failed + self.removed
    }

    /// Adds all instances of a task, counted by themselves.
    pub fn add(&mut self, others: &Self, are_setups: bool) {
        self.total += others.total;
        self.success += others.success;
        self.skipped += others.skipped;
        self.failed += others.failed;
        self.upstream_failed += others.upstream_failed;
        self.removed += others.removed;
        if are_setups {
            self.setups += others.total;
            self.setups_success += others.success;
            self.setups_skipped += others.skipped;
        }
    }

    /// Adds (`+1`) or takes away (`-1`) one instance in `state`.
    pub fn count(&mut self, state: Option<TaskState>, is_setup: bool, by: i32) {
        let add = |n: &mut u32| *n = n.wrapping_add_signed(by);
        add(&mut self.total);
        if is_setup {
            add(&mut self.setups);
        }
        match state {
            Some(TaskState::Success) => {
                add(&mut self.success);
                if is_setup {
                    add(&mut self.setups_success);
                }
            }
            Some(TaskState::Skipped) => {
                add(&mut self.skipped);
                if is_setup {
                    add(&mut self.setups_skipped);
                }
            }
            Some(TaskState::Failed) => add(&mut self.failed),
            Some(TaskState::UpstreamFailed) => add(&mut self.upstream_failed),
            Some(TaskState::Removed) => add(&mut self.removed),
            Some(
                TaskState::Scheduled
                | TaskState::Queued
                | TaskState::Running
                | TaskState::Restarting
                | TaskState::UpForRetry
                | TaskState::UpForReschedule
                | TaskState::Deferred
                | TaskState::AwaitingInput,
            )
            | None => {}
        }
    }
}

/// Applies a rule. The behaviour is Airflow 3.3's, as observed on its trigger rule dependency.
pub fn evaluate(rule: TriggerRule, up: &Tally, map_index: i32) -> Verdict {
    use TaskState::{Removed, Skipped, UpstreamFailed};
    use Verdict::{Become, Go, Wait};
    let any_failed = up.failed + up.upstream_failed > 0;
    let all_done = up.done() >= up.total;
    let go_if = |met: bool| if met { Go } else { Wait };
    if up.total == 0 {
        // No upstream at all: every rule is met.
        return Go;
    }
    match rule {
        TriggerRule::Always => Go,
        TriggerRule::AllSuccess => {
            if any_failed {
                Become(UpstreamFailed)
            } else if up.skipped > 0 {
                Become(Skipped)
            } else if up.removed > 0 && up.success > 0 && map_index >= 0 && map_index as u32 >= up.success {
                Become(Removed)
            } else {
                go_if(up.success + up.removed >= up.total)
            }
        }
        TriggerRule::AllFailed => {
            if up.success + up.skipped > 0 {
                Become(Skipped)
            } else {
                go_if(up.failed + up.upstream_failed + up.removed >= up.total)
            }
        }
        TriggerRule::AllDone => go_if(all_done),
        TriggerRule::AllDoneMinOneSuccess => {
            if up.skipped > 0 {
                Become(Skipped)
            } else if all_done && up.success == 0 {
                Become(UpstreamFailed)
            } else {
                go_if(all_done)
            }
        }
        TriggerRule::AllDoneSetupSuccess => {
            if all_done && up.setups > 0 && up.setups_skipped >= up.setups {
                Become(Skipped)
            } else if all_done && up.setups > 0 && up.setups_success == 0 {
                Become(UpstreamFailed)
            } else {
                go_if(all_done)
            }
        }
        TriggerRule::OneSuccess => {
            if up.success > 0 {
                Go
            } else if all_done && up.done() == up.skipped {
                Become(Skipped)
            } else if all_done {
                Become(UpstreamFailed)
            } else {
                Wait
            }
        }
        TriggerRule::OneFailed => {
            if any_failed {
                Go
            } else if all_done {
                Become(Skipped)
            } else {
                Wait
            }
        }
        TriggerRule::OneDone => {
            if up.success + up.failed > 0 {
                Go
            } else if all_done {
                Become(Skipped)
            } else {
                Wait
            }
        }
        TriggerRule::NoneFailed => {
            if any_failed {
                Become(UpstreamFailed)
            } else {
                go_if(all_done)
            }
        }
        TriggerRule::NoneFailedMinOneSuccess => {
            if any_failed {
                Become(UpstreamFailed)
            } else if up.skipped == up.total {
                Become(Skipped)
            } else if all_done && up.success == 0 {
                Become(UpstreamFailed)
            } else {
                go_if(all_done)
            }
        }
        TriggerRule::NoneSkipped => {
            if up.skipped > 0 {
                Become(Skipped)
            } else {
                go_if(all_done)
            }
        }
        TriggerRule::AllSkipped => {
            if up.success + up.failed + up.upstream_failed > 0 {
                Become(Skipped)
            } else {
                // What was removed is not there to be skipped, and nothing will come of it any more.
                go_if(up.skipped + up.removed >= up.total)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A letter for each upstream instance: `s`uccess, s`k`ipped, `f`ailed, `u`pstream_failed, `.` unfinished.
    fn tally(upstream: &str) -> Tally {
        let mut tally = Tally::default();
        for letter in upstream.chars() {
            let state = match letter {
                's' => Some(TaskState::Success),
                'k' => Some(TaskState::Skipped),
                'f' => Some(TaskState::Failed),
                'u' => Some(TaskState::UpstreamFailed),
                _ => None,
            };
            tally.count(state, false, 1);
        }
        tally
    }

    #[test]
    fn truth_table() {
        let cases = ["", "..", "s.", "ss", "k.", "sk", "kk", "f.", "sf", "kf", "ff", "u.", "su", "uu", "uk"];
        let mut table = format!("{:28}", "");
        cases.iter().for_each(|c| table += &format!("{c:>5}"));
        for rule in TriggerRule::ALL {
            table += &format!("\n{rule:28}");
            for case in cases {
                let text = match evaluate(*rule, &tally(case), -1) {
                    Verdict::Go => "go",
                    Verdict::Wait => "-",
                    Verdict::Become(TaskState::Skipped) => "skip",
                    Verdict::Become(TaskState::UpstreamFailed) => "upf",
                    Verdict::Become(_) => "?",
                };
                table += &format!("{text:>5}");
            }
        }
        insta::assert_snapshot!(table);
    }

    #[test]
    fn counting_down_undoes_counting_up() {
        let mut up = tally("sk");
        for state in [Some(TaskState::Failed), Some(TaskState::Success), None] {
            up.count(state, true, 1);
            up.count(state, true, -1);
        }
        assert_eq!(up, tally("sk"));
    }
}
