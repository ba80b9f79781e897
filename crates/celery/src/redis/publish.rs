//! Putting messages into queues, and publishing what all workers or all monitors get.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::Inner;
use crate::broker::Error;
use crate::control::{self, Request};
use crate::message::{Task, envelope};

/// Messages in one round trip.
const BATCH: usize = 500;

impl Inner {
    /// The priority of a message by the transport's steps: the lowest is the most urgent.
    fn priority(&self, task: &Task) -> u8 {
        let steps = &self.settings.transport.priority_steps;
        if steps.is_empty() {
            return 0;
        }
        steps[steps.len() - 1 - task.urgency(steps.len())]
    }

    pub(super) async fn publish(&self, tasks: &[Task]) -> Result<(), Error> {
        for batch in tasks.chunks(BATCH) {
            let mut pipeline = ::redis::pipe();
            let mut queues: Vec<&str> = batch.iter().map(|task| task.queue.as_str()).collect();
            queues.sort_unstable();
            queues.dedup();
            for queue in queues {
                pipeline.sadd(self.keys.binding(queue), self.keys.member(queue, queue)).ignore();
            }
            for task in batch {
                let priority = self.priority(task);
                let message = self.task_message(task, priority);
                pipeline.lpush(self.keys.list(&task.queue, priority), message.to_string()).ignore();
            }
            self.run::<()>(&pipeline).await?;
        }
        Ok(())
    }

    fn task_message(&self, task: &Task, priority: u8) -> Value {
        let properties = json!({
            "correlation_id": task.id.to_string(), "reply_to": "", "delivery_mode": 2,
            "delivery_info": {"exchange": "", "routing_key": task.queue},
            "priority": priority, "body_encoding": "base64", "delivery_tag": Uuid::new_v4().to_string(),
        });
        envelope(task.headers(&self.origin), &task.body(), properties)
    }

    /// Publishes to a fanout exchange.
    pub(super) fn fanout(
        &self,
        exchange: &str,
        routing_key: &str,
        headers: Map<String, Value>,
        body: &[u8],
        pipeline: &mut ::redis::Pipeline,
    ) {
        let message = envelope(headers, body, transient(exchange, routing_key));
        pipeline.publish(self.keys.channel(exchange, routing_key), message.to_string()).ignore();
    }

    /// Sends a request to all workers.
    pub(super) async fn request(&self, request: &Request) -> Result<(), Error> {
        let (headers, body) = request.write();
        let mut pipeline = ::redis::pipe();
        self.fanout(control::EXCHANGE, "", headers, &body, &mut pipeline);
        self.run::<()>(&pipeline).await
    }

    /// Sends an answer to the queue that is bound for it. Without one nobody waits for it any more.
    pub(super) async fn answer(&self, request: &Request, node: &str, answer: &Value) -> Result<(), Error> {
        let Some(to) = &request.reply_to else { return Ok(()) };
        let members: Vec<Vec<String>> = self.run(::redis::pipe().smembers(self.keys.binding(&to.exchange))).await?;
        let (headers, body) = control::answer(to, node, answer);
        let message = envelope(headers, &body, transient(&to.exchange, &to.routing_key)).to_string();
        let members = members.iter().flatten().filter_map(|member| self.keys.read_member(member));
        let mut pipeline = ::redis::pipe();
        for (_, queue) in members.filter(|(routing_key, _)| *routing_key == to.routing_key) {
            pipeline.lpush(self.keys.prefixed(queue), &message).ignore();
        }
        if pipeline.is_empty() { Ok(()) } else { self.run::<()>(&pipeline).await }
    }
}

fn transient(exchange: &str, routing_key: &str) -> Value {
    json!({
        "delivery_mode": 1, "delivery_info": {"exchange": exchange, "routing_key": routing_key},
        "priority": 0, "body_encoding": "base64", "delivery_tag": Uuid::new_v4().to_string(),
    })
}
