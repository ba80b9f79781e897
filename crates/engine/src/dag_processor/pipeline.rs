//! The way of files through the dag processor: parsed side by side, then written together. While one transaction is
//! under way, files go on being parsed; what is ready when it ends goes into the next one.

use std::collections::HashSet;
use std::sync::Arc;

use tokio::task::{JoinError, JoinSet};
use tradewind_store::{FileResult, ParseReport, Store};

use super::{DagParser, DagProcessor, KnownFile, ProcessorConfig, apply};
use crate::clock::Clock;

/// Files that may wait for being written; more are not parsed meanwhile.
const READY: usize = 64;

/// Files under way.
#[derive(Default)]
pub(super) struct Pipeline {
    parsing: JoinSet<FileResult>,
    ready: Vec<FileResult>,
    /// One task at most.
    writing: JoinSet<Vec<Written>>,
    /// All of them, by relative path: a file is not parsed again before it is written.
    busy: HashSet<String>,
}

/// Something that happened to files under way.
pub(super) enum Step {
    /// A file is parsed.
    Parsed(Result<Box<FileResult>, JoinError>),
    /// Files were written, or not.
    Written(Result<Vec<Written>, JoinError>),
}

/// A file and what the database made of it.
pub(super) struct Written {
    file: FileResult,
    result: Result<ParseReport, tradewind_store::Error>,
}

impl Pipeline {
    /// Nothing is under way.
    pub(super) fn is_empty(&self) -> bool {
        self.parsing.is_empty() && self.ready.is_empty() && self.writing.is_empty()
    }

    /// Waits for what happens next; forever when nothing is under way. Cancelling it loses nothing.
    pub(super) async fn step(&mut self) -> Step {
        tokio::select! {
            Some(parsed) = self.parsing.join_next() => Step::Parsed(parsed.map(Box::new)),
            Some(written) = self.writing.join_next() => Step::Written(written),
            else => std::future::pending().await,
        }
    }

    /// Gives up on everything.
    pub(super) fn abort(&mut self) {
        self.parsing.abort_all();
        self.writing.abort_all();
    }
}

impl<C: Clock> DagProcessor<C> {
    /// Starts what can be started.
    pub(super) fn feed(&mut self) {
        while self.pipeline.parsing.len() < self.config.parallelism
            && self.pipeline.ready.len() < READY
            && let Some(relative) = self.queue.iter().find(|file| !self.pipeline.busy.contains(*file)).cloned()
        {
            self.queue.remove(&relative);
            self.pipeline.busy.insert(relative.clone());
            let had_error = self.known.get(&relative).is_some_and(|known| known.had_error);
            self.pipeline.parsing.spawn(parse(Arc::clone(&self.parser), self.config.clone(), relative, had_error));
        }
        if self.pipeline.writing.is_empty() && !self.pipeline.ready.is_empty() {
            let files = std::mem::take(&mut self.pipeline.ready);
            self.pipeline.writing.spawn(write(self.store.clone(), files));
        }
    }

    /// Takes in what happened.
    pub(super) fn settle(&mut self, step: Step) {
        match step {
            Step::Parsed(Ok(mut file)) => {
                file.parsed_at = self.clock.now();
                self.pipeline.ready.push(*file);
            }
            Step::Written(Ok(files)) => files.into_iter().for_each(|written| self.written(written)),
            // A panic. Which files these were is not known; the next scan finds that they were not taken in. One that
            // is under way may be parsed twice, which does no harm.
            Step::Parsed(Err(error)) | Step::Written(Err(error)) => {
                tracing::error!(%error, "a task of the dag processor ended unexpectedly");
                self.pipeline.busy = self.pipeline.ready.iter().map(|file| file.relative_fileloc.clone()).collect();
            }
        }
    }

    fn written(&mut self, Written { file, result }: Written) {
        let relative = file.relative_fileloc;
        self.pipeline.busy.remove(&relative);
        match result {
            Ok(changed) => {
                let dags = file.dags.len();
                tracing::debug!(file = relative, dags, ?changed, took_ms = file.parse_ms, "parsed");
                let known = KnownFile {
                    fingerprint: file.content_hash,
                    modules: file.modules,
                    parsed_at: file.parsed_at,
                    had_error: file.import_error.is_some(),
                };
                self.known.insert(relative, known);
            }
            Err(error) => {
                tracing::error!(file = relative, %error, "what was parsed could not be stored; the file is parsed again");
                self.known.remove(&relative);
                self.queue.insert(relative);
            }
        }
    }
}

async fn parse(parser: Arc<dyn DagParser>, config: ProcessorConfig, relative: String, had_error: bool) -> FileResult {
    let started = tokio::time::Instant::now();
    let path = config.root.join(&relative);
    let source = tokio::fs::read(&path).await.unwrap_or_default();
    // Before it is parsed: if they change meanwhile, the next scan has it parsed again.
    let surroundings = config.surroundings();
    let result = parser.parse(&path, &config.root, &config.bundle, had_error, config.parse_timeout).await;
    let took = started.elapsed();
    let work = move || apply::file_result(&config, &surroundings, &relative, &source, result, took);
    // A panic in here is one in the task itself.
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
}

/// Writes files in one transaction. If that fails, each gets one of its own, so that one that the database refuses
/// does not take others with it.
async fn write(store: Store, files: Vec<FileResult>) -> Vec<Written> {
    let mut written = Vec::with_capacity(files.len());
    match store.apply_parses(&files).await {
        Ok(reports) => {
            written.extend(files.into_iter().zip(reports).map(|(file, report)| Written { file, result: Ok(report) }));
        }
        Err(error) => {
            tracing::debug!(%error, "parsed files could not be written together; each is written alone");
            for file in files {
                let result = store.apply_parse(file.clone()).await;
                written.push(Written { file, result });
            }
        }
    }
    written
}
