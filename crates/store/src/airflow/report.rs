//! What an import did, for people and programs.

use std::collections::BTreeMap;

/// Names that are told of what was left out, for each reason.
const NAMED: usize = 5;

/// What became of the rows of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KindReport {
    /// Which.
    pub kind: &'static str,
    /// Rows of the source.
    pub read: u64,
    /// Rows that are new here.
    pub written: u64,
    /// Rows that were here already, and stay as they are.
    pub kept: u64,
    /// Rows that were left out, by reason.
    pub skipped: BTreeMap<String, Skipped>,
    /// Rows that were written with a change, by what was changed.
    pub changed: BTreeMap<String, Skipped>,
}

/// Rows with one reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Skipped {
    /// How many.
    pub count: u64,
    /// The first ones.
    pub names: Vec<String>,
}

impl KindReport {
    pub(super) fn new(kind: &'static str) -> Self {
        Self { kind, read: 0, written: 0, kept: 0, skipped: BTreeMap::new(), changed: BTreeMap::new() }
    }

    /// A row is left out.
    pub(super) fn skip(&mut self, reason: impl Into<String>, name: impl Into<String>) {
        self.skipped.entry(reason.into()).or_default().add(1, name.into());
    }

    /// Rows without names are left out.
    pub(super) fn skip_many(&mut self, reason: &str, count: u64) {
        if count > 0 {
            self.skipped.entry(reason.to_owned()).or_default().count += count;
        }
    }

    /// A row is written with a change.
    pub(super) fn change(&mut self, what: impl Into<String>, name: impl Into<String>) {
        self.changed.entry(what.into()).or_default().add(1, name.into());
    }

    /// All rows that were left out.
    pub fn skipped_rows(&self) -> u64 {
        self.skipped.values().map(|skipped| skipped.count).sum()
    }
}

impl Skipped {
    fn add(&mut self, count: u64, name: String) {
        self.count += count;
        if self.names.len() < NAMED && !self.names.contains(&name) {
            self.names.push(name);
        }
    }
}
