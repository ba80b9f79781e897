//! Redis, in kombu's layout: a list a queue and priority, what is not acknowledged in a hash, fanout by publishing.

mod connect;
mod keys;
mod publish;
mod session;
mod take;

use std::sync::Arc;
use std::time::Duration;

use ::redis::ErrorKind;
use ::redis::aio::MultiplexedConnection;
use async_trait::async_trait;
use futures::StreamExt;
use serde_json::{Map, Value};
use tokio::sync::Mutex;
use tradewind_core::TryId;

use crate::address::Settings;
use crate::broker::{Broker, Error, Link, Outbox, certificates};
use crate::control::{self, Request};
use crate::message::{Tag, Task, open_envelope};
use keys::Keys;

/// A broker on Redis.
pub struct RedisBroker(Arc<Inner>);

/// What all connections share.
struct Inner {
    settings: Settings,
    keys: Keys,
    name: String,
    origin: String,
    /// For commands that answer at once; made anew after an error.
    commands: Mutex<Option<MultiplexedConnection>>,
}

impl RedisBroker {
    /// Connects when it is first used.
    ///
    /// # Errors
    /// [`Error::Settings`] for certificates that cannot be read.
    pub fn new(settings: Settings) -> Result<Self, Error> {
        connect::check(&settings)?;
        Ok(Self(Arc::new(Inner {
            keys: Keys::new(&settings),
            name: settings.name(),
            origin: format!("tradewind@{}", std::process::id()),
            commands: Mutex::default(),
            settings,
        })))
    }
}

impl Inner {
    fn unreachable(&self, error: &::redis::RedisError) -> Error {
        if error.kind() == ErrorKind::AuthenticationFailed {
            let why = format!("the user or the password of the address is wrong ({error})");
            return Error::Refused { broker: self.name.clone(), why };
        }
        let mut why = error.to_string();
        if self.settings.tls.is_some() && error.is_timeout() {
            why.push_str(crate::broker::NO_TLS);
        }
        let refused =
            error.code().is_some_and(|code| matches!(code, "NOAUTH" | "WRONGPASS" | "NOPERM" | "READONLY" | "MISCONF"));
        match refused {
            true => Error::Refused { broker: self.name.clone(), why },
            false => {
                Error::Unreachable { broker: self.name.clone(), why: certificates(why, self.settings.tls.is_some()) }
            }
        }
    }

    /// The connection for commands.
    async fn commands(&self) -> Result<MultiplexedConnection, Error> {
        let mut kept = self.commands.lock().await;
        if let Some(connection) = kept.as_ref() {
            return Ok(connection.clone());
        }
        let connection = connect::commands(&self.settings).await.map_err(|error| self.unreachable(&error))?;
        *kept = Some(connection.clone());
        Ok(connection)
    }

    /// Runs a pipeline; after an error the next one gets a new connection.
    async fn run<T: ::redis::FromRedisValue>(&self, pipeline: &::redis::Pipeline) -> Result<T, Error> {
        let mut connection = self.commands().await?;
        match pipeline.query_async(&mut connection).await {
            Ok(answer) => Ok(answer),
            Err(error) => {
                self.commands.lock().await.take();
                Err(self.unreachable(&error))
            }
        }
    }
}

#[async_trait]
impl Outbox for RedisBroker {
    fn name(&self) -> &str {
        &self.0.name
    }

    async fn publish(&self, tasks: &[Task]) -> Result<(), Error> {
        self.0.publish(tasks).await
    }

    async fn waiting(&self, queue: &str) -> Result<u64, Error> {
        let mut pipeline = ::redis::pipe();
        for key in self.0.keys.of_queue(queue) {
            pipeline.llen(key);
        }
        let lengths: Vec<u64> = self.0.run(&pipeline).await?;
        Ok(lengths.iter().sum())
    }

    async fn revoke(&self, tries: &[TryId]) -> Result<(), Error> {
        self.0.request(&Request::unwanted(tries)).await
    }
}

#[async_trait]
impl Broker for RedisBroker {
    async fn open(&self, _node: &str, queues: &[String], window: u32, held: &[Tag]) -> Result<Link, Error> {
        session::open(Arc::clone(&self.0), queues, window, held).await
    }

    fn keeps_tags(&self) -> bool {
        true
    }

    async fn tell(&self, request: &Request) -> Result<(), Error> {
        self.0.request(request).await
    }

    async fn ask(&self, request: &Request, timeout: Duration) -> Result<Map<String, Value>, Error> {
        let inner = &self.0;
        let key = uuid::Uuid::new_v4().to_string();
        let queue = format!("{key}.{}", control::REPLY_EXCHANGE);
        let binding = inner.keys.binding(control::REPLY_EXCHANGE);
        let member = inner.keys.member(&key, &queue);
        inner.run::<()>(::redis::pipe().sadd(&binding, &member)).await?;
        let request = request.clone().answered(&key);
        inner.request(&request).await?;
        let mut waiting = connect::waiting(&inner.settings).await.map_err(|error| inner.unreachable(&error))?;
        let mut answers = Map::new();
        let deadline = tokio::time::Instant::now() + timeout;
        let all = request.destination.as_ref().map(Vec::len);
        while all != Some(answers.len()) {
            let left = deadline.saturating_duration_since(tokio::time::Instant::now());
            if left.is_zero() {
                break;
            }
            let key = inner.keys.prefixed(&queue);
            let mut pop = ::redis::cmd("BRPOP");
            pop.arg(key).arg(left.as_secs_f64().max(0.01));
            let popped: Option<(String, Vec<u8>)> =
                pop.query_async(&mut waiting).await.map_err(|error| inner.unreachable(&error))?;
            let Some((_, message)) = popped else { break };
            let Ok(envelope) = serde_json::from_slice::<Value>(&message) else { continue };
            let Ok((_, body)) = open_envelope(&envelope) else { continue };
            if let Ok(Value::Object(answer)) = serde_json::from_slice::<Value>(&body) {
                answers.extend(answer);
            }
        }
        inner
            .run::<()>(::redis::pipe().srem(&binding, &member).ignore().del(inner.keys.prefixed(&queue)).ignore())
            .await?;
        Ok(answers)
    }
}

/// Requests that are published for workers.
async fn requests(inner: &Inner) -> Result<impl futures::Stream<Item = Result<Request, String>> + use<>, Error> {
    let mut listening = connect::listening(&inner.settings).await.map_err(|error| inner.unreachable(&error))?;
    listening.psubscribe(inner.keys.channel(control::EXCHANGE, "")).await.map_err(|error| inner.unreachable(&error))?;
    Ok(listening.into_on_message().map(|message| {
        let envelope: Value = serde_json::from_slice(message.get_payload_bytes()).map_err(|error| error.to_string())?;
        let (headers, body) = open_envelope(&envelope)?;
        Request::read(&headers, &body)
    }))
}
