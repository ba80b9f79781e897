//! Asks the timetables that only Python can compute, and keeps what they answer as data.
//!
//! A timetable is asked when its DAG has a new version, when a run was created, when the DAG was unpaused, and every
//! so often because it may look at the world. What is wrong with one (an exception, a crash, a hang) is shown beside
//! the import errors and touches nothing else: the DAG's runs and its other answers stay.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration as StdDuration;

use async_trait::async_trait;
use futures::StreamExt as _;
use serde::Deserialize as _;
use tokio_util::sync::CancellationToken;
use tradewind_core::timetable::Answers;
use tradewind_core::{Duration, Timestamp};
use tradewind_protocol::frames::{ImportError, TimetableAnswered, TimetableAsk, TimetableClass};
use tradewind_store::{
    ExternalDag, OpenQuestion, Store, StoredImportError, TimetableAnswer, TimetableQuestion, Topic, external_in,
};

use super::ProcessorConfig;
use crate::clock::Clock;

/// So many runs to come are kept, for previews.
const FORECASTS: usize = 12;
/// So many runs are asked for at once, when many are due already.
const MOST: usize = 48;
/// A backfill has no more runs than this.
const MOST_BETWEEN: usize = 10_000;
/// Look again after so long, whether or not somebody says that something changed.
const POLL: Duration = Duration::from_secs(10);

/// Runs a timetable's code where a crash can't hurt.
#[async_trait]
pub trait TimetableHost: Send + Sync + 'static {
    /// Asks the timetable of a DAG of this file.
    ///
    /// # Errors
    /// What ended it from outside (a crash, a timeout, no interpreter).
    async fn ask(
        &self,
        path: &Path,
        root: &Path,
        class: TimetableClass,
        ask: TimetableAsk,
        timeout: Duration,
    ) -> Result<TimetableAnswered, ImportError>;
}

/// What [`Timetables`] needs to know.
#[derive(Clone, Debug)]
pub struct TimetablesConfig {
    /// Name of the bundle.
    pub bundle: String,
    /// Its folder.
    pub root: PathBuf,
    /// What a timetable may take to answer.
    pub timeout: Duration,
    /// Timetables asked at the same time.
    pub parallelism: usize,
    /// Ask again after so long.
    pub refresh_after: Duration,
}

impl From<&ProcessorConfig> for TimetablesConfig {
    fn from(config: &ProcessorConfig) -> Self {
        Self {
            bundle: config.bundle.clone(),
            root: config.root.clone(),
            timeout: config.parse_timeout,
            parallelism: config.parallelism,
            refresh_after: config.reparse_after,
        }
    }
}

/// The loop.
pub struct Timetables<C> {
    store: Store,
    host: Arc<dyn TimetableHost>,
    config: TimetablesConfig,
    clock: C,
}

impl<C: Clock> Timetables<C> {
    /// For the DAGs of one bundle.
    pub fn new(store: Store, host: Arc<dyn TimetableHost>, config: TimetablesConfig, clock: C) -> Self {
        Self { store, host, config, clock }
    }

    /// Works until `shutdown`. Errors of the database are logged and tried again.
    pub async fn run(self, shutdown: CancellationToken) {
        let mut hints = self.store.notifier().subscribe(Topic::Timetables);
        while !shutdown.is_cancelled() {
            let wake_at = match self.tick().await {
                Ok(wake_at) => wake_at,
                Err(error) => {
                    tracing::error!(%error, "timetables could not be asked; they are asked again");
                    self.clock.now() + Duration::from_secs(1)
                }
            };
            let pause = (wake_at - self.clock.now()).to_std().max(StdDuration::from_millis(1));
            tokio::select! {
                () = hints.wait() => {}
                () = tokio::time::sleep(pause) => {}
                () = shutdown.cancelled() => {}
            }
        }
    }

    /// Asks whatever has to be asked now; when to look again if nothing happens before.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn tick(&self) -> Result<Timestamp, tradewind_store::Error> {
        let questions = self.store.open_timetable_questions(&self.config.bundle).await?;
        let at_once = self.config.parallelism.max(1);
        let mut settled =
            futures::stream::iter(questions).map(|question| self.settle(question)).buffer_unordered(at_once);
        while let Some(done) = settled.next().await {
            done?;
        }
        drop(settled);
        let now = self.clock.now();
        let dags = self.store.external_timetables(&self.config.bundle).await?;
        let (due, rest): (Vec<_>, Vec<_>) = dags.into_iter().partition(|dag| self.is_due(dag, now));
        let refresh = rest.iter().map(|dag| dag.asked_at + self.config.refresh_after).min();
        let any = !due.is_empty();
        let mut asked = futures::stream::iter(due).map(|dag| self.refresh(dag)).buffer_unordered(at_once);
        while let Some(done) = asked.next().await {
            done?;
        }
        drop(asked);
        if any {
            self.store.drop_timetable_errors(&self.config.bundle).await?;
        }
        Ok(refresh.unwrap_or(now + POLL).min(now + POLL))
    }

    fn is_due(&self, dag: &ExternalDag, now: Timestamp) -> bool {
        dag.asked_version != dag.version_id
            || dag.asked_after != dag.last
            || dag.asked_at + self.config.refresh_after <= now
    }

    /// Asks which runs come next.
    async fn refresh(&self, dag: ExternalDag) -> Result<(), tradewind_store::Error> {
        let now = self.clock.now();
        let ask = TimetableAsk::Next {
            after: dag.last,
            earliest: dag.start_date,
            latest: dag.end_date,
            catchup: dag.catchup,
            now,
            future: FORECASTS,
            most: MOST,
        };
        let answered = self.ask(&dag.timetable, &dag.relative_fileloc, ask).await;
        match answered {
            Ok(TimetableAnswered { error: None, runs, ended, .. }) => {
                let answers = Answers { after: dag.last, asked_at: now, runs, ended };
                self.store.timetable_answered(&dag, &answers).await
            }
            Ok(TimetableAnswered { error: Some(error), .. }) | Err(error) => {
                let message = format!("the timetable of DAG '{}': {}", dag.dag_id, error.message);
                tracing::warn!(dag.id = dag.dag_id, error = error.message, "the DAG's own timetable failed");
                let line = error.line.map(i64::from);
                let error = StoredImportError { message, line, traceback: error.traceback };
                self.store.timetable_failed(&dag, &error, now).await
            }
        }
    }

    /// Answers a question of another process.
    async fn settle(&self, question: OpenQuestion) -> Result<(), tradewind_store::Error> {
        let asked = serde_json::from_value::<TimetableQuestion>(question.question);
        let now = self.clock.now();
        let ask = match &asked {
            Ok(TimetableQuestion::Manual { run_after }) => TimetableAsk::Manual { run_after: *run_after },
            Ok(TimetableQuestion::Between { earliest, latest }) => TimetableAsk::Next {
                after: None,
                earliest: Some(*earliest),
                latest: Some(*latest),
                catchup: true,
                now,
                future: MOST_BETWEEN,
                most: MOST_BETWEEN,
            },
            Err(error) => {
                let why = format!("the question can't be read: {error}");
                return self.store.settle_timetable_question(question.id, Err(&why)).await;
            }
        };
        let answer = match self.ask(&question.timetable, &question.relative_fileloc, ask).await {
            Ok(TimetableAnswered { error: Some(error), .. }) | Err(error) => Err(error.message),
            Ok(TimetableAnswered { interval: Some(interval), .. }) => Ok(TimetableAnswer::Interval(interval)),
            Ok(TimetableAnswered { runs, .. }) => Ok(TimetableAnswer::Runs(runs)),
        };
        self.store.settle_timetable_question(question.id, answer.as_ref().map_err(String::as_str)).await
    }

    async fn ask(
        &self,
        timetable: &serde_json::Value,
        file: &str,
        ask: TimetableAsk,
    ) -> Result<TimetableAnswered, ImportError> {
        let class =
            TimetableClass::deserialize(external_in(timetable).unwrap_or(timetable)).map_err(|error| ImportError {
                message: format!("the stored timetable can't be read: {error}"),
                line: None,
                traceback: String::new(),
            })?;
        self.host.ask(&self.config.root.join(file), &self.config.root, class, ask, self.config.timeout).await
    }
}
