//! Rows of another program's tables: structs whose columns may have had other names, or none, in other versions.

use tradewind_core::Timestamp;

use super::source::AirflowSource;
use crate::Error;
use crate::sql::Dialect;

/// How a column becomes text, and a text a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// As it is.
    Plain,
    /// Microseconds on Postgres; as it is on SQLite, where instants are texts.
    Instant,
    /// Bytes or JSON, told apart by the first letter.
    Payload,
}

/// A struct that is read from another program's tables.
pub(super) trait Foreign: Sized {
    /// Names of each column, newest first and separated by `|`, each with the alias of its table before it; and how it
    /// is read.
    const COLUMNS: &'static [(&'static str, Kind)];

    /// From a row.
    fn from_record(record: Record) -> Result<Self, Error>;
}

/// A row.
pub(super) struct Record(pub(super) Vec<Option<String>>);

/// What a column of bytes or JSON holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Payload {
    /// Bytes: a pickle, or JSON as text.
    Bytes(Vec<u8>),
    /// JSON.
    Json(String),
}

impl Kind {
    /// The expression that selects a column as text: the first of its names that the table has, else NULL.
    pub(super) fn expression(self, source: &AirflowSource, from: &str, names: &str) -> String {
        let found = names.split('|').find_map(|name| {
            let (alias, column) = name.split_once('.').unwrap_or(("", name));
            let of = source.type_of(table_of(from, alias)?, column)?;
            Some((if alias.is_empty() { quoted(column) } else { format!("{alias}.{}", quoted(column)) }, of))
        });
        let Some((column, of)) = found else { return "CAST(NULL AS TEXT)".into() };
        match (self, source.dialect()) {
            (Self::Instant, Dialect::Postgres) => {
                format!("CAST(CAST(extract(epoch FROM {column}) * 1000000 AS BIGINT) AS TEXT)")
            }
            (Self::Payload, Dialect::Postgres) if of == "bytea" => format!("'x' || encode({column}, 'hex')"),
            (Self::Payload, Dialect::Postgres) => format!("'j' || CAST({column} AS TEXT)"),
            (Self::Payload, Dialect::Sqlite) => {
                format!("CASE typeof({column}) WHEN 'blob' THEN 'x' || hex({column}) ELSE 'j' || {column} END")
            }
            (Self::Plain, _) | (Self::Instant, Dialect::Sqlite) => format!("CAST({column} AS TEXT)"),
        }
    }
}

/// Names such as `schema`, `group` and `key` are words of SQL.
fn quoted(column: &str) -> String {
    format!("\"{column}\"")
}

/// The table behind an alias in `a AS x JOIN b AS y ON …`.
fn table_of<'f>(from: &'f str, alias: &str) -> Option<&'f str> {
    let mut words = from.split_whitespace();
    let first = words.next()?;
    if alias.is_empty() {
        return Some(first);
    }
    let words: Vec<&str> = from.split_whitespace().collect();
    words.windows(3).find(|w| w[1] == "AS" && w[2] == alias).map(|w| w[0])
}

/// A type of a field.
pub(super) trait Field: Sized {
    /// How it is selected.
    const KIND: Kind = Kind::Plain;

    /// From what was selected.
    fn read(text: Option<String>) -> Result<Self, Error>;
}

impl Field for String {
    fn read(text: Option<String>) -> Result<Self, Error> {
        Ok(text.unwrap_or_default())
    }
}

impl Field for i64 {
    fn read(text: Option<String>) -> Result<Self, Error> {
        Ok(Option::<i64>::read(text)?.unwrap_or_default())
    }
}

impl Field for Option<i64> {
    fn read(text: Option<String>) -> Result<Self, Error> {
        let Some(text) = text else { return Ok(None) };
        // Durations and some counts are floating point in old versions.
        match text.parse::<i64>() {
            Ok(number) => Ok(Some(number)),
            Err(_) => match text.parse::<f64>() {
                Ok(number) => Ok(Some(number as i64)),
                Err(_) => Err(Error::Corrupt(format!("'{text}' where a number should be"))),
            },
        }
    }
}

impl Field for bool {
    fn read(text: Option<String>) -> Result<Self, Error> {
        Ok(matches!(text.as_deref(), Some("true" | "t" | "1")))
    }
}

impl Field for Option<bool> {
    fn read(text: Option<String>) -> Result<Self, Error> {
        text.map(|text| bool::read(Some(text))).transpose()
    }
}

impl Field for Option<String> {
    fn read(text: Option<String>) -> Result<Self, Error> {
        Ok(text)
    }
}

impl Field for Option<Timestamp> {
    const KIND: Kind = Kind::Instant;

    fn read(text: Option<String>) -> Result<Self, Error> {
        let Some(text) = text else { return Ok(None) };
        if let Ok(micros) = text.parse::<i64>() {
            return Ok(Some(Timestamp::from_micros(micros)));
        }
        match text.parse() {
            Ok(at) => Ok(Some(at)),
            Err(_) => Err(Error::Corrupt(format!("'{text}' where a date should be"))),
        }
    }
}

impl Field for Option<Payload> {
    const KIND: Kind = Kind::Payload;

    fn read(text: Option<String>) -> Result<Self, Error> {
        let Some(text) = text else { return Ok(None) };
        if let Some(json) = text.strip_prefix('j') {
            return Ok(Some(Payload::Json(json.to_owned())));
        }
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let bytes = text.as_bytes().get(1..).unwrap_or_default().chunks(2);
        let bytes = bytes.map(|pair| Some(digit(*pair.first()?)? << 4 | digit(*pair.get(1)?)?));
        bytes
            .collect::<Option<_>>()
            .map(|bytes| Some(Payload::Bytes(bytes)))
            .ok_or_else(|| Error::Corrupt("a column of bytes that is none".into()))
    }
}

/// Declares a struct that is read from another program's tables: `field: Type = "newest_name|older_name"`.
macro_rules! foreign {
    ($(#[$meta:meta])* $vis:vis struct $name:ident {
        $($(#[$fmeta:meta])* $field:ident : $type:ty = $column:literal),+ $(,)?
    }) => {
        $(#[$meta])*
        #[derive(Clone, Debug)]
        $vis struct $name { $($(#[$fmeta])* pub(super) $field: $type),+ }

        impl $crate::airflow::foreign::Foreign for $name {
            const COLUMNS: &'static [(&'static str, $crate::airflow::foreign::Kind)] =
                &[$(($column, <$type as $crate::airflow::foreign::Field>::KIND)),+];

            fn from_record(record: $crate::airflow::foreign::Record) -> Result<Self, $crate::Error> {
                let mut texts = record.0.into_iter();
                Ok(Self {
                    $($field: <$type as $crate::airflow::foreign::Field>::read(texts.next().flatten())?),+
                })
            }
        }
    };
}
pub(super) use foreign;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_both_databases_write() {
        let at = |text: &str| Option::<Timestamp>::read(Some(text.into())).unwrap().unwrap().to_string();
        assert_eq!(at("1614643200000000"), at("2021-03-02 00:00:00.000000"));
        assert_eq!(at("2021-03-02 00:00:00+00:00"), at("2021-03-02 00:00:00"));
        assert!(Option::<Timestamp>::read(Some("soon".into())).is_err());
        assert!(bool::read(Some("1".into())).unwrap() && bool::read(Some("true".into())).unwrap());
        assert!(!bool::read(Some("0".into())).unwrap() && !bool::read(None).unwrap());
        assert_eq!(Option::<i64>::read(Some("3.9".into())).unwrap(), Some(3));
        let payload = |text: &str| Option::<Payload>::read(Some(text.into()));
        assert_eq!(payload("x80fF").unwrap(), Some(Payload::Bytes(vec![0x80, 0xff])));
        assert_eq!(payload("j{}").unwrap(), Some(Payload::Json("{}".into())));
        assert!(payload("x8").is_err());
    }

    #[test]
    fn finds_the_table_of_an_alias() {
        let from = "task_instance AS ti JOIN dag_run AS r ON r.id = ti.x";
        assert_eq!(table_of(from, "r"), Some("dag_run"));
        assert_eq!(table_of("connection", ""), Some("connection"));
        assert_eq!(table_of(from, "q"), None);
    }
}
