//! Texts of the configuration and the environment that must not appear in a task's log.

use crate::config::{Config, options};

/// Shorter texts would blot out half of a log.
const SHORTEST: usize = 5;
/// Options that we do not use but that others keep in the same file.
const OTHERS: [(&str, &str); 7] = [
    ("api", "secret_key"),
    ("celery", "result_backend"),
    ("secrets", "backend_kwargs"),
    ("sentry", "sentry_dsn"),
    ("smtp", "smtp_password"),
    ("webserver", "secret_key"),
    ("workers", "secrets_backend_kwargs"),
];

/// Values of sensitive options that are set, passwords in addresses, and those of connections in the environment.
pub fn of(config: &Config, env: impl IntoIterator<Item = (String, String)>) -> Vec<String> {
    let set = options::ALL.iter().filter(|spec| spec.sensitive && config.is_set(spec)).map(|spec| config.text(spec));
    let others = OTHERS.iter().filter_map(|(section, key)| Some(config.lookup(section, key)?.text.as_str()));
    let mut found: Vec<String> = Vec::new();
    for text in set.chain(others) {
        // The whole address of a file or of a server without a password is no secret.
        match text.contains("://") {
            true => found.extend(password(text)),
            false => found.push(text.to_owned()),
        }
    }
    for (name, value) in env {
        if name.starts_with("AIRFLOW_CONN_") {
            found.extend(password(&value));
        }
    }
    found.retain(|text| text.len() >= SHORTEST);
    found.sort();
    found.dedup();
    found
}

/// The password of an address as it is written, and as it is meant; of a connection in JSON too.
fn password(address: &str) -> Vec<String> {
    if let Ok(serde_json::Value::Object(fields)) = serde_json::from_str(address) {
        return fields.get("password").and_then(|text| text.as_str()).map(str::to_owned).into_iter().collect();
    }
    let Some((_, rest)) = address.split_once("://") else { return Vec::new() };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let Some((login, _)) = rest[..end].rsplit_once('@') else { return Vec::new() };
    let Some((_, written)) = login.split_once(':') else { return Vec::new() };
    vec![written.to_owned(), unquoted(written)]
}

/// A text with its `%41` as characters.
fn unquoted(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let hex = (*first == b'%').then(|| tail.get(..2)).flatten().and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_values_of_sensitive_options_and_passwords_of_addresses() {
        let env = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let home = tempfile::tempdir().unwrap();
        let config = Config::from_env([
            env("AIRFLOW_HOME", home.path().to_str().unwrap()),
            env("AIRFLOW__CORE__FERNET_KEY", "81HqDtbqAywKSOumSha3BhWNOdQ26slT6K0YaZeZyPs="),
            env("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "postgresql+psycopg2://me:p%40ssword@host/db"),
            env("AIRFLOW__CELERY__BROKER_URL", "redis://:redispass@host/0"),
        ])
        .unwrap();
        let connections = [
            env("AIRFLOW_CONN_A", "http://user:hunter22@host"),
            env("AIRFLOW_CONN_B", r#"{"conn_type": "http", "password": "from json"}"#),
            env("AIRFLOW_CONN_C", "http://user:abc@host"),
            env("HOME", "http://user:nobody@host"),
        ];
        let expected = [
            "81HqDtbqAywKSOumSha3BhWNOdQ26slT6K0YaZeZyPs=",
            "from json",
            "hunter22",
            "p%40ssword",
            "p@ssword",
            "redispass",
        ];
        assert_eq!(of(&config, connections), expected);
    }
}
