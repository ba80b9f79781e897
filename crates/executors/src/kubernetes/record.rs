//! Writes down what pods are like, for people: what changed, many at once, never in the way of the loop.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tradewind_core::Timestamp;

use super::requests::Key;
use crate::{PodNote, TryDesk};

/// Changes are gathered for so long.
const GATHER: Duration = Duration::from_millis(250);
/// Between attempts while the database does not answer.
const PAUSE: Duration = Duration::from_secs(5);

/// What the loop tells.
pub(super) enum Said {
    /// A pod is like this now.
    Pod(Box<PodNote>),
    /// A namespace, or all of them, has these pods and no others that were noted before that instant.
    Listed { namespace: Option<String>, there: Vec<String>, since: Timestamp },
}

/// Begins to write. Ends with the sender.
pub(super) fn start(desk: Arc<dyn TryDesk>) -> mpsc::UnboundedSender<Said> {
    let (sender, receiver) = mpsc::unbounded_channel();
    tokio::spawn(write(desk, receiver));
    sender
}

async fn write(desk: Arc<dyn TryDesk>, mut said: mpsc::UnboundedReceiver<Said>) {
    let mut pods: HashMap<Key, PodNote> = HashMap::new();
    let mut lists = Vec::new();
    loop {
        let mut next = match pods.is_empty() && lists.is_empty() {
            true => match said.recv().await {
                Some(first) => Some(first),
                None => return,
            },
            false => None,
        };
        tokio::time::sleep(GATHER).await;
        while let Some(one) = next.take().or_else(|| said.try_recv().ok()) {
            match one {
                Said::Pod(note) => {
                    let key = Key { namespace: note.namespace.clone(), name: note.name.clone() };
                    pods.insert(key, *note);
                }
                Said::Listed { namespace, there, since } => lists.push((namespace, there, since)),
            }
        }
        let notes: Vec<PodNote> = pods.values().cloned().collect();
        let mut written = desk.note_pods(&notes).await;
        if written.is_ok() {
            pods.clear();
        }
        while let (Ok(()), Some((namespace, there, since))) = (&written, lists.first()) {
            written = desk.pods_there(namespace.as_deref(), there, *since).await;
            if written.is_ok() {
                lists.remove(0);
            }
        }
        if let Err(error) = written {
            tracing::debug!(%error, "pods are written down later");
            tokio::time::sleep(PAUSE).await;
        }
    }
}
