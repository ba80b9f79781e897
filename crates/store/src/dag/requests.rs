//! What other processes ask of a dag-processor: to parse a file again, and what only its Python environment knows.

use std::time::Duration;

use serde_json::Value;
use tradewind_core::Timestamp;

use crate::row::row;
use crate::sql::{Statement, ids};
use crate::{Error, Store, Topic};

row! {
    struct QuestionColumns {
        id: i64 = "id",
        kind: String = "kind",
        question: String = "question",
        is_encrypted: bool = "is_encrypted",
    }
}

/// A question that only Python can answer.
#[derive(Clone, Debug)]
pub struct PythonQuestion {
    /// Its number.
    pub id: i64,
    /// `plugins`, `providers`, `connection_test`, or [`PythonQuestion::NOTICE`]
    pub kind: String,
    /// What else belongs to it.
    pub question: Value,
}

impl PythonQuestion {
    /// Kind of what is told to listeners of plugins; nobody waits for an answer.
    pub const NOTICE: &str = "notice";
}

static REQUEST: Statement =
    Statement::new("INSERT INTO parse_request (bundle_name, relative_fileloc) VALUES ($1, $2) ON CONFLICT DO NOTHING");
static TAKE_REQUESTS: Statement =
    Statement::new("DELETE FROM parse_request WHERE bundle_name = $1 RETURNING relative_fileloc");
static ANY_REQUEST: Statement = Statement::new("SELECT COUNT(*) FROM parse_request WHERE bundle_name = $1");
static KNOWN_FILE: Statement = Statement::new(
    "SELECT COUNT(*) FROM dag WHERE bundle_name = $1 AND relative_fileloc = $2
     UNION ALL SELECT COUNT(*) FROM import_error WHERE bundle_name = $1 AND relative_fileloc = $2",
);
static DAGS_OF: Statement =
    Statement::new("SELECT dag_id FROM dag WHERE bundle_name = $1 AND relative_fileloc = $2 ORDER BY dag_id");
static ASK: Statement = Statement::new(
    "INSERT INTO python_question (kind, question, is_encrypted, asked_at) VALUES ($1, $2, $3, $4) RETURNING id",
);
static CLAIM: Statement = Statement::new(
    "UPDATE python_question SET claimed_at = $1
     WHERE claimed_at IS NULL AND answer IS NULL AND error IS NULL RETURNING {columns}",
)
.reads::<QuestionColumns>();
static OPEN: Statement = Statement::new(
    "SELECT COUNT(*) FROM python_question WHERE claimed_at IS NULL AND answer IS NULL AND error IS NULL",
);
static SETTLE: Statement = Statement::new("UPDATE python_question SET answer = $2, error = $3 WHERE id = $1");
static LOOK: Statement = Statement::new("SELECT answer, error FROM python_question WHERE id = $1");
static DROP_NOTICES: Statement = Statement::new("DELETE FROM python_question WHERE id IN {ids} OR asked_at < $2");
static DROP: Statement = Statement::new("DELETE FROM python_question WHERE id = $1 OR asked_at < $2");

/// Questions that nobody fetched the answer of are dropped after so long.
const OLD: tradewind_core::Duration = tradewind_core::Duration::from_secs(3600);

impl Store {
    /// The DAGs of a file, whoever asks.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn dags_of_file(&self, bundle: &str, relative_fileloc: &str) -> Result<Vec<String>, Error> {
        let found =
            DAGS_OF.bind(bundle).bind(relative_fileloc).all::<(String,)>(&mut self.db().reader().await?).await?;
        Ok(found.into_iter().map(|(dag_id,)| dag_id).collect())
    }

    /// Asks the dag-processor of a bundle to parse a file again; `false` if nothing is known of the file.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn request_parse(&self, bundle: &str, relative_fileloc: &str) -> Result<bool, Error> {
        let mut tx = self.begin().await?;
        let known = KNOWN_FILE.bind(bundle).bind(relative_fileloc).all::<(i64,)>(&mut tx).await?;
        if known.iter().all(|(count,)| *count == 0) {
            return Ok(false);
        }
        REQUEST.bind(bundle).bind(relative_fileloc).run(&mut tx).await?;
        tx.notify(Topic::Timetables);
        tx.commit().await?;
        Ok(true)
    }

    /// Takes the files that somebody wants to have parsed again.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn take_parse_requests(&self, bundle: &str) -> Result<Vec<String>, Error> {
        let (count,) = ANY_REQUEST.bind(bundle).one::<(i64,)>(&mut self.db().reader().await?).await?;
        if count == 0 {
            return Ok(Vec::new());
        }
        let mut tx = self.begin().await?;
        let files = TAKE_REQUESTS.bind(bundle).all::<(String,)>(&mut tx).await?;
        tx.commit().await?;
        Ok(files.into_iter().map(|(file,)| file).collect())
    }

    /// Asks Python through a dag-processor. `Ok(Err(…))`: it says why it can't answer, or nobody was there.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn ask_python(
        &self,
        kind: &str,
        question: &Value,
        patience: Duration,
    ) -> Result<Result<Value, String>, Error> {
        let mut heard = self.notifier().subscribe(Topic::Timetables);
        let now = crate::now();
        let (text, is_encrypted) = self.fernet().encrypt(&question.to_string());
        let mut tx = self.begin().await?;
        let (id,) = ASK.bind(kind).bind(text).bind(is_encrypted).bind(now).one::<(i64,)>(&mut tx).await?;
        tx.notify(Topic::Timetables);
        tx.commit().await?;
        let answer = tokio::time::timeout(patience, async {
            let mut look = tokio::time::interval(Duration::from_millis(200));
            loop {
                let mut reader = self.db().reader().await?;
                let found = LOOK.bind(id).optional::<(Option<Value>, Option<String>)>(&mut reader).await?;
                drop(reader);
                match found {
                    Some((Some(answer), _)) => return Ok(Ok(answer)),
                    Some((None, Some(error))) => return Ok(Err(error)),
                    Some((None, None)) => {}
                    None => return Ok(Err("the question was dropped".to_owned())),
                }
                tokio::select! {
                    () = heard.wait() => {}
                    _ = look.tick() => {}
                }
            }
        })
        .await;
        let mut tx = self.begin().await?;
        DROP.bind(id).bind(now - OLD).run(&mut tx).await?;
        tx.commit().await?;
        answer.unwrap_or_else(|_elapsed| {
            Ok(Err(format!(
                "only the dag-processor's Python environment knows, and none answered within {} s; start one \
                 (`tradewind dag-processor`)",
                patience.as_secs()
            )))
        })
    }

    /// Takes the questions that nobody answers yet.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn claim_python_questions(&self, now: Timestamp) -> Result<Vec<PythonQuestion>, Error> {
        let (count,) = OPEN.query().one::<(i64,)>(&mut self.db().reader().await?).await?;
        if count == 0 {
            return Ok(Vec::new());
        }
        let mut tx = self.begin().await?;
        let mut rows = CLAIM.bind(now).all::<QuestionColumns>(&mut tx).await?;
        tx.commit().await?;
        rows.sort_by_key(|row| row.id);
        let mut questions = Vec::with_capacity(rows.len());
        for QuestionColumns { id, kind, question, is_encrypted } in rows {
            let text = if is_encrypted { self.fernet().decrypt(&question)? } else { question };
            let question = serde_json::from_str(&text).unwrap_or_default();
            questions.push(PythonQuestion { id, kind, question });
        }
        Ok(questions)
    }

    /// Notices were told; they go, and whatever nobody fetched.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn drop_notices(&self, notices: &[i64]) -> Result<(), Error> {
        let mut tx = self.begin().await?;
        DROP_NOTICES.bind(ids(notices.iter().copied())).bind(crate::now() - OLD).run(&mut tx).await?;
        tx.commit().await
    }

    /// Answers a question, or says why there is no answer.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn settle_python_question(&self, id: i64, answer: Result<&Value, &str>) -> Result<(), Error> {
        let mut tx = self.begin().await?;
        let answered = answer.ok().map(Value::to_string);
        SETTLE.bind(id).bind(answered).bind(answer.err()).run(&mut tx).await?;
        tx.notify(Topic::Timetables);
        tx.commit().await
    }
}
