//! Replaces secrets by `***`.

use std::borrow::Cow;

use regex::Regex;
use serde_json::Value;

/// What stands for a secret.
const MASKED: &str = "***";
/// Lines of a secret of several lines that are shorter than this are not masked on their own.
const SHORTEST_LINE: usize = 5;

/// The secrets of one try, told by the child as it meets them.
#[derive(Debug, Default)]
pub struct Masker {
    secrets: Vec<String>,
    pattern: Option<Regex>,
}

impl Masker {
    /// More texts that must not appear.
    pub fn add(&mut self, values: impl IntoIterator<Item = String>) {
        let before = self.secrets.len();
        for value in values {
            if value.contains('\n') {
                // The log has single lines.
                self.secrets
                    .extend(value.lines().map(str::trim).filter(|l| l.len() >= SHORTEST_LINE).map(str::to_owned));
            }
            if !value.is_empty() {
                self.secrets.push(value);
            }
        }
        self.secrets.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        self.secrets.dedup();
        if self.secrets.len() != before {
            // Longest first, so that a secret that contains another one is masked whole.
            let alternatives: Vec<String> = self.secrets.iter().map(|s| regex::escape(s)).collect();
            match Regex::new(&alternatives.join("|")) {
                Ok(pattern) => self.pattern = Some(pattern),
                Err(error) => tracing::error!(%error, "too many secrets to mask; those that came last are not"),
            }
        }
    }

    /// The text without secrets.
    pub fn mask<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match &self.pattern {
            Some(pattern) => pattern.replace_all(text, MASKED),
            None => Cow::Borrowed(text),
        }
    }

    /// Masks all texts inside a value.
    pub fn mask_value(&self, value: &mut Value) {
        if self.pattern.is_none() {
            return;
        }
        match value {
            Value::String(text) => {
                if let Cow::Owned(masked) = self.mask(text) {
                    *text = masked;
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.mask_value(item)),
            Value::Object(fields) => fields.values_mut().for_each(|field| self.mask_value(field)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn masks_the_longest_secret_and_everything_inside_values() {
        let mut masker = Masker::default();
        assert_eq!(masker.mask("password"), "password");
        masker.add(["pass".to_owned(), "password.*".to_owned(), String::new()]);
        assert_eq!(masker.mask("a password.* and a pass"), "a *** and a ***");
        let mut value = json!({"a": ["x pass", 1], "b": {"c": "password.*"}});
        masker.mask_value(&mut value);
        assert_eq!(value, json!({"a": ["x ***", 1], "b": {"c": "***"}}));
    }

    #[test]
    fn masks_the_lines_of_a_secret_of_several_lines() {
        let mut masker = Masker::default();
        masker.add(["BEGIN KEY\nabcdef\n-\n".to_owned()]);
        assert_eq!(masker.mask("x abcdef - y"), "x *** - y");
    }
}
