//! Names what a configuration sets and Tradewind does not use: options of Airflow that have no use here (yet), and
//! names that nobody knows, which are probably misspelt.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::options;
use super::sources::Source;
use super::unused::{self, Why};
use crate::suggest::nearest;

/// Every option name of Airflow 1.10 to 3.3: section to keys.
static AIRFLOW: LazyLock<BTreeMap<&'static str, Vec<&'static str>>> = LazyLock::new(|| {
    include_str!("airflow_options.txt")
        .lines()
        .filter_map(|line| line.strip_prefix('[')?.split_once(']'))
        .map(|(section, keys)| (section, keys.split_whitespace().collect()))
        .collect()
});

/// Keys of a section of Airflow; none: there is no such section.
#[cfg(test)]
pub fn keys_of(section: &str) -> Vec<&'static str> {
    AIRFLOW.get(section).cloned().unwrap_or_default()
}

/// An option that was set and that no part of Tradewind reads.
#[derive(Clone, Debug, PartialEq)]
pub struct Unused {
    /// Section as written.
    pub section: String,
    /// Key as written.
    pub key: String,
    /// Where it was set.
    pub source: Source,
    /// What is known about it.
    pub what: Known,
}

impl Unused {
    /// What is to be said of it.
    pub fn sentence(&self) -> String {
        let place = format!("{}: [{}] {}", self.source, self.section, self.key);
        match &self.what {
            Known::Misspelt(meant) => format!("{place} is not an option; did you mean {meant}?"),
            Known::Own => format!("{place} is not an option of Airflow or Tradewind; DAG files can read it"),
            Known::ByAirflow => match unused::find(&self.section, &self.key) {
                Some(Why::Obsolete(reason)) => format!("{place} is not needed: {reason}"),
                Some(Why::Read(reason)) => format!("{place} is read: {reason}"),
                Some(Why::NotAvailable(reason)) => format!("{place} has no effect: {reason}"),
                None => format!("{place} is read by its provider, if at all"),
            },
        }
    }
}

/// What is known about an option that is not used.
#[derive(Clone, Debug, PartialEq)]
pub enum Known {
    /// Airflow (or one of its providers) has it.
    ByAirflow,
    /// Nobody has it; this one has nearly the name.
    Misspelt(String),
    /// Nobody has it: the user's own, readable from DAG files with `conf.get`.
    Own,
}

/// Looks the name up.
pub fn classify(section: &str, key: &str) -> Known {
    if AIRFLOW.get(section).is_some_and(|keys| keys.contains(&key)) {
        return Known::ByAirflow;
    }
    let ours = options::ALL.iter().map(|o| o.section);
    let Some(meant) = nearest(section, AIRFLOW.keys().copied().chain(ours)) else {
        return Known::Own;
    };
    let keys = AIRFLOW.get(meant).into_iter().flatten().copied();
    let keys = keys.chain(options::ALL.iter().filter(|o| o.section == meant).map(|o| o.key));
    match nearest(key, keys) {
        Some(near) => Known::Misspelt(format!("[{meant}] {near}")),
        // The key may be right and the section wrong.
        None => match options::ALL.iter().find(|o| o.key == key) {
            Some(o) => Known::Misspelt(format!("[{}] {}", o.section, o.key)),
            None => Known::Own,
        },
    }
}

/// Warnings about all of them: one line each for names that look misspelt, one line for the rest of each kind.
pub fn warnings(unused: &[Unused]) -> Vec<String> {
    let mut lines = Vec::new();
    for u in unused {
        if let Known::Misspelt(meant) = &u.what {
            lines.push(format!("{}: [{}] {} is not an option; did you mean {meant}?", u.source, u.section, u.key));
        }
    }
    let names = |what: &Known| {
        let mut names: Vec<String> =
            unused.iter().filter(|u| u.what == *what).map(|u| format!("[{}] {}", u.section, u.key)).collect();
        names.sort();
        names
    };
    let airflow = names(&Known::ByAirflow);
    if !airflow.is_empty() {
        let (options, have) = if airflow.len() == 1 { ("option", "has") } else { ("options", "have") };
        lines.push(format!(
            "{} {options} of Airflow {have} no effect in this version of Tradewind: {}",
            airflow.len(),
            airflow.join(", ")
        ));
    }
    let own = names(&Known::Own);
    if !own.is_empty() {
        lines.push(format!("not options of Airflow or Tradewind (DAG files can read them): {}", own.join(", ")));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_airflows_options_from_slips_and_own_ones() {
        assert_eq!(classify("celery", "broker_url"), Known::ByAirflow);
        assert_eq!(classify("core", "paralelism"), Known::Misspelt("[core] parallelism".into()));
        assert_eq!(classify("cor", "parallelism"), Known::Misspelt("[core] parallelism".into()));
        assert_eq!(classify("api", "dags_folder"), Known::Misspelt("[core] dags_folder".into()));
        assert_eq!(classify("tradewind", "warm_host"), Known::Misspelt("[tradewind] warm_hosts".into()));
        assert_eq!(classify("acme_reporting", "bucket"), Known::Own);
    }

    #[test]
    fn says_each_thing_once() {
        let unused = |section: &str, key: &str| Unused {
            section: section.into(),
            key: key.into(),
            source: Source::Env(options::env_var(section, key)),
            what: classify(section, key),
        };
        let got = warnings(&[
            unused("celery", "broker_url"),
            unused("core", "paralelism"),
            unused("acme_reporting", "bucket"),
            unused("api", "workers"),
        ]);
        assert_eq!(
            got,
            [
                "AIRFLOW__CORE__PARALELISM: [core] paralelism is not an option; did you mean [core] parallelism?",
                "2 options of Airflow have no effect in this version of Tradewind: [api] workers, [celery] broker_url",
                "not options of Airflow or Tradewind (DAG files can read them): [acme_reporting] bucket",
            ]
        );
    }
}
