//! Questions to people: asked by a try, answered once.

use serde_json::{Map, Value, json};
use tradewind_core::{Timestamp, TryId, WaitOutcome};

use crate::read::prefixes;
use crate::row::row;
use crate::sql::{Statement, ids};
use crate::visible::Visible;
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

/// Which questions.
#[derive(Clone, Debug, Default)]
pub struct HitlFilter {
    /// Of this DAG.
    pub dag_id: Option<String>,
    /// Of this run.
    pub run_id: Option<String>,
    /// Answered, or not.
    pub responded: Option<bool>,
    /// Of this task.
    pub task_id: Option<String>,
    /// `LIKE`, anywhere in the DAG's id.
    pub dag_id_pattern: Option<String>,
    /// `LIKE`, anywhere in the task's id.
    pub task_id_pattern: Option<String>,
    /// Beginnings of the DAG's id, with `|` between alternatives.
    pub dag_id_prefix: Option<String>,
    /// Beginnings of the task's id.
    pub task_id_prefix: Option<String>,
    /// Somewhere in the subject.
    pub subject: Option<String>,
    /// Somewhere in the body.
    pub body: Option<String>,
    /// Of this map index.
    pub map_index: Option<i64>,
    /// Of task instances in these states; none: in any.
    pub states: Vec<String>,
    /// Answered by these users.
    pub responders: Vec<String>,
    /// Answered by users of these names.
    pub responder_names: Vec<String>,
    /// Asked then or later, microseconds.
    pub created_from: Option<i64>,
    /// Asked then or earlier, microseconds.
    pub created_to: Option<i64>,
}

const MATCHING: &str = "
     FROM hitl_detail AS h JOIN task_instance AS t ON t.id = h.ti_id JOIN dag_run AS r ON r.id = t.run_key
     WHERE ($1 IS NULL OR t.dag_id = $1) AND ($2 IS NULL OR r.run_id = $2)
        AND ($3 IS NULL OR (h.responded_at IS NOT NULL) = $3) AND ($4 IS NULL OR t.task_id = $4)
        AND ($5 IS NULL OR t.dag_id LIKE '%' || $5 || '%') AND ($6 IS NULL OR t.task_id LIKE '%' || $6 || '%')
        AND ($7 IS NULL OR h.subject LIKE '%' || $7 || '%') AND ($8 IS NULL OR h.body LIKE '%' || $8 || '%')
        AND ($9 IS NULL OR t.map_index = $9) AND ($10 IS NULL OR h.created_at >= $10)
        AND ($11 IS NULL OR h.created_at <= $11)
        AND ($12 = '[]' OR t.state IN {names:12}) AND ($13 = '[]' OR h.responder_id IN {names:13})
        AND ($14 = '[]' OR h.responder_name IN {names:14})
        AND ($15 = '[]' OR t.dag_id IN {names:15})
        AND ($16 = '[]' OR EXISTS (SELECT 1 FROM json_each($16) AS p -- sqlite
            WHERE substr(t.dag_id, 1, length(p.value)) = p.value)) -- sqlite
        AND ($17 = '[]' OR EXISTS (SELECT 1 FROM json_each($17) AS p -- sqlite
            WHERE substr(t.task_id, 1, length(p.value)) = p.value)) -- sqlite
        AND ($16 = '[]' OR EXISTS (SELECT 1 FROM json_array_elements_text($16::json) AS p (value) -- pg
            WHERE starts_with(t.dag_id, p.value))) -- pg
        AND ($17 = '[]' OR EXISTS (SELECT 1 FROM json_array_elements_text($17::json) AS p (value) -- pg
            WHERE starts_with(t.task_id, p.value))) -- pg
        ";

/// Names that a list may be ordered by, and their columns.
const ORDERS: &[(&str, &str)] = &[
    ("ti_id", "h.ti_id"),
    ("subject", "h.subject"),
    ("responded_at", "h.responded_at"),
    ("created_at", "h.created_at"),
    ("responded_by_user_id", "h.responder_id"),
    ("responded_by_user_name", "h.responder_name"),
    ("dag_id", "t.dag_id"),
    ("run_id", "r.run_id"),
    ("run_after", "r.run_after"),
    ("task_instance_operator", "t.operator"),
    ("task_instance_state", "t.state"),
    ("rendered_map_index", "t.rendered_map_index"),
    ("task_display_name", "t.task_id"),
];

impl Store {
    /// Questions, a page of them.
    ///
    /// # Errors
    /// [`Error::Invalid`] for an order that there is not; those of the database.
    pub async fn list_hitl(
        &self,
        by: &HitlFilter,
        order: &str,
        descending: bool,
        limit: i64,
        offset: i64,
    ) -> Result<crate::read::Listed<HitlDetail>, Error> {
        use crate::row::FromDb as _;
        let column = ORDERS.iter().find(|(name, _)| *name == order).map(|(_, column)| *column).ok_or_else(|| {
            let names: Vec<&str> = ORDERS.iter().map(|(name, _)| *name).collect();
            Error::Invalid(format!("questions can't be ordered by '{order}'; one of {}", names.join(", ")))
        })?;
        let text = |head: String, tail: &str| {
            let text = crate::sql::expand(&format!("{head}{MATCHING}{tail}"), self.dialect(), &[], None);
            // Postgres has to be told the types of arguments that may be NULL.
            let text = match self.dialect() {
                crate::Dialect::Sqlite => text,
                crate::Dialect::Postgres => typed(&text),
            };
            crate::db::sql(text).bind_all(by.binds())
        };
        let mut reader = self.db().reader().await?;
        let (total,) = text("SELECT COUNT(*)".into(), "").one::<(i64,)>(&mut reader).await?;
        let columns: Vec<String> = HitlDetail::COLUMNS.iter().map(|column| format!("h.{column}")).collect();
        let direction = if descending { "DESC" } else { "ASC" };
        let tail = format!(" ORDER BY {column} {direction}, h.ti_id, h.try_number LIMIT {limit} OFFSET {offset}");
        let rows = text(format!("SELECT {}", columns.join(", ")), &tail).all::<HitlDetail>(&mut reader).await?;
        Ok(crate::read::Listed { rows, total })
    }
}

fn typed(text: &str) -> String {
    let mut text = text.to_owned();
    for (argument, of) in [(9, "bigint"), (10, "bigint"), (11, "bigint"), (3, "boolean")] {
        text = text.replace(&format!("${argument} IS NULL"), &format!("${argument}::{of} IS NULL"));
    }
    for argument in [2, 4, 5, 6, 7, 8] {
        text = text.replace(&format!("${argument} IS NULL"), &format!("${argument}::text IS NULL"));
    }
    text.replacen("($1 IS NULL", "($1::text IS NULL", 1)
}

impl HitlFilter {
    fn binds(&self) -> Vec<crate::sql::Bind> {
        use crate::sql::names;
        vec![
            self.dag_id.as_ref().into(),
            self.run_id.as_ref().into(),
            self.responded.into(),
            self.task_id.as_ref().into(),
            self.dag_id_pattern.as_ref().into(),
            self.task_id_pattern.as_ref().into(),
            self.subject.as_ref().into(),
            self.body.as_ref().into(),
            self.map_index.into(),
            self.created_from.into(),
            self.created_to.into(),
            names(&self.states),
            names(&self.responders),
            names(&self.responder_names),
            // "" is no DAG's id: it makes the list of somebody who may see no DAG one that is not empty.
            names(Visible::limits().map_or_else(Vec::new, |dags| [dags, vec![String::new()]].concat())),
            names(prefixes(self.dag_id_prefix.as_deref())),
            names(prefixes(self.task_id_prefix.as_deref())),
        ]
    }
}
