//! Parses a DAG file, or asks a timetable, in a forked child, with a timeout.

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use serde_json::Value;
use tradewind_protocol::frames::{
    FromChild, Job, Parsed, Reply, ReplyResult, TimetableAnswered, TimetableAsk, TimetableClass, Told,
};
use tradewind_protocol::{TaskApiError, TaskCall};

use super::child::{Child, How};
use super::pool::HostPool;
use super::process::HostError;

/// Answers the calls that a file makes while it is imported (`Variable.get`, `BaseHook.get_connection`).
pub type Answerer =
    Arc<dyn Fn(TaskCall) -> Pin<Box<dyn Future<Output = Result<Value, TaskApiError>> + Send>> + Send + Sync>;

/// Output that is kept of a file that prints while it is imported.
const KEPT_OUTPUT: usize = 8 << 10;
/// What a child that was told to end may take for it.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Which file to parse.
#[derive(Clone, Debug)]
pub struct ParseRequest {
    /// Absolute path.
    pub path: PathBuf,
    /// Root of the bundle, put on `sys.path`.
    pub root: PathBuf,
    /// Name of the bundle.
    pub bundle: String,
    /// It had an import error before.
    pub had_error: bool,
}

/// Which timetable to ask what.
#[derive(Clone, Debug)]
pub struct TimetableRequest {
    /// Absolute path of the DAG's file.
    pub path: PathBuf,
    /// Root of the bundle, put on `sys.path`.
    pub root: PathBuf,
    /// The timetable.
    pub class: TimetableClass,
    /// The question.
    pub ask: TimetableAsk,
}

/// Why a file could not be parsed. None of this says anything about other files.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseFailure {
    /// It took too long and was killed.
    #[error("importing the file took longer than {} s and was stopped", .after.as_secs_f64())]
    Timeout {
        /// The limit.
        after: Duration,
        /// The last of what the file printed.
        output: String,
    },
    /// The process ended while it imported the file.
    #[error("the process that imported the file ended: {how}")]
    Crashed {
        /// How it ended.
        how: How,
        /// The last of what the file printed.
        output: String,
    },
    /// There is no host to parse it; the file is not to blame.
    #[error(transparent)]
    Host(#[from] HostError),
}

impl HostPool {
    /// Imports a DAG file in a forked child and serializes its DAGs.
    ///
    /// # Errors
    /// [`ParseFailure`]. What is wrong inside the file is not a failure but [`Parsed::import_error`].
    pub async fn parse(
        &self,
        request: ParseRequest,
        timeout: Duration,
        answerer: Answerer,
    ) -> Result<Parsed, ParseFailure> {
        let job = Job::Parse {
            path: request.path.to_string_lossy().into_owned(),
            root: request.root.to_string_lossy().into_owned(),
            bundle: request.bundle.clone(),
            had_error: request.had_error,
        };
        let parsed = |frame: FromChild| match frame {
            FromChild::Parsed(parsed) => Some(*parsed),
            _ => None,
        };
        self.answer(&job, parsed, timeout, answerer).await
    }

    /// Asks a timetable of the user's own in a forked child.
    ///
    /// # Errors
    /// [`ParseFailure`]. What the author's code raised is not a failure but [`TimetableAnswered::error`].
    pub async fn ask_timetable(
        &self,
        request: TimetableRequest,
        timeout: Duration,
        answerer: Answerer,
    ) -> Result<TimetableAnswered, ParseFailure> {
        let job = Job::Timetable {
            path: request.path.to_string_lossy().into_owned(),
            root: request.root.to_string_lossy().into_owned(),
            class: request.class,
            ask: request.ask,
        };
        let answered = |frame: FromChild| match frame {
            FromChild::Answered(answered) => Some(*answered),
            _ => None,
        };
        self.answer(&job, answered, timeout, answerer).await
    }

    /// Asks a forked child something that only the Python environment knows.
    ///
    /// # Errors
    /// [`ParseFailure`]. What Python can't answer is not a failure but [`Told::error`].
    pub async fn ask(
        &self,
        question: String,
        about: Value,
        timeout: Duration,
        answerer: Answerer,
    ) -> Result<Told, ParseFailure> {
        let told = |frame: FromChild| match frame {
            FromChild::Told(told) => Some(*told),
            _ => None,
        };
        self.answer(&Job::Ask { question, about }, told, timeout, answerer).await
    }

    /// Gives a child one job and waits for the frame that answers it.
    async fn answer<T>(
        &self,
        job: &Job,
        pick: impl Fn(FromChild) -> Option<T>,
        timeout: Duration,
        answerer: Answerer,
    ) -> Result<T, ParseFailure> {
        let mut child = self.child().await?;
        let mut output = Output::default();
        let ended = tokio::time::timeout(timeout, converse(&mut child, job, pick, &answerer, &mut output)).await;
        match ended {
            Ok(Some(answer)) => return Ok(answer),
            Ok(None) => {}
            Err(_elapsed) => {
                child.kill(9);
                let _ = tokio::time::timeout(LAST_WORDS, &mut child.exit).await;
                output.drain(&child);
                return Err(ParseFailure::Timeout { after: timeout, output: output.text() });
            }
        }
        // It closed its control socket without an answer: it is ending, or has to.
        let how = match tokio::time::timeout(LAST_WORDS, &mut child.exit).await {
            Ok(Ok(exit)) => exit.how,
            Ok(Err(_)) => How::HostGone("it was retired".into()),
            Err(_) => {
                child.kill(9);
                How::Signal(9)
            }
        };
        output.drain(&child);
        Err(match how {
            How::ForkFailed(error) => ParseFailure::Host(HostError::Fork(error)),
            how => ParseFailure::Crashed { how, output: output.text() },
        })
    }
}

/// Speaks with the child until it has answered (`Some`) or closed its socket (`None`).
async fn converse<T>(
    child: &mut Child,
    job: &Job,
    pick: impl Fn(FromChild) -> Option<T>,
    answerer: &Answerer,
    output: &mut Output,
) -> Option<T> {
    child.control.send(job).ok()?;
    let mut calls = FuturesUnordered::new();
    let (mut stdout, mut stderr) = (vec![0; 4096], vec![0; 4096]);
    let (mut stdout_open, mut stderr_open) = (true, true);
    loop {
        tokio::select! {
            frame = child.control.next::<FromChild>() => match frame {
                Ok(Some(FromChild::Call { id, call })) => {
                    let answer: Pin<Box<dyn Future<Output = _> + Send>> = match call.answer() {
                        Some(answer) => Box::pin(std::future::ready(answer)),
                        None => answerer(call),
                    };
                    calls.push(async move { (id, answer.await) });
                }
                Ok(Some(frame)) => {
                    if let Some(answer) = pick(frame) {
                        return Some(answer);
                    }
                }
                Ok(None) => return None,
                Err(error) => {
                    tracing::warn!(?job, %error, "the answer of a python child cannot be read");
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
            count = child.stdout.read(&mut stdout), if stdout_open => {
                stdout_open = output.keep(&stdout[..count.unwrap_or(0)]);
            }
            count = child.stderr.read(&mut stderr), if stderr_open => {
                stderr_open = output.keep(&stderr[..count.unwrap_or(0)]);
            }
        }
    }
}

/// The last bytes that a child printed.
#[derive(Default)]
struct Output(Vec<u8>);

impl Output {
    /// Keeps the end of what came; false if nothing did, which is the end of the pipe.
    fn keep(&mut self, bytes: &[u8]) -> bool {
        self.0.extend_from_slice(bytes);
        if self.0.len() > 2 * KEPT_OUTPUT {
            self.0.drain(..self.0.len() - KEPT_OUTPUT);
        }
        !bytes.is_empty()
    }

    /// Takes what is left in the pipes.
    fn drain(&mut self, child: &Child) {
        let mut buffer = [0; 4096];
        for pipe in [&child.stdout, &child.stderr] {
            while let Ok(Some(count)) = pipe.read_now(&mut buffer) {
                if !self.keep(&buffer[..count]) {
                    break;
                }
            }
        }
    }

    fn text(&self) -> String {
        let start = self.0.len().saturating_sub(KEPT_OUTPUT);
        String::from_utf8_lossy(&self.0[start..]).trim().to_owned()
    }
}
