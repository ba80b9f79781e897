//! RabbitMQ: task messages through the default exchange into durable queues, events and remote control through the
//! exchanges that Celery declares.

mod connect;
mod session;
mod table;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::StreamExt;
use futures::future::try_join_all;
use lapin::options::{
    BasicConsumeOptions, BasicPublishOptions, ConfirmSelectOptions, QueueBindOptions, QueueDeclareOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel, Connection, ExchangeKind};
use serde_json::{Map, Value};
use tokio::sync::Mutex;
use tradewind_core::TryId;

use crate::address::Settings;
use crate::broker::{Broker, Error, Link, Outbox};
use crate::control::{self, Request};
use crate::event;
use crate::message::{Tag, Task};

/// Messages that wait for their confirmations at once.
const BATCH: usize = 500;

/// A broker on RabbitMQ.
pub struct AmqpBroker(Arc<Inner>);

/// What all connections share.
struct Inner {
    settings: Settings,
    name: String,
    origin: String,
    /// For publishing; made anew after an error.
    publishing: Mutex<Option<(Connection, Channel)>>,
}

impl AmqpBroker {
    /// Connects when it is first used.
    ///
    /// # Errors
    /// [`Error::Settings`] for certificates that cannot be read.
    pub fn new(settings: Settings) -> Result<Self, Error> {
        connect::tls(&settings)?;
        let name = settings.name();
        let origin = format!("tradewind@{}", std::process::id());
        Ok(Self(Arc::new(Inner { settings, name, origin, publishing: Mutex::default() })))
    }
}

impl Inner {
    fn failed(&self, error: &lapin::Error) -> Error {
        connect::failed(&self.name, error)
    }

    async fn connect(&self) -> Result<Connection, Error> {
        connect::connect(&self.settings).await
    }

    /// The channel for publishing, which confirms.
    async fn channel(&self) -> Result<Channel, Error> {
        let mut kept = self.publishing.lock().await;
        if let Some((_, channel)) = kept.as_ref().filter(|(_, channel)| channel.status().connected()) {
            return Ok(channel.clone());
        }
        let connection = self.connect().await?;
        let failed = |error: lapin::Error| self.failed(&error);
        let channel = connection.create_channel().await.map_err(failed)?;
        channel.confirm_select(ConfirmSelectOptions::default()).await.map_err(failed)?;
        declare_exchanges(&channel).await.map_err(failed)?;
        *kept = Some((connection, channel.clone()));
        Ok(channel)
    }

    /// The arguments of task queues.
    fn queue_arguments(&self) -> FieldTable {
        let mut arguments = FieldTable::default();
        if let Some(most) = self.settings.transport.priority_steps.last() {
            arguments.insert("x-max-priority".into(), AMQPValue::LongLongInt(i64::from(*most)));
        }
        arguments
    }

    async fn declare_queue(&self, channel: &Channel, queue: &str) -> lapin::Result<lapin::Queue> {
        channel.queue_declare(queue.into(), QueueDeclareOptions::durable(), self.queue_arguments()).await
    }

    fn priority(&self, task: &Task) -> u8 {
        let steps = &self.settings.transport.priority_steps;
        steps.get(task.urgency(steps.len().max(1))).copied().unwrap_or(0)
    }

    async fn send_tasks(&self, channel: &Channel, tasks: &[Task]) -> lapin::Result<()> {
        let mut queues: Vec<&str> = tasks.iter().map(|task| task.queue.as_str()).collect();
        queues.sort_unstable();
        queues.dedup();
        for queue in queues {
            self.declare_queue(channel, queue).await?;
        }
        for batch in tasks.chunks(BATCH) {
            let mut confirms = Vec::with_capacity(batch.len());
            for task in batch {
                let id = task.id.to_string();
                let properties = json_properties(task.headers(&self.origin))
                    .with_delivery_mode(2)
                    .with_priority(self.priority(task))
                    .with_correlation_id(id.as_str().into());
                let body = task.body();
                let (options, queue) = (BasicPublishOptions::default(), task.queue.as_str().into());
                confirms.push(channel.basic_publish("".into(), queue, options, &body, properties).await?);
            }
            try_join_all(confirms).await?;
        }
        Ok(())
    }

    async fn request(&self, request: &Request) -> Result<(), Error> {
        let channel = self.channel().await?;
        let (headers, body) = request.write();
        publish(&channel, control::EXCHANGE, "", headers, &body).await.map_err(|error| self.failed(&error))
    }
}

/// Exchanges of events and remote control, as Celery declares them.
async fn declare_exchanges(channel: &Channel) -> lapin::Result<()> {
    let transient = lapin::options::ExchangeDeclareOptions::default();
    let durable = lapin::options::ExchangeDeclareOptions { durable: true, ..transient };
    for (exchange, kind, options) in [
        (control::EXCHANGE, ExchangeKind::Fanout, transient),
        (control::REPLY_EXCHANGE, ExchangeKind::Direct, transient),
        (event::EXCHANGE, ExchangeKind::Topic, durable),
    ] {
        channel.exchange_declare(exchange.into(), kind, options, FieldTable::default()).await?;
    }
    Ok(())
}

fn json_properties(headers: Map<String, Value>) -> BasicProperties {
    BasicProperties::default()
        .with_content_type("application/json".into())
        .with_content_encoding("utf-8".into())
        .with_headers(table::from_json(&headers))
}

/// Publishes what need not survive the broker.
async fn publish(
    channel: &Channel,
    exchange: &str,
    routing_key: &str,
    headers: Map<String, Value>,
    body: &[u8],
) -> lapin::Result<()> {
    let properties = json_properties(headers).with_delivery_mode(1);
    channel
        .basic_publish(exchange.into(), routing_key.into(), BasicPublishOptions::default(), body, properties)
        .await?
        .await?;
    Ok(())
}

#[async_trait]
impl Outbox for AmqpBroker {
    fn name(&self) -> &str {
        &self.0.name
    }

    async fn publish(&self, tasks: &[Task]) -> Result<(), Error> {
        let channel = self.0.channel().await?;
        let sent =
            tokio::time::timeout(self.0.settings.transport.socket_timeout * 4, self.0.send_tasks(&channel, tasks));
        match sent.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => {
                self.0.publishing.lock().await.take();
                Err(self.0.failed(&error))
            }
            Err(_) => {
                self.0.publishing.lock().await.take();
                Err(Error::Unreachable { broker: self.0.name.clone(), why: "it does not confirm in time".into() })
            }
        }
    }

    async fn waiting(&self, queue: &str) -> Result<u64, Error> {
        let channel = self.0.channel().await?;
        let declared = self.0.declare_queue(&channel, queue).await.map_err(|error| self.0.failed(&error))?;
        Ok(u64::from(declared.message_count()))
    }

    async fn revoke(&self, tries: &[TryId]) -> Result<(), Error> {
        self.0.request(&Request::unwanted(tries)).await
    }
}

#[async_trait]
impl Broker for AmqpBroker {
    async fn open(&self, node: &str, queues: &[String], window: u32, _held: &[Tag]) -> Result<Link, Error> {
        session::open(Arc::clone(&self.0), node, queues, window).await
    }

    fn keeps_tags(&self) -> bool {
        false
    }

    async fn tell(&self, request: &Request) -> Result<(), Error> {
        self.0.request(request).await
    }

    async fn ask(&self, request: &Request, timeout: Duration) -> Result<Map<String, Value>, Error> {
        let inner = &self.0;
        let failed = |error: lapin::Error| inner.failed(&error);
        let channel = inner.channel().await?;
        let key = uuid::Uuid::new_v4().to_string();
        let queue = format!("{key}.{}", control::REPLY_EXCHANGE);
        let options = QueueDeclareOptions { auto_delete: true, exclusive: true, ..QueueDeclareOptions::default() };
        channel.queue_declare(queue.as_str().into(), options, FieldTable::default()).await.map_err(failed)?;
        let (exchange, routing) = (control::REPLY_EXCHANGE.into(), key.as_str().into());
        channel
            .queue_bind(queue.as_str().into(), exchange, routing, QueueBindOptions::default(), FieldTable::default())
            .await
            .map_err(failed)?;
        let options = BasicConsumeOptions { no_ack: true, ..BasicConsumeOptions::default() };
        let mut consumer = channel
            .basic_consume(queue.as_str().into(), "".into(), options, FieldTable::default())
            .await
            .map_err(failed)?;
        let request = request.clone().answered(&key);
        inner.request(&request).await?;
        let mut answers = Map::new();
        let all = request.destination.as_ref().map(Vec::len);
        let collect = async {
            while all != Some(answers.len())
                && let Some(Ok(delivery)) = consumer.next().await
            {
                if let Ok(Value::Object(answer)) = serde_json::from_slice::<Value>(&delivery.data) {
                    answers.extend(answer);
                }
            }
        };
        let _ = tokio::time::timeout(timeout, collect).await;
        Ok(answers)
    }
}
