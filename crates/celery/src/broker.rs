//! What a broker does for a scheduler (`Outbox`), for a worker (`Session`) and for tools (`Broker`).

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Map, Value};
use tokio::sync::mpsc;
use tradewind_core::TryId;

use crate::address::{Address, Settings};
use crate::control::Request;
use crate::message::{Delivery, Tag, Task};

/// What went wrong with the broker.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The address or an option of the transport cannot be used.
    #[error("{0}")]
    Settings(String),
    /// It cannot be reached, or the connection ended.
    #[error("cannot reach the broker {broker}: {why}; is [celery] broker_url right, and does the broker run?")]
    Unreachable {
        /// Its address, without secrets.
        broker: String,
        /// What the operating system or the protocol says.
        why: String,
    },
    /// It refused to do something.
    #[error("the broker {broker} refuses: {why}")]
    Refused {
        /// Its address, without secrets.
        broker: String,
        /// Its words.
        why: String,
    },
}

/// How tries are told to workers.
#[async_trait]
pub trait Outbox: Send + Sync {
    /// Its address, without secrets.
    fn name(&self) -> &str;

    /// Sends messages, in order and at once. On an error some may have been sent.
    async fn publish(&self, tasks: &[Task]) -> Result<(), Error>;

    /// Messages of a queue that no worker has taken.
    async fn waiting(&self, queue: &str) -> Result<u64, Error>;

    /// Tells all workers to end these tries.
    async fn revoke(&self, tries: &[TryId]) -> Result<(), Error>;
}

/// A broker.
#[async_trait]
pub trait Broker: Outbox {
    /// Connects as a worker of that node name (`celery@host`): takes messages of these queues as long as fewer than
    /// `window` are neither acknowledged nor given back. `held` are those of an earlier connection that still count.
    async fn open(&self, node: &str, queues: &[String], window: u32, held: &[Tag]) -> Result<Link, Error>;

    /// What a worker holds stays its own when it connects again; else it is delivered to somebody again.
    fn keeps_tags(&self) -> bool;

    /// Sends workers a request that nobody answers.
    async fn tell(&self, request: &Request) -> Result<(), Error>;

    /// Asks workers something and collects what they answer within `timeout`, or until every one of `destination` has.
    async fn ask(&self, request: &Request, timeout: Duration) -> Result<Map<String, Value>, Error>;
}

/// A worker's connection: what comes, and what it may do.
pub struct Link {
    /// What comes. Ends after [`Incoming::Lost`].
    pub incoming: mpsc::Receiver<Incoming>,
    /// What the worker says.
    pub session: Arc<dyn Session>,
}

/// What comes over a worker's connection.
#[derive(Debug)]
pub enum Incoming {
    /// A message of a queue.
    Task(Delivery),
    /// A request for the worker itself.
    Control(Request),
    /// The connection is gone; messages that were not acknowledged will come again.
    Lost(Error),
}

/// What a worker does with its connection.
#[async_trait]
pub trait Session: Send + Sync {
    /// Messages that are done with, and worker events in their order (`worker-heartbeat` and the like, with all their
    /// fields): at once, where the broker can.
    async fn settle(&self, done: &[Tag], events: &[(&'static str, Value)]) -> Result<(), Error>;

    /// Messages for others: they go back to the head of their queue.
    async fn give_back(&self, tags: &[Tag]) -> Result<(), Error>;

    /// Another number of messages that may be neither acknowledged nor given back.
    async fn set_window(&self, window: u32) -> Result<(), Error>;

    /// Other queues.
    async fn set_queues(&self, queues: &[String]) -> Result<(), Error>;

    /// Answers a request.
    async fn reply(&self, request: &Request, node: &str, answer: &Value) -> Result<(), Error>;

    /// Takes no more messages. Those that came meanwhile are given back; the connection stays for the rest.
    async fn close_queues(&self);
}

/// A broker by its settings. Connects when it is first used.
///
/// # Errors
/// [`Error::Settings`] for an address of an unknown kind, or certificates that cannot be read.
pub fn connect(settings: Settings) -> Result<Arc<dyn Broker>, Error> {
    Ok(match &settings.address {
        Address::Redis { .. } => Arc::new(crate::redis::RedisBroker::new(settings)?),
        Address::Amqp { .. } => Arc::new(crate::amqp::AmqpBroker::new(settings)?),
    })
}

/// What a silent port may mean.
pub(crate) const NO_TLS: &str =
    " (if that port speaks no TLS, its address begins with redis:// or amqp://, and [celery] ssl_active is False)";

/// What TLS says, with the option that mends it. `tls`: it is spoken on this connection.
pub(crate) fn certificates(why: String, tls: bool) -> String {
    let option = match why.as_str() {
        w if w.contains("UnknownIssuer") || w.contains("CaUsedAsEndEntity") => {
            "the broker's certificate is not signed by an authority that is known here: name its certificate in [celery] ssl_cacert"
        }
        w if w.contains("NotValidForName") => {
            "the broker's certificate is for another name: use one of its names in [celery] broker_url"
        }
        w if w.contains("Expired") => "the broker's certificate has expired: renew it",
        w if w.contains("CertificateRequired") => {
            "the broker wants a certificate of this side: name it in [celery] ssl_cert and its key in [celery] ssl_key"
        }
        w if w.contains("UnknownCA") || w.contains("BadCertificate") => {
            "the broker does not accept this side's certificate: [celery] ssl_cert must be signed by its authority"
        }
        w if w.contains("InvalidContentType") => {
            "that is not TLS: take the port of TLS, or an address without it (redis://, amqp://) and [celery] ssl_active = False"
        }
        // A broker says why and closes the connection; what comes first is chance.
        w if tls && w.contains("reset by peer") => {
            "the broker closed the connection; if it does not accept this side's certificate: [celery] ssl_cert must be signed by its authority"
        }
        _ => return why,
    };
    format!("{option} ({why})")
}
