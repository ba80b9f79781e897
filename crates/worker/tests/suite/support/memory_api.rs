//! A server's task API in memory: what the worker tells it can be looked at, and it can be away for a while.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Map, Value, json};
use tokio::sync::Notify;
use tradewind_core::TryId;
use tradewind_protocol::task_api::{
    ClaimRequest, ErrorCode, FinishOutcome, FinishTry, Heartbeat, HeartbeatReply, LOG_END, StartOutcome, StartTry,
    WorkerHello, WorkerWelcome,
};
use tradewind_protocol::{TaskApi, TaskApiError, TaskCall, Workload};

/// The server.
#[derive(Default)]
pub struct MemoryApi {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Default)]
pub struct State {
    /// Registrations.
    pub workers: Vec<WorkerHello>,
    /// What workers may claim.
    pub queue: Vec<Workload>,
    /// Tries that were started.
    pub started: HashMap<TryId, StartTry>,
    /// Tries that must not start.
    pub refused: HashSet<TryId>,
    /// Ends.
    pub finished: HashMap<TryId, FinishTry>,
    /// Rendered fields.
    pub rendered: HashMap<TryId, Map<String, Value>>,
    /// Ends of logs may come with the ends of tries.
    pub takes_log_ends: bool,
    /// Shipped logs.
    pub logs: HashMap<TryId, Vec<u8>>,
    /// XComs by task and key.
    pub xcoms: HashMap<(String, String), Value>,
    /// Variables.
    pub variables: HashMap<String, String>,
    /// Calls in order.
    pub calls: Vec<TaskCall>,
    /// Heartbeats.
    pub beats: Vec<Heartbeat>,
    /// Told to end with the next heartbeat.
    pub terminate: Vec<TryId>,
    /// So many requests of these kinds are answered with "unavailable".
    pub away: HashMap<&'static str, u32>,
    /// The only good tokens of tries, if they have one, and what heartbeats answer.
    pub tokens: HashMap<TryId, String>,
    /// Task of a try, for XComs.
    pub tasks: HashMap<TryId, String>,
}

impl MemoryApi {
    /// Looks at, or changes, what it knows.
    pub fn with<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        let answer = look(&mut self.state.lock().unwrap());
        self.changed.notify_waiters();
        answer
    }

    /// Waits until something is true.
    pub async fn until<T>(&self, mut look: impl FnMut(&mut State) -> Option<T>) -> T {
        let wait = async {
            loop {
                let mut changed = std::pin::pin!(self.changed.notified());
                changed.as_mut().enable();
                if let Some(found) = look(&mut self.state.lock().unwrap()) {
                    return found;
                }
                changed.await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), wait).await.expect("it did not happen within a minute")
    }

    /// Waits for the end of a try.
    pub async fn end_of(&self, try_id: TryId) -> FinishTry {
        self.until(|state| state.finished.get(&try_id).cloned()).await
    }

    fn request(&self, kind: &'static str) -> Result<(), TaskApiError> {
        self.with(|state| match state.away.get_mut(kind) {
            Some(left) if *left > 0 => {
                *left -= 1;
                Err(TaskApiError::new(ErrorCode::Unavailable, "the server is away"))
            }
            _ => Ok(()),
        })
    }
}

#[async_trait]
impl TaskApi for MemoryApi {
    async fn register(&self, hello: WorkerHello) -> Result<WorkerWelcome, TaskApiError> {
        self.request("register")?;
        self.with(|state| {
            state.workers.push(hello);
            Ok(WorkerWelcome {
                worker_id: state.workers.len() as i64,
                version: "test".into(),
                heartbeat_ms: 100,
                takes_log_ends: state.takes_log_ends,
            })
        })
    }

    async fn claim(&self, request: ClaimRequest) -> Result<Vec<Workload>, TaskApiError> {
        self.request("claim")?;
        let take = |state: &mut State| {
            let (mine, rest): (Vec<_>, Vec<_>) =
                state.queue.drain(..).partition(|workload| request.queues.contains(&workload.queue));
            let mut mine = mine;
            let left = mine.split_off(mine.len().min(request.free_slots as usize));
            state.queue = rest.into_iter().chain(left).collect();
            (!mine.is_empty()).then_some(mine)
        };
        let wait = Duration::from_millis(request.wait_ms);
        Ok(tokio::time::timeout(wait, self.until(take)).await.unwrap_or_default())
    }

    async fn heartbeat(&self, beat: Heartbeat) -> Result<HeartbeatReply, TaskApiError> {
        self.request("heartbeat")?;
        self.with(|state| {
            let mut terminate = std::mem::take(&mut state.terminate);
            // As the database does: what does not run under this worker is not its own.
            let foreign = |id: &TryId| !state.started.contains_key(id) || state.finished.contains_key(id);
            terminate.extend(beat.tries.iter().copied().filter(foreign));
            let tokens = state.tokens.clone();
            state.beats.push(beat);
            Ok(HeartbeatReply { terminate, tokens, order: None })
        })
    }

    async fn start(&self, _token: &str, start: StartTry) -> Result<StartOutcome, TaskApiError> {
        self.request("start")?;
        self.with(|state| {
            if state.refused.contains(&start.try_id) || state.started.contains_key(&start.try_id) {
                return Ok(StartOutcome::Refused("somebody else has it".into()));
            }
            state.started.insert(start.try_id, start);
            Ok(StartOutcome::Started)
        })
    }

    async fn finish(&self, token: &str, finish: FinishTry) -> Result<FinishOutcome, TaskApiError> {
        self.request("finish")?;
        self.with(|state| {
            if state.tokens.get(&finish.try_id).is_some_and(|good| good != token) {
                return Err(TaskApiError::new(ErrorCode::Denied, "this token has run out"));
            }
            let task = state.tasks.get(&finish.try_id).cloned().unwrap_or_default();
            for (key, value) in &finish.xcoms {
                state.xcoms.insert((task.clone(), key.clone()), value.clone());
            }
            state.finished.insert(finish.try_id, finish);
            Ok(FinishOutcome::Recorded)
        })
    }

    async fn call(&self, _token: &str, try_id: TryId, call: TaskCall) -> Result<Value, TaskApiError> {
        self.request("call")?;
        let missing = |what: &str| TaskApiError::new(ErrorCode::NotFound, format!("there is no {what}"));
        self.with(|state| {
            state.calls.push(call.clone());
            let own = state.tasks.get(&try_id).cloned().unwrap_or_default();
            match call {
                TaskCall::VariableGet { key } => {
                    state.variables.get(&key).map(|text| json!(text)).ok_or_else(|| missing("variable"))
                }
                TaskCall::VariableSet { key, value, .. } => {
                    state.variables.insert(key, value);
                    Ok(Value::Null)
                }
                TaskCall::XcomGet { key, task_id, .. } => {
                    state.xcoms.get(&(task_id, key)).cloned().ok_or_else(|| missing("XCom"))
                }
                TaskCall::XcomSet { key, value } => {
                    state.xcoms.insert((own, key), value);
                    Ok(Value::Null)
                }
                other => Err(TaskApiError::new(ErrorCode::Invalid, format!("not known here: {other:?}"))),
            }
        })
    }

    async fn rendered(&self, _token: &str, try_id: TryId, fields: Map<String, Value>) -> Result<(), TaskApiError> {
        self.request("rendered")?;
        self.with(|state| state.rendered.insert(try_id, fields));
        Ok(())
    }

    async fn append_log(&self, _token: &str, try_id: TryId, offset: u64, lines: Vec<u8>) -> Result<(), TaskApiError> {
        self.request("log")?;
        self.with(|state| {
            let log = state.logs.entry(try_id).or_default();
            if offset == LOG_END {
                return log.extend_from_slice(&lines);
            }
            let have = log.len().saturating_sub(offset as usize);
            if offset as usize <= log.len() && have < lines.len() {
                log.extend_from_slice(&lines[have..]);
            }
        });
        Ok(())
    }
}
