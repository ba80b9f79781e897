//! What an installation changes about every pod before it is asked for: its `pod_mutation_hook`.

use async_trait::async_trait;
use serde_json::Value;

/// Why a hook gives no pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookFailure {
    /// In one line.
    pub words: String,
    /// Where in whose Python it went wrong, if it is Python that did.
    pub traceback: Option<String>,
}

/// An installation's own changes to pods.
#[async_trait]
pub trait PodHook: Send + Sync {
    /// The pod as it is to be; the same, if there is nothing to change.
    ///
    /// # Errors
    /// The hook failed: its words and traceback are for the log of the try whose pod it was.
    async fn change(&self, pod: Value) -> Result<Value, HookFailure>;
}
