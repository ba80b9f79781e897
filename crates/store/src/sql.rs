//! Statements: one text for both databases, with the few places where they differ filled in.
//!
//! A text may hold, besides `$1`, `$2` … for arguments:
//! * a line that ends in `-- pg` or `-- sqlite`: for that database only;
//! * `{columns}` or `{t.columns}`: the columns of the struct that is read;
//! * `{rows}`: the table of a [`Batch`], given as argument `$1`;
//! * `{ids}`, `{names}`: a subquery of numbers or texts, given as a JSON array in `$1` (`{ids:3}` for `$3`).

use std::sync::{Arc, OnceLock};

use tradewind_core::{Reprocess, RunState, RunType, TaskState, Timestamp};

use crate::row::FromDb;

/// Which of the two databases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// The embedded one.
    Sqlite,
    /// PostgreSQL.
    Postgres,
}

/// A statement that is known when the program is built.
pub(crate) struct Statement {
    template: &'static str,
    columns: &'static [&'static str],
    batch: Option<Batch>,
    built: OnceLock<[Arc<str>; 2]>,
}

impl Statement {
    /// A statement with nothing to fill in but lists and lines of one database.
    pub(crate) const fn new(template: &'static str) -> Self {
        Self { template, columns: &[], batch: None, built: OnceLock::new() }
    }

    /// With `{columns}` of what is read.
    pub(crate) const fn reads<T: FromDb>(mut self) -> Self {
        self.columns = T::COLUMNS;
        self
    }

    /// With `{rows}` of this shape.
    pub(crate) const fn rows(mut self, batch: Batch) -> Self {
        self.batch = Some(batch);
        self
    }

    /// The text for one of the databases.
    pub(crate) fn text(&self, dialect: Dialect) -> Arc<str> {
        let both = self.built.get_or_init(|| {
            [Dialect::Sqlite, Dialect::Postgres]
                .map(|dialect| expand(self.template, dialect, self.columns, self.batch).into())
        });
        Arc::clone(&both[(dialect == Dialect::Postgres) as usize])
    }
}

/// Fills in a text for one of the databases.
pub(crate) fn expand(template: &str, dialect: Dialect, columns: &[&str], batch: Option<Batch>) -> String {
    let own = for_dialect(template, dialect);
    let mut out = String::with_capacity(own.len() + 256);
    let mut rest = own.as_str();
    while let Some(open) = rest.find('{') {
        let Some(close) = rest[open..].find('}').map(|at| open + at) else { break };
        out.push_str(&rest[..open]);
        let name = &rest[open + 1..close];
        let (kind, argument) = name.split_once(':').unwrap_or((name, "1"));
        match kind {
            "columns" => out.push_str(&columns.join(", ")),
            "rows" => out.push_str(&batch.map(|batch| batch.source(dialect)).unwrap_or_default()),
            "ids" => out.push_str(&list(dialect, "bigint", argument)),
            "names" => out.push_str(&list(dialect, "text", argument)),
            _ => match name.strip_suffix(".columns") {
                Some(alias) => {
                    let all: Vec<String> = columns.iter().map(|column| format!("{alias}.{column}")).collect();
                    out.push_str(&all.join(", "));
                }
                None => out.push_str(&rest[open..=close]),
            },
        }
        rest = &rest[close + 1..];
    }
    out.push_str(rest);
    out
}

/// Drops the lines that are for the other database, and comments.
pub(crate) fn for_dialect(text: &str, dialect: Dialect) -> String {
    let (own, other) = match dialect {
        Dialect::Sqlite => ("-- sqlite", "-- pg"),
        Dialect::Postgres => ("-- pg", "-- sqlite"),
    };
    text.lines()
        .map(str::trim_end)
        .filter(|line| !line.ends_with(other))
        .map(|line| line.strip_suffix(own).unwrap_or(line).trim_end())
        .filter(|line| !line.is_empty() && !line.trim_start().starts_with("--"))
        .collect::<Vec<_>>()
        .join("\n")
}

fn list(dialect: Dialect, sql_type: &str, argument: &str) -> String {
    match dialect {
        Dialect::Sqlite => format!("(SELECT value FROM json_each(${argument}))"),
        Dialect::Postgres => {
            format!("(SELECT e::{sql_type} FROM json_array_elements_text(${argument}::json) AS l(e))")
        }
    }
}

/// The shape of many rows that travel as one argument: names and Postgres types of the columns.
#[derive(Clone, Copy)]
pub(crate) struct Batch(pub(crate) &'static [(&'static str, &'static str)]);

impl Batch {
    fn source(self, dialect: Dialect) -> String {
        let columns = self.0.iter().enumerate();
        match dialect {
            Dialect::Sqlite => {
                let columns: Vec<_> = columns.map(|(i, (name, _))| format!("value->>{i} AS {name}")).collect();
                format!("(SELECT {} FROM json_each($1))", columns.join(", "))
            }
            Dialect::Postgres => {
                let columns: Vec<_> = columns.map(|(i, (name, of))| format!("(value->>{i})::{of} AS {name}")).collect();
                format!("(SELECT {} FROM jsonb_array_elements($1::jsonb))", columns.join(", "))
            }
        }
    }
}

/// Rows of a [`Batch`], written as a JSON array of arrays.
#[derive(Clone)]
pub(crate) struct Rows {
    json: String,
    width: usize,
    len: usize,
}

impl Rows {
    /// No rows yet.
    pub(crate) fn new(batch: Batch) -> Self {
        Self { json: String::from("["), width: batch.0.len(), len: 0 }
    }

    /// One more row.
    pub(crate) fn push<const N: usize>(&mut self, row: [Bind; N]) {
        debug_assert_eq!(N, self.width, "as many values as columns");
        self.json.push_str(if self.len == 0 { "[" } else { ",[" });
        for (index, value) in row.iter().enumerate() {
            if index > 0 {
                self.json.push(',');
            }
            value.write_json(&mut self.json);
        }
        self.json.push(']');
        self.len += 1;
    }

    /// How many.
    pub(crate) fn len(&self) -> usize {
        self.len
    }
}

impl From<Rows> for Bind {
    fn from(mut rows: Rows) -> Self {
        rows.json.push(']');
        Self::Text(Some(rows.json))
    }
}

/// A JSON array of numbers, for `{ids}`.
pub(crate) fn ids(ids: impl IntoIterator<Item = i64>) -> Bind {
    let mut json = String::from("[");
    for id in ids {
        if json.len() > 1 {
            json.push(',');
        }
        json.push_str(&id.to_string());
    }
    json.push(']');
    Bind::Text(Some(json))
}

/// A JSON array of texts, for `{names}`.
pub(crate) fn names<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> Bind {
    let names: Vec<serde_json::Value> =
        names.into_iter().map(|name| readable(name.as_ref().to_owned()).into()).collect();
    Bind::Text(Some(serde_json::Value::Array(names).to_string()))
}

/// An argument.
#[derive(Clone, Debug)]
pub(crate) enum Bind {
    /// `BIGINT`, `INTEGER`
    Int(Option<i64>),
    /// `TEXT`
    Text(Option<String>),
    /// `BOOLEAN`
    Bool(Option<bool>),
}

impl Bind {
    /// Its type in SQL.
    pub(crate) const fn sql_type(&self) -> &'static str {
        match self {
            Self::Int(_) => "bigint",
            Self::Text(_) => "text",
            Self::Bool(_) => "boolean",
        }
    }

    fn write_json(&self, out: &mut String) {
        use std::fmt::Write as _;
        match self {
            Self::Int(Some(n)) => write!(out, "{n}").unwrap_or_default(),
            Self::Bool(Some(b)) => out.push_str(if *b { "true" } else { "false" }),
            Self::Text(Some(text)) => {
                // Postgres has no NUL in texts; a person reads the replacement as what it is.
                let quoted = serde_json::Value::from(text.replace('\0', "\u{fffd}")).to_string();
                out.push_str(&quoted);
            }
            Self::Int(None) | Self::Text(None) | Self::Bool(None) => out.push_str("null"),
        }
    }
}

/// Postgres has no NUL in texts: a filter with one must find nothing, not fail; a person reads the replacement as what
/// it is.
fn readable(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text }
}

macro_rules! bind {
    ($($type:ty => |$v:ident| $variant:ident $value:expr),+ $(,)?) => {$(
        impl From<$type> for Bind {
            fn from($v: $type) -> Self {
                Self::$variant(Some($value))
            }
        }
        impl From<Option<$type>> for Bind {
            fn from(value: Option<$type>) -> Self {
                Self::$variant(value.map(|$v| $value))
            }
        }
    )+};
}
bind! {
    i64 => |v| Int v,
    i32 => |v| Int v.into(),
    u32 => |v| Int v.into(),
    bool => |v| Bool v,
    String => |v| Text readable(v),
    &str => |v| Text readable(v.to_owned()),
    &String => |v| Text readable(v.clone()),
    Timestamp => |v| Int v.as_micros(),
    TaskState => |v| Text v.as_str().to_owned(),
    RunState => |v| Text v.as_str().to_owned(),
    RunType => |v| Text v.as_str().to_owned(),
    Reprocess => |v| Text v.as_str().to_owned(),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fills_in_what_differs() {
        let text = "SELECT {columns}, {t.columns} FROM t\nLIMIT 1 -- pg\nLIMIT 2 -- sqlite\n-- a remark";
        assert_eq!(expand(text, Dialect::Sqlite, &["a", "b"], None), "SELECT a, b, t.a, t.b FROM t\nLIMIT 2");
        assert_eq!(expand(text, Dialect::Postgres, &["a", "b"], None), "SELECT a, b, t.a, t.b FROM t\nLIMIT 1");
        let batch = Batch(&[("a", "bigint"), ("b", "text")]);
        assert_eq!(
            expand("{rows} w, {ids:2}", Dialect::Sqlite, &[], Some(batch)),
            "(SELECT value->>0 AS a, value->>1 AS b FROM json_each($1)) w, (SELECT value FROM json_each($2))"
        );
        let mut rows = Rows::new(batch);
        rows.push([1i64.into(), "it's \"x\"\0".into()]);
        rows.push([Bind::Int(None), Bind::Text(None)]);
        assert!(
            matches!(Bind::from(rows), Bind::Text(Some(json)) if json == "[[1,\"it's \\\"x\\\"\u{fffd}\"],[null,null]]")
        );
    }
}
