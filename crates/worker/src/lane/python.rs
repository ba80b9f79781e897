//! The python lane: a host forks a child, which runs the try and reports.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use tradewind_core::TaskState;
use tradewind_protocol::frames::{Done, FromChild, Job, Reply, ReplyResult};
use tradewind_protocol::{TaskApiError, Workload};

use super::stop::{Ladder, Stop, Why};
use super::{Ended, Lane, Outcome};
use crate::clock::now;
use crate::host::{Child, Exit, How};
use crate::log::{Stream, TryLog};

/// Bytes that are read from a pipe at once.
const CHUNK: usize = 16 << 10;
/// What the server may take for requests that a try left behind when it ended.
const LAST_REQUESTS: Duration = Duration::from_secs(5);
/// Rounds of emptying the pipes of a child that has ended, while something it left behind may go on writing.
const LAST_READS: usize = 256;

/// A request of the child that the server has not answered yet: the reply to send, if there is one.
type Request = BoxFuture<'static, Option<Reply>>;

/// Runs a try in a forked child.
pub(super) async fn run(lane: &Lane, log: &mut TryLog, stop: &Stop) -> Ended {
    let file = lane.root.join(&lane.workload.file);
    let child = tokio::select! {
        child = lane.hosts.child_for(&file, &lane.root) => child,
        () = stop.asked() => {
            let why = Why::Stopped(stop.reason().unwrap_or_default().to_owned());
            return Ended { outcome: Outcome::failed(why.to_string()), child: None };
        }
    };
    let mut child = match child {
        Ok(child) => child,
        Err(error) => return Ended { outcome: Outcome::failed(error.to_string()), child: None },
    };
    // The child needs no token: its calls go through us.
    let workload = Workload { token: String::new(), ..(*lane.workload).clone() };
    let job = Job::Run {
        path: file.to_string_lossy().into_owned(),
        root: lane.root.to_string_lossy().into_owned(),
        workload: Box::new(workload),
    };
    if let Err(error) = child.control.send(&job) {
        child.kill(9);
        return Ended { outcome: Outcome::failed(format!("the try cannot be handed to python: {error}")), child: None };
    }
    let ladder = Ladder::new(lane.workload.execution_timeout.map(|t| t.to_std()), lane.timeout_grace, lane.cleanup);
    let supervision = Supervision { lane, log, ladder, requests: FuturesUnordered::new(), decided: None, done: None };
    supervision.run(child, stop).await
}

struct Supervision<'a> {
    lane: &'a Lane,
    log: &'a mut TryLog,
    ladder: Ladder,
    requests: FuturesUnordered<Request>,
    /// How the try is going to end; its callbacks run.
    decided: Option<Done>,
    done: Option<Done>,
}

impl Supervision<'_> {
    async fn run(mut self, mut child: Child, stop: &Stop) -> Ended {
        let (mut out, mut err) = (vec![0; CHUNK], vec![0; CHUNK]);
        let (mut out_open, mut err_open, mut control_open) = (true, true, true);
        let exit = loop {
            tokio::select! {
                frame = child.control.next::<FromChild>(), if control_open => match frame {
                    Ok(Some(frame)) => {
                        self.hear(frame);
                        while let Ok(Some(frame)) = child.control.buffered() {
                            self.hear(frame);
                        }
                    }
                    Ok(None) => control_open = false,
                    Err(error) => {
                        self.log.say(now(), "error", &format!("The task's control socket failed: {error}"), &[]);
                        control_open = false;
                    }
                },
                count = child.stdout.read(&mut out), if out_open => {
                    let count = count.unwrap_or(0);
                    out_open = count > 0;
                    self.hear_all(&mut child);
                    self.log.printed(now(), Stream::Stdout, &out[..count]);
                }
                count = child.stderr.read(&mut err), if err_open => {
                    let count = count.unwrap_or(0);
                    err_open = count > 0;
                    self.hear_all(&mut child);
                    self.log.printed(now(), Stream::Stderr, &err[..count]);
                }
                Some(reply) = self.requests.next() => {
                    if let Some(reply) = reply
                        && let Err(error) = child.control.send(&reply)
                    {
                        let error = TaskApiError::new(tradewind_protocol::task_api::ErrorCode::Invalid, error.to_string());
                        let _ = child.control.send(&Reply { id: reply.id, result: ReplyResult::Error(error) });
                    }
                }
                exit = &mut child.exit => break exit.unwrap_or_else(|_| gone()),
                signal = self.ladder.next(stop) => {
                    let why = self.ladder.why().map(ToString::to_string).unwrap_or_default();
                    let name = crate::host::signal_name(signal);
                    self.log.say(now(), "warning", &format!("Sending {name} to the task: {why}"), &[]);
                    child.kill(signal);
                }
            }
            if let Some(done) = self.done.take() {
                empty_pipes(&child, self.log);
                self.finish_requests().await;
                let outcome = self.outcome_of(done);
                return Ended { outcome, child: Some(Lingering { child, cleanup: self.lane.cleanup }) };
            }
            self.log.flush();
        };
        self.hear_all(&mut child);
        empty_pipes(&child, self.log);
        if let Some(done) = self.done.take() {
            self.finish_requests().await;
            return Ended { outcome: self.outcome_of(done), child: None };
        }
        let mut outcome = match self.decided.clone() {
            Some(decided) => self.after_decision(decided, &exit.how),
            None => Outcome::failed(self.reason(&exit.how)),
        };
        outcome.max_rss_kb = exit.max_rss_kb;
        outcome.cpu_ms = exit.cpu_ms;
        Ended { outcome, child: None }
    }

    /// Takes in what the child has said so far: what it printed after it named a secret must find that named.
    fn hear_all(&mut self, child: &mut Child) {
        while let Ok(Some(frame)) = child.control.next_now() {
            self.hear(frame);
        }
    }

    /// Takes in one frame.
    fn hear(&mut self, frame: FromChild) {
        let api = Arc::clone(&self.lane.api);
        let token = self.lane.token.clone();
        let try_id = self.lane.workload.try_id;
        match frame {
            FromChild::Log(record) => self.log.record(record),
            FromChild::Mask { values } => self.log.add_secrets(values),
            FromChild::Call { id, call } => self.requests.push(Box::pin(async move {
                let answer = match call.answer() {
                    Some(answer) => answer,
                    None => api.call(&token.now(), try_id, call).await,
                };
                Some(Reply { id, result: answer.map_or_else(ReplyResult::Error, ReplyResult::Ok) })
            })),
            FromChild::Rendered { fields } => self.requests.push(Box::pin(async move {
                if let Err(error) = api.rendered(&token.now(), try_id, fields).await {
                    tracing::warn!(%try_id, %error, "rendered template fields are not recorded");
                }
                None
            })),
            FromChild::Decided(done) => {
                if self.ladder.why().is_none() {
                    self.ladder.decided(self.lane.callbacks);
                }
                self.decided = Some(*done);
            }
            FromChild::Done(done) => self.done = Some(*done),
            FromChild::Parsed(_)
            | FromChild::Answered(_)
            | FromChild::Told(_)
            | FromChild::Called(_)
            | FromChild::Unknown => {}
        }
    }

    /// What the server has not answered yet must not be overtaken by the end.
    async fn finish_requests(&mut self) {
        let all = async { while self.requests.next().await.is_some() {} };
        let _ = tokio::time::timeout(LAST_REQUESTS, all).await;
    }

    /// The end that the child announced before its callbacks ended it. What a callback does changes nothing about the
    /// try. If somebody else killed the child, its callbacks are called again elsewhere: each is called at least once.
    fn after_decision(&mut self, decided: Done, how: &How) -> Outcome {
        let why = match self.ladder.why() {
            Some(why) => why.to_string(),
            None => how.to_string(),
        };
        let ours = self.ladder.why().is_some() || matches!(how, How::Code(_));
        self.log.say(now(), "error", &format!("The task's callbacks did not come to their end: {why}"), &[]);
        let mut outcome = self.outcome_of(Done { called_back: ours, ..decided });
        outcome.cpu_ms = None;
        outcome
    }

    /// The end that the child reported.
    fn outcome_of(&self, done: Done) -> Outcome {
        let state = done.state.unwrap_or(TaskState::UpForRetry);
        let failed = matches!(state, TaskState::Failed | TaskState::UpForRetry);
        let reason = match self.ladder.why().filter(|_| self.decided.is_none()) {
            // A child that ends because it was told to says so in its own words; ours are the cause.
            Some(why) if failed => Some(why.to_string()),
            _ => done.reason.map(|reason| self.log.masker().mask(&reason).into_owned()),
        };
        Outcome {
            state,
            reason,
            xcoms: done.xcoms,
            map_length: done.map_length,
            reschedule_at: done.reschedule_at,
            retry_at: done.retry_at,
            called_back: done.called_back,
            skip: done.skip,
            asset_updates: done.asset_updates,
            deferral: done.deferral,
            max_rss_kb: Some(done.max_rss_kb).filter(|kb| *kb > 0),
            cpu_ms: Some(done.cpu_ms),
        }
    }

    /// Why a child that reported nothing ended.
    fn reason(&self, how: &How) -> String {
        let reason = self.lane.explain(how, self.ladder.why());
        match how {
            How::Code(code) if self.ladder.why().is_none() => {
                format!("exit code {code}: the process ended before the task did (os._exit or a crash)")
            }
            _ => reason,
        }
    }
}

/// Logs what the pipes hold at this moment.
fn empty_pipes(child: &Child, log: &mut TryLog) {
    let mut buffer = [0; CHUNK];
    for (pipe, stream) in [(&child.stdout, Stream::Stdout), (&child.stderr, Stream::Stderr)] {
        for _ in 0..LAST_READS {
            match pipe.read_now(&mut buffer) {
                Ok(Some(count)) if count > 0 => log.printed(now(), stream, &buffer[..count]),
                _ => break,
            }
        }
    }
    log.printed_all(now());
}

fn gone() -> Exit {
    Exit { how: How::HostGone("it was retired".into()), max_rss_kb: None, cpu_ms: None }
}

/// A child that has reported the end of its try and has not exited yet. The try is over for everybody else.
pub struct Lingering {
    child: Child,
    cleanup: Duration,
}

impl Lingering {
    /// Logs what it still prints until it exits; kills it when it takes too long (a thread that never ends).
    pub async fn finish(mut self, mut log: TryLog) {
        let (mut out, mut err) = (vec![0; 1024], vec![0; 1024]);
        let (mut out_open, mut err_open) = (true, true);
        let mut kill = Box::pin(tokio::time::sleep(self.cleanup));
        let mut killed = false;
        loop {
            tokio::select! {
                count = self.child.stdout.read(&mut out), if out_open => {
                    let count = count.unwrap_or(0);
                    out_open = count > 0;
                    log.printed(now(), Stream::Stdout, &out[..count]);
                }
                count = self.child.stderr.read(&mut err), if err_open => {
                    let count = count.unwrap_or(0);
                    err_open = count > 0;
                    log.printed(now(), Stream::Stderr, &err[..count]);
                }
                _ = &mut self.child.exit => break,
                () = &mut kill, if !killed => {
                    killed = true;
                    log.say(now(), "warning", "The task's process was killed: it did not exit after the task's end", &[]);
                    self.child.kill(9);
                }
            }
            log.flush();
        }
        empty_pipes(&self.child, &mut log);
    }
}
