//! Celery's wire, as Celery 5 and kombu 5 speak it: task messages of protocol 2, kombu's layout of Redis, RabbitMQ,
//! worker events and remote control. What a message says of a try is a hint only: nothing here decides who runs it.

pub mod address;
pub mod amqp;
mod broker;
pub mod control;
pub mod event;
pub mod message;
pub mod redis;

pub use address::{Address, Settings, Tls};
pub use broker::{Broker, Error, Incoming, Link, Outbox, Session, connect};
pub use control::Request;
pub use message::{Delivery, TASK_NAME, Tag, Task};
