//! `limit`, `offset`, `order_by`, and the filters that many lists share.

use tradewind_store::read::{Column, Match, OrderBy, Page, Span};

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
