//! Sends a try's log to a server that does not see the worker's log folder.

use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tradewind_core::TryId;
use tradewind_protocol::TaskApi;
use tradewind_protocol::task_api::{ErrorCode, LOG_END};

use crate::backoff::Backoff;
use crate::token::Token;

/// How long lines gather before they are sent.
const INTERVAL: Duration = Duration::from_millis(500);
/// Bytes that are sent at once.
const CHUNK: u64 = 512 << 10;

/// Follows a log file and sends what is new.
pub struct Shipper {
    over: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

impl Shipper {
    /// Begins to follow the log of a try. `later_part`: where this part of it begins in the file, if it is not the
    /// first; the server may have parts of other workers, and gets this one behind them.
    pub fn start(api: Arc<dyn TaskApi>, token: Token, try_id: TryId, path: PathBuf, later_part: Option<u64>) -> Self {
        let over = CancellationToken::new();
        let task = tokio::spawn(follow(api, token, try_id, path, later_part, over.clone()));
        Self { over, task }
    }

    /// The log is complete: returns when the server has all of it, however long it is away, or does not want it.
    pub async fn finish(self) {
        self.over.cancel();
        let _ = self.task.await;
    }
}

async fn follow(
    api: Arc<dyn TaskApi>,
    token: Token,
    try_id: TryId,
    path: PathBuf,
    later_part: Option<u64>,
    over: CancellationToken,
) {
    let mut offset = later_part.unwrap_or(0);
    let mut backoff = Backoff::for_requests();
    loop {
        // Asked before reading: what is written before `over` is read below.
        let last = over.is_cancelled();
        let lines = match read(&path, offset) {
            Ok(lines) => lines,
            Err(error) => {
                tracing::error!(log = %path.display(), %error, "a try's log cannot be sent to the server");
                return;
            }
        };
        if lines.is_empty() {
            if last {
                return;
            }
            tokio::select! {
                () = tokio::time::sleep(INTERVAL) => {}
                () = over.cancelled() => {}
            }
            continue;
        }
        let length = lines.len() as u64;
        let place = if later_part.is_some() { LOG_END } else { offset };
        match api.append_log(&token.now(), try_id, place, lines).await {
            Ok(()) => {
                offset += length;
                backoff = Backoff::for_requests();
            }
            Err(error) if error.code == ErrorCode::Unavailable => backoff.wait().await,
            Err(error) => {
                tracing::warn!(%try_id, %error, "the server does not take the try's log");
                return;
            }
        }
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
