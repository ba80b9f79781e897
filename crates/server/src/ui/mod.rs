//! What the web interface needs besides the public API: sessions, pushed changes, pages in one piece, its files.

pub mod assets;
pub mod changes;
mod dags;
mod deadline_alerts;
mod deadlines;
mod events;
mod grid;
mod next_runs;
pub mod session;
pub mod shared;
mod structure;
mod why;

use crate::routes::Routes;

/// Adds this folder's routes.
pub fn routes(routes: Routes) -> Routes {
    routes
        .post("/ui/login", session::login)
        .post("/ui/logout", session::logout)
        .get("/ui/me", session::me)
        .get("/ui/logins", session::ways)
        .get("/ui/events", events::handle)
        .get("/ui/dags", dags::handle)
        .get("/ui/grid/{dag_id}", grid::handle)
        .get("/ui/structure/{dag_id}", structure::handle)
        .get("/ui/dags/{dag_id}/dagRuns/{dag_run_id}/deadlines", deadlines::handle)
        .get("/ui/dags/{dag_id}/deadlineAlerts", deadline_alerts::handle)
        .get("/ui/next_runs/{dag_id}", next_runs::handle)
        .get("/ui/why/{dag_id}/{run_id}/{task_id}/{map_index}", why::handle)
}
