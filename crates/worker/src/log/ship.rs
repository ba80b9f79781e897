//! Sends a try's log to a server that does not see the worker's log folder. What a short try says goes with its end.

use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tradewind_core::TryId;
use tradewind_protocol::TaskApi;
use tradewind_protocol::task_api::{ErrorCode, LOG_END, LogPart};

use crate::backoff::Backoff;
use crate::token::Token;

/// How long lines gather before they are sent.
const INTERVAL: Duration = Duration::from_millis(500);
/// Bytes that are sent at once.
const CHUNK: u64 = 512 << 10;
/// Bytes that may go with the end of the try.
const REST: usize = 64 << 10;

/// Follows a log file and sends what is new.
pub struct Shipper {
    /// Says that the log is complete, and whether its end may be kept for the end of the try.
    over: oneshot::Sender<bool>,
    task: tokio::task::JoinHandle<Option<LogPart>>,
}

impl Shipper {
    /// Begins to follow the log of a try. `later_part`: where this part of it begins in the file, if it is not the
    /// first; the server may have parts of other workers, and gets this one behind them.
    pub fn start(api: Arc<dyn TaskApi>, token: Token, try_id: TryId, path: PathBuf, later_part: Option<u64>) -> Self {
        let (over, is_over) = oneshot::channel();
        let log = Followed { api, token, try_id, path, offset: later_part.unwrap_or(0), at_end: later_part.is_some() };
        let task = tokio::spawn(log.follow(is_over));
        Self { over, task }
    }

    /// The log is complete: returns when the server has all of it, however long it is away, or does not want it.
    /// `keep_end`: a short rest is answered instead, to go with the end of the try.
    pub async fn finish(self, keep_end: bool) -> Option<LogPart> {
        let _ = self.over.send(keep_end);
        self.task.await.unwrap_or_default()
    }
}

struct Followed {
    api: Arc<dyn TaskApi>,
    token: Token,
    try_id: TryId,
    path: PathBuf,
    /// Where in the file the first byte is that was not sent.
    offset: u64,
    /// Wherever the server's log ends, not at `offset`.
    at_end: bool,
}

impl Followed {
    async fn follow(mut self, mut is_over: oneshot::Receiver<bool>) -> Option<LogPart> {
        let keep_end = loop {
            match tokio::time::timeout(INTERVAL, &mut is_over).await {
                // A worker that is gone without a word is over as well.
                Ok(said) => break said.unwrap_or(false),
                Err(_) => match self.read() {
                    Ok(lines) if lines.is_empty() => {}
                    Ok(lines) => self.send(lines).await.ok()?,
                    Err(()) => return None,
                },
            }
        };
        loop {
            let lines = self.read().ok()?;
            if lines.is_empty() {
                return None;
            }
            let lines = match String::from_utf8(lines) {
                Ok(lines) if keep_end && lines.len() <= REST => {
                    return Some(LogPart { offset: self.place(), lines });
                }
                Ok(lines) => lines.into_bytes(),
                Err(error) => error.into_bytes(),
            };
            self.send(lines).await.ok()?;
        }
    }

    fn place(&self) -> u64 {
        if self.at_end { LOG_END } else { self.offset }
    }

    /// Sends lines, however long the server is away. An error: it does not want them, which is logged.
    async fn send(&mut self, lines: Vec<u8>) -> Result<(), ()> {
        let mut backoff = Backoff::for_requests();
        let length = lines.len() as u64;
        loop {
            match self.api.append_log(&self.token.now(), self.try_id, self.place(), lines.clone()).await {
                Ok(()) => {
                    self.offset += length;
                    return Ok(());
                }
                Err(error) if error.code == ErrorCode::Unavailable => backoff.wait().await,
                Err(error) => {
                    tracing::warn!(try_id = %self.try_id, %error, "the server does not take the try's log");
                    return Err(());
                }
            }
        }
    }

    fn read(&self) -> Result<Vec<u8>, ()> {
        read(&self.path, self.offset).map_err(|error| {
            tracing::error!(log = %self.path.display(), %error, "a try's log cannot be sent to the server");
        })
    }
}

/// What is new from `offset` on, up to the end of a line.
fn read(path: &Path, offset: u64) -> std::io::Result<Vec<u8>> {
    let mut file = std::fs::File::open(path)?;
    file.seek(SeekFrom::Start(offset))?;
    let mut bytes = Vec::new();
    file.take(CHUNK).read_to_end(&mut bytes)?;
    match bytes.iter().rposition(|b| *b == b'\n') {
        Some(at) => bytes.truncate(at + 1),
        // A line longer than what is sent at once goes in pieces.
        None if bytes.len() as u64 == CHUNK => {}
        None => bytes.clear(),
    }
    Ok(bytes)
}
