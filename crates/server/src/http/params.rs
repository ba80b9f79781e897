//! Query parameters: repeated names, typed reads, 422 with the parameter's name.

use std::convert::Infallible;
use std::str::FromStr;

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use tradewind_core::Timestamp;

use super::error::{ApiError, ApiResult};

/// The query string, decoded, in order.
#[derive(Debug, Default)]
pub struct Params(Vec<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for Params {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        // Decoding never fails for lists of pairs: broken escapes are kept as they are.
        Ok(Self(Query::try_from_uri(&parts.uri).map(|Query(pairs)| pairs).unwrap_or_default()))
    }
}

impl Params {
    /// From pairs; for tests and bodies that carry the same filters.
    pub fn from_pairs(pairs: Vec<(String, String)>) -> Self {
        Self(pairs)
    }

    /// The last value of a parameter. An empty value counts as given.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// All values of a repeated parameter.
    pub fn list(&self, name: &str) -> Vec<String> {
        self.0.iter().filter(|(n, _)| n == name).map(|(_, v)| v.clone()).collect()
    }

    /// All values of a repeated parameter, each read as `T` (a closed set of names).
    ///
    /// # Errors
    /// 422 for a value that is not in the set.
    pub fn names<T: FromStr<Err = String>>(&self, name: &str) -> ApiResult<Vec<T>> {
        self.0.iter().filter(|(n, _)| n == name).map(|(_, v)| parse_name(name, v)).collect()
    }

    /// One value of a closed set of names.
    ///
    /// # Errors
    /// 422 for a value that is not in the set.
    pub fn name<T: FromStr<Err = String>>(&self, name: &str) -> ApiResult<Option<T>> {
        self.text(name).map(|v| parse_name(name, v)).transpose()
    }

    /// A whole number.
    ///
    /// # Errors
    /// 422 when it is not one.
    pub fn int(&self, name: &str) -> ApiResult<Option<i64>> {
        self.text(name).map(|v| parse_int(name, v)).transpose()
    }

    /// A repeated whole number.
    ///
    /// # Errors
    /// 422 when one is not one.
    pub fn ints(&self, name: &str) -> ApiResult<Vec<i64>> {
        self.0.iter().filter(|(n, _)| n == name).map(|(_, v)| parse_int(name, v)).collect()
    }

    /// A number.
    ///
    /// # Errors
    /// 422 when it is not one.
    pub fn float(&self, name: &str) -> ApiResult<Option<f64>> {
        let read = |v: &str| {
            v.parse()
                .map_err(|_| ApiError::invalid("float_parsing", &["query", name], format!("'{v}' is not a number")))
        };
        self.text(name).map(read).transpose()
    }

    /// A truth value in any of the spellings that FastAPI takes.
    ///
    /// # Errors
    /// 422 for other text.
    pub fn flag(&self, name: &str) -> ApiResult<Option<bool>> {
        let read = |v: &str| match v.to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" | "t" | "y" => Ok(true),
            "false" | "0" | "no" | "off" | "f" | "n" => Ok(false),
            _ => Err(ApiError::invalid("bool_parsing", &["query", name], format!("'{v}' is neither true nor false"))),
        };
        self.text(name).map(read).transpose()
    }

    /// An instant. Without an offset it is UTC.
    ///
    /// # Errors
    /// 422 when it is not one.
    pub fn instant(&self, name: &str) -> ApiResult<Option<Timestamp>> {
        let read = |v: &str| {
            v.parse().map_err(|error| {
                let msg = format!("'{v}' is not a date-time: {error}");
                ApiError::invalid("datetime_from_date_parsing", &["query", name], msg)
            })
        };
        self.text(name).map(read).transpose()
    }
}

fn parse_int(name: &str, value: &str) -> ApiResult<i64> {
    value
        .parse()
        .map_err(|_| ApiError::invalid("int_parsing", &["query", name], format!("'{value}' is not a whole number")))
}

fn parse_name<T: FromStr<Err = String>>(name: &str, value: &str) -> ApiResult<T> {
    value.parse().map_err(|msg: String| ApiError::invalid("enum", &["query", name], msg))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(query: &str) -> Params {
        let uri = format!("/x?{query}").parse().unwrap();
        Params(Query::try_from_uri(&uri).map(|Query(pairs)| pairs).unwrap())
    }

    #[test]
    fn reads_repeated_and_typed_values() {
        let p = params("state=queued&state=running&limit=7&on=True&at=2024-01-01T00:00:00%2B00:00&p=a%25");
        assert_eq!(p.names::<tradewind_core::RunState>("state").unwrap().len(), 2);
        assert_eq!(p.int("limit").unwrap(), Some(7));
        assert_eq!(p.flag("on").unwrap(), Some(true));
        assert_eq!(p.instant("at").unwrap().unwrap().to_string(), "2024-01-01T00:00:00Z");
        assert_eq!(p.text("p"), Some("a%"));
        assert_eq!(p.int("offset").unwrap(), None);
    }

    #[test]
    fn says_which_parameter_is_wrong() {
        let p = params("limit=many&state=done&on=perhaps&at=soon");
        let place = |error: ApiError| (error.status.as_u16(), error.detail[0]["loc"].to_string());
        assert_eq!(place(p.int("limit").unwrap_err()), (422, r#"["query","limit"]"#.into()));
        assert_eq!(place(p.names::<tradewind_core::RunState>("state").unwrap_err()).0, 422);
        assert_eq!(place(p.flag("on").unwrap_err()).1, r#"["query","on"]"#);
        assert_eq!(place(p.instant("at").unwrap_err()).1, r#"["query","at"]"#);
    }
}
