//! Prints lists of records as `-o table|json|yaml|plain`, in Airflow's shapes.

use std::borrow::Cow;

use clap::{Args, ValueEnum};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::Value;

use crate::error::CliError;

/// `-o`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Columns with a header.
    #[default]
    Table,
    /// One JSON array.
    Json,
    /// One YAML sequence.
    Yaml,
    /// Columns without rules.
    Plain,
}

/// The option for commands that print records.
#[derive(Args, Clone, Copy, Debug)]
pub struct OutputArgs {
    /// Output format
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT", hide_possible_values = false)]
    pub output: Format,
}

/// A record: column to value, in the order of the columns.
#[derive(Clone, Debug, Default)]
pub struct Row(pub Vec<(Cow<'static, str>, Value)>);

impl Row {
    fn get(&self, column: &str) -> Option<&Value> {
        self.0.iter().find(|(name, _)| *name == column).map(|(_, value)| value)
    }
}

impl Serialize for Row {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        self.0.iter().try_for_each(|(name, value)| map.serialize_entry(name, value))?;
        map.end()
    }
}

/// Makes a [`Row`] from `column => value` pairs.
#[macro_export]
macro_rules! row {
    ($($column:literal => $value:expr),* $(,)?) => {
        $crate::output::Row(vec![$(($column.into(), serde_json::json!($value))),*])
    };
}

/// Prints records of these columns to standard output.
///
/// # Errors
/// Standard output is gone.
pub fn print(format: Format, columns: &[&str], rows: Vec<Row>) -> Result<(), CliError> {
    use std::io::Write;
    let text = render(format, columns, rows);
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        // `tradewind dags list | head` is no failure.
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => Err(e.into()),
        _ => Ok(()),
    }
}

/// The text of [`print`].
fn render(format: Format, columns: &[&str], rows: Vec<Row>) -> String {
    match format {
        Format::Json => {
            let record = |row: &Row| {
                let entries = row.0.iter().map(|(k, v)| format!("\"{k}\": {}", python_json(v)));
                format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
            };
            format!("[{}]\n", rows.iter().map(record).collect::<Vec<_>>().join(", "))
        }
        Format::Yaml => serde_yaml_ng::to_string(&rows).unwrap_or_default(),
        Format::Table | Format::Plain if rows.is_empty() => "No data found\n".into(),
        Format::Table => columns_text(columns, &rows, true),
        Format::Plain => columns_text(columns, &rows, false),
    }
}

/// JSON with spaces after `,` and `:`, as Python writes it and scripts may compare it.
fn python_json(value: &Value) -> String {
    let list = |items: Vec<String>| items.join(", ");
    match value {
        Value::Array(items) => format!("[{}]", list(items.iter().map(python_json).collect())),
        Value::Object(map) => {
            let entries = map.iter().map(|(k, v)| format!("{}: {}", Value::String(k.clone()), python_json(v)));
            format!("{{{}}}", list(entries.collect()))
        }
        other => other.to_string(),
    }
}

/// How a value looks in a column.
fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(true) => "True".into(),
        Value::Bool(false) => "False".into(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(cell).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

fn columns_text(columns: &[&str], rows: &[Row], table: bool) -> String {
    let cells: Vec<Vec<String>> = rows
        .iter()
        .map(|row| columns.iter().map(|c| row.get(c).map(cell).unwrap_or_default().replace('\n', " ")).collect())
        .collect();
    let widths: Vec<usize> = columns
        .iter()
        .enumerate()
        .map(|(n, name)| cells.iter().map(|r| r[n].chars().count()).max().unwrap_or(0).max(name.chars().count()))
        .collect();
    let line = |cells: &[String], between: &str| {
        let padded: Vec<String> = cells.iter().zip(&widths).map(|(c, w)| format!("{c:w$}", w = *w)).collect();
        padded.join(between).trim_end().to_owned() + "\n"
    };
    let names: Vec<String> = columns.iter().map(ToString::to_string).collect();
    let mut out = line(&names, if table { " | " } else { "  " });
    if table {
        let rules: Vec<String> = widths.iter().map(|w| "=".repeat(*w)).collect();
        out.push_str(&line(&rules, "=+="));
    }
    for row in &cells {
        out.push_str(&line(row, if table { " | " } else { "  " }));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_every_format() {
        let rows = || {
            vec![
                row! {"dag_id" => "a", "owners" => ["x", "y"], "is_paused" => true},
                row! {"dag_id" => "longer", "owners" => ["z"], "is_paused" => Option::<bool>::None},
            ]
        };
        let columns = ["dag_id", "owners", "is_paused"];
        assert_eq!(
            render(Format::Table, &columns, rows()),
            "dag_id | owners | is_paused\n=======+========+==========\na      | x, y   | True\nlonger | z      |\n"
        );
        assert_eq!(
            render(Format::Plain, &columns, rows()),
            "dag_id  owners  is_paused\na       x, y    True\nlonger  z\n"
        );
        assert_eq!(
            render(Format::Json, &columns, rows()),
            "[{\"dag_id\": \"a\", \"owners\": [\"x\", \"y\"], \"is_paused\": true}, \
             {\"dag_id\": \"longer\", \"owners\": [\"z\"], \"is_paused\": null}]\n"
        );
        assert_eq!(
            render(Format::Yaml, &columns, rows()),
            "- dag_id: a\n  owners:\n  - x\n  - y\n  is_paused: true\n- dag_id: longer\n  owners:\n  - z\n  is_paused: null\n"
        );
        assert_eq!(render(Format::Table, &columns, vec![]), "No data found\n");
        assert_eq!(render(Format::Json, &columns, vec![]), "[]\n");
    }
}
