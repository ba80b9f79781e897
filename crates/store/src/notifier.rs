//! Hints that something changed. A hint wakes, it never carries data that must not be lost.
//!
//! Level-triggered: subscribe, then look at the database, then wait. A notification that came after subscribing
//! (or after the last wait) ends the next wait at once.

use std::sync::Arc;

use tokio::sync::watch;

/// What changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Topic {
    /// The inbox, runs or schedules: something to plan.
    Scheduler,
    /// Tries were queued.
    Queue,
    /// Anything that a page shows.
    Ui,
    /// DAGs were parsed, paused or removed.
    Dags,
    /// Timetables that Python computes: there is something to ask them, or they have answered.
    Timetables,
    /// Triggers came or went, or something that they wait for changed.
    Triggers,
    /// Callbacks were queued.
    Callbacks,
    /// Processes came or went, or workers, queues or pods changed.
    Cluster,
}

impl Topic {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Scheduler,
        Self::Queue,
        Self::Ui,
        Self::Dags,
        Self::Timetables,
        Self::Triggers,
        Self::Callbacks,
        Self::Cluster,
    ];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Scheduler => "scheduler",
            Self::Queue => "queue",
            Self::Ui => "ui",
            Self::Dags => "dags",
            Self::Timetables => "timetables",
            Self::Triggers => "triggers",
            Self::Callbacks => "callbacks",
            Self::Cluster => "cluster",
        }
    }

    pub(crate) const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// Wakes listeners of this process; with Postgres, transactions wake those of other processes as well.
#[derive(Clone, Debug)]
pub struct Notifier {
    topics: Arc<[watch::Sender<u64>; Topic::ALL.len()]>,
    /// Tells our own notifications from those of other processes.
    instance: u64,
}

impl Notifier {
    pub(crate) fn new() -> Self {
        Self { topics: Arc::new(Topic::ALL.map(|_| watch::Sender::new(0))), instance: rand::random() }
    }

    /// Wakes the listeners of this process.
    pub fn notify(&self, topic: Topic) {
        self.topics[topic as usize].send_modify(|count| *count = count.wrapping_add(1));
    }

    pub(crate) fn notify_all(&self) {
        Topic::ALL.into_iter().for_each(|topic| self.notify(topic));
    }

    pub(crate) fn notify_bits(&self, bits: u8) {
        Topic::ALL.into_iter().filter(|topic| bits & topic.bit() != 0).for_each(|topic| self.notify(topic));
    }

    /// What a transaction tells other processes.
    pub(crate) fn payload(&self, bits: u8) -> String {
        format!("{:x} {bits}", self.instance)
    }

    /// Takes in what a transaction told; our own were delivered when they were committed.
    pub(crate) fn heard(&self, payload: &str) {
        match payload.split_once(' ') {
            Some((instance, _)) if u64::from_str_radix(instance, 16) == Ok(self.instance) => {}
            Some((_, bits)) => self.notify_bits(bits.parse().unwrap_or(u8::MAX)),
            None => self.notify_all(),
        }
    }

    /// How many notifications there were. The same number later: nothing was told of in between.
    pub fn changes(&self, topic: Topic) -> u64 {
        *self.topics[topic as usize].borrow()
    }

    /// From now on, nothing is missed.
    pub fn subscribe(&self, topic: Topic) -> Listener {
        Listener { changes: self.topics[topic as usize].subscribe() }
    }
}

/// Somebody who waits for one topic.
#[derive(Debug)]
pub struct Listener {
    changes: watch::Receiver<u64>,
}

impl Listener {
    /// Returns as soon as there was a notification since subscribing or since the last wait ended. Safe to cancel.
    /// Never returns when the store is gone.
    pub async fn wait(&mut self) {
        if self.changes.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    async fn wakes(listener: &mut Listener) -> bool {
        tokio::time::timeout(Duration::from_millis(20), listener.wait()).await.is_ok()
    }

    #[tokio::test]
    async fn a_notification_before_the_wait_is_not_missed() {
        let notifier = Notifier::new();
        notifier.notify(Topic::Ui);
        let mut listener = notifier.subscribe(Topic::Ui);
        assert!(!wakes(&mut listener).await, "what was before subscribing is seen by looking");
        notifier.notify(Topic::Ui);
        notifier.notify(Topic::Ui);
        notifier.notify(Topic::Queue);
        assert!(wakes(&mut listener).await);
        assert!(!wakes(&mut listener).await, "many notifications wake once");
    }
}
