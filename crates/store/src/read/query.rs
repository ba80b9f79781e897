//! A small builder for listing queries: filters that bind their values, for both dialects, with rows and count
//! from the same filters.

use std::fmt::Write as _;

use crate::sql::{Bind, Dialect, ids, names};
use crate::visible::Visible;

/// Bounds of a value; each may be absent.
#[derive(Clone, Copy, Debug)]
pub struct Span<T> {
    /// At least.
    pub gte: Option<T>,
    /// More than.
    pub gt: Option<T>,
    /// At most.
    pub lte: Option<T>,
    /// Less than.
    pub lt: Option<T>,
}

impl<T> Default for Span<T> {
    fn default() -> Self {
        Self { gte: None, gt: None, lte: None, lt: None }
    }
}

/// Text that is matched by a part of it (with `%` and `_`, ignoring case) or by its beginning. `|` separates
/// alternatives, `~` is everything.
#[derive(Clone, Debug, Default)]
pub struct Match {
    /// SQL pattern, case ignored.
    pub pattern: Option<String>,
    /// Beginning, exact.
    pub prefix: Option<String>,
}

/// How many items, and how many to leave out before them.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// At most so many.
    pub limit: i64,
    /// After so many.
    pub offset: i64,
}

/// A page of rows and the number of all rows that fit the filter.
#[derive(Clone, Debug)]
pub struct Listed<T> {
    /// The page.
    pub rows: Vec<T>,
    /// All that fit.
    pub total: i64,
}

/// Where a page begins when it follows (or precedes) a row, whatever came or went before it meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Database number of the row at the border; `None`: from the beginning.
    pub row: Option<i64>,
    /// The page before the row instead of the one after it.
    pub backward: bool,
}

/// A page that a [`Cursor`] names.
#[derive(Clone, Debug)]
pub struct Cut<T> {
    /// The page, in the order asked for.
    pub rows: Vec<T>,
    /// How many rows fit, counted up to [`COUNT_LIMIT`].
    pub total: i64,
    /// More rows come after the page.
    pub has_next: bool,
    /// Rows come before it.
    pub has_previous: bool,
}

/// Lists by cursor count no further than this.
pub const COUNT_LIMIT: i64 = 10_000;

/// Sorting: column expressions, each ascending or descending. Made by [`OrderBy::parse`].
#[derive(Clone, Debug)]
pub struct OrderBy(Vec<(&'static Column, bool)>);

/// A column that clients may sort by.
#[derive(Debug)]
pub struct Column {
    /// Name in `order_by`.
    pub name: &'static str,
    /// SQL expression.
    pub(crate) sql: &'static str,
    /// Nulls go last in both directions.
    pub(crate) nullable: bool,
}

/// A column that is never null.
pub(crate) const fn column(name: &'static str, sql: &'static str) -> Column {
    Column { name, sql, nullable: false }
}

/// A column that may be null.
pub(crate) const fn nullable(name: &'static str, sql: &'static str) -> Column {
    Column { name, sql, nullable: true }
}

/// There is no such column to sort by.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot order by '{asked}'; one of {known}, each with '-' before it for the reverse")]
pub struct UnknownColumn {
    /// What was asked for.
    pub asked: String,
    /// What there is.
    pub known: String,
}

impl OrderBy {
    /// Reads names, with `-` before them for descending, against the columns of a resource.
    ///
    /// # Errors
    /// [`UnknownColumn`] for names that are not among them.
    pub fn parse<S: AsRef<str>>(columns: &'static [Column], names: &[S]) -> Result<Self, UnknownColumn> {
        let one = |name: &S| {
            let name = name.as_ref();
            let (bare, descending) = name.strip_prefix('-').map_or((name, false), |bare| (bare, true));
            columns.iter().find(|c| c.name == bare).map(|c| (c, descending)).ok_or_else(|| UnknownColumn {
                asked: bare.to_owned(),
                known: columns.iter().map(|c| c.name).collect::<Vec<_>>().join(", "),
            })
        };
        names.iter().map(one).collect::<Result<Vec<_>, _>>().map(Self)
    }

    /// Whether it sorts by this column alone, ascending.
    pub(crate) fn is_only(&self, name: &str) -> bool {
        matches!(self.0.as_slice(), [(column, false)] if column.name == name)
    }

    /// `""` or `" DESC"` if it sorts by this column alone.
    pub(crate) fn only_direction(&self, name: &str) -> Option<&'static str> {
        match self.0.as_slice() {
            [(column, descending)] if column.name == name => Some(if *descending { " DESC" } else { "" }),
            _ => None,
        }
    }

    /// What is compared, one after the other, each descending or not: nulls last, `tie` at the end.
    fn terms(&self, tie: &str) -> Vec<(String, bool)> {
        let mut terms = Vec::new();
        for (column, descending) in &self.0 {
            if column.nullable {
                terms.push((format!("({} IS NULL)", column.sql), false));
            }
            terms.push((column.sql.to_owned(), *descending));
        }
        if !self.0.iter().any(|(column, _)| column.sql == tie) {
            let descending = self.0.last().is_some_and(|(_, descending)| *descending);
            terms.push((tie.to_owned(), descending));
        }
        terms
    }

    /// The condition for rows after (or before) the row whose `tie` is bound at `place`, and the order to read them
    /// in. The row's own values are looked up where it stands now.
    pub(crate) fn beyond(
        &self,
        tie: &str,
        from: &str,
        place: Option<&str>,
        backward: bool,
    ) -> (Option<String>, String) {
        let terms: Vec<(String, bool)> =
            self.terms(tie).into_iter().map(|(sql, descending)| (sql, descending != backward)).collect();
        let order: Vec<String> =
            terms.iter().map(|(sql, descending)| format!("{sql}{}", if *descending { " DESC" } else { "" })).collect();
        let condition = place.map(|place| {
            let border = |sql: &str| match sql == tie {
                true => place.to_owned(),
                false => format!("(SELECT {sql}{from} WHERE {tie} = {place})"),
            };
            let mut any = Vec::with_capacity(terms.len());
            for (index, (sql, descending)) in terms.iter().enumerate() {
                let equal = terms[..index].iter().map(|(sql, _)| format!("{sql} IS NOT DISTINCT FROM {}", border(sql)));
                let mut all: Vec<String> = equal.collect();
                all.push(format!("{sql} {} {}", if *descending { "<" } else { ">" }, border(sql)));
                any.push(format!("({})", all.join(" AND ")));
            }
            any.join(" OR ")
        });
        (condition, format!(" ORDER BY {}", order.join(", ")))
    }

    /// ` ORDER BY …`, always total thanks to `tie`.
    pub(crate) fn sql(&self, tie: &str) -> String {
        let mut text = String::from(" ORDER BY ");
        let mut tied = false;
        for (column, descending) in &self.0 {
            if column.nullable {
                let _ = write!(text, "({} IS NULL), ", column.sql);
            }
            let _ = write!(text, "{}{}, ", column.sql, if *descending { " DESC" } else { "" });
            tied |= column.sql == tie;
        }
        if tied {
            text.truncate(text.len() - 2);
        } else {
            // The tie follows the last direction, so that one index can serve both ways.
            let descending = self.0.last().is_some_and(|(_, descending)| *descending);
            let _ = write!(text, "{tie}{}", if descending { " DESC" } else { "" });
        }
        text
    }
}

/// The `WHERE` of a query with its values.
#[derive(Clone, Debug)]
pub(crate) struct Filter {
    pub(crate) dialect: Dialect,
    pub(crate) text: String,
    pub(crate) args: Vec<Bind>,
}

impl Filter {
    /// Everything fits.
    pub(crate) fn new(dialect: Dialect) -> Self {
        Self { dialect, text: String::new(), args: Vec::new() }
    }

    /// Binds a value and gives its placeholder. `$n` is understood by both databases.
    pub(crate) fn bind(&mut self, arg: Bind) -> String {
        self.args.push(arg);
        format!("${}", self.args.len())
    }

    /// Adds a condition that binds nothing, or whose placeholders came from [`Filter::bind`].
    pub(crate) fn and(&mut self, condition: &str) {
        self.text.push_str(if self.text.is_empty() { " WHERE (" } else { " AND (" });
        self.text.push_str(condition);
        self.text.push(')');
    }

    /// Whether a condition is about one of these tables, by the short names that the query gives them.
    pub(crate) fn asks(&self, tables: &[&str]) -> bool {
        let is_name = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
        let mut words = self.text.split(|c| !is_name(c));
        words.any(|word| word.split_once('.').is_some_and(|(table, _)| tables.contains(&table)))
    }

    /// `left op value`.
    pub(crate) fn compare(&mut self, left: &str, op: &str, arg: Bind) {
        let place = self.bind(arg);
        self.and(&format!("{left} {op} {place}"));
    }

    /// `left = text`.
    pub(crate) fn eq(&mut self, left: &str, value: &str) {
        self.compare(left, "=", value.into());
    }

    /// `left = text`, if given.
    pub(crate) fn eq_some(&mut self, left: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.eq(left, value);
        }
    }

    /// `left`, a DAG's id, is one that whoever asks may see.
    pub(crate) fn visible(&mut self, left: &str) {
        if let Some(dags) = Visible::limits() {
            let condition = self.one_of(left, &dags);
            self.and(&condition);
        }
    }

    /// `left`, perhaps a DAG's id, is none or one that whoever asks may see.
    pub(crate) fn visible_or_none(&mut self, left: &str) {
        if let Some(dags) = Visible::limits() {
            let condition = self.one_of(left, &dags);
            self.and(&format!("{left} IS NULL OR {condition}"));
        }
    }

    /// The file of `table` (with `bundle_name` and `relative_fileloc`) has DAGs, and whoever asks may see all of them.
    pub(crate) fn visible_files(&mut self, table: &str) {
        if let Some(dags) = Visible::limits() {
            let seen = self.one_of("d.dag_id", &dags);
            let of_file = format!(
                "FROM dag d WHERE d.bundle_name = {table}.bundle_name AND d.relative_fileloc = {table}.relative_fileloc"
            );
            self.and(&format!("EXISTS (SELECT 1 {of_file}) AND NOT EXISTS (SELECT 1 {of_file} AND NOT ({seen}))"));
        }
    }

    /// `left = number`, if given.
    pub(crate) fn eq_int(&mut self, left: &str, value: Option<i64>) {
        if let Some(value) = value {
            self.compare(left, "=", value.into());
        }
    }

    /// `left = truth value`, if given.
    pub(crate) fn eq_bool(&mut self, left: &str, value: Option<bool>) {
        if let Some(value) = value {
            self.compare(left, "=", value.into());
        }
    }

    /// The condition `left` is one of the texts.
    pub(crate) fn one_of(&mut self, left: &str, values: &[String]) -> String {
        let place = self.bind(names(values));
        self.in_list(left, &place, "text")
    }

    /// `left` is one of the texts; no texts mean any.
    pub(crate) fn any_text(&mut self, left: &str, values: &[String]) {
        if let [value] = values {
            return self.eq(left, value);
        }
        if !values.is_empty() {
            let condition = self.one_of(left, values);
            self.and(&condition);
        }
    }

    /// `left` is one of the numbers; no numbers mean any.
    pub(crate) fn any_int(&mut self, left: &str, values: &[i64]) {
        if values.is_empty() {
            return;
        }
        let place = self.bind(ids(values.iter().copied()));
        let condition = self.in_list(left, &place, "bigint");
        self.and(&condition);
    }

    /// Lists travel as one JSON argument, so that there is one statement text for any length.
    fn in_list(&self, left: &str, place: &str, of: &str) -> String {
        match self.dialect {
            Dialect::Sqlite => format!("{left} IN (SELECT value FROM json_each({place}))"),
            Dialect::Postgres => {
                format!("{left} IN (SELECT e::{of} FROM json_array_elements_text({place}::json) AS l(e))")
            }
        }
    }

    /// The condition that `left`, shown by another name for some keys, matches. `named`: the keys that have another
    /// name, and whether that name matches.
    pub(crate) fn matches_named(&mut self, key: &str, left: &str, by: &Match, named: &[(String, bool)]) {
        if by.pattern.is_none() && by.prefix.is_none() {
            return;
        }
        let mut inner = Self { dialect: self.dialect, text: String::new(), args: std::mem::take(&mut self.args) };
        inner.matches(left, by);
        let own = inner.text.trim_start_matches(" WHERE ").to_owned();
        self.args = inner.args;
        if named.is_empty() {
            return self.and(&own);
        }
        let other: Vec<String> = named.iter().map(|(name, _)| name.clone()).collect();
        let fitting: Vec<String> = named.iter().filter(|(_, fits)| *fits).map(|(name, _)| name.clone()).collect();
        let (has_other, fits) = (self.one_of(key, &other), self.one_of(key, &fitting));
        self.and(&format!("({own} AND NOT ({has_other})) OR {fits}"));
    }

    /// A table with one column `item` of texts, to join with.
    pub(crate) fn list_of_texts(&mut self, values: &[String]) -> String {
        let place = self.bind(names(values));
        match self.dialect {
            Dialect::Sqlite => format!("(SELECT value AS item FROM json_each({place}))"),
            Dialect::Postgres => {
                format!("(SELECT e::text AS item FROM json_array_elements_text({place}::json) AS l(e))")
            }
        }
    }

    /// Bounds of an integer (also: an instant in microseconds).
    pub(crate) fn within(&mut self, left: &str, span: &Span<i64>) {
        let bounds = [(">=", span.gte), (">", span.gt), ("<=", span.lte), ("<", span.lt)];
        for (op, value) in bounds {
            if let Some(value) = value {
                self.compare(left, op, value.into());
            }
        }
    }

    /// Bounds of a duration in seconds on an expression in microseconds.
    pub(crate) fn within_seconds(&mut self, left: &str, span: &Span<f64>) {
        let micros = |seconds: Option<f64>| seconds.map(|s| (s * 1e6).round() as i64);
        let Span { gte, gt, lte, lt } = *span;
        self.within(left, &Span { gte: micros(gte), gt: micros(gt), lte: micros(lte), lt: micros(lt) });
    }

    /// Pattern and prefix.
    pub(crate) fn matches(&mut self, left: &str, by: &Match) {
        if let Some(pattern) = by.pattern.as_deref() {
            let mut any = Vec::new();
            for one in alternatives(pattern) {
                // '~' is the word for "all" everywhere in this API.
                let one = if one == "~" { "%".to_owned() } else { format!("%{one}%") };
                let place = self.bind(one.into());
                any.push(match self.dialect {
                    Dialect::Sqlite => format!("{left} LIKE {place} ESCAPE '\\'"),
                    Dialect::Postgres => format!("{left} ILIKE {place}"),
                });
            }
            self.and(&any.join(" OR "));
        }
        if let Some(prefix) = by.prefix.as_deref() {
            let mut any = Vec::new();
            for one in alternatives(prefix) {
                let one = beginning(one);
                if one.is_empty() {
                    any.push("1 = 1".to_owned());
                    continue;
                }
                let place = self.bind(one.into());
                any.push(format!("substr({left}, 1, length({place})) = {place}"));
            }
            self.and(&any.join(" OR "));
        }
    }

    /// Name or URI of an asset matches, where `from` (with `asset AS a` in it) and `condition` say which assets count.
    pub(crate) fn matches_asset(&mut self, from: &str, condition: &str, by: &Match) {
        if by.pattern.is_none() && by.prefix.is_none() {
            return;
        }
        let mut any = Vec::new();
        for column in ["a.name", "a.uri"] {
            let mut inner = Self { dialect: self.dialect, text: String::new(), args: std::mem::take(&mut self.args) };
            inner.and(condition);
            inner.matches(column, by);
            self.args = inner.args;
            any.push(format!("EXISTS (SELECT 1 FROM {from}{})", inner.text));
        }
        self.and(&any.join(" OR "));
    }

    /// Expression for the place of a text in another, from 1; 0 when it is not there.
    pub(crate) fn position(&self, text: &str, part: &str) -> String {
        match self.dialect {
            Dialect::Sqlite => format!("instr({text}, {part})"),
            Dialect::Postgres => format!("strpos({text}, {part})"),
        }
    }

    /// ` LIMIT … OFFSET …`, bound.
    pub(crate) fn page(&mut self, page: Page) -> String {
        let limit = self.bind(page.limit.into());
        let offset = self.bind(page.offset.into());
        format!(" LIMIT {limit} OFFSET {offset}")
    }
}

/// What `|` separates; a text without anything between is meant as it is.
fn alternatives(text: &str) -> Vec<&str> {
    let found: Vec<&str> = text.split('|').map(str::trim).filter(|one| !one.is_empty()).collect();
    if found.is_empty() || !text.contains('|') { vec![text] } else { found }
}

/// What counts of a prefix: as in Airflow, marks at the end don't, so that its own index can be used.
fn beginning(prefix: &str) -> &str {
    prefix.trim_end_matches(|c: char| !c.is_alphanumeric())
}

/// The beginnings that a prefix pattern allows; the empty one is everything's.
pub(crate) fn prefixes(pattern: Option<&str>) -> Vec<&str> {
    pattern.into_iter().flat_map(alternatives).map(beginning).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: &[Column] = &[column("id", "r.id"), nullable("start_date", "r.start_date")];

    #[test]
    fn orders_are_total_and_nulls_are_last() {
        let sql = |names: &[&str]| OrderBy::parse(COLUMNS, names).unwrap().sql("r.id");
        assert_eq!(sql(&[]), " ORDER BY r.id");
        assert_eq!(sql(&["-id"]), " ORDER BY r.id DESC");
        assert_eq!(sql(&["-start_date"]), " ORDER BY (r.start_date IS NULL), r.start_date DESC, r.id DESC");
        let error = OrderBy::parse(COLUMNS, &["-password; DROP TABLE dag"]).unwrap_err();
        assert!(error.to_string().contains("one of id, start_date"), "{error}");
    }

    #[test]
    fn cursors_compare_term_by_term() {
        let order = OrderBy::parse(COLUMNS, &["-start_date"]).unwrap();
        let (condition, sorted) = order.beyond("r.id", " FROM t r", Some("$1"), false);
        assert_eq!(sorted, " ORDER BY (r.start_date IS NULL), r.start_date DESC, r.id DESC");
        let condition = condition.unwrap();
        assert!(
            condition.starts_with("((r.start_date IS NULL) > (SELECT (r.start_date IS NULL) FROM t r WHERE r.id = $1)")
        );
        assert!(condition.ends_with("AND r.id < $1)"), "{condition}");
        let by_id = OrderBy::parse(COLUMNS, &["id"]).unwrap();
        assert_eq!(
            by_id.beyond("r.id", " FROM t r", Some("$1"), true),
            (Some("(r.id < $1)".into()), " ORDER BY r.id DESC".into())
        );
    }

    #[test]
    fn filters_bind_every_value() {
        let mut filter = Filter::new(Dialect::Sqlite);
        filter.eq_some("d.dag_id", None);
        filter.any_text("r.state", &["queued".into(), "running".into()]);
        filter.matches("d.dag_id", &Match { pattern: Some("gen_%|~".into()), prefix: None });
        filter.within("r.run_after", &Span { gte: Some(5), ..Span::default() });
        assert_eq!(
            filter.text,
            " WHERE (r.state IN (SELECT value FROM json_each($1))) \
             AND (d.dag_id LIKE $2 ESCAPE '\\' OR d.dag_id LIKE $3 ESCAPE '\\') AND (r.run_after >= $4)"
        );
        assert_eq!(filter.args.len(), 4);
    }
}
