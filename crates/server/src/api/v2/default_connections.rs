//! The connections that Airflow brings along (`[database] load_default_connections`): `default_connections.tsv` has
//! id, type, host, port, login, password, schema and extra of each.

use tradewind_store::Connection;

const TABLE: &str = include_str!("default_connections.tsv");

/// All of them, by id.
pub fn default_connections() -> impl Iterator<Item = Connection> {
    TABLE.lines().map(|line| {
        let mut fields =
            line.split('\t').map(|field| Some(field).filter(|text| !text.is_empty()).map(ToOwned::to_owned));
        let mut next = || fields.next().flatten();
        Connection {
            conn_id: next().unwrap_or_default(),
            conn_type: next().unwrap_or_default(),
            host: next(),
            port: next().and_then(|port| port.parse().ok()),
            login: next(),
            password: next(),
            schema: next(),
            extra: next(),
            description: None,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_a_connection() {
        let all: Vec<Connection> = default_connections().collect();
        assert!(all.len() > 50 && all.is_sorted_by_key(|connection| connection.conn_id.clone()));
        for connection in all {
            assert!(!connection.conn_type.is_empty(), "{connection:?}");
            let extra = connection.extra.as_deref().unwrap_or("{}");
            assert!(serde_json::from_str::<serde_json::Value>(extra).is_ok_and(|extra| extra.is_object()), "{extra}");
        }
    }
}
