//! Questions to people: asked by a try, answered once.

use serde_json::{Map, Value, json};
use tradewind_core::{Timestamp, TryId, WaitOutcome};

use crate::row::row;
use crate::sql::{Statement, ids};
use crate::{Error, Firing, Store, Topic, Tx};

/// What a try asks.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// The try.
    pub try_id: TryId,
    /// One line.
    pub subject: String,
    /// Markdown.
    pub body: Option<String>,
    /// What may be chosen.
    pub options: Vec<String>,
    /// What counts as chosen when nobody answers in time; `None`: then the task fails.
    pub defaults: Option<Vec<String>>,
    /// More than one may be chosen.
    pub multiple: bool,
    /// A form: name to `{"value", "schema", "description"}`.
    pub params: Map<String, Value>,
    /// Who may answer: `{"id", "name"}`; nobody named: everybody who may.
    pub assigned_users: Vec<Value>,
}

row! {
    /// A question, with its answer if there is one.
    pub struct HitlDetail {
        /// `task_instance.id`
        pub ti_id: i64,
        /// Number of the try that asked.
        pub try_number: i32,
        /// One line.
        pub subject: String,
        /// Markdown.
        pub body: Option<String>,
        /// What may be chosen.
        pub options: Vec<String>,
        /// What counts as chosen when nobody answers in time.
        pub defaults: Option<Value>,
        /// More than one may be chosen.
        pub multiple: bool,
        /// A form.
        pub params: Value,
        /// Who may answer.
        pub assigned_users: Value,
        /// When it was asked.
        pub created_at: Timestamp,
        /// When it was answered.
        pub responded_at: Option<Timestamp>,
        /// By whom; nobody: the defaults were taken.
        pub responder_id: Option<String>,
        /// Their name.
        pub responder_name: Option<String>,
        /// What was chosen.
        pub chosen_options: Option<Value>,
        /// What was filled in.
        pub params_input: Option<Value>,
    }
}

/// Somebody's answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Who.
    pub responder: Option<(String, String)>,
    /// What was chosen.
    pub chosen_options: Vec<String>,
    /// What was filled in.
    pub params_input: Map<String, Value>,
    /// When.
    pub at: Timestamp,
}

static ASK: Statement = Statement::new(
    "INSERT INTO hitl_detail (ti_id, try_number, subject, body, options, defaults, multiple, params, assigned_users,
        created_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
     ON CONFLICT (ti_id, try_number) DO UPDATE SET subject = excluded.subject, body = excluded.body,
        options = excluded.options, defaults = excluded.defaults, multiple = excluded.multiple,
        params = excluded.params, assigned_users = excluded.assigned_users, created_at = excluded.created_at,
        responded_at = NULL, responder_id = NULL, responder_name = NULL, chosen_options = NULL, params_input = NULL",
);
static GET: Statement =
    Statement::new("SELECT {columns} FROM hitl_detail WHERE ti_id = $1 AND try_number = $2").reads::<HitlDetail>();
/// The first answer is the one that counts.
static ANSWER: Statement = Statement::new(
    "UPDATE hitl_detail SET responded_at = $3, responder_id = $4, responder_name = $5, chosen_options = $6,
        params_input = $7
     WHERE ti_id = $1 AND try_number = $2 AND responded_at IS NULL",
);
static WAITING: Statement = Statement::new("SELECT id FROM trigger WHERE ti_id IN {ids} AND kind = 'input'");

impl HitlDetail {
    /// Somebody (or the clock) has answered.
    pub fn is_answered(&self) -> bool {
        self.responded_at.is_some()
    }

    /// The event with which the task goes on.
    pub fn event(&self) -> WaitOutcome {
        let responder = match (&self.responder_id, &self.responder_name) {
            (Some(id), name) => json!({"id": id, "name": name.as_ref().unwrap_or(id)}),
            (None, _) => Value::Null,
        };
        let at = self.responded_at.unwrap_or_default();
        WaitOutcome::Event {
            payload: json!({
                "chosen_options": self.chosen_options,
                "params_input": self.params_input.clone().unwrap_or_else(|| json!({})),
                "responded_at": {"__classname__": "datetime.datetime", "__version__": 2,
                    "__data__": {"timestamp": at.as_micros() as f64 / 1e6, "tz": "UTC", "text": at.to_string()}},
                "responded_by_user": responder,
                "timedout": self.responder_id.is_none(),
            }),
        }
    }
}

impl Store {
    /// Records a question. Asking again replaces it.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn ask(&self, question: &Question, at: Timestamp) -> Result<(), Error> {
        let list = |items: &[String]| Value::from(items.to_vec()).to_string();
        let mut tx = self.begin().await?;
        ASK.bind(question.try_id.ti_id)
            .bind(question.try_id.try_number)
            .bind(&question.subject)
            .bind(question.body.as_ref())
            .bind(list(&question.options))
            .bind(question.defaults.as_deref().map(list))
            .bind(question.multiple)
            .bind(Value::Object(question.params.clone()).to_string())
            .bind(Value::Array(question.assigned_users.clone()).to_string())
            .bind(at)
            .run(&mut tx)
            .await?;
        tx.notify(Topic::Ui);
        tx.commit().await
    }

    /// The question of a try.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn hitl_detail(&self, ti_id: i64, try_number: i32) -> Result<Option<HitlDetail>, Error> {
        GET.bind(ti_id).bind(try_number).optional(&mut self.db().reader().await?).await
    }

    /// Records an answer, and wakes the task that waits for it; answers whether it was the first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn answer(&self, ti_id: i64, try_number: i32, answer: &Answer) -> Result<bool, Error> {
        let mut tx = self.begin().await?;
        if !tx.record_answer(ti_id, try_number, answer).await? {
            return Ok(false);
        }
        if let Some(detail) = GET.bind(ti_id).bind(try_number).optional::<HitlDetail>(&mut tx).await? {
            let waiting = WAITING.bind(ids([ti_id])).all::<(i64,)>(&mut tx).await?;
            let firings: Vec<Firing> = waiting
                .into_iter()
                .map(|(trigger_id,)| Firing { trigger_id, triggerer: None, outcome: detail.event() })
                .collect();
            tx.fire_triggers(&firings, answer.at).await?;
        }
        tx.notify(Topic::Ui);
        tx.commit().await?;
        Ok(true)
    }

    /// Nobody has answered this try in time: its defaults count, or it fails.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn hitl_timed_out(&self, (ti_id, try_number): (i64, i32), at: Timestamp) -> Result<WaitOutcome, Error> {
        let late = || WaitOutcome::Event {
            payload: json!({
                "error": "The timeout has passed, and the response has not yet been received.",
                "error_type": "timeout",
            }),
        };
        let mut tx = self.begin().await?;
        let get = || GET.bind(ti_id).bind(try_number);
        let Some(detail) = get().optional::<HitlDetail>(&mut tx).await? else { return Ok(late()) };
        if detail.is_answered() {
            return Ok(detail.event());
        }
        let Some(Value::Array(defaults)) = detail.defaults else { return Ok(late()) };
        let value = |param: &Value| param.get("value").cloned().unwrap_or_else(|| param.clone());
        let params = detail.params.as_object().cloned().unwrap_or_default();
        let answer = Answer {
            responder: None,
            chosen_options: defaults.iter().filter_map(Value::as_str).map(ToOwned::to_owned).collect(),
            params_input: params.iter().map(|(name, param)| (name.clone(), value(param))).collect(),
            at,
        };
        tx.record_answer(ti_id, try_number, &answer).await?;
        let detail = get().one::<HitlDetail>(&mut tx).await?;
        tx.commit().await?;
        Ok(detail.event())
    }
}

impl Tx {
    async fn record_answer(&mut self, ti_id: i64, try_number: i32, answer: &Answer) -> Result<bool, Error> {
        let responder = answer.responder.as_ref();
        let recorded = ANSWER
            .bind(ti_id)
            .bind(try_number)
            .bind(answer.at)
            .bind(responder.map(|(id, _)| id.as_str()))
            .bind(responder.map(|(_, name)| name.as_str()))
            .bind(Value::from(answer.chosen_options.clone()).to_string())
            .bind(Value::Object(answer.params_input.clone()).to_string())
            .run(self)
            .await?;
        Ok(recorded > 0)
    }
}
