//! The table of routes: each resource adds its own, and what was added is remembered so that a test can compare it
//! with the permission matrix.

use axum::Router;
use axum::handler::Handler;
use axum::http::Method;
use axum::routing::{MethodFilter, on};

use crate::state::App;

/// Routes under construction.
#[derive(Default)]
pub struct Routes {
    router: Router<App>,
    added: Vec<(Method, &'static str)>,
}

macro_rules! verbs {
    ($($verb:ident $method:ident),+) => {
        $(
            #[doc = concat!("Adds a `", stringify!($method), "` route.")]
            pub fn $verb<H: Handler<T, App>, T: 'static>(mut self, path: &'static str, handler: H) -> Self {
                self.added.push((Method::$method, path));
                self.router = self.router.route(path, on(MethodFilter::$method, handler));
                self
            }
        )+
    };
}

impl Routes {
    verbs!(get GET, post POST, put PUT, patch PATCH, delete DELETE);

    /// What was added: method and path.
    pub fn added(&self) -> &[(Method, &'static str)] {
        &self.added
    }

    /// The finished router.
    pub fn into_router(self) -> Router<App> {
        self.router
    }
}

/// Every route of the server except the static files.
pub fn all() -> Routes {
    let routes = Routes::default();
    let routes = crate::auth::login::routes(routes);
    let routes = crate::auth::fab::routes(routes);
    let routes = crate::auth::oidc::routes(routes);
    let routes = crate::api::routes(routes);
    let routes = crate::ui::routes(routes);
    let routes = crate::execution::routes(routes);
    let routes = crate::task_api::http::routes(routes);
    crate::task_api::lone::routes(routes)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::auth::permission::MATRIX;

    #[test]
    fn every_route_has_a_row_in_the_permission_matrix_and_every_row_a_route() {
        let added: BTreeSet<(String, &str)> = all().added().iter().map(|(m, p)| (m.to_string(), *p)).collect();
        let rows: BTreeSet<(String, &str)> = MATRIX.iter().map(|(m, p, _)| ((*m).to_owned(), *p)).collect();
        assert_eq!(rows.len(), MATRIX.len(), "a row is there twice");
        assert_eq!(added.difference(&rows).collect::<Vec<_>>(), Vec::<&(String, &str)>::new(), "routes without a row");
        assert_eq!(rows.difference(&added).collect::<Vec<_>>(), Vec::<&(String, &str)>::new(), "rows without a route");
    }
}
