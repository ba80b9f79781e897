//! A try's token for the task API, which heartbeats renew.

use std::sync::{Arc, Mutex};

/// The present token; all clones see a new one.
#[derive(Clone, Debug)]
pub struct Token(Arc<Mutex<Arc<str>>>);

impl Token {
    /// The token that came with the workload.
    pub fn new(text: &str) -> Self {
        Self(Arc::new(Mutex::new(text.into())))
    }

    /// The token to use now.
    pub fn now(&self) -> Arc<str> {
        Arc::clone(&self.0.lock().expect("token"))
    }

    /// Replaces it.
    pub fn renew(&self, text: &str) {
        *self.0.lock().expect("token") = text.into();
    }
}
