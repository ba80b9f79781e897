//! The public REST API.

pub mod older;
pub mod openapi;
pub mod v2;

use crate::routes::Routes;

/// Adds the routes of all versions.
pub fn routes(routes: Routes) -> Routes {
    let routes = openapi::routes(routes);
    v2::routes(routes)
}
