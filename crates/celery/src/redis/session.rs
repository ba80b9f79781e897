//! A worker's connection to Redis: it takes as many messages as fit its window, and hears requests.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use futures::StreamExt;
use serde_json::Value;
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{Inner, connect, requests};
use crate::broker::{Error, Incoming, Link, Session};
use crate::control::Request;
use crate::event;
use crate::message::Tag;

/// How often messages are looked for that were taken and never acknowledged, at most; a short visibility timeout is
/// looked after twice as often.
const RESTORE: Duration = Duration::from_secs(60);

struct RedisSession {
    inner: Arc<Inner>,
    shared: Arc<Shared>,
    _ends: DropGuard,
}

struct Shared {
    /// Messages that are taken and neither acknowledged nor given back.
    held: Mutex<HashSet<Tag>>,
    window: AtomicU32,
    queues: Mutex<Vec<String>>,
    closed: AtomicBool,
    /// Something of the above changed.
    changed: Notify,
    /// The loop that takes messages has ended.
    idle: CancellationToken,
}

impl Shared {
    fn release(&self, tags: &[Tag]) {
        let mut held = self.held.lock().expect("held");
        tags.iter().for_each(|tag| {
            held.remove(tag);
        });
        drop(held);
        self.changed.notify_one();
    }

    fn room(&self) -> u32 {
        let held = u32::try_from(self.held.lock().expect("held").len()).unwrap_or(u32::MAX);
        self.window.load(Ordering::Relaxed).saturating_sub(held)
    }
}

/// Connects as a worker.
pub async fn open(inner: Arc<Inner>, queues: &[String], window: u32, held: &[Tag]) -> Result<Link, Error> {
    inner.commands().await?;
    let mut waiting = connect::waiting(&inner.settings).await.map_err(|error| inner.unreachable(&error))?;
    let mut requests = Box::pin(requests(&inner).await?);
    let bind = queues.iter().fold(::redis::pipe(), |mut pipeline, queue| {
        pipeline.sadd(inner.keys.binding(queue), inner.keys.member(queue, queue)).ignore();
        pipeline
    });
    if !bind.is_empty() {
        inner.run::<()>(&bind).await?;
    }
    let shared = Arc::new(Shared {
        held: Mutex::new(held.iter().cloned().collect()),
        window: AtomicU32::new(window),
        queues: Mutex::new(queues.to_vec()),
        closed: AtomicBool::new(false),
        changed: Notify::new(),
        idle: CancellationToken::new(),
    });
    let (sender, incoming) = mpsc::channel(64);
    let end = CancellationToken::new();
    let taking = {
        let (inner, shared, sender) = (Arc::clone(&inner), Arc::clone(&shared), sender.clone());
        async move { take_forever(&inner, &shared, &mut waiting, &sender).await }
    };
    let (idle, lost, ended) = (shared.idle.clone(), sender.clone(), end.clone());
    tokio::spawn(async move {
        let result = tokio::select! {
            result = taking => result,
            () = ended.cancelled() => Ok(()),
        };
        idle.cancel();
        if let Err(error) = result {
            let _ = lost.send(Incoming::Lost(error)).await;
        }
    });
    let (name, lost, ended) = (inner.name.clone(), sender, end.clone());
    tokio::spawn(async move {
        loop {
            let next = tokio::select! {
                next = requests.next() => next,
                () = ended.cancelled() => return,
            };
            let said = match next {
                Some(Ok(request)) => Incoming::Control(request),
                Some(Err(error)) => {
                    tracing::debug!(error, "a request that is not understood");
                    continue;
                }
                None => Incoming::Lost(Error::Unreachable {
                    broker: name.clone(),
                    why: "the connection for remote control ended".into(),
                }),
            };
            let over = matches!(said, Incoming::Lost(_));
            if lost.send(said).await.is_err() || over {
                return;
            }
        }
    });
    let restoring = Arc::clone(&inner);
    let ended = end.clone();
    let every = (inner.settings.transport.visibility_timeout / 2).clamp(Duration::from_secs(1), RESTORE);
    tokio::spawn(async move {
        while tokio::time::timeout(every, ended.cancelled()).await.is_err() {
            match restoring.restore_invisible().await {
                Ok(0) => {}
                Ok(count) => tracing::info!(count, "messages that were never acknowledged are delivered again"),
                Err(error) => tracing::debug!(%error, "cannot look for messages that were never acknowledged"),
            }
        }
    });
    Ok(Link { incoming, session: Arc::new(RedisSession { inner, shared, _ends: end.drop_guard() }) })
}

async fn take_forever(
    inner: &Inner,
    shared: &Shared,
    waiting: &mut ::redis::aio::MultiplexedConnection,
    sender: &mpsc::Sender<Incoming>,
) -> Result<(), Error> {
    let mut turn = 0usize;
    loop {
        let changed = shared.changed.notified();
        if shared.closed.load(Ordering::Relaxed) {
            return Ok(());
        }
        let room = shared.room();
        let mut queues = shared.queues.lock().expect("queues").clone();
        if room == 0 || queues.is_empty() {
            changed.await;
            continue;
        }
        // Each queue is the first one in its turn.
        turn = (turn + 1) % queues.len();
        queues.rotate_left(turn);
        for taken in inner.take(waiting, &queues, room).await? {
            match inner.delivery(&taken) {
                // Told to leave the queue while it waited there.
                Ok(delivery) if !shared.queues.lock().expect("queues").contains(&delivery.queue) => {
                    inner.put_back(&[delivery.tag]).await?;
                }
                Ok(delivery) => {
                    shared.held.lock().expect("held").insert(delivery.tag.clone());
                    if sender.send(Incoming::Task(delivery)).await.is_err() {
                        return Ok(());
                    }
                }
                Err(error) => tracing::error!(list = taken.list, error, "a message that is not understood is dropped"),
            }
        }
    }
}

#[async_trait]
impl Session for RedisSession {
    async fn settle(&self, done: &[Tag], events: &[(&'static str, Value)]) -> Result<(), Error> {
        self.shared.release(done);
        let mut pipeline = ::redis::pipe();
        self.inner.forget(done, &mut pipeline);
        for (kind, fields) in events {
            let (routing_key, headers, body) = event::message(kind, fields);
            self.inner.fanout(event::EXCHANGE, &routing_key, headers, body.as_bytes(), &mut pipeline);
        }
        if pipeline.is_empty() { Ok(()) } else { self.inner.run::<()>(&pipeline).await }
    }

    async fn give_back(&self, tags: &[Tag]) -> Result<(), Error> {
        self.inner.put_back(tags).await?;
        self.shared.release(tags);
        Ok(())
    }

    async fn set_window(&self, window: u32) -> Result<(), Error> {
        self.shared.window.store(window, Ordering::Relaxed);
        self.shared.changed.notify_one();
        Ok(())
    }

    async fn set_queues(&self, queues: &[String]) -> Result<(), Error> {
        *self.shared.queues.lock().expect("queues") = queues.to_vec();
        self.shared.changed.notify_one();
        Ok(())
    }

    async fn reply(&self, request: &Request, node: &str, answer: &Value) -> Result<(), Error> {
        self.inner.answer(request, node, answer).await
    }

    async fn close_queues(&self) {
        self.shared.closed.store(true, Ordering::Relaxed);
        self.shared.changed.notify_one();
        self.shared.idle.cancelled().await;
    }
}
