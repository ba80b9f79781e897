//! `CeleryExecutor`: a broker tells workers on other machines of tries.
//!
//! A message is only a hint that carries the try's id: the worker that gets it takes the try from the task API, by
//! compare-and-set. So a message that is delivered twice does no harm, and one that is lost is sent again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tradewind_celery::{Outbox, Task};
use tradewind_core::TryId;
use tradewind_protocol::Workload;

use crate::Executor;

/// What is queued for longer may have been lost on its way.
const OVERDUE: Duration = Duration::from_secs(10);
/// A message is never sent again sooner than this after the last time; the wait doubles up to [`RARELY`].
const AGAIN: Duration = Duration::from_secs(10);
/// The longest wait between two messages of one try.
const RARELY: Duration = Duration::from_secs(320);
/// How long a submission waits to be sent. The scheduler has other things to do.
const PATIENCE: Duration = Duration::from_millis(200);
/// Waits between attempts while the broker is away.
const BACKOFF: [Duration; 2] = [Duration::from_millis(100), Duration::from_secs(5)];

/// Publishes messages to workers.
pub struct CeleryExecutor {
    slots: Option<u32>,
    outbox: Arc<dyn Outbox>,
    jobs: mpsc::UnboundedSender<Job>,
    sent: Mutex<HashMap<TryId, Sent>>,
}

/// When a try was sent last, and how long to wait before it is sent again.
struct Sent {
    at: Instant,
    wait: Duration,
}

enum Job {
    Publish(Vec<Task>, oneshot::Sender<()>),
    Revoke(Vec<TryId>, oneshot::Sender<()>),
}

impl CeleryExecutor {
    /// `[core] parallelism` tries at once, queued ones included; 0 means as many as there are. Needs a Tokio runtime.
    pub fn new(parallelism: u32, outbox: Arc<dyn Outbox>) -> Self {
        let (jobs, receiver) = mpsc::unbounded_channel();
        tokio::spawn(send_forever(Arc::clone(&outbox), receiver));
        Self { slots: Some(parallelism).filter(|n| *n > 0), outbox, jobs, sent: Mutex::default() }
    }

    /// Hands messages to the loop that sends them, and waits a moment until they are out.
    async fn publish(&self, tasks: Vec<Task>) {
        if tasks.is_empty() {
            return;
        }
        let (done, sent) = oneshot::channel();
        if self.jobs.send(Job::Publish(tasks, done)).is_ok() {
            let _ = tokio::time::timeout(PATIENCE, sent).await;
        }
    }

    /// Which of the tries of one queue are sent again, given how many messages wait there. Messages are taken in the
    /// order in which they were sent, so those that are missing are those of the oldest.
    fn lost(&self, mut queued: Vec<Workload>, waiting: u64, now: Instant) -> Vec<Task> {
        let missing = queued.len().saturating_sub(usize::try_from(waiting).unwrap_or(usize::MAX));
        queued.sort_by_key(|workload| (workload.queued_at, workload.try_id));
        let mut sent = self.sent.lock().expect("sent");
        let mut again = Vec::new();
        for workload in queued.iter().take(missing) {
            let before = sent.entry(workload.try_id).or_insert(Sent { at: now - AGAIN, wait: AGAIN });
            if now - before.at >= before.wait {
                *before = Sent { at: now, wait: (before.wait * 2).min(RARELY) };
                again.push(Task::from(workload));
            }
        }
        again
    }
}

#[async_trait]
impl Executor for CeleryExecutor {
    fn name(&self) -> &str {
        "CeleryExecutor"
    }

    fn slots(&self) -> Option<u32> {
        self.slots
    }

    async fn submit(&self, workloads: Vec<Workload>) {
        let now = Instant::now();
        let sent = workloads.iter().map(|workload| (workload.try_id, Sent { at: now, wait: AGAIN }));
        self.sent.lock().expect("sent").extend(sent);
        self.publish(workloads.iter().map(Task::from).collect()).await;
    }

    async fn cancel(&self, tries: Vec<TryId>) {
        let (done, sent) = oneshot::channel();
        if !tries.is_empty() && self.jobs.send(Job::Revoke(tries, done)).is_ok() {
            let _ = tokio::time::timeout(PATIENCE, sent).await;
        }
    }

    fn reminded_after(&self) -> Option<Duration> {
        Some(OVERDUE)
    }

    async fn remind(&self, queued: Vec<Workload>) {
        let now = Instant::now();
        let ids: std::collections::HashSet<TryId> = queued.iter().map(|workload| workload.try_id).collect();
        // What was sent lately is not among those that are reminded of yet.
        self.sent.lock().expect("sent").retain(|id, sent| ids.contains(id) || now - sent.at < OVERDUE * 2);
        let mut queues: HashMap<String, Vec<Workload>> = HashMap::new();
        for workload in queued {
            queues.entry(workload.queue.clone()).or_default().push(workload);
        }
        for (queue, workloads) in queues {
            let (outbox, asked) = (Arc::clone(&self.outbox), queue.clone());
            // Goes on when we stop waiting for it, so that a slow new connection is there for the next reminder.
            let asking = tokio::spawn(async move { outbox.waiting(&asked).await });
            // It is away: the loop that sends says so, and when it is back there is another reminder.
            let Ok(Ok(Ok(waiting))) = tokio::time::timeout(PATIENCE, asking).await else { continue };
            let count = workloads.len();
            let again = self.lost(workloads, waiting, now);
            if !again.is_empty() {
                tracing::warn!(
                    queue,
                    queued = count,
                    waiting,
                    again = again.len(),
                    "tries are queued that no message tells of any more; sending them again"
                );
                self.publish(again).await;
            }
        }
    }
}

/// Sends what is asked for, in order, and tries again while the broker is away.
async fn send_forever(outbox: Arc<dyn Outbox>, mut jobs: mpsc::UnboundedReceiver<Job>) {
    let mut tasks: Vec<Task> = Vec::new();
    let mut waiting: Vec<oneshot::Sender<()>> = Vec::new();
    let mut pause = BACKOFF[0];
    let mut failing: Option<Instant> = None;
    loop {
        let first = match tasks.is_empty() {
            true => jobs.recv().await,
            false => jobs.try_recv().ok(),
        };
        if first.is_none() && tasks.is_empty() {
            return;
        }
        let mut revoked: Vec<TryId> = Vec::new();
        let mut next = first;
        while let Some(job) = next {
            match job {
                Job::Publish(more, done) => {
                    tasks.extend(more);
                    waiting.push(done);
                }
                Job::Revoke(tries, done) => {
                    tasks.retain(|task| !tries.contains(&task.id));
                    revoked.extend(tries);
                    waiting.push(done);
                }
            }
            next = jobs.try_recv().ok();
        }
        let result = match (tasks.is_empty(), revoked.is_empty()) {
            (false, _) => outbox.publish(&tasks).await,
            (true, _) => Ok(()),
        };
        // Heartbeats tell workers as well, so that a lost request does no harm.
        let result = match (result, revoked.is_empty()) {
            (Ok(()), false) => outbox.revoke(&revoked).await,
            (result, _) => result,
        };
        match result {
            Ok(()) => {
                if let Some(since) = failing.take() {
                    let away_s = since.elapsed().as_secs_f64();
                    tracing::info!(broker = outbox.name(), away_s, messages = tasks.len(), "the broker is back");
                }
                tasks.clear();
                pause = BACKOFF[0];
            }
            Err(error) => {
                if failing.is_none() {
                    tracing::error!(%error, messages = tasks.len(), "tries wait in the scheduler until the broker is back");
                    failing = Some(Instant::now());
                }
                waiting.clear();
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(BACKOFF[1]);
            }
        }
        waiting.drain(..).for_each(|done| {
            let _ = done.send(());
        });
    }
}
