//! Timetables that Python computes: which have to be asked, what they answered, and questions of other processes.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tradewind_core::Timestamp;
use tradewind_core::timetable::{Answers, DataInterval, NextRun, TimetableSpec};

use crate::row::row;
use crate::sql::{Batch, Rows, Statement, names};
use crate::{Error, Store, Topic, Tx};

/// A DAG whose timetable Python computes, and when that was asked last.
#[derive(Clone, Debug)]
pub struct ExternalDag {
    /// The DAG.
    pub dag_id: String,
    /// Its newest version.
    pub version_id: Option<i64>,
    /// A `core::timetable::TimetableSpec::External`.
    pub timetable: Value,
    /// The file, relative to the bundle's root.
    pub relative_fileloc: String,
    /// First logical date.
    pub start_date: Option<Timestamp>,
    /// Last logical date.
    pub end_date: Option<Timestamp>,
    /// Create the runs that were missed.
    pub catchup: bool,
    /// What the scheduled or backfill run with the latest logical date covers.
    pub last: Option<DataInterval>,
    /// The version that was asked.
    pub asked_version: Option<i64>,
    /// What it was told of the last run.
    pub asked_after: Option<DataInterval>,
    /// When.
    pub asked_at: Timestamp,
}

row! {
    struct ExternalColumns {
        dag_id: String = "d.dag_id",
        version_id: Option<i64> = "d.latest_version_id",
        timetable: Value = "d.timetable",
        relative_fileloc: String = "d.relative_fileloc",
        start_date: Option<Timestamp> = "d.start_date",
        end_date: Option<Timestamp> = "d.end_date",
        catchup: bool = "d.catchup",
        last_start: Option<Timestamp> = "l.data_interval_start",
        last_end: Option<Timestamp> = "l.data_interval_end",
        asked_version: Option<i64> = "e.version_id",
        after_start: Option<Timestamp> = "e.after_start",
        after_end: Option<Timestamp> = "e.after_end",
        asked_at: Timestamp = "e.asked_at",
    }
}

/// What a timetable is asked besides which runs come next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum TimetableQuestion {
    /// The data interval of a run that somebody starts.
    Manual {
        /// When it is to run.
        run_after: Timestamp,
    },
    /// The runs of a stretch of time, for backfills.
    Between {
        /// Earliest logical date.
        earliest: Timestamp,
        /// Latest logical date.
        latest: Timestamp,
    },
}

/// The answer to a [`TimetableQuestion`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimetableAnswer {
    /// To [`TimetableQuestion::Manual`].
    Interval(DataInterval),
    /// To [`TimetableQuestion::Between`].
    Runs(Vec<NextRun>),
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// The author's code failed.
    #[error("the timetable of DAG '{dag_id}' failed: {message}")]
    Failed {
        /// The DAG.
        dag_id: String,
        /// Exception and message.
        message: String,
    },
    /// Nobody was there to ask it.
    #[error(
        "the timetable of DAG '{dag_id}' is computed in Python by the dag-processor, which did not answer within \
         {} s; start one (`tradewind dag-processor`)", .after.as_secs()
    )]
    Silence {
        /// The DAG.
        dag_id: String,
        /// How long was waited.
        after: Duration,
    },
    /// Those of the database.
    #[error(transparent)]
    Store(#[from] Error),
}

row! {
    /// A question that waits for an answer.
    pub struct OpenQuestion {
        /// Its number.
        pub id: i64 = "q.id",
        /// The DAG.
        pub dag_id: String = "q.dag_id",
        /// A [`TimetableQuestion`].
        pub question: Value = "q.question",
        /// The DAG's timetable.
        pub timetable: Value = "d.timetable",
        /// The DAG's file, relative to the bundle's root.
        pub relative_fileloc: String = "d.relative_fileloc",
    }
}

const DAGS: Batch = Batch(&[("dag_id", "text")]);
static KEEP: Statement = Statement::new(
    "INSERT INTO external_timetable (dag_id) SELECT dag_id FROM {rows} AS w WHERE TRUE ON CONFLICT DO NOTHING",
)
.rows(DAGS);
static DROP: Statement = Statement::new("DELETE FROM external_timetable WHERE dag_id IN {names}");
static EXTERNAL: Statement = Statement::new(
    "SELECT {columns} FROM external_timetable AS e
     JOIN dag AS d ON d.dag_id = e.dag_id
     LEFT JOIN dag_run AS l ON l.id = (SELECT a.id FROM dag_run AS a
        WHERE a.dag_id = d.dag_id AND a.run_type IN ('backfill', 'scheduled') AND a.logical_date IS NOT NULL
        ORDER BY a.logical_date DESC LIMIT 1)
     WHERE d.bundle_name = $1 AND NOT d.is_stale AND NOT d.has_import_errors
     ORDER BY d.dag_id",
)
.reads::<ExternalColumns>();
static ANSWER: Statement = Statement::new(
    "UPDATE external_timetable SET version_id = $2, after_start = $3, after_end = $4, asked_at = $5, answers = $6,
        error = NULL
     WHERE dag_id = $1",
);
/// What was answered before stays: it may still hold.
static FAILED: Statement = Statement::new(
    "UPDATE external_timetable SET version_id = $2, after_start = $3, after_end = $4, asked_at = $5, error = $6,
        answers = CASE WHEN version_id = $2 THEN answers ELSE NULL END
     WHERE dag_id = $1",
);
/// Answers from before a pause do not count after it.
static FORGET: Statement = Statement::new(
    "UPDATE external_timetable SET version_id = NULL, answers = NULL, asked_at = 0 WHERE dag_id IN {names}",
);
static SHOW_ERROR: Statement = Statement::new(
    "INSERT INTO import_error (bundle_name, relative_fileloc, fileloc, at, message, line, traceback, source)
     SELECT d.bundle_name, d.relative_fileloc, d.fileloc, $2, $3, $4, $5, 'timetable' FROM dag AS d WHERE d.dag_id = $1
     ON CONFLICT (bundle_name, relative_fileloc) DO UPDATE SET at = excluded.at, message = excluded.message,
        line = excluded.line, traceback = excluded.traceback
        WHERE import_error.source = 'timetable'",
);
static HIDE_ERRORS: Statement = Statement::new(
    "DELETE FROM import_error WHERE source = 'timetable' AND bundle_name = $1 AND NOT EXISTS (
        SELECT 1 FROM dag AS d JOIN external_timetable AS e ON e.dag_id = d.dag_id
        WHERE d.bundle_name = import_error.bundle_name AND d.relative_fileloc = import_error.relative_fileloc
            AND e.error IS NOT NULL AND NOT d.is_stale)",
);
static ASK: Statement =
    Statement::new("INSERT INTO timetable_question (dag_id, question, asked_at) VALUES ($1, $2, $3) RETURNING id");
static OPEN: Statement = Statement::new(
    "SELECT {columns} FROM timetable_question AS q JOIN dag AS d ON d.dag_id = q.dag_id
     WHERE d.bundle_name = $1 AND q.answer IS NULL AND q.error IS NULL ORDER BY q.id",
)
.reads::<OpenQuestion>();
static SETTLE: Statement = Statement::new("UPDATE timetable_question SET answer = $2, error = $3 WHERE id = $1");
static LOOK: Statement = Statement::new("SELECT answer, error FROM timetable_question WHERE id = $1");
/// Those whose asker is gone too.
static DROP_QUESTION: Statement = Statement::new("DELETE FROM timetable_question WHERE id = $1 OR asked_at < $2");

/// How long somebody who starts a run waits for a timetable's answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// Questions that nobody fetched the answer of are dropped after so long.
const OLD: tradewind_core::Duration = tradewind_core::Duration::from_secs(3600);

impl Store {
    /// The DAGs of a bundle whose timetables Python computes.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn external_timetables(&self, bundle: &str) -> Result<Vec<ExternalDag>, Error> {
        let interval = |start: Option<Timestamp>, end: Option<Timestamp>| {
            start.zip(end).map(|(start, end)| DataInterval { start, end })
        };
        let rows = EXTERNAL.bind(bundle).all::<ExternalColumns>(&mut self.db().reader().await?).await?;
        let external = |row: ExternalColumns| ExternalDag {
            dag_id: row.dag_id,
            version_id: row.version_id,
            timetable: row.timetable,
            relative_fileloc: row.relative_fileloc,
            start_date: row.start_date,
            end_date: row.end_date,
            catchup: row.catchup,
            last: interval(row.last_start, row.last_end),
            asked_version: row.asked_version,
            asked_after: interval(row.after_start, row.after_end),
            asked_at: row.asked_at,
        };
        Ok(rows.into_iter().map(external).collect())
    }

    /// Stores what a timetable answered, and wakes schedulers.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn timetable_answered(&self, dag: &ExternalDag, answers: &Answers) -> Result<(), Error> {
        let mut tx = self.begin().await?;
        ANSWER
            .bind(&dag.dag_id)
            .bind(dag.version_id)
            .bind(answers.after.map(|after| after.start))
            .bind(answers.after.map(|after| after.end))
            .bind(answers.asked_at)
            .bind(serde_json::to_string(answers).unwrap_or_else(|_| "null".into()))
            .run(&mut tx)
            .await?;
        tx.notify(Topic::Timetables);
        tx.notify(Topic::Ui);
        tx.commit().await
    }

    /// Stores that a timetable failed, where people look for import errors. Nothing else is touched by it.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn timetable_failed(
        &self,
        dag: &ExternalDag,
        error: &super::StoredImportError,
        at: Timestamp,
    ) -> Result<(), Error> {
        let mut tx = self.begin().await?;
        FAILED
            .bind(&dag.dag_id)
            .bind(dag.version_id)
            .bind(dag.last.map(|last| last.start))
            .bind(dag.last.map(|last| last.end))
            .bind(at)
            .bind(&error.message)
            .run(&mut tx)
            .await?;
        SHOW_ERROR
            .bind(&dag.dag_id)
            .bind(at)
            .bind(&error.message)
            .bind(error.line)
            .bind(&error.traceback)
            .run(&mut tx)
            .await?;
        tx.notify(Topic::Timetables);
        tx.notify(Topic::Ui);
        tx.commit().await
    }

    /// Takes errors of timetables that are right again out of the list.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn drop_timetable_errors(&self, bundle: &str) -> Result<(), Error> {
        let mut tx = self.begin().await?;
        tx.drop_timetable_errors(bundle).await?;
        tx.commit().await
    }

    /// Asks a timetable that Python computes, through the dag-processor.
    ///
    /// # Errors
    /// [`AskError`]
    pub async fn ask_timetable(
        &self,
        dag_id: &str,
        question: &TimetableQuestion,
        patience: Duration,
    ) -> Result<TimetableAnswer, AskError> {
        let mut heard = self.notifier().subscribe(Topic::Timetables);
        let now = crate::now();
        let mut tx = self.begin().await?;
        let question = serde_json::to_string(question).unwrap_or_default();
        let (id,) = ASK.bind(dag_id).bind(question).bind(now).one::<(i64,)>(&mut tx).await?;
        tx.notify(Topic::Timetables);
        tx.commit().await?;
        let answer = tokio::time::timeout(patience, async {
            // Another process's answer in the same SQLite file is only heard of by those who watch it.
            let mut look = tokio::time::interval(Duration::from_millis(200));
            loop {
                let mut reader = self.db().reader().await?;
                let found = LOOK.bind(id).optional::<(Option<Value>, Option<String>)>(&mut reader).await?;
                drop(reader);
                match found {
                    Some((Some(answer), _)) => return Ok(Ok(answer)),
                    Some((None, Some(error))) => return Ok(Err(error)),
                    Some((None, None)) => {}
                    None => return Ok(Err("the DAG was deleted".to_owned())),
                }
                tokio::select! {
                    () = heard.wait() => {}
                    _ = look.tick() => {}
                }
            }
        })
        .await;
        let mut tx = self.begin().await?;
        DROP_QUESTION.bind(id).bind(now - OLD).run(&mut tx).await?;
        tx.commit().await?;
        let dag_id = dag_id.to_owned();
        match answer {
            Err(_elapsed) => Err(AskError::Silence { dag_id, after: patience }),
            Ok(Err(error)) => Err(AskError::Store(error)),
            Ok(Ok(Err(message))) => Err(AskError::Failed { dag_id, message }),
            Ok(Ok(Ok(answer))) => serde_json::from_value(answer)
                .map_err(|error| AskError::Store(Error::Corrupt(format!("the answer of a timetable: {error}")))),
        }
    }

    /// The data interval of a run that somebody starts, with the DAG's stored timetable. One that Python computes is
    /// asked through the dag-processor.
    ///
    /// # Errors
    /// [`AskError`]; a timetable that can't be read any more is [`AskError::Failed`].
    pub async fn manual_interval(
        &self,
        dag_id: &str,
        timetable: &str,
        run_after: Timestamp,
    ) -> Result<DataInterval, AskError> {
        let failed = |message: String| AskError::Failed { dag_id: dag_id.to_owned(), message };
        let spec: TimetableSpec = serde_json::from_str(timetable).map_err(|error| failed(error.to_string()))?;
        let timetable = spec.compile().map_err(|error| failed(error.to_string()))?;
        if !timetable.is_external() {
            return Ok(timetable.infer_manual_interval(run_after));
        }
        match self.ask_timetable(dag_id, &TimetableQuestion::Manual { run_after }, PATIENCE).await? {
            TimetableAnswer::Interval(interval) => Ok(interval),
            TimetableAnswer::Runs(_) => Err(failed("it answered another question".into())),
        }
    }

    /// Questions about the DAGs of a bundle that nobody has answered yet.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn open_timetable_questions(&self, bundle: &str) -> Result<Vec<OpenQuestion>, Error> {
        OPEN.bind(bundle).all(&mut self.db().reader().await?).await
    }

    /// Answers a question, or says why there is no answer.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn settle_timetable_question(
        &self,
        id: i64,
        answer: Result<&TimetableAnswer, &str>,
    ) -> Result<(), Error> {
        let mut tx = self.begin().await?;
        let (answer, error) = match answer {
            Ok(answer) => (serde_json::to_string(answer).ok(), None),
            Err(error) => (None, Some(error)),
        };
        SETTLE.bind(id).bind(answer).bind(error).run(&mut tx).await?;
        tx.notify(Topic::Timetables);
        tx.commit().await
    }
}

/// The part of a stored timetable that Python computes: itself, or the one beside assets.
pub fn external_in(timetable: &Value) -> Option<&Value> {
    [timetable, &timetable["timetable"]].into_iter().find(|part| part["type"] == "external")
}

impl Tx {
    pub(super) async fn drop_timetable_errors(&mut self, bundle: &str) -> Result<(), Error> {
        if HIDE_ERRORS.bind(bundle).run(self).await? > 0 {
            self.notify(Topic::Ui);
        }
        Ok(())
    }

    /// Notes which of these DAGs have a timetable that Python computes; answers whether one had and has not any more.
    pub(super) async fn keep_external(&mut self, dags: &[super::ParsedDag]) -> Result<bool, Error> {
        let is_external = |dag: &&super::ParsedDag| external_in(&dag.timetable).is_some();
        let mut external = Rows::new(DAGS);
        dags.iter().filter(is_external).for_each(|dag| external.push([(&dag.dag_id).into()]));
        if external.len() > 0 {
            KEEP.bind(external).run(self).await?;
            self.notify(Topic::Timetables);
        }
        let others: Vec<&String> = dags.iter().filter(|dag| !is_external(dag)).map(|dag| &dag.dag_id).collect();
        Ok(!others.is_empty() && DROP.bind(names(others)).run(self).await? > 0)
    }

    /// DAGs were unpaused: what their timetables answered before does not count.
    pub(super) async fn forget_answers(&mut self, dag_ids: &[String]) -> Result<(), Error> {
        if FORGET.bind(names(dag_ids)).run(self).await? > 0 {
            self.notify(Topic::Timetables);
        }
        Ok(())
    }
}
