//! Versions of the Execution API: dates, of which a client names the one that it was made for.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use serde_json::{Map, Value};
use tradewind_core::Timestamp;

use crate::http::error::{ApiError, ApiResult};

/// The header of requests and answers.
pub const HEADER: &str = "airflow-api-version";

const NEWEST: &str = "2026-06-30";
const OLDEST: &str = "2025-04-11";

/// The version that a client asks for. Dates between two versions, and after the newest, stand for the one before them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version(String);

impl Default for Version {
    fn default() -> Self {
        Self(NEWEST.to_owned())
    }
}

impl Version {
    /// What the header asks for; the newest without one.
    ///
    /// # Errors
    /// 404 for a date before the first version, 422 for what is no date, both as in Airflow.
    pub fn asked(headers: &HeaderMap) -> ApiResult<Self> {
        let Some(value) = headers.get(HEADER) else { return Ok(Self::default()) };
        let text = value.to_str().unwrap_or_default();
        let date = format!("{text}T00:00:00Z").parse::<Timestamp>();
        if text.len() != OLDEST.len() || date.is_err() {
            let loc = ["header", "Airflow-API-Version"];
            return Err(ApiError::invalid("date_from_datetime_parsing", &loc, format!("'{text}' is not a date")));
        }
        if text < OLDEST {
            return Err(ApiError::new(StatusCode::NOT_FOUND, "Not Found"));
        }
        Ok(Self(text.to_owned()))
    }

    /// As the header has it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The client does not know what came with that version.
    pub fn is_before(&self, date: &str) -> bool {
        // Such dates sort as texts.
        self.0.as_str() < date
    }

    /// Takes out of a DAG run what the client does not know.
    pub fn fit_run(&self, run: &mut Value) {
        const CAME: [(&str, &str); 6] = [
            ("2025-08-10", "state"),
            ("2025-11-05", "triggering_user_name"),
            ("2026-04-06", "partition_key"),
            ("2026-04-06", "note"),
            ("2026-06-30", "team_name"),
            ("2026-06-30", "partition_date"),
        ];
        let Some(fields) = run.as_object_mut() else { return };
        for (_, field) in CAME.iter().filter(|(date, _)| self.is_before(date)) {
            fields.remove(*field);
        }
        if self.is_before("2026-04-06") && fields.get("start_date").is_some_and(Value::is_null) {
            let due = fields.get("run_after").cloned().unwrap_or_default();
            fields.insert("start_date".into(), due);
        }
        if self.is_before("2025-10-27") && fields.get("conf").is_some_and(Value::is_null) {
            fields.insert("conf".into(), Value::Object(Map::new()));
        }
        if self.is_before("2026-06-30") {
            for event in fields.get_mut("consumed_asset_events").and_then(Value::as_array_mut).into_iter().flatten() {
                if let Some(event) = event.as_object_mut() {
                    event.remove("partition_key");
                }
            }
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Version {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn asked(text: &'static str) -> Result<Version, u16> {
        let headers = [(HEADER.parse().unwrap(), text.parse().unwrap())].into_iter().collect();
        Version::asked(&headers).map_err(|error| error.status.as_u16())
    }

    #[test]
    fn dates_are_versions_as_in_airflow() {
        assert_eq!(Version::asked(&HeaderMap::new()).unwrap(), Version::default());
        for good in ["2026-06-30", "2025-04-11", "2025-12-01", "2030-01-01"] {
            assert_eq!(asked(good), Ok(Version(good.into())));
        }
        assert_eq!(asked("2024-01-01"), Err(404));
        for wrong in ["", "x", "latest", "2026-13-01", "2026-06-30T00:00:00Z"] {
            assert_eq!(asked(wrong), Err(422), "{wrong}");
        }
    }

    #[test]
    fn older_clients_get_what_they_know() {
        let run = json!({"state": "running", "note": null, "team_name": null, "run_after": "x", "start_date": null,
            "conf": null, "consumed_asset_events": [{"partition_key": "p", "extra": {}}]});
        let fitted = |version: &'static str| {
            let mut run = run.clone();
            asked(version).unwrap().fit_run(&mut run);
            run
        };
        assert_eq!(fitted("2026-07-01"), run);
        assert_eq!(
            fitted("2025-10-27"),
            json!({"state": "running", "run_after": "x", "start_date": "x", "conf": null,
                "consumed_asset_events": [{"extra": {}}]})
        );
        assert_eq!(
            fitted("2025-04-28"),
            json!({"run_after": "x", "start_date": "x", "conf": {}, "consumed_asset_events": [{"extra": {}}]})
        );
    }
}
