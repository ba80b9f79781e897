//! Tells a person who waits what is being done: a spinner on a terminal, plain lines elsewhere.

use std::sync::Mutex;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::terminal;

/// Where steps are told.
pub struct Progress {
    bar: Mutex<Option<ProgressBar>>,
    quiet: bool,
}

impl Progress {
    /// On standard error.
    pub fn new() -> Self {
        Self { bar: Mutex::new(None), quiet: false }
    }

    /// Of work that can be counted: a bar on a terminal, nothing elsewhere. `total` 0: nobody knows how much.
    pub fn counted(what: &str, total: u64) -> Self {
        if !terminal::stderr_colours() {
            return Self { bar: Mutex::new(None), quiet: true };
        }
        let bar = if total == 0 { ProgressBar::no_length() } else { ProgressBar::new(total) };
        let style = ProgressStyle::with_template("{msg} {wide_bar} {human_pos}/{human_len} {eta}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.set_message(what.to_owned());
        Self { bar: Mutex::new(Some(bar)), quiet: true }
    }

    /// So much is done.
    pub fn at(&self, done: u64) {
        if let Some(bar) = self.bar.lock().unwrap_or_else(std::sync::PoisonError::into_inner).as_ref() {
            bar.set_position(done);
        }
    }

    /// Nowhere.
    #[cfg(test)]
    pub fn quiet() -> Self {
        Self { bar: Mutex::new(None), quiet: true }
    }

    /// A step begins; the one before is done.
    pub fn step(&self, what: &str) {
        if self.quiet {
            return;
        }
        if !terminal::stderr_colours() {
            eprintln!("{what}");
            return;
        }
        let mut bar = self.bar.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let bar = bar.get_or_insert_with(|| {
            let bar = ProgressBar::new_spinner();
            bar.set_style(ProgressStyle::default_spinner().tick_chars("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ "));
            bar.enable_steady_tick(Duration::from_millis(80));
            bar
        });
        bar.set_message(what.to_owned());
    }

    /// All is done; leaves no trace on a terminal.
    pub fn done(&self) {
        if let Some(bar) = self.bar.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take() {
            bar.finish_and_clear();
        }
    }
}
