//! Hides secrets in what people configured: by the names of fields.

use serde_json::Value;

/// Stands for a secret.
pub const HIDDEN: &str = "***";

/// A field whose name contains one of these is a secret.
const SENSITIVE: [&str; 14] = [
    "access_token",
    "access_key",
    "api_key",
    "apikey",
    "authorization",
    "credential",
    "keyfile_dict",
    "passphrase",
    "passwd",
    "password",
    "private_key",
    "secret",
    "service_account",
    "token",
];

/// Whether the value of a field of that name is a secret.
pub fn is_sensitive(name: &str) -> bool {
    let name = name.trim().to_ascii_lowercase();
    SENSITIVE.iter().any(|word| name.contains(word))
}

/// JSON with every sensitive field's value hidden, at any depth.
pub fn redact(value: Value) -> Value {
    match value {
        Value::Object(fields) => Value::Object(
            fields
                .into_iter()
                .map(|(name, value)| {
                    let value = if is_sensitive(&name) && !value.is_null() { HIDDEN.into() } else { redact(value) };
                    (name, value)
                })
                .collect(),
        ),
        Value::Array(items) => Value::Array(items.into_iter().map(redact).collect()),
        other => other,
    }
}

/// Puts back what a client was shown as hidden and sends back unchanged.
pub fn restore(new: Value, old: Option<&Value>) -> Value {
    match (new, old) {
        (Value::String(text), Some(old)) if text == HIDDEN => old.clone(),
        (Value::Object(fields), old) => Value::Object(
            fields
                .into_iter()
                .map(|(name, value)| {
                    let old = old.and_then(|old| old.get(&name));
                    let value = restore(value, old);
                    (name, value)
                })
                .collect(),
        ),
        (new, _) => new,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_hidden_comes_back_unharmed() {
        let secret = json!({"region": "eu", "aws_secret_access_key": "x", "nested": {"Token": "y", "n": 1}});
        let shown = redact(secret.clone());
        assert_eq!(shown, json!({"region": "eu", "aws_secret_access_key": "***", "nested": {"Token": "***", "n": 1}}));
        assert_eq!(restore(shown, Some(&secret)), secret);
        assert_eq!(restore(json!({"token": "new"}), Some(&secret)), json!({"token": "new"}));
    }
}
