//! Connections as one line, the way that `AIRFLOW_CONN_…` variables and `--conn-uri` write them:
//! `type://login:password@host:port/schema?extra=1`.

use serde_json::{Map, Value};
use tradewind_store::Connection;

/// Reads such a line, or the JSON object that may stand in its place.
///
/// # Errors
/// One clause.
pub fn parse(conn_id: &str, text: &str) -> Result<Connection, String> {
    if text.trim_start().starts_with('{') {
        let value: Value = serde_json::from_str(text).map_err(|error| format!("it is no JSON: {error}"))?;
        return from_json(conn_id, &value);
    }
    let (scheme, rest) = text.split_once(':').ok_or("it has no type before a ':'")?;
    let rest = rest.strip_prefix("//").unwrap_or(rest);
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (place, path) = rest.split_once('/').unwrap_or((rest, ""));
    let (user, host_port) = place.rsplit_once('@').map_or((None, place), |(user, host)| (Some(user), host));
    let (login, password) = match user {
        Some(user) => user.split_once(':').map_or((Some(user), None), |(l, p)| (Some(l), Some(p))),
        None => (None, None),
    };
    let (host, port) = match host_port.rsplit_once(':') {
        // The colons of an IPv6 address stand in brackets.
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (host_port, None),
    };
    let port = match port {
        Some("") | None => None,
        Some(port) => Some(port.parse::<u16>().map_err(|_| format!("'{port}' is no port"))?.into()),
    };
    let some = |text: &str| Some(decode(text)).filter(|t| !t.is_empty());
    Ok(Connection {
        conn_id: conn_id.to_owned(),
        conn_type: conn_type(scheme),
        description: None,
        host: some(host),
        schema: some(path),
        login: login.and_then(some),
        password: password.and_then(some),
        port,
        extra: extra_of(query),
    })
}

/// Reads the object that exports and `--conn-json` have.
///
/// # Errors
/// One clause.
pub fn from_json(conn_id: &str, value: &Value) -> Result<Connection, String> {
    let object = value.as_object().ok_or("it is no JSON object")?;
    let known = [
        "conn_type",
        "description",
        "host",
        "login",
        "password",
        "schema",
        "port",
        "extra",
        "conn_id",
        "connection_id",
        "id",
        "uri",
    ];
    if let Some(other) = object.keys().find(|key| !known.contains(&key.as_str())) {
        return Err(format!("'{other}' is no part of a connection"));
    }
    if let Some(uri) = object.get("uri").and_then(Value::as_str) {
        return parse(conn_id, uri);
    }
    let text = |key: &str| match object.get(key) {
        Some(Value::String(text)) if !text.is_empty() => Some(text.clone()),
        Some(Value::Number(number)) => Some(number.to_string()),
        _ => None,
    };
    let port = match text("port") {
        Some(port) => Some(port.parse::<u16>().map_err(|_| format!("'{port}' is no port"))?.into()),
        None => None,
    };
    let extra = match object.get("extra") {
        Some(Value::Object(extra)) => Some(Value::Object(extra.clone()).to_string()),
        _ => text("extra"),
    };
    Ok(Connection {
        conn_id: conn_id.to_owned(),
        conn_type: text("conn_type").ok_or("it needs a \"conn_type\"")?,
        description: text("description"),
        host: text("host"),
        schema: text("schema"),
        login: text("login"),
        password: text("password"),
        port,
        extra,
    })
}

/// The object of exports.
pub fn to_json(connection: &Connection) -> Value {
    serde_json::json!({
        "conn_type": connection.conn_type,
        "description": connection.description,
        "host": connection.host,
        "login": connection.login,
        "password": connection.password,
        "schema": connection.schema,
        "port": connection.port,
        "extra": connection.extra,
    })
}

/// The line.
pub fn format(connection: &Connection) -> String {
    let mut out = format!("{}://", connection.conn_type.to_lowercase().replace('_', "-"));
    if connection.login.is_some() || connection.password.is_some() {
        out.push_str(&encode(connection.login.as_deref().unwrap_or_default()));
        if let Some(password) = &connection.password {
            out.push(':');
            out.push_str(&encode(password));
        }
        out.push('@');
    }
    out.push_str(&encode(connection.host.as_deref().unwrap_or_default()));
    if let Some(port) = connection.port {
        out.push_str(&format!(":{port}"));
    }
    // Even an empty host or schema needs the slash, or a query would belong to the host.
    out.push('/');
    out.push_str(&encode(connection.schema.as_deref().unwrap_or_default()));
    if let Some(extra) = connection.extra.as_deref().filter(|e| !e.is_empty() && *e != "{}") {
        let flat = serde_json::from_str::<Map<String, Value>>(extra).ok().and_then(|map| {
            map.iter()
                .map(|(k, v)| v.as_str().map(|v| format!("{}={}", encode(k), encode(v))))
                .collect::<Option<Vec<_>>>()
        });
        let query = flat.map_or_else(|| format!("__extra__={}", encode(extra)), |pairs| pairs.join("&"));
        out.push_str(&format!("?{query}"));
    }
    out
}

fn conn_type(scheme: &str) -> String {
    match scheme {
        "postgresql" => "postgres".into(),
        other => other.replace('-', "_"),
    }
}

fn extra_of(query: &str) -> Option<String> {
    let mut map = Map::new();
    for pair in query.split('&').filter(|p| !p.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value = decode(&value.replace('+', " "));
        if key == "__extra__" {
            return Some(value);
        }
        map.insert(decode(key), value.into());
    }
    (!map.is_empty()).then(|| Value::Object(map).to_string())
}

fn encode(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut n = 0;
    while n < bytes.len() {
        let hex = (bytes[n] == b'%').then(|| text.get(n + 1..n + 3)).flatten();
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                n += 3;
            }
            None => {
                out.push(bytes[n]);
                n += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_lines_and_writes_them_back() {
        let uri = "my-type://us%40er:p%2Fw@host.example:5432/db?a=1&b=x%20y";
        let connection = parse("c", uri).unwrap();
        assert_eq!(connection.conn_type, "my_type");
        assert_eq!(connection.login.as_deref(), Some("us@er"));
        assert_eq!(connection.password.as_deref(), Some("p/w"));
        assert_eq!(connection.port, Some(5432));
        assert_eq!(connection.schema.as_deref(), Some("db"));
        assert_eq!(connection.extra.as_deref(), Some(r#"{"a":"1","b":"x y"}"#));
        assert_eq!(format(&connection), uri);

        let nested = Connection { extra: Some(r#"{"a": {"b": 1}}"#.into()), ..parse("c", "http://").unwrap() };
        assert_eq!(parse("c", &format(&nested)).unwrap(), nested);
        assert_eq!(parse("c", "postgresql://h").unwrap().conn_type, "postgres");
        assert_eq!(parse("c", "http://[::1]:80/").unwrap().host.as_deref(), Some("[::1]"));
    }

    #[test]
    fn says_what_is_wrong() {
        assert_eq!(parse("c", "nothing").unwrap_err(), "it has no type before a ':'");
        assert_eq!(parse("c", "http://h:x/").unwrap_err(), "'x' is no port");
        assert_eq!(parse("c", r#"{"host": "h"}"#).unwrap_err(), "it needs a \"conn_type\"");
        assert_eq!(parse("c", r#"{"conn_type": "http", "hots": 1}"#).unwrap_err(), "'hots' is no part of a connection");
        let connection = parse("c", r#"{"conn_type": "http", "port": "80", "extra": {"a": 1}}"#).unwrap();
        assert_eq!((connection.port, connection.extra.as_deref()), (Some(80), Some(r#"{"a":1}"#)));
    }
}
