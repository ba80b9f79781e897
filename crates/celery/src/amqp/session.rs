//! A worker's connection to RabbitMQ: a channel for messages with a window, one for what the worker says.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use futures::StreamExt;
use lapin::options::{
    BasicAckOptions, BasicCancelOptions, BasicConsumeOptions, BasicNackOptions, BasicQosOptions, QueueBindOptions,
    QueueDeclareOptions,
};
use lapin::types::FieldTable;
use lapin::{Channel, Connection};
use serde_json::Value;
use tokio::sync::{Mutex, mpsc};

use super::{Inner, declare_exchanges, publish, table};
use crate::broker::{Error, Incoming, Link, Session};
use crate::control::{self, Request};
use crate::event;
use crate::message::{Delivery, Tag};

struct AmqpSession {
    inner: Arc<Inner>,
    /// Ends with the session.
    _connection: Connection,
    /// Of messages: what is taken here is acknowledged here.
    tasks: Channel,
    /// Of events and answers.
    talk: Channel,
    /// Queue to the tag of its consumer.
    consumers: Mutex<HashMap<String, String>>,
    sender: mpsc::Sender<Incoming>,
}

/// Connects as a worker.
pub async fn open(inner: Arc<Inner>, node: &str, queues: &[String], window: u32) -> Result<Link, Error> {
    let connection = inner.connect().await?;
    let failed = |error: lapin::Error| inner.failed(&error);
    let tasks = connection.create_channel().await.map_err(failed)?;
    let talk = connection.create_channel().await.map_err(failed)?;
    declare_exchanges(&talk).await.map_err(failed)?;
    let (sender, incoming) = mpsc::channel(64);
    listen(&inner, &talk, node, sender.clone()).await.map_err(failed)?;
    let session = AmqpSession {
        inner: Arc::clone(&inner),
        _connection: connection,
        tasks,
        talk,
        consumers: Mutex::default(),
        sender,
    };
    session.set_window(window).await?;
    session.set_queues(queues).await?;
    Ok(Link { incoming, session: Arc::new(session) })
}

/// Hears requests to this worker.
async fn listen(
    inner: &Arc<Inner>,
    channel: &Channel,
    node: &str,
    sender: mpsc::Sender<Incoming>,
) -> lapin::Result<()> {
    let queue = format!("{node}.{}", control::EXCHANGE);
    // Its name is the worker's own; a leftover of a connection that the broker has not given up yet does no harm.
    let options = QueueDeclareOptions { auto_delete: true, ..QueueDeclareOptions::default() };
    channel.queue_declare(queue.as_str().into(), options, FieldTable::default()).await?;
    let exchange = control::EXCHANGE.into();
    channel
        .queue_bind(queue.as_str().into(), exchange, "".into(), QueueBindOptions::default(), FieldTable::default())
        .await?;
    let options = BasicConsumeOptions { no_ack: true, ..BasicConsumeOptions::default() };
    let mut requests = channel.basic_consume(queue.as_str().into(), "".into(), options, FieldTable::default()).await?;
    let name = inner.name.clone();
    tokio::spawn(async move {
        while let Some(delivery) = requests.next().await {
            let said = match delivery {
                Ok(delivery) => {
                    let headers = delivery.properties.headers().as_ref().map(table::to_json).unwrap_or_default();
                    match Request::read(&headers, &delivery.data) {
                        Ok(request) => Incoming::Control(request),
                        Err(error) => {
                            tracing::debug!(error, "a request that is not understood");
                            continue;
                        }
                    }
                }
                Err(error) => Incoming::Lost(Error::Unreachable { broker: name.clone(), why: error.to_string() }),
            };
            let over = matches!(said, Incoming::Lost(_));
            if sender.send(said).await.is_err() || over {
                return;
            }
        }
        let why = "the connection for remote control ended".into();
        let _ = sender.send(Incoming::Lost(Error::Unreachable { broker: name, why })).await;
    });
    Ok(())
}

impl AmqpSession {
    fn failed(&self, error: &lapin::Error) -> Error {
        self.inner.failed(error)
    }

    async fn consume(&self, queue: &str) -> lapin::Result<String> {
        self.inner.declare_queue(&self.talk, queue).await?;
        let options = BasicConsumeOptions::default();
        let mut messages = self.tasks.basic_consume(queue.into(), "".into(), options, FieldTable::default()).await?;
        let tag = messages.tag().to_string();
        let (sender, queue, name) = (self.sender.clone(), queue.to_owned(), self.inner.name.clone());
        tokio::spawn(async move {
            while let Some(delivery) = messages.next().await {
                let said = match delivery {
                    Ok(delivery) => Incoming::Task(Delivery {
                        tag: Tag(delivery.delivery_tag.to_string()),
                        queue: queue.clone(),
                        redelivered: delivery.redelivered,
                        headers: delivery.properties.headers().as_ref().map(table::to_json).unwrap_or_default(),
                        body: delivery.data,
                    }),
                    Err(error) => Incoming::Lost(Error::Unreachable { broker: name.clone(), why: error.to_string() }),
                };
                let over = matches!(said, Incoming::Lost(_));
                if sender.send(said).await.is_err() || over {
                    return;
                }
            }
        });
        Ok(tag)
    }
}

fn number(tag: &Tag) -> u64 {
    tag.0.parse().unwrap_or(0)
}

#[async_trait]
impl Session for AmqpSession {
    async fn settle(&self, done: &[Tag], events: &[(&'static str, Value)]) -> Result<(), Error> {
        for tag in done {
            let acked = self.tasks.basic_ack(number(tag), BasicAckOptions::default()).await;
            acked.map_err(|error| self.failed(&error))?;
        }
        for (kind, fields) in events {
            let (routing_key, headers, body) = event::message(kind, fields);
            let sent = publish(&self.talk, event::EXCHANGE, &routing_key, headers, body.as_bytes());
            sent.await.map_err(|error| self.failed(&error))?;
        }
        Ok(())
    }

    async fn give_back(&self, tags: &[Tag]) -> Result<(), Error> {
        for tag in tags {
            let options = BasicNackOptions { requeue: true, ..BasicNackOptions::default() };
            self.tasks.basic_nack(number(tag), options).await.map_err(|error| self.failed(&error))?;
        }
        Ok(())
    }

    async fn set_window(&self, window: u32) -> Result<(), Error> {
        // Of the channel, not of each consumer: RabbitMQ's `global`.
        let window = u16::try_from(window.max(1)).unwrap_or(u16::MAX);
        self.tasks.basic_qos(window, BasicQosOptions { global: true }).await.map_err(|error| self.failed(&error))
    }

    async fn set_queues(&self, queues: &[String]) -> Result<(), Error> {
        let mut consumers = self.consumers.lock().await;
        let gone: Vec<String> = consumers.keys().filter(|queue| !queues.contains(queue)).cloned().collect();
        for queue in gone {
            if let Some(tag) = consumers.remove(&queue) {
                let cancelled = self.tasks.basic_cancel(tag.as_str().into(), BasicCancelOptions::default()).await;
                cancelled.map_err(|error| self.failed(&error))?;
            }
        }
        for queue in queues {
            if !consumers.contains_key(queue) {
                let tag = self.consume(queue).await.map_err(|error| self.failed(&error))?;
                consumers.insert(queue.clone(), tag);
            }
        }
        Ok(())
    }

    async fn reply(&self, request: &Request, node: &str, answer: &Value) -> Result<(), Error> {
        let Some(to) = &request.reply_to else { return Ok(()) };
        let (headers, body) = control::answer(to, node, answer);
        let sent = publish(&self.talk, &to.exchange, &to.routing_key, headers, &body).await;
        sent.map_err(|error| self.failed(&error))
    }

    async fn close_queues(&self) {
        if let Err(error) = self.set_queues(&[]).await {
            tracing::debug!(%error, "cannot take leave of the queues");
        }
    }
}
