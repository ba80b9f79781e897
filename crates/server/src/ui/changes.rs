//! What changed lately, for open pages: one watcher for all of them, which sleeps while nobody looks.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;
use tokio::sync::{Notify, broadcast};
use tradewind_core::{RunState, Timestamp};
use tradewind_store::read::RunChange;
use tradewind_store::{Error, Store, Topic, Visible};

use crate::clock::now;

/// Changes are gathered for so long before pages hear of them.
const GATHER: Duration = Duration::from_millis(250);

/// Rows are looked for this far back, because a transaction may commit some time after it took its clock.
const OVERLAP: tradewind_core::Duration = tradewind_core::Duration::from_secs(5);

/// More changes than this in one message are of no use to a page: it reads everything again anyway.
const MOST: i64 = 1000;

/// Tells pages what changed. Cheap to clone.
#[derive(Clone)]
pub struct Changes {
    store: Store,
    sender: broadcast::Sender<Arc<Message>>,
    watchers: Arc<AtomicUsize>,
    somebody: Arc<Notify>,
}

/// One message to pages.
#[derive(Debug)]
pub struct Message {
    change: Change,
    /// For pages of users who may see all DAGs: nearly all.
    whole: Bytes,
}

impl Message {
    fn new(change: Change) -> Self {
        let whole = change.text();
        Self { change, whole }
    }

    /// What somebody may see of it; `None`: nothing.
    pub fn seen_by(&self, visible: &Visible) -> Option<Bytes> {
        if *visible == Visible::All {
            return Some(self.whole.clone());
        }
        let part = Change {
            runs: self.change.runs.iter().filter(|run| visible.has(&run.dag_id)).cloned().collect(),
            dags: self.change.dags.iter().filter(|dag_id| visible.has(dag_id)).cloned().collect(),
            import_errors: self.change.import_errors,
            cluster: self.change.cluster,
        };
        (!part.is_empty()).then(|| part.text())
    }
}

#[derive(Debug, Default, Serialize)]
struct Change {
    runs: Vec<Run>,
    dags: BTreeSet<String>,
    import_errors: bool,
    /// Processes, workers or pods.
    cluster: bool,
}

impl Change {
    fn is_empty(&self) -> bool {
        self.runs.is_empty() && self.dags.is_empty() && !self.import_errors && !self.cluster
    }

    fn text(&self) -> Bytes {
        let text = serde_json::to_string(self).unwrap_or_default();
        Bytes::from(format!("event: change\ndata: {text}\n\n"))
    }
}

#[derive(Clone, Debug, Serialize)]
struct Run {
    dag_id: String,
    run_id: String,
    state: RunState,
    run_after: Timestamp,
}

/// A page that listens; counts while it lives.
pub struct Page {
    /// Messages for all pages; each looks for what its user may see.
    pub messages: broadcast::Receiver<Arc<Message>>,
    watchers: Arc<AtomicUsize>,
}

impl Drop for Page {
    fn drop(&mut self) {
        self.watchers.fetch_sub(1, Ordering::SeqCst);
    }
}

/// What was told already, so that the overlap does not tell it twice.
struct Seen {
    since: Timestamp,
    runs: HashMap<i64, (Timestamp, String)>,
    dags: HashMap<String, Timestamp>,
    import_errors: (i64, i64, i64),
    cluster: u64,
}

impl Changes {
    /// Nobody listens yet.
    pub fn new(store: Store) -> Self {
        Self {
            store,
            sender: broadcast::Sender::new(64),
            watchers: Arc::new(AtomicUsize::new(0)),
            somebody: Arc::new(Notify::new()),
        }
    }

    /// From now on, nothing is missed.
    pub fn listen(&self) -> Page {
        let messages = self.sender.subscribe();
        self.watchers.fetch_add(1, Ordering::SeqCst);
        self.somebody.notify_one();
        Page { messages, watchers: Arc::clone(&self.watchers) }
    }

    /// Watches the database as long as somebody listens. Never returns.
    pub async fn watch(self) {
        loop {
            self.somebody.notified().await;
            let mut listener = self.store.notifier().subscribe(Topic::Ui);
            let mut seen = Seen {
                since: now(),
                runs: HashMap::new(),
                dags: HashMap::new(),
                import_errors: self.store.import_error_mark().await.unwrap_or_default(),
                cluster: self.store.notifier().changes(Topic::Cluster),
            };
            // The first look goes back a little: what changed between a page's reading and its listening is told.
            let mut look_now = true;
            while self.watchers.load(Ordering::SeqCst) > 0 {
                // The timeout only serves to notice that the last page is gone.
                let woken = look_now || tokio::time::timeout(Duration::from_secs(5), listener.wait()).await.is_ok();
                if !woken {
                    continue;
                }
                if !std::mem::take(&mut look_now) {
                    tokio::time::sleep(GATHER).await;
                }
                match self.look(&mut seen).await {
                    Ok(change) if change.is_empty() => {}
                    Ok(change) => {
                        let _ = self.sender.send(Arc::new(Message::new(change)));
                    }
                    Err(error) => tracing::warn!(%error, "changes for open pages can't be read"),
                }
            }
        }
    }

    /// What changed since the last look.
    async fn look(&self, seen: &mut Seen) -> Result<Change, Error> {
        let from = seen.since - OVERLAP;
        let at = now();
        let mut change = Change::default();
        for run in self.store.changed_runs(from, MOST).await? {
            let RunChange { id, dag_id, run_id, state, run_after, updated_at, state_counts, touched_at } = run;
            let mark = (updated_at.max(touched_at.unwrap_or(updated_at)), state_counts);
            if seen.runs.get(&id) != Some(&mark) {
                seen.runs.insert(id, mark);
                change.runs.push(Run { dag_id, run_id, state, run_after });
            }
        }
        for (dag_id, updated_at) in self.store.changed_dags(from, MOST).await? {
            if seen.dags.insert(dag_id.clone(), updated_at) != Some(updated_at) {
                change.dags.insert(dag_id);
            }
        }
        let import_errors = self.store.import_error_mark().await?;
        change.import_errors = import_errors != std::mem::replace(&mut seen.import_errors, import_errors);
        let cluster = self.store.notifier().changes(Topic::Cluster);
        change.cluster = cluster != std::mem::replace(&mut seen.cluster, cluster);
        let oldest = at - OVERLAP;
        seen.runs.retain(|_, (changed, _)| *changed >= oldest);
        seen.dags.retain(|_, changed| *changed >= oldest);
        seen.since = at;
        Ok(change)
    }
}
