//! Reading rows of either database into structs.

use std::collections::BTreeMap;

use sqlx::Row;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use tradewind_core::{Reprocess, RunState, RunType, TaskState, Timestamp};

use crate::Error;

/// A type of a column.
pub(crate) trait Column: Sized {
    /// What the driver gives.
    type Raw: for<'r> sqlx::Decode<'r, sqlx::Sqlite>
        + sqlx::Type<sqlx::Sqlite>
        + for<'r> sqlx::Decode<'r, sqlx::Postgres>
        + sqlx::Type<sqlx::Postgres>;

    /// From what the driver gives.
    fn from_raw(raw: Self::Raw) -> Result<Self, Error>;
}

/// A struct that is read from rows: column by column, in the order of [`FromDb::COLUMNS`].
pub(crate) trait FromDb: Sized + Send + Unpin {
    /// What to select: names of columns, in order.
    const COLUMNS: &'static [&'static str];

    /// From a row.
    fn from_row(row: &AnyRow) -> Result<Self, Error>;
}

/// A row of either database.
pub(crate) enum AnyRow {
    /// Of SQLite.
    Sqlite(SqliteRow),
    /// Of Postgres.
    Postgres(PgRow),
}

impl AnyRow {
    /// The column at that position.
    pub(crate) fn get<C: Column>(&self, index: usize) -> Result<C, Error> {
        let raw: C::Raw = match self {
            Self::Sqlite(row) => row.try_get(index)?,
            Self::Postgres(row) => row.try_get(index)?,
        };
        C::from_raw(raw)
    }
}

macro_rules! plain_column {
    ($($type:ty),*) => {$(
        impl Column for $type {
            type Raw = $type;
            fn from_raw(raw: $type) -> Result<Self, Error> {
                Ok(raw)
            }
        }
    )*};
}
plain_column!(i64, i32, bool, String);

macro_rules! text_column {
    ($($type:ty),*) => {$(
        impl Column for $type {
            type Raw = String;
            fn from_raw(raw: String) -> Result<Self, Error> {
                raw.parse().map_err(Error::Corrupt)
            }
        }
    )*};
}
text_column!(TaskState, RunState, RunType, Reprocess);

impl Column for Timestamp {
    type Raw = i64;
    fn from_raw(raw: i64) -> Result<Self, Error> {
        Ok(Self::from_micros(raw))
    }
}

impl Column for u32 {
    type Raw = i32;
    fn from_raw(raw: i32) -> Result<Self, Error> {
        Self::try_from(raw).map_err(|_| Error::Corrupt(format!("{raw} where a count should be")))
    }
}

impl Column for serde_json::Value {
    type Raw = String;
    fn from_raw(raw: String) -> Result<Self, Error> {
        serde_json::from_str(&raw).map_err(|error| Error::Corrupt(format!("'{raw}' is not JSON: {error}")))
    }
}

/// A JSON array; NULL is an empty one.
impl Column for Vec<String> {
    type Raw = Option<String>;
    fn from_raw(raw: Option<String>) -> Result<Self, Error> {
        let Some(raw) = raw else { return Ok(Self::new()) };
        serde_json::from_str(&raw).map_err(|error| Error::Corrupt(format!("'{raw}' is not a list of texts: {error}")))
    }
}

/// A JSON object of numbers.
impl Column for BTreeMap<String, i64> {
    type Raw = String;
    fn from_raw(raw: String) -> Result<Self, Error> {
        serde_json::from_str(&raw)
            .map_err(|error| Error::Corrupt(format!("'{raw}' is not a table of numbers: {error}")))
    }
}

impl<C: Column> Column for Option<C> {
    type Raw = Option<C::Raw>;
    fn from_raw(raw: Self::Raw) -> Result<Self, Error> {
        raw.map(C::from_raw).transpose()
    }
}

/// Declares a struct that is read from rows; a field's column has its name unless `= "expression"` says another.
macro_rules! row {
    ($(#[$meta:meta])* $vis:vis struct $name:ident {
        $($(#[$fmeta:meta])* $fvis:vis $field:ident : $type:ty $(= $column:literal)?),+ $(,)?
    }) => {
        $(#[$meta])*
        #[derive(Clone, Debug)]
        $vis struct $name { $($(#[$fmeta])* $fvis $field: $type),+ }

        impl $crate::row::FromDb for $name {
            const COLUMNS: &'static [&'static str] = &[$($crate::row::row!(@column $field $($column)?)),+];

            fn from_row(row: &$crate::row::AnyRow) -> Result<Self, $crate::Error> {
                let mut index = 0..;
                Ok(Self { $($field: row.get(index.next().unwrap_or_default())?),+ })
            }
        }
    };
    (@column $field:ident) => { stringify!($field) };
    (@column $field:ident $column:literal) => { $column };
}
pub(crate) use row;

macro_rules! tuple_row {
    ($(($($name:ident $index:tt),+))+) => {$(
        impl<$($name: Column + Send + Unpin),+> FromDb for ($($name,)+) {
            const COLUMNS: &'static [&'static str] = &[];

            fn from_row(row: &AnyRow) -> Result<Self, Error> {
                Ok(($(row.get::<$name>($index)?,)+))
            }
        }
    )+};
}
tuple_row! {
    (A 0)
    (A 0, B 1)
    (A 0, B 1, C 2)
    (A 0, B 1, C 2, D 3)
    (A 0, B 1, C 2, D 3, E 4)
    (A 0, B 1, C 2, D 3, E 4, F 5)
}
