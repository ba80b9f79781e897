//! What of a worker may change while it lives: by orders of the server, by remote control through a broker, by its end.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::watch;
use tradewind_protocol::task_api::{WorkerMode, WorkerOrder, WorkerStatus};

use crate::worker::{Inner, Worker, WorkerConfig};

/// How long the server has to hear that a worker ends.
const FAREWELL: Duration = Duration::from_secs(2);

/// How a worker is set up now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setup {
    /// Queues that it serves.
    pub queues: Vec<String>,
    /// It takes no new tries for a while.
    pub maintenance: bool,
    /// It was told to end.
    pub shutdown: bool,
    /// It has ended.
    pub gone: bool,
    /// Number of the last order that it obeyed.
    pub obeyed: u64,
}

impl Setup {
    /// As configured.
    pub fn new(config: &WorkerConfig) -> Self {
        Self { queues: config.queues.clone(), maintenance: false, shutdown: false, gone: false, obeyed: 0 }
    }

    /// Queues that it takes tries from now.
    pub fn open_queues(&self) -> Vec<String> {
        if self.maintenance { Vec::new() } else { self.queues.clone() }
    }

    /// Serves a queue, and says whether it did not before.
    fn add_queue(&mut self, queue: &str) -> bool {
        let new = !self.queues.iter().any(|known| known == queue);
        if new {
            self.queues.push(queue.to_owned());
        }
        new
    }

    fn obey(&mut self, order: &WorkerOrder) {
        self.obeyed = order.number;
        self.queues.retain(|queue| !order.remove_queues.contains(queue));
        for queue in &order.add_queues {
            self.add_queue(queue);
        }
        self.maintenance = order.maintenance.unwrap_or(self.maintenance);
        self.shutdown |= order.shutdown;
    }
}

impl Worker {
    /// Hears of changes.
    pub(crate) fn setup(&self) -> watch::Receiver<Setup> {
        self.0.setup.subscribe()
    }

    /// Queues that it serves, now or when its maintenance is over.
    pub(crate) fn queues(&self) -> Vec<String> {
        self.0.setup.borrow().queues.clone()
    }

    /// It serves this queue as well from now on; false if it did already.
    pub(crate) fn add_queue(&self, queue: &str) -> bool {
        self.0.setup.send_if_modified(|setup| setup.add_queue(queue))
    }

    /// It serves this queue no more.
    pub(crate) fn remove_queue(&self, queue: &str) {
        self.0.setup.send_modify(|setup| setup.queues.retain(|known| known != queue));
    }

    /// Completes when the server has told it to end.
    pub(crate) async fn told_to_end(&self) {
        let _ = self.setup().wait_for(|setup| setup.shutdown).await;
    }

    /// Tells the server that this worker has ended, so that nobody waits for it to be heard of again.
    pub async fn farewell(&self) {
        self.0.setup.send_modify(|setup| setup.gone = true);
        let mut parted = self.0.parted.subscribe();
        let _ = tokio::time::timeout(FAREWELL, parted.wait_for(|parted| *parted)).await;
    }
}

impl Inner {
    /// What the server should know of it now.
    pub(crate) fn status(&self) -> WorkerStatus {
        let setup = self.setup.borrow();
        let mode = if setup.gone {
            WorkerMode::Gone
        } else if setup.shutdown || self.closed.load(Ordering::Relaxed) {
            WorkerMode::Draining
        } else if setup.maintenance {
            WorkerMode::Maintenance
        } else {
            WorkerMode::Working
        };
        WorkerStatus {
            queues: setup.queues.clone(),
            concurrency: self.concurrency.load(Ordering::Relaxed),
            mode,
            obeyed: setup.obeyed,
        }
    }

    /// It has just signed in: orders are counted from then on.
    pub(crate) fn orders_begin(&self) {
        self.setup.send_if_modified(|setup| {
            setup.obeyed = 0;
            false
        });
    }

    /// Does what the server wants, once.
    pub(crate) fn obey(&self, order: &WorkerOrder) {
        self.setup.send_if_modified(|setup| {
            if order.number <= setup.obeyed {
                return false;
            }
            tracing::info!(?order, "told by the server");
            setup.obey(order);
            true
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_change_what_they_name() {
        let mut config = WorkerConfig::new("h", "/logs");
        config.queues = vec!["a".into(), "b".into()];
        let mut setup = Setup::new(&config);
        let order = |number, add: &[&str], remove: &[&str], maintenance| WorkerOrder {
            number,
            add_queues: add.iter().map(|name| (*name).to_owned()).collect(),
            remove_queues: remove.iter().map(|name| (*name).to_owned()).collect(),
            maintenance,
            shutdown: false,
        };
        setup.obey(&order(1, &["c", "a"], &["b"], None));
        assert_eq!((&setup.queues[..], setup.maintenance), (&["a".to_owned(), "c".to_owned()][..], false));
        setup.obey(&order(2, &[], &[], Some(true)));
        assert!(setup.open_queues().is_empty() && setup.queues.len() == 2, "they are served again afterwards");
        setup.obey(&order(3, &[], &[], Some(false)));
        assert_eq!((setup.open_queues().len(), setup.obeyed), (2, 3));
    }
}
