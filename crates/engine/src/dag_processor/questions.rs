//! Answers what only the Python environment knows: its plugins and providers, and whether a connection works.

use std::sync::Arc;
use std::time::Duration as StdDuration;

use async_trait::async_trait;
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use tradewind_core::Duration;
use tradewind_store::{PythonQuestion, Store, Topic};

use crate::clock::Clock;

/// Look again after so long, whether or not somebody says that there is a question.
const POLL: StdDuration = StdDuration::from_secs(10);

/// Runs Python where a crash can't hurt.
#[async_trait]
pub trait PythonHost: Send + Sync + 'static {
    /// Asks it.
    ///
    /// # Errors
    /// A sentence that says why there is no answer.
    async fn tell(&self, question: String, about: Value, timeout: Duration) -> Result<Value, String>;
}

/// The loop.
pub struct Questions<C> {
    store: Store,
    host: Arc<dyn PythonHost>,
    timeout: Duration,
    clock: C,
}

impl<C: Clock> Questions<C> {
    /// An answer may take as long as `timeout`.
    pub fn new(store: Store, host: Arc<dyn PythonHost>, timeout: Duration, clock: C) -> Self {
        Self { store, host, timeout, clock }
    }

    /// Works until `shutdown`. Errors of the database are logged and tried again.
    pub async fn run(self, shutdown: CancellationToken) {
        let mut hints = self.store.notifier().subscribe(Topic::Timetables);
        while !shutdown.is_cancelled() {
            if let Err(error) = self.tick().await {
                tracing::error!(%error, "questions to Python could not be answered");
            }
            tokio::select! {
                () = hints.wait() => {}
                () = tokio::time::sleep(POLL) => {}
                () = shutdown.cancelled() => {}
            }
        }
    }

    /// Answers what is open.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn tick(&self) -> Result<(), tradewind_store::Error> {
        for PythonQuestion { id, kind, question } in self.store.claim_python_questions(self.clock.now()).await? {
            let answer = self.host.tell(kind, question, self.timeout).await;
            self.store.settle_python_question(id, answer.as_ref().map_err(String::as_str)).await?;
        }
        Ok(())
    }
}
