//! Answers what only the Python environment knows: its plugins and providers, and whether a connection works; and tells
//! listeners of plugins what happens to assets outside of tasks.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration as StdDuration;

use async_trait::async_trait;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tradewind_core::Duration;
use tradewind_store::{PythonQuestion, Store, Topic};

use crate::clock::Clock;

/// Look again after so long, whether or not somebody says that there is a question.
const POLL: StdDuration = StdDuration::from_secs(10);
/// Where no plugin listens to assets, notices are dropped for so long before Python is asked again.
const DEAF: Duration = Duration::from_secs(60);

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
    /// Until then nobody listens, in microseconds since the epoch.
    deaf_until: AtomicI64,
}

impl<C: Clock> Questions<C> {
    /// An answer may take as long as `timeout`.
    pub fn new(store: Store, host: Arc<dyn PythonHost>, timeout: Duration, clock: C) -> Self {
        Self { store, host, timeout, clock, deaf_until: AtomicI64::new(0) }
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
        let claimed = self.store.claim_python_questions(self.clock.now()).await?;
        let (notices, questions): (Vec<_>, Vec<_>) =
            claimed.into_iter().partition(|one| one.kind == PythonQuestion::NOTICE);
        if !notices.is_empty() {
            self.tell_listeners(notices).await?;
        }
        for PythonQuestion { id, kind, question } in questions {
            let answer = self.host.tell(kind, question, self.timeout).await;
            self.store.settle_python_question(id, answer.as_ref().map_err(String::as_str)).await?;
        }
        Ok(())
    }

    /// Tells listeners of plugins, all notices in one process and in their order.
    async fn tell_listeners(&self, notices: Vec<PythonQuestion>) -> Result<(), tradewind_store::Error> {
        let now = self.clock.now();
        let ids: Vec<i64> = notices.iter().map(|notice| notice.id).collect();
        if self.deaf_until.load(Ordering::Relaxed) <= now.as_micros() {
            let notices: Vec<Value> = notices.into_iter().map(|notice| notice.question).collect();
            let told = self.host.tell(PythonQuestion::NOTICE.into(), json!({ "notices": notices }), self.timeout).await;
            match told {
                Ok(answer) if answer == json!({"listening": false}) => {
                    self.deaf_until.store((now + DEAF).as_micros(), Ordering::Relaxed);
                }
                Ok(_) => {}
                Err(error) => tracing::warn!(error, "listeners of plugins could not be told of assets"),
            }
        }
        self.store.drop_notices(&ids).await
    }
}
