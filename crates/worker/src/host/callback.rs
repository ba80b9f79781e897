//! Runs a callback in a forked child, with a timeout. What it prints and logs goes to a file of its own.

use std::path::Path;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tradewind_protocol::frames::{FromChild, Job, Reply, ReplyResult};
use tradewind_protocol::{CallbackJob, Called};

use super::child::{Child, How};
use super::parse::Answerer;
use super::pool::HostPool;
use super::process::HostError;
use crate::clock::now;
use crate::log::{Stream, TryLog};

/// What a child that was told to end, or has answered, may take to exit.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Why a callback has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallbackFailure {
    /// It took too long and was killed.
    #[error("the callback took longer than {} s and was stopped", .0.as_secs_f64())]
    Timeout(Duration),
    /// Its process ended.
    #[error("the process that ran the callback ended: {0}")]
    Crashed(How),
    /// There is no host to run it; the callback has not begun.
    #[error(transparent)]
    Host(#[from] HostError),
}

impl HostPool {
    /// Runs a callback of a DAG file in a forked child.
    ///
    /// # Errors
    /// [`CallbackFailure`]. What the callback itself raises is not a failure but [`Called::error`].
    pub async fn callback(
        &self,
        file: &Path,
        root: &Path,
        job: CallbackJob,
        timeout: Duration,
        answerer: &Answerer,
        log: &mut TryLog,
    ) -> Result<Called, CallbackFailure> {
        let mut child = self.child_for(file, root).await?;
        let job = Job::Callback {
            path: file.to_string_lossy().into_owned(),
            root: root.to_string_lossy().into_owned(),
            callback: Box::new(job),
        };
        let answer = tokio::time::timeout(timeout, converse(&mut child, &job, answerer, log)).await;
        let how = match answer {
            Ok(Some(called)) => {
                // What it still prints belongs to it; threads that never end do not.
                if tokio::time::timeout(LAST_WORDS, &mut child.exit).await.is_err() {
                    child.kill(9);
                }
                drain(&child, log);
                return Ok(called);
            }
            Ok(None) => match tokio::time::timeout(LAST_WORDS, &mut child.exit).await {
                Ok(Ok(exit)) => exit.how,
                Ok(Err(_)) => How::HostGone("it was retired".into()),
                Err(_) => {
                    child.kill(9);
                    How::Signal(9)
                }
            },
            Err(_elapsed) => {
                child.kill(9);
                let _ = tokio::time::timeout(LAST_WORDS, &mut child.exit).await;
                drain(&child, log);
                return Err(CallbackFailure::Timeout(timeout));
            }
        };
        drain(&child, log);
        Err(match how {
            How::ForkFailed(error) => CallbackFailure::Host(HostError::Fork(error)),
            how => CallbackFailure::Crashed(how),
        })
    }
}

/// Speaks with the child until it has answered (`Some`) or closed its socket (`None`).
async fn converse(child: &mut Child, job: &Job, answerer: &Answerer, log: &mut TryLog) -> Option<Called> {
    child.control.send(job).ok()?;
    let mut calls = FuturesUnordered::new();
    let (mut out, mut err) = (vec![0; 8192], vec![0; 8192]);
    let (mut out_open, mut err_open) = (true, true);
    loop {
        tokio::select! {
            frame = child.control.next::<FromChild>() => match frame {
                Ok(Some(FromChild::Called(called))) => return Some(*called),
                Ok(Some(FromChild::Log(record))) => log.record(record),
                Ok(Some(FromChild::Mask { values })) => log.add_secrets(values),
                Ok(Some(FromChild::Call { id, call })) => {
                    let answer = answerer(call);
                    calls.push(async move { (id, answer.await) });
                }
                Ok(Some(_)) => {}
                Ok(None) => return None,
                Err(error) => {
                    log.say(now(), "error", &format!("The callback's control socket failed: {error}"), &[]);
                    child.kill(9);
                    return None;
                }
            },
            Some((id, answer)) = calls.next() => {
                let result = answer.map_or_else(ReplyResult::Error, ReplyResult::Ok);
                if child.control.send(&Reply { id, result }).is_err() {
                    return None;
                }
            },
            count = child.stdout.read(&mut out), if out_open => {
                let count = count.unwrap_or(0);
                out_open = count > 0;
                log.printed(now(), Stream::Stdout, &out[..count]);
            }
            count = child.stderr.read(&mut err), if err_open => {
                let count = count.unwrap_or(0);
                err_open = count > 0;
                log.printed(now(), Stream::Stderr, &err[..count]);
            }
        }
        log.flush();
    }
}

/// Logs what the pipes still hold.
fn drain(child: &Child, log: &mut TryLog) {
    let mut buffer = [0; 8192];
    for (pipe, stream) in [(&child.stdout, Stream::Stdout), (&child.stderr, Stream::Stderr)] {
        for _ in 0..256 {
            match pipe.read_now(&mut buffer) {
                Ok(Some(count)) if count > 0 => log.printed(now(), stream, &buffer[..count]),
                _ => break,
            }
        }
    }
    log.printed_all(now());
    log.flush();
}
