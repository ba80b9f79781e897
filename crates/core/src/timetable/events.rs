//! Runs at listed instants.

use super::{DataInterval, NextRun, Restriction};
use crate::time::Timestamp;

/// The instants and what people see of them.
#[derive(Clone, Debug)]
pub(super) struct Events {
    /// Sorted.
    pub dates: Vec<Timestamp>,
    /// A manual run belongs to the event before it, not to the instant that it was asked for.
    pub restrict_to_events: bool,
    pub description: Option<String>,
}

impl Events {
    pub fn next_run(&self, last: Option<&DataInterval>, restriction: &Restriction, now: Timestamp) -> Option<NextRun> {
        let mut earliest = restriction.earliest;
        if !restriction.catchup {
            earliest = earliest.max(Some(now));
        }
        let at = *self
            .dates
            .iter()
            .find(|at| earliest.is_none_or(|begin| **at >= begin) && last.is_none_or(|last| **at > last.end))?;
        restriction.latest.is_none_or(|latest| at <= latest).then(|| NextRun::interval(DataInterval::exact(at)))
    }

    pub fn infer_manual(&self, run_after: Timestamp) -> DataInterval {
        let event = match self.dates.first() {
            Some(first) if self.restrict_to_events => {
                self.dates.iter().rfind(|at| **at <= run_after).copied().unwrap_or(*first)
            }
            _ => run_after,
        };
        DataInterval::exact(event)
    }

    pub fn summary(&self) -> String {
        self.description.clone().unwrap_or_else(|| format!("{} events", self.dates.len()))
    }

    pub fn description(&self) -> String {
        match (&self.description, &self.dates[..]) {
            (Some(text), _) => text.clone(),
            (None, []) => "No events".into(),
            (None, [first, .., last]) => self.between(*first, *last),
            (None, [only]) => self.between(*only, *only),
        }
    }

    fn between(&self, first: Timestamp, last: Timestamp) -> String {
        let (first, last) = (super::isoformat(first), super::isoformat(last));
        format!("{} events between {first} and {last}", self.dates.len())
    }
}
