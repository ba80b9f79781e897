//! Names of kombu's keys and channels.

use crate::address::{Address, Settings};

/// How kombu calls what it keeps.
#[derive(Debug)]
pub struct Keys {
    prefix: String,
    fanout: String,
    patterns: bool,
    sep: String,
    steps: Vec<u8>,
}

impl Keys {
    pub fn new(settings: &Settings) -> Self {
        let db = match settings.address {
            Address::Redis { db, .. } => db,
            Address::Amqp { .. } => 0,
        };
        let transport = &settings.transport;
        Self {
            prefix: transport.global_keyprefix.clone(),
            fanout: transport.fanout_prefix.replace("{db}", &db.to_string()),
            patterns: transport.fanout_patterns,
            sep: transport.sep.clone(),
            steps: transport.steps().to_vec(),
        }
    }

    pub fn prefixed(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }

    /// The list of a queue and priority.
    pub fn list(&self, queue: &str, priority: u8) -> String {
        let at = self.steps.partition_point(|step| *step <= priority).saturating_sub(1);
        match self.steps.get(at).copied().unwrap_or(0) {
            0 => self.prefixed(queue),
            step => self.prefixed(&format!("{queue}{}{step}", self.sep)),
        }
    }

    /// The lists of a queue, the most urgent first.
    pub fn of_queue(&self, queue: &str) -> Vec<String> {
        self.steps.iter().map(|step| self.list(queue, *step)).collect()
    }

    /// The lists of queues in the order in which they are looked at.
    pub fn of_queues(&self, queues: &[String]) -> Vec<String> {
        self.steps.iter().flat_map(|step| queues.iter().map(|queue| self.list(queue, *step))).collect()
    }

    /// The queue that a list belongs to.
    pub fn queue_of(&self, list: &str) -> String {
        let list = list.strip_prefix(self.prefix.as_str()).unwrap_or(list);
        list.split_once(self.sep.as_str()).map_or(list, |(queue, _)| queue).to_owned()
    }

    /// What is taken and not acknowledged: the messages, when they were taken, and who looks after them.
    pub fn unacked(&self) -> [String; 3] {
        ["unacked", "unacked_index", "unacked_mutex"].map(|key| self.prefixed(key))
    }

    /// The set of queues that are bound to an exchange.
    pub fn binding(&self, exchange: &str) -> String {
        self.prefixed(&format!("_kombu.binding.{exchange}"))
    }

    /// A member of that set.
    pub fn member(&self, routing_key: &str, queue: &str) -> String {
        let sep = &self.sep;
        format!("{routing_key}{sep}{sep}{queue}")
    }

    /// Routing key and queue of a member of that set.
    pub fn read_member<'a>(&self, member: &'a str) -> Option<(&'a str, &'a str)> {
        let mut parts = member.split(self.sep.as_str());
        let routing_key = parts.next()?;
        let _pattern = parts.next()?;
        Some((routing_key, parts.next()?))
    }

    /// The channel of a fanout exchange.
    pub fn channel(&self, exchange: &str, routing_key: &str) -> String {
        match routing_key.is_empty() || !self.patterns {
            true => self.prefixed(&format!("{}{exchange}", self.fanout)),
            false => self.prefixed(&format!("{}{exchange}/{routing_key}", self.fanout)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::Transport;

    fn keys(transport: Transport) -> Keys {
        Keys::new(&Settings::new("redis://h/2", None, transport).unwrap())
    }

    #[test]
    fn lists_are_named_as_kombu_names_them() {
        let keys = keys(Transport::default());
        assert_eq!(keys.of_queue("q"), ["q", "q\x06\x163", "q\x06\x166", "q\x06\x169"]);
        assert_eq!(keys.list("q", 5), "q\x06\x163");
        assert_eq!(keys.queue_of("q\x06\x169"), "q");
        assert_eq!(keys.channel("celeryev", "worker.online"), "/2.celeryev/worker.online");
        assert_eq!(keys.channel("celery.pidbox", ""), "/2.celery.pidbox");
        assert_eq!(keys.read_member(&keys.member("k", "k.reply.celery.pidbox")), Some(("k", "k.reply.celery.pidbox")));
    }

    #[test]
    fn a_prefix_is_before_everything() {
        let keys = keys(Transport { global_keyprefix: "a.".into(), ..Transport::default() });
        assert_eq!(keys.list("q", 0), "a.q");
        assert_eq!(keys.queue_of("a.q\x06\x163"), "q");
        assert_eq!(keys.unacked(), ["a.unacked", "a.unacked_index", "a.unacked_mutex"]);
        assert_eq!(keys.binding("x"), "a._kombu.binding.x");
    }
}
