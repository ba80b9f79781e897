//! The broker form of a worker: messages of a broker tell it of tries, and Celery's tools see and steer it.
//!
//! A message names a try and nothing that is needed to run it. The worker asks the task API for the workload, claims
//! the try there by compare-and-set, and acknowledges the message when the try is over.

mod answers;
mod outbound;
mod system;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tradewind_celery::event::Events;
use tradewind_celery::{Broker, Delivery, Incoming, Link, TASK_NAME, Tag};
use tradewind_core::{TaskState, TryId};
use tradewind_protocol::task_api::{ClaimRequest, ErrorCode};
use tradewind_protocol::{TaskApiError, Workload};

use crate::backoff::Backoff;
use crate::worker::{News, Worker};
use outbound::{Out, Outbound};
use system::now;

/// How often a worker says that it is there; Celery's default.
const HEARTBEAT: Duration = Duration::from_secs(2);
/// A task API that denies for good is worth no further attempt after so many.
const DENIED: u32 = 5;

/// What a worker is to its broker.
#[derive(Clone, Debug)]
pub struct BrokerWorker {
    /// Its node name: `celery@host`.
    pub node: String,
    /// `[celery] worker_autoscale`: the most and the fewest tries at once.
    pub autoscale: Option<(u32, u32)>,
    /// `[celery] worker_prefetch_multiplier`
    pub prefetch_multiplier: u32,
    /// `[celery] worker_enable_remote_control`
    pub remote_control: bool,
}

/// A message that the worker has.
struct Held {
    tag: Option<Tag>,
    delivery: Delivery,
    /// Seconds since the epoch.
    started: Option<f64>,
    /// The worker was given its workload.
    submitted: bool,
    /// It was given it to be ended, because somebody revoked it.
    refused: bool,
}

impl Held {
    /// It has not begun, and nobody has ended it.
    fn is_untouched(&self) -> bool {
        self.started.is_none() && !self.refused
    }
}

/// What came of a claim.
type Claimed = (Vec<TryId>, Result<Vec<Workload>, TaskApiError>);

struct Serving {
    worker: Worker,
    config: BrokerWorker,
    broker: Arc<dyn Broker>,
    events: Events,
    began: Instant,
    held: HashMap<TryId, Held>,
    /// Messages of tries that ended while the broker was away.
    late: Vec<Tag>,
    revoked: HashSet<TryId>,
    task_events: bool,
    processed: u64,
    claimed: mpsc::UnboundedSender<Claimed>,
    denied: u32,
    shutdown: CancellationToken,
}

/// Why the loop of one connection ended.
enum End {
    Lost,
    Drained,
    Refused(TaskApiError),
}

impl Worker {
    /// Runs tries that a broker tells of until `shutdown` is cancelled (also from remote), then waits for those that
    /// run. A second wish to end is for the caller to hear: [`Worker::stop`].
    ///
    /// # Errors
    /// When the server refuses this worker for good (a wrong token).
    pub async fn serve(
        &self,
        broker: Arc<dyn Broker>,
        config: BrokerWorker,
        shutdown: CancellationToken,
    ) -> Result<(), TaskApiError> {
        let (claimed, mut claims) = mpsc::unbounded_channel();
        let mut news = self.news();
        let (mut told, end) = (self.setup(), shutdown.clone());
        tokio::spawn(async move {
            if told.wait_for(|setup| setup.shutdown).await.is_ok() {
                end.cancel();
            }
        });
        if let Some((most, _)) = config.autoscale {
            self.set_concurrency(most);
        }
        let mut serving = Serving {
            worker: self.clone(),
            events: Events::new(&config.node, std::process::id()),
            config,
            broker,
            began: Instant::now(),
            held: HashMap::new(),
            late: Vec::new(),
            revoked: HashSet::new(),
            task_events: true,
            processed: 0,
            claimed,
            denied: 0,
            shutdown: shutdown.clone(),
        };
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));
        let mut away: Option<Instant> = None;
        let mut told = false;
        loop {
            if !serving.broker.keeps_tags() {
                serving.held.values_mut().for_each(|held| held.tag = None);
                serving.late.clear();
            }
            let held: Vec<Tag> = serving.held.values().filter_map(|held| held.tag.clone()).collect();
            let window = serving.window();
            let queues = self.setup().borrow().open_queues();
            let opened = tokio::select! {
                opened = serving.broker.open(&serving.config.node, &queues, window, &held) => opened,
                () = shutdown.cancelled() => {
                    self.drain().await;
                    return Ok(());
                }
            };
            let link = match opened {
                Ok(link) => link,
                Err(error) => {
                    away.get_or_insert_with(Instant::now);
                    if !std::mem::replace(&mut told, true) {
                        tracing::error!(%error, "no messages come until the broker is back; tries that run go on");
                    }
                    while let Ok((try_id, said)) = news.try_recv() {
                        serving.hear(try_id, said, None);
                    }
                    tokio::select! {
                        () = backoff.wait() => {}
                        () = shutdown.cancelled() => {}
                    }
                    continue;
                }
            };
            told = false;
            let away_s = away.take().map(|since| since.elapsed().as_secs_f64());
            tracing::info!(
                broker = serving.broker.name(),
                node = serving.config.node,
                queues = serving.worker.queues().join(","),
                away_s,
                "messages come from the broker"
            );
            backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));
            match serving.session(link, &mut news, &mut claims).await {
                End::Lost => away = Some(Instant::now()),
                End::Drained => return Ok(()),
                End::Refused(error) => {
                    self.drain().await;
                    return Err(error);
                }
            }
        }
    }
}

/// Completes when that task is over.
async fn over(task: &mut Option<JoinHandle<()>>) {
    if let Some(task) = task {
        let _ = task.await;
    }
}

impl Serving {
    /// Messages that it may have at once.
    fn window(&self) -> u32 {
        self.worker.concurrency().saturating_mul(self.config.prefetch_multiplier.max(1))
    }

    /// One connection, until it is lost or the worker is done.
    async fn session(
        &mut self,
        mut link: Link,
        news: &mut mpsc::UnboundedReceiver<(TryId, News)>,
        claims: &mut mpsc::UnboundedReceiver<Claimed>,
    ) -> End {
        let session = Arc::clone(&link.session);
        let (out, mut failed) = Outbound::start(Arc::clone(&session), self.config.node.clone());
        self.say(&out, "worker-online");
        for tag in std::mem::take(&mut self.late) {
            out.send(Out::Ack(tag));
        }
        let mut beat = tokio::time::interval(HEARTBEAT);
        let shutdown = self.shutdown.clone();
        let mut draining = false;
        let mut setup = self.worker.setup();
        let mut opened = setup.borrow_and_update().open_queues();
        let mut closing = None;
        loop {
            if draining && closing.is_none() && self.worker.tries().is_empty() {
                while let Ok(Incoming::Task(delivery)) = link.incoming.try_recv() {
                    out.send(Out::GiveBack(delivery.tag));
                }
                while let Ok((try_id, said)) = news.try_recv() {
                    self.hear(try_id, said, Some(&out));
                }
                self.say(&out, "worker-offline");
                out.flush().await;
                return End::Drained;
            }
            tokio::select! {
                incoming = link.incoming.recv() => match incoming {
                    Some(Incoming::Task(delivery)) => {
                        let mut deliveries = vec![delivery];
                        let mut lost = None;
                        while let Ok(more) = link.incoming.try_recv() {
                            match more {
                                Incoming::Task(delivery) => deliveries.push(delivery),
                                Incoming::Control(request) => self.control(&request, &out),
                                Incoming::Lost(error) => lost = Some(error),
                            }
                        }
                        self.receive(deliveries, &out, draining);
                        if let Some(error) = lost {
                            tracing::error!(%error, "the connection to the broker is lost; connecting again");
                            return End::Lost;
                        }
                    }
                    Some(Incoming::Control(request)) => self.control(&request, &out),
                    Some(Incoming::Lost(error)) => {
                        tracing::error!(%error, "the connection to the broker is lost; connecting again");
                        return End::Lost;
                    }
                    None => return End::Lost,
                },
                Some((try_id, said)) = news.recv() => self.hear(try_id, said, Some(&out)),
                Some((ids, result)) = claims.recv() => {
                    if let Some(error) = self.take(ids, result, &out) {
                        return End::Refused(error);
                    }
                }
                error = &mut failed => {
                    let error = error.map_or_else(|_| "it ended".to_owned(), |error| error.to_string());
                    tracing::error!(error, "the connection to the broker is lost; connecting again");
                    return End::Lost;
                }
                _ = beat.tick() => self.say(&out, "worker-heartbeat"),
                Ok(()) = setup.changed(), if !draining => {
                    let open = setup.borrow_and_update().open_queues();
                    if open != opened {
                        opened = open;
                        tracing::info!(queues = opened.join(","), "messages come from these queues now");
                        out.send(Out::Queues(opened.clone()));
                    }
                }
                () = shutdown.cancelled(), if !draining => {
                    draining = true;
                    let tries = self.worker.tries().len();
                    tracing::info!(tries, "no more tries are taken; waiting for those that run");
                    let session = Arc::clone(&session);
                    closing = Some(tokio::spawn(async move { session.close_queues().await }));
                    self.worker.close();
                    let waiting: Vec<TryId> =
                        self.held.iter().filter(|(_, held)| !held.submitted).map(|(try_id, _)| *try_id).collect();
                    self.give_back(&waiting, &out);
                }
                // What the broker has handed out meanwhile has come by then.
                () = over(&mut closing), if closing.is_some() => closing = None,
                () = self.worker.changed(), if draining => {}
            }
        }
    }

    /// Messages that came: new tries are asked for, all at once.
    fn receive(&mut self, deliveries: Vec<Delivery>, out: &Outbound, draining: bool) {
        let mut ask = Vec::new();
        for delivery in deliveries {
            let tag = delivery.tag.clone();
            let try_id = match delivery.try_id() {
                Ok(try_id) => try_id,
                Err(error) => {
                    tracing::error!(queue = delivery.queue, error, "a message that is not for this worker is dropped");
                    out.send(Out::Ack(tag));
                    continue;
                }
            };
            if draining {
                out.send(Out::GiveBack(tag));
                continue;
            }
            if let Some(held) = self.held.get_mut(&try_id) {
                tracing::info!(%try_id, "a message came again whose try is here already");
                match held.tag {
                    Some(_) => out.send(Out::Ack(tag)),
                    None => held.tag = Some(tag),
                }
                continue;
            }
            if self.task_events {
                self.event(
                    out,
                    "task-received",
                    json!({
                        "uuid": try_id.to_string(), "name": TASK_NAME, "args": delivery.args_repr(), "kwargs": "{}",
                        "root_id": try_id.to_string(), "parent_id": null, "retries": 0, "eta": null, "expires": null,
                    }),
                );
            }
            self.held
                .insert(try_id, Held { tag: Some(tag), delivery, started: None, submitted: false, refused: false });
            ask.push(try_id);
        }
        if !ask.is_empty() {
            self.claim(ask, Duration::ZERO);
        }
    }

    /// Asks for the workloads of tries; the answer comes as a [`Claimed`].
    fn claim(&self, ids: Vec<TryId>, pause: Duration) {
        let (worker, claimed) = (self.worker.clone(), self.claimed.clone());
        tokio::spawn(async move {
            tokio::time::sleep(pause).await;
            let request = ClaimRequest {
                worker_id: worker.id().await,
                queues: Vec::new(),
                free_slots: u32::try_from(ids.len()).unwrap_or(u32::MAX),
                wait_ms: 0,
                tries: ids.clone(),
            };
            let result = worker.0.api.claim(request).await;
            let _ = claimed.send((ids, result));
        });
    }

    /// Gives the worker what it may claim. An error: the server refuses this worker.
    fn take(
        &mut self,
        ids: Vec<TryId>,
        result: Result<Vec<Workload>, TaskApiError>,
        out: &Outbound,
    ) -> Option<TaskApiError> {
        let ids: Vec<TryId> = ids.into_iter().filter(|try_id| self.held.contains_key(try_id)).collect();
        let workloads = match result {
            Ok(workloads) => workloads,
            Err(error) if error.code == ErrorCode::Denied && self.denied >= DENIED => {
                self.give_back(&ids, out);
                return Some(error);
            }
            Err(error) => {
                self.denied += u32::from(error.code == ErrorCode::Denied);
                tracing::warn!(%error, tries = ids.len(), "cannot ask the server for tries; trying again");
                self.claim(ids, Duration::from_secs(1));
                return None;
            }
        };
        self.denied = 0;
        let mut missing: HashSet<TryId> = ids.into_iter().collect();
        for workload in workloads {
            let try_id = workload.try_id;
            missing.remove(&try_id);
            let Some(held) = self.held.get_mut(&try_id) else { continue };
            held.submitted = true;
            held.refused = self.revoked.contains(&try_id);
            let submitted = match held.refused {
                true => self.worker.refuse(workload, answers::REVOKED_REASON),
                false => self.worker.submit(workload),
            };
            if !submitted && !self.worker.tries().contains(&try_id) {
                held.submitted = false;
                self.give_back(&[try_id], out);
            }
        }
        for try_id in missing {
            tracing::info!(%try_id, "a message whose try is not queued any more is dropped");
            if let Some(tag) = self.held.remove(&try_id).and_then(|held| held.tag) {
                out.send(Out::Ack(tag));
            }
        }
        None
    }

    /// Messages of tries that did not begin go to others.
    fn give_back(&mut self, tries: &[TryId], out: &Outbound) {
        for try_id in tries {
            if let Some(tag) = self.held.remove(try_id).and_then(|held| held.tag) {
                out.send(Out::GiveBack(tag));
            }
        }
    }

    /// What became of a try.
    fn hear(&mut self, try_id: TryId, news: News, out: Option<&Outbound>) {
        let uuid = try_id.to_string();
        match news {
            News::Started => {
                if let Some(held) = self.held.get_mut(&try_id) {
                    held.started = Some(now());
                }
                self.task_event(out, "task-started", json!({"uuid": uuid}));
            }
            News::Ended { state, reason, took } => {
                self.processed += 1;
                let why = reason.unwrap_or_else(|| state.as_str().to_owned());
                let revoked = why.ends_with(answers::REVOKED_REASON);
                match state {
                    TaskState::Failed | TaskState::UpForRetry if revoked => self.task_event(
                        out,
                        "task-revoked",
                        json!({"uuid": uuid, "terminated": true, "signum": "SIGTERM", "expired": false}),
                    ),
                    TaskState::Failed => self.task_event(
                        out,
                        "task-failed",
                        json!({"uuid": uuid, "exception": why, "traceback": "see the task's log"}),
                    ),
                    TaskState::UpForRetry => self.task_event(
                        out,
                        "task-retried",
                        json!({"uuid": uuid, "exception": why, "traceback": "see the task's log"}),
                    ),
                    state => self.task_event(
                        out,
                        "task-succeeded",
                        json!({"uuid": uuid, "result": format!("'{}'", state.as_str()), "runtime": took}),
                    ),
                }
            }
            // Revoked while it waited for its turn: it is taken once more, to end it.
            News::Gone if self.revoked.contains(&try_id) && self.held.get(&try_id).is_some_and(Held::is_untouched) => {
                self.claim(vec![try_id], Duration::ZERO);
            }
            News::Gone => match (self.held.remove(&try_id).and_then(|held| held.tag), out) {
                (Some(tag), Some(out)) => out.send(Out::Ack(tag)),
                (Some(tag), None) => self.late.push(tag),
                (None, _) => {}
            },
        }
    }

    fn task_event(&self, out: Option<&Outbound>, kind: &'static str, fields: Value) {
        if let Some(out) = out.filter(|_| self.task_events) {
            self.event(out, kind, fields);
        }
    }

    fn event(&self, out: &Outbound, kind: &'static str, fields: Value) {
        out.send(Out::Event(kind, self.events.make(kind, now(), fields)));
    }

    /// That the worker is there, with what it does.
    fn say(&self, out: &Outbound, kind: &'static str) {
        let fields = json!({
            "freq": HEARTBEAT.as_secs_f64(), "active": self.worker.0.started().len(), "processed": self.processed,
            "loadavg": system::load(), "sw_ident": "tradewind", "sw_ver": self.worker.0.config.version,
            "sw_sys": "Linux",
        });
        self.event(out, kind, fields);
    }
}
