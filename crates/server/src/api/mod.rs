//! The public REST API.

pub mod v2;

use crate::routes::Routes;

/// Adds the routes of all versions.
pub fn routes(routes: Routes) -> Routes {
    v2::routes(routes)
}
