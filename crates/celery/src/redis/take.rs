//! Taking messages, so that none is lost between the list and the hash of what is not acknowledged; and putting back
//! what a worker took and never acknowledged.

use std::sync::LazyLock;
use std::time::{SystemTime, UNIX_EPOCH};

use ::redis::Script;
use ::redis::aio::MultiplexedConnection;
use serde_json::Value;
use serde_json::value::RawValue;

use super::Inner;
use super::connect::WAIT;
use crate::broker::Error;
use crate::message::{Delivery, Tag, open_envelope};

/// Takes up to ARGV[1] messages from KEYS[3..], and notes them (KEYS[1], KEYS[2]) as taken at ARGV[2]. The first may
/// have been popped already: ARGV[4], from the list ARGV[3].
static TAKE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r#"
        local out, left = {}, tonumber(ARGV[1])
        local function note(list, message)
            local ok, read = pcall(cjson.decode, message)
            local tag = ok and type(read) == 'table' and read.properties and read.properties.delivery_tag
            if tag then
                local at = read.properties.delivery_info or {}
                redis.call('ZADD', KEYS[2], ARGV[2], tag)
                redis.call('HSET', KEYS[1], tag, '[' .. message .. ',' .. cjson.encode(at.exchange or '')
                    .. ',' .. cjson.encode(at.routing_key or '') .. ']')
            end
            out[#out + 1] = list
            out[#out + 1] = message
            left = left - 1
        end
        if ARGV[4] then note(ARGV[3], ARGV[4]) end
        for i = 3, #KEYS do
            while left > 0 do
                local message = redis.call('RPOP', KEYS[i])
                if not message then break end
                note(KEYS[i], message)
            end
        end
        return out
        "#,
    )
});

/// Puts a message (ARGV[2]) that is still noted as taken (ARGV[1]) back to the head of its list (KEYS[3]).
static PUT_BACK: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
        redis.call('ZREM', KEYS[2], ARGV[1])
        if redis.call('HDEL', KEYS[1], ARGV[1]) == 1 then redis.call('RPUSH', KEYS[3], ARGV[2]) return 1 end
        return 0
        ",
    )
});

/// A message out of a list.
pub struct Taken {
    pub list: String,
    pub message: Vec<u8>,
}

pub fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

impl Inner {
    /// Takes what there is, at most `most` messages, waiting for the first one up to [`WAIT`].
    pub(super) async fn take(
        &self,
        waiting: &mut MultiplexedConnection,
        queues: &[String],
        most: u32,
    ) -> Result<Vec<Taken>, Error> {
        let lists = self.keys.of_queues(queues);
        let unreachable = |error: ::redis::RedisError| self.unreachable(&error);
        let taken = self.take_now(waiting, &lists, most, None).await.map_err(unreachable)?;
        if !taken.is_empty() {
            return Ok(taken);
        }
        let mut pop = ::redis::cmd("BRPOP");
        pop.arg(&lists).arg(WAIT.as_secs());
        let popped: Option<(String, Vec<u8>)> = pop.query_async(waiting).await.map_err(unreachable)?;
        match popped {
            // Until the script has noted it, it would be lost with this process; the scheduler would send it again.
            Some(popped) => self.take_now(waiting, &lists, most, Some(popped)).await.map_err(unreachable),
            None => Ok(Vec::new()),
        }
    }

    async fn take_now(
        &self,
        connection: &mut MultiplexedConnection,
        lists: &[String],
        most: u32,
        popped: Option<(String, Vec<u8>)>,
    ) -> ::redis::RedisResult<Vec<Taken>> {
        let [unacked, index, _] = self.keys.unacked();
        let mut take = TAKE.prepare_invoke();
        take.key(unacked).key(index);
        for list in lists {
            take.key(list);
        }
        take.arg(most).arg(now());
        if let Some((list, message)) = popped {
            take.arg(list).arg(message);
        }
        let flat: Vec<Vec<u8>> = take.invoke_async(connection).await?;
        let mut flat = flat.into_iter();
        let mut taken = Vec::new();
        while let (Some(list), Some(message)) = (flat.next(), flat.next()) {
            taken.push(Taken { list: String::from_utf8_lossy(&list).into_owned(), message });
        }
        Ok(taken)
    }

    /// Messages that are done with.
    pub(super) fn forget(&self, tags: &[Tag], pipeline: &mut ::redis::Pipeline) {
        if tags.is_empty() {
            return;
        }
        let tags: Vec<&str> = tags.iter().map(|tag| tag.0.as_str()).collect();
        let [unacked, index, _] = self.keys.unacked();
        pipeline.zrem(index, &tags).ignore().hdel(unacked, &tags).ignore();
    }

    /// Puts messages back for others.
    pub(super) async fn put_back(&self, tags: &[Tag]) -> Result<(), Error> {
        let [unacked, index, _] = self.keys.unacked();
        for tag in tags {
            let noted: Vec<Option<String>> = self.run(::redis::pipe().hget(&unacked, &tag.0)).await?;
            let Some(noted) = noted.into_iter().flatten().next() else { continue };
            let Some((list, message)) = self.restorable(&noted) else { continue };
            let mut connection = self.commands().await?;
            let mut put = PUT_BACK.prepare_invoke();
            put.key(&unacked).key(&index).key(list).arg(&tag.0).arg(message);
            put.invoke_async::<i64>(&mut connection).await.map_err(|error| self.unreachable(&error))?;
        }
        Ok(())
    }

    /// The list and the message (marked as delivered before) of a note.
    fn restorable(&self, noted: &str) -> Option<(String, String)> {
        let (message, _exchange, routing_key): (Box<RawValue>, String, String) = serde_json::from_str(noted).ok()?;
        let mut message: Value = serde_json::from_str(message.get()).ok()?;
        message["headers"]["redelivered"] = true.into();
        message["properties"]["delivery_info"]["redelivered"] = true.into();
        let priority = message["properties"]["priority"].as_u64().and_then(|n| u8::try_from(n).ok()).unwrap_or(0);
        Some((self.keys.list(&routing_key, priority), message.to_string()))
    }

    /// Puts back what was taken longer ago than the visibility timeout and never acknowledged. One worker at a time
    /// looks after it.
    pub(super) async fn restore_invisible(&self) -> Result<usize, Error> {
        let [_, index, mutex] = self.keys.unacked();
        let token = uuid::Uuid::new_v4().to_string();
        let mut connection = self.commands().await?;
        let mut lock = ::redis::cmd("SET");
        lock.arg(&mutex).arg(&token).arg("NX").arg("PX").arg(300_000);
        let ours: Option<String> = lock.query_async(&mut connection).await.map_err(|error| self.unreachable(&error))?;
        if ours.is_none() {
            return Ok(0);
        }
        let ceiling = now() - self.settings.transport.visibility_timeout.as_secs_f64();
        let tags: Vec<Vec<String>> = self.run(::redis::pipe().zrangebyscore(&index, 0, ceiling)).await?;
        let tags: Vec<Tag> = tags.into_iter().flatten().map(Tag).collect();
        self.put_back(&tags).await?;
        self.run::<()>(::redis::pipe().del(&mutex).ignore()).await?;
        Ok(tags.len())
    }

    /// What a worker gets of it.
    pub(super) fn delivery(&self, taken: &Taken) -> Result<Delivery, String> {
        let envelope: Value = serde_json::from_slice(&taken.message).map_err(|error| error.to_string())?;
        let (headers, body) = open_envelope(&envelope)?;
        let properties = &envelope["properties"];
        let tag = properties["delivery_tag"].as_str().ok_or("a message without a delivery tag")?;
        Ok(Delivery {
            tag: Tag(tag.to_owned()),
            queue: self.keys.queue_of(&taken.list),
            redelivered: properties["delivery_info"]["redelivered"].as_bool().unwrap_or(false),
            headers,
            body,
        })
    }
}
