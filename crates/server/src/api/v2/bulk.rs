//! Bulk requests: `{"actions": [{"action": "create" | "update" | "delete", "entities": […], …}]}`.

use axum::Json;
use axum::http::StatusCode;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};

use crate::http::error::{ApiError, ApiResult};

/// The request.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BulkBody {
    /// In order.
    pub actions: Vec<BulkAction>,
}

/// One action on many entities.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BulkAction {
    /// Which.
    pub action: Action,
    /// On what.
    pub entities: Vec<Value>,
    /// `create`: what to do with what exists: `fail`, `skip`, `overwrite`.
    #[serde(default)]
    pub action_on_existence: Existing,
    /// `update`, `delete`: what to do with what does not exist: `fail`, `skip`.
    #[serde(default)]
    pub action_on_non_existence: Missing,
    /// `update`: only these fields.
    #[serde(default)]
    pub update_mask: Option<Vec<String>>,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Add.
    Create,
    /// Change.
    Update,
    /// Remove.
    Delete,
}

/// What to do with what exists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Existing {
    /// An error.
    #[default]
    Fail,
    /// Leave it.
    Skip,
    /// Replace it.
    Overwrite,
}

/// What to do with what does not exist.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Missing {
    /// An error.
    #[default]
    Fail,
    /// Leave it.
    Skip,
}

/// What became of an action's entities.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Outcome {
    success: Vec<String>,
    errors: Vec<Value>,
}

/// The answer.
#[derive(Debug, Default, Serialize)]
pub struct Answer {
    create: Option<Outcome>,
    update: Option<Outcome>,
    delete: Option<Outcome>,
}

/// A kind of thing that bulk requests create, change and remove.
pub trait Entities {
    /// The field that names one.
    const KEY: &'static str;
    /// What a change may say.
    type Patch: DeserializeOwned;

    /// Creates one.
    fn create(&self, value: &Value, existing: Existing) -> impl Future<Output = ApiResult<()>> + Send;
    /// Changes one; an empty mask means all fields that the patch names.
    fn change(&self, key: &str, patch: Self::Patch, mask: &[String]) -> impl Future<Output = ApiResult<()>> + Send;
    /// Removes one.
    fn remove(&self, key: &str) -> impl Future<Output = ApiResult<()>> + Send;
}

/// Does what a request asks for, one entity after the other; an error is one entity's own.
pub async fn apply<E: Entities>(entities: &E, body: BulkBody) -> Json<Answer> {
    let mut answer = Answer::default();
    for action in body.actions {
        let mut outcome = Outcome::default();
        let mask = action.update_mask.as_deref().unwrap_or_default();
        for value in &action.entities {
            let key = value.as_str().or_else(|| value[E::KEY].as_str()).unwrap_or_default();
            let done = match action.action {
                Action::Delete => entities.remove(key).await,
                Action::Update => match entity::<E::Patch>(value) {
                    Ok(patch) => entities.change(key, patch, mask).await,
                    Err(error) => Err(error),
                },
                Action::Create => entities.create(value, action.action_on_existence).await,
            };
            match done {
                Err(error) if error.status == StatusCode::CONFLICT && action.action_on_existence == Existing::Skip => {}
                done => outcome.add(key.to_owned(), done, action.skips_missing()),
            }
        }
        answer.add(action.action, outcome);
    }
    Json(answer)
}

impl BulkAction {
    /// What does not exist is no error.
    pub fn skips_missing(&self) -> bool {
        self.action_on_non_existence == Missing::Skip
    }
}

impl Outcome {
    /// Takes down what became of an entity.
    pub fn add(&mut self, name: String, done: ApiResult<()>, skip_missing: bool) {
        match done {
            Ok(()) => self.success.push(name),
            Err(error) if skip_missing && error.status == StatusCode::NOT_FOUND => {}
            Err(error) => self.failed(&error),
        }
    }

    /// Takes down an error.
    pub fn failed(&mut self, error: &ApiError) {
        self.errors.push(json!({"error": error.detail, "status_code": error.status.as_u16()}));
    }
}

impl Answer {
    /// Adds an action's outcome.
    pub fn add(&mut self, action: Action, outcome: Outcome) {
        let place = match action {
            Action::Create => &mut self.create,
            Action::Update => &mut self.update,
            Action::Delete => &mut self.delete,
        };
        match place {
            None => *place = Some(outcome),
            Some(before) => {
                before.success.extend(outcome.success);
                before.errors.extend(outcome.errors);
            }
        }
    }
}

/// Reads an entity.
///
/// # Errors
/// 422 with the field.
pub fn entity<T: DeserializeOwned>(value: &Value) -> ApiResult<T> {
    crate::http::body::read(value.to_string().as_bytes())
}

/// For fields where null and absent mean different things: absent is `None`, null is `Some(None)`.
pub fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_of_one_kind_are_gathered() {
        let mut answer = Answer::default();
        let mut outcome = Outcome::default();
        outcome.add("a".into(), Ok(()), false);
        outcome.add("b".into(), Err(ApiError::not_found("no b")), true);
        outcome.add("c".into(), Err(ApiError::not_found("no c")), false);
        answer.add(Action::Delete, outcome.clone());
        answer.add(Action::Delete, outcome);
        let answer = serde_json::to_value(&answer).unwrap();
        assert_eq!(answer["delete"]["success"], json!(["a", "a"]));
        assert_eq!(answer["delete"]["errors"][0], json!({"error": "no c", "status_code": 404}));
        assert!(answer["create"].is_null());
    }
}
