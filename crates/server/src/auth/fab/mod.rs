//! `/auth/fab/v1`: users, roles and permissions, in the shapes of Airflow's FAB provider.

mod roles;
mod users;

use crate::http::Params;
use crate::http::error::ApiResult;
use crate::routes::Routes;
use crate::state::App;

/// Adds this folder's routes.
pub fn routes(routes: Routes) -> Routes {
    routes
        .get("/auth/fab/v1/roles", roles::list)
        .post("/auth/fab/v1/roles", roles::create)
        .get("/auth/fab/v1/roles/{name}", roles::get)
        .patch("/auth/fab/v1/roles/{name}", roles::patch)
        .delete("/auth/fab/v1/roles/{name}", roles::delete)
        .get("/auth/fab/v1/permissions", roles::permissions)
        .get("/auth/fab/v1/users", users::list)
        .post("/auth/fab/v1/users", users::create)
        .get("/auth/fab/v1/users/{username}", users::get)
        .patch("/auth/fab/v1/users/{username}", users::patch)
        .delete("/auth/fab/v1/users/{username}", users::delete)
}

/// The part of a list that `limit` and `offset` ask for; these lists are short.
fn page<T>(app: &App, params: &Params, all: Vec<T>) -> ApiResult<Vec<T>> {
    let limit = params.int("limit")?.unwrap_or(100).clamp(0, i64::from(app.config.maximum_page_limit));
    let offset = params.int("offset")?.unwrap_or(0).max(0);
    let count = |n: i64| usize::try_from(n).unwrap_or(usize::MAX);
    Ok(all.into_iter().skip(count(offset)).take(count(limit)).collect())
}

/// The fields that a change is about: all, or those that `update_mask` names.
///
/// # Errors
/// 400 for a name that is no field.
fn mask(params: &Params, fields: &[&'static str]) -> ApiResult<Vec<&'static str>> {
    let Some(mask) = params.text("update_mask").filter(|mask| !mask.is_empty()) else { return Ok(fields.to_vec()) };
    let one = |name: &str| {
        fields.iter().copied().find(|field| *field == name).ok_or_else(|| {
            let known = fields.join(", ");
            crate::http::ApiError::bad_request(format!("'{name}' in update_mask is no field; one of {known}"))
        })
    };
    mask.split(',').map(|name| one(name.trim())).collect()
}
