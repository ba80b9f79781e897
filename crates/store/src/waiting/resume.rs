//! Where a try goes on that has waited.

use std::collections::HashMap;

use serde_json::{Map, Value, json};
use tradewind_core::{Resume, Timestamp, WaitOutcome};

use crate::sql::{Statement, ids};
use crate::{Error, Tx};

static RESUMES: Statement = Statement::new(
    "SELECT d.ti_id, d.next_method, d.next_kwargs, d.outcome, t.start_date FROM deferral AS d, task_instance AS t
     WHERE d.ti_id IN {ids} AND t.id = d.ti_id AND t.try_number = d.try_number",
);

impl Tx {
    /// Where these tries, which were just started, go on; those that begin are not in the answer.
    pub(crate) async fn resumes(&mut self, ti_ids: &[i64]) -> Result<HashMap<i64, Resume>, Error> {
        if ti_ids.is_empty() {
            return Ok(HashMap::new());
        }
        type Row = (i64, String, Value, Option<Value>, Option<Timestamp>);
        let rows = RESUMES.bind(ids(ti_ids.iter().copied())).all::<Row>(self).await?;
        rows.into_iter()
            .map(|(ti_id, next_method, kwargs, outcome, started_at)| {
                let outcome = match outcome {
                    Some(outcome) => Some(serde_json::from_value(outcome).map_err(|error| {
                        Error::Corrupt(format!("what woke task instance {ti_id} can't be read: {error}"))
                    })?),
                    None => None,
                };
                let kwargs = kwargs.as_object().cloned().unwrap_or_default();
                Ok((ti_id, Resume { started_at, ..resume(next_method, kwargs, outcome) }))
            })
            .collect()
    }
}

fn resume(next_method: String, mut next_kwargs: Map<String, Value>, outcome: Option<WaitOutcome>) -> Resume {
    let failed = |kwargs: Value| Resume {
        next_method: "__fail__".into(),
        next_kwargs: kwargs.as_object().cloned().unwrap_or_default(),
        started_at: None,
    };
    match outcome {
        Some(WaitOutcome::Event { payload }) => {
            next_kwargs.insert("event".into(), payload);
            Resume { next_method, next_kwargs, started_at: None }
        }
        Some(WaitOutcome::Failure { error, traceback }) => {
            failed(json!({"error": "Trigger failure", "message": error, "traceback": traceback}))
        }
        // An end without a process that was cleared back to life does not come here.
        Some(WaitOutcome::End { .. }) => Resume { next_method, next_kwargs, started_at: None },
        None => failed(json!({"error": "Trigger timeout"})),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_try_goes_on_with_its_event_or_fails_with_the_words_of_airflow() {
        let kwargs = || json!({"a": 1}).as_object().cloned().unwrap();
        let event = resume("done".into(), kwargs(), Some(WaitOutcome::Event { payload: json!(7) }));
        assert_eq!(
            (event.next_method.as_str(), &event.next_kwargs["event"], &event.next_kwargs["a"]),
            ("done", &json!(7), &json!(1))
        );
        let late = resume("done".into(), kwargs(), None);
        assert_eq!((late.next_method.as_str(), &late.next_kwargs["error"]), ("__fail__", &json!("Trigger timeout")));
        let failure = WaitOutcome::Failure { error: "x".into(), traceback: vec![] };
        assert_eq!(resume("done".into(), kwargs(), Some(failure)).next_kwargs["error"], json!("Trigger failure"));
    }
}
