//! What a command says when it cannot do what was asked: one sentence, what to do about it, and an exit code.

use std::fmt;

/// Ends a command.
#[derive(Debug)]
pub struct CliError {
    /// One sentence without a full stop: what is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// 1: it failed; 2: the command line or configuration is wrong.
    pub code: u8,
}

impl CliError {
    /// It was tried and failed (exit code 1).
    pub fn failed(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None, code: 1 }
    }

    /// The command line or configuration is wrong (exit code 2).
    pub fn usage(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None, code: 2 }
    }

    /// Adds what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.message)?;
        match &self.hint {
            Some(hint) => write!(f, "\n  {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for CliError {}

impl From<crate::config::Error> for CliError {
    fn from(error: crate::config::Error) -> Self {
        Self::usage(error.to_string())
    }
}

impl From<std::io::Error> for CliError {
    fn from(error: std::io::Error) -> Self {
        Self::failed(error.to_string())
    }
}

/// What REST refuses with an answer, commands refuse with words.
impl From<tradewind_server::http::error::ApiError> for CliError {
    fn from(error: tradewind_server::http::error::ApiError) -> Self {
        let text = match &error.detail {
            serde_json::Value::String(text) => text.clone(),
            serde_json::Value::Array(places) => {
                let words: Vec<&str> = places.iter().filter_map(|place| place["msg"].as_str()).collect();
                words.join("; ")
            }
            other => other["statement"].as_str().map_or_else(|| other.to_string(), ToOwned::to_owned),
        };
        Self::failed(text)
    }
}
