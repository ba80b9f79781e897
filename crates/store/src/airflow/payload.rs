//! Columns that hold a value of the user's: pickles, JSON in bytes, JSON.

use super::foreign::Payload;
use super::pickle::{self, Refused};

/// The value as JSON.
///
/// # Errors
/// [`Refused`] if it can't be read without running code.
pub(super) fn json_of(payload: Option<&Payload>) -> Result<Option<String>, Refused> {
    match payload {
        None => Ok(None),
        Some(Payload::Json(text)) => json(text).map(Some),
        Some(Payload::Bytes(bytes)) => match std::str::from_utf8(bytes).ok().and_then(|text| json(text).ok()) {
            Some(text) => Ok(Some(text)),
            None => pickle::read(bytes).map(|value| Some(value.to_string())),
        },
    }
}

/// JSON that others can read too: Python writes NaN and Infinity, which JSON has not.
fn json(text: &str) -> Result<String, Refused> {
    match serde_json::from_str::<&serde_json::value::RawValue>(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => Err(Refused("it holds what JSON has not (NaN or Infinity)".into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_json_from_pickles() {
        let of = |payload: Payload| json_of(Some(&payload));
        assert_eq!(of(Payload::Bytes(b"{\"a\": 1}".to_vec())), Ok(Some("{\"a\": 1}".into())));
        assert_eq!(of(Payload::Bytes(b"\x80\x04}\x94.".to_vec())), Ok(Some("{}".into())));
        assert_eq!(of(Payload::Json("[1]".into())), Ok(Some("[1]".into())));
        assert!(of(Payload::Json("NaN".into())).is_err());
        assert_eq!(json_of(None), Ok(None));
    }
}
