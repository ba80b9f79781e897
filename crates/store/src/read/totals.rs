//! How many rows fit a filter, for lists that say so with every page.
//!
//! Small numbers are counted each time, so that a client sees at once what it has added. A large number is counted
//! again only every now and then, while lists go on showing the last one: over a long history counting costs many times
//! what the page itself does.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::sql::Bind;
use crate::{Error, Store};

/// From here on a number is large.
const LARGE: i64 = 10_000;
/// Counting takes at most this part of one processor's time: one in so many.
const SHARE: u32 = 100;
/// What nobody has asked for since then is counted anew for whoever asks.
const STALE: Duration = Duration::from_secs(60);
/// Filters whose numbers are remembered.
const REMEMBERED: usize = 500;

/// Large numbers that were counted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Totals {
    known: Arc<Mutex<HashMap<String, Counted>>>,
}

#[derive(Clone, Copy, Debug)]
struct Counted {
    total: i64,
    at: Instant,
    took: Duration,
    /// Somebody counts again.
    again: bool,
}

/// What is known of a number.
enum Known {
    /// Good enough.
    Fresh(i64),
    /// Good enough for now; the caller is the one who counts again.
    Old(i64),
    /// Nothing.
    Nothing,
}

impl Totals {
    fn look(&self, filter: &str) -> Known {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        match known.get_mut(filter) {
            Some(counted) if counted.at.elapsed() < counted.took * SHARE || counted.again => {
                Known::Fresh(counted.total)
            }
            Some(counted) if counted.at.elapsed() < STALE => {
                counted.again = true;
                Known::Old(counted.total)
            }
            _ => Known::Nothing,
        }
    }

    fn learn(&self, filter: String, total: Option<i64>, took: Duration) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        match total {
            Some(total) if total >= LARGE => {
                if known.len() >= REMEMBERED && !known.contains_key(&filter) {
                    let oldest = known.iter().min_by_key(|(_, counted)| counted.at).map(|(filter, _)| filter.clone());
                    oldest.and_then(|filter| known.remove(&filter));
                }
                known.insert(filter, Counted { total, at: Instant::now(), took, again: false });
            }
            _ => {
                known.remove(&filter);
            }
        }
    }
}

impl Store {
    /// The number in the first row of a `SELECT COUNT(*)`: exact while it is small, else as it was a moment ago.
    pub(crate) async fn total(&self, text: String, args: &[Bind]) -> Result<i64, Error> {
        let totals = self.totals().clone();
        let filter = format!("{text} {args:?}");
        match totals.look(&filter) {
            Known::Fresh(total) => Ok(total),
            Known::Old(total) => {
                let (store, args) = (self.clone(), args.to_vec());
                tokio::spawn(async move {
                    let begun = Instant::now();
                    let counted = store.number(text, &args).await.ok();
                    totals.learn(filter, counted, begun.elapsed());
                });
                Ok(total)
            }
            Known::Nothing => {
                let begun = Instant::now();
                let total = self.number(text, args).await?;
                totals.learn(filter, Some(total), begun.elapsed());
                Ok(total)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(totals: &Totals, filter: &str) -> Option<(i64, bool)> {
        match totals.look(filter) {
            Known::Fresh(total) => Some((total, false)),
            Known::Old(total) => Some((total, true)),
            Known::Nothing => None,
        }
    }

    #[test]
    fn small_numbers_are_never_remembered() {
        let totals = Totals::default();
        totals.learn("f".into(), Some(LARGE - 1), Duration::from_secs(9));
        assert_eq!(shown(&totals, "f"), None);
        totals.learn("f".into(), Some(LARGE), Duration::from_secs(9));
        assert_eq!(shown(&totals, "f"), Some((LARGE, false)));
        totals.learn("f".into(), Some(3), Duration::from_secs(9));
        assert_eq!(shown(&totals, "f"), None, "it has become small");
    }

    #[test]
    fn one_asker_counts_again_and_the_others_go_on() {
        let totals = Totals::default();
        totals.learn("f".into(), Some(LARGE), Duration::ZERO);
        assert_eq!(shown(&totals, "f"), Some((LARGE, true)));
        assert_eq!(shown(&totals, "f"), Some((LARGE, false)));
        totals.learn("f".into(), None, Duration::ZERO);
        assert_eq!(shown(&totals, "f"), None, "counting failed: the next one counts and hears why");
    }

    #[test]
    fn so_many_filters_and_no_more_are_remembered() {
        let totals = Totals::default();
        for number in 0..REMEMBERED + 10 {
            totals.learn(number.to_string(), Some(LARGE), Duration::from_secs(9));
        }
        assert_eq!(totals.known.lock().unwrap().len(), REMEMBERED);
        assert_eq!(shown(&totals, "0"), None);
        assert!(shown(&totals, &(REMEMBERED + 9).to_string()).is_some());
    }
}
