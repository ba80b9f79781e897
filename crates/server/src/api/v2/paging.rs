//! `limit`, `offset`, `order_by`, and the filters that many lists share.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tradewind_core::Timestamp;
use tradewind_store::read::{COUNT_LIMIT, Column, Cursor, Cut, Match, OrderBy, Page, Span};

use crate::http::Params;
use crate::http::error::{ApiError, ApiResult};
use crate::state::App;

/// `limit` (capped by `[api] maximum_page_limit`) and `offset`.
///
/// # Errors
/// 422 for values that are not numbers or are negative.
pub fn page(app: &App, params: &Params) -> ApiResult<Page> {
    let read = |name: &str, default: i64| match params.int(name)? {
        Some(n) if n < 0 => {
            Err(ApiError::invalid("greater_than_equal", &["query", name], "it should be greater than or equal to 0"))
        }
        Some(n) => Ok(n),
        None => Ok(default),
    };
    let limit = read("limit", i64::from(app.config.fallback_page_limit))?;
    Ok(Page { limit: limit.min(i64::from(app.config.maximum_page_limit)), offset: read("offset", 0)? })
}

/// `order_by`: repeated, or one name.
///
/// # Errors
/// 400 for a name that the resource does not have.
pub fn order(params: &Params, columns: &'static [Column], default: &[&str]) -> ApiResult<OrderBy> {
    let asked = params.list("order_by");
    let parsed = if asked.is_empty() { OrderBy::parse(columns, default) } else { OrderBy::parse(columns, &asked) };
    parsed.map_err(|error| ApiError::bad_request(error.to_string()))
}

/// `<name>_gte`, `_gt`, `_lte`, `_lt` of an instant.
///
/// # Errors
/// 422 for what is not an instant.
pub fn instants(params: &Params, name: &str) -> ApiResult<Span<i64>> {
    let read = |suffix: &str| -> ApiResult<Option<i64>> {
        Ok(params.instant(&format!("{name}_{suffix}"))?.map(|at| at.as_micros()))
    };
    Ok(Span { gte: read("gte")?, gt: read("gt")?, lte: read("lte")?, lt: read("lt")? })
}

/// `<name>_gte` and `<name>_lte` of a day: whole days, in UTC.
///
/// # Errors
/// 422 for what is not a date.
pub fn days(params: &Params, name: &str) -> ApiResult<Span<i64>> {
    let read = |suffix: &str, time: &str| -> ApiResult<Option<i64>> {
        let name = format!("{name}_{suffix}");
        let Some(day) = params.text(&name) else { return Ok(None) };
        let at: Result<Timestamp, _> = format!("{day}T{time}Z").parse();
        let msg = format!("'{day}' is not a date (YYYY-MM-DD)");
        at.map(|at| Some(at.as_micros()))
            .map_err(|_| ApiError::invalid("date_from_datetime_parsing", &["query", &name], msg))
    };
    Ok(Span { gte: read("gte", "00:00:00")?, lte: read("lte", "23:59:59.999999")?, ..Span::default() })
}

/// `<name>_gte`, `_gt`, `_lte`, `_lt` of a number.
///
/// # Errors
/// 422 for what is not a number.
pub fn numbers(params: &Params, name: &str) -> ApiResult<Span<f64>> {
    let read = |suffix: &str| params.float(&format!("{name}_{suffix}"));
    Ok(Span { gte: read("gte")?, gt: read("gt")?, lte: read("lte")?, lt: read("lt")? })
}

/// `<name>_pattern` and `<name>_prefix_pattern`.
pub fn matching(params: &Params, name: &str) -> Match {
    let text = |suffix: &str| params.text(&format!("{name}_{suffix}")).map(ToOwned::to_owned);
    Match { pattern: text("pattern"), prefix: text("prefix_pattern") }
}

/// `cursor`, if the list is asked for by it: empty for the first page, then `next_cursor` or `previous_cursor`.
///
/// # Errors
/// 400 for a token that this server did not make, or made for another order.
pub fn cursor(params: &Params, order: &str) -> ApiResult<Option<Cursor>> {
    let Some(token) = params.text("cursor") else { return Ok(None) };
    if token.is_empty() {
        return Ok(Some(Cursor { row: None, backward: false }));
    }
    let invalid = || ApiError::bad_request("Invalid cursor token");
    let (token, backward) = token.strip_prefix('~').map_or((token, false), |token| (token, true));
    let text = URL_SAFE_NO_PAD.decode(token.trim_end_matches('=')).map_err(|_| invalid())?;
    let text = String::from_utf8(text).map_err(|_| invalid())?;
    let (row, of) = text.split_once(' ').ok_or_else(invalid)?;
    if of != order {
        return Err(ApiError::bad_request("Cursor token does not match current query shape"));
    }
    Ok(Some(Cursor { row: Some(row.parse().map_err(|_| invalid())?), backward }))
}

/// The names of an order, as cursors carry them.
pub fn order_names(params: &Params, default: &str) -> String {
    let asked = params.list("order_by");
    if asked.is_empty() { default.to_owned() } else { asked.join(",") }
}

/// What a list says of its length and of the pages around it.
#[derive(Debug, Default, serde::Serialize)]
pub struct Around {
    total_entries: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    total_entries_limit: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_cursor: Option<String>,
}

impl Around {
    /// A list that knows its length.
    pub fn exactly(total_entries: i64) -> Self {
        Self { total_entries, ..Self::default() }
    }

    /// A page by cursor; `id` is a row's database number.
    pub fn cut<T>(cut: &Cut<T>, order: &str, id: impl Fn(&T) -> i64) -> Self {
        let token = |row: Option<&T>| row.map(|row| URL_SAFE_NO_PAD.encode(format!("{} {order}", id(row))));
        Self {
            total_entries: cut.total,
            total_entries_limit: Some(COUNT_LIMIT),
            next_cursor: token(cut.rows.last().filter(|_| cut.has_next)),
            previous_cursor: token(cut.rows.first().filter(|_| cut.has_previous)).map(|token| format!("~{token}")),
        }
    }

    /// How many there are, as far as that was counted.
    pub fn total(&self) -> i64 {
        self.total_entries
    }
}
